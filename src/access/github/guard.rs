//! Guard rails of a repository or organisation: whether what replaces one holds back as much.

use crate::access::worlds::Val;

/// In which direction an attribute restrains.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// More restrains more: true, a larger number, a longer list.
    Up,
    /// Less restrains more.
    Down,
    /// A list of those who may: an empty one restrains nobody, else a shorter one restrains more.
    Only,
    /// A block that restrains by being there; its attributes stand in the same table.
    Block,
    /// A block of lists of who decides: with nobody left nobody is asked, else fewer restrain more.
    Reviewers,
    /// A block that says where a guard rail holds; one that comes or goes cannot be told.
    Where,
    /// Words in order, from the strictest.
    Order(&'static [&'static str]),
    /// Bears on no access, or names what is guarded.
    Beside,
}

/// What became of a guard rail.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It holds back all that it held back.
    Kept,
    /// It cannot be told; the attribute.
    Unclear(String),
    /// It holds back less; the attribute.
    Looser(String),
}

/// Compares two sides of a guard rail by a table of attributes. An attribute without a row is unclear where it differs.
pub(super) fn compare(old: &Val, new: &Val, table: &[(&str, Way)]) -> Outcome {
    let (Val::Map(was), Val::Map(is)) = (old, new) else {
        return if same(old, new) { Outcome::Kept } else { Outcome::Unclear(String::new()) };
    };
    let mut worst = Outcome::Kept;
    for key in was.keys().chain(is.keys()) {
        let (was, is) = (old.get(key), new.get(key));
        if same(was, is) {
            continue;
        }
        let way = table.iter().find(|(name, _)| **name == **key).map(|(_, way)| *way);
        let found = match way {
            Some(Way::Beside) => Outcome::Kept,
            _ if is.has_hole() || was.has_hole() => Outcome::Unclear(key.to_string()),
            Some(Way::Block) => block(key, was, is, table),
            Some(Way::Where) => match (one(was), one(is)) {
                (Some(was), Some(is)) => compare(was, is, table),
                _ => Outcome::Unclear(key.to_string()),
            },
            Some(Way::Reviewers) => match (nobody(was), nobody(is)) {
                (true, _) => Outcome::Kept,
                (false, true) => Outcome::Looser(key.to_string()),
                (false, false) => block(key, was, is, table),
            },
            Some(way) => match loosens(was, is, way) {
                Some(true) => Outcome::Looser(key.to_string()),
                Some(false) => Outcome::Kept,
                None => Outcome::Unclear(key.to_string()),
            },
            None => Outcome::Unclear(key.to_string()),
        };
        worst = worst.max(found);
    }
    worst
}

/// Whether no list of a block names anybody.
fn nobody(block: &Val) -> bool {
    match one(block) {
        Some(Val::Map(lists)) => lists.values().all(Val::is_unset),
        other => other.is_none_or(Val::is_unset),
    }
}

fn block(key: &str, was: &Val, is: &Val, table: &[(&str, Way)]) -> Outcome {
    match (one(was), one(is)) {
        (None, _) => Outcome::Kept,
        (Some(_), None) => Outcome::Looser(key.to_owned()),
        (Some(was), Some(is)) => compare(was, is, table),
    }
}

/// The block, written as an object or as a list of one.
pub(super) fn one(value: &Val) -> Option<&Val> {
    match value {
        Val::List(items) => items.first(),
        Val::Null => None,
        other => Some(other),
    }
}

fn loosens(was: &Val, is: &Val, way: Way) -> Option<bool> {
    let within = |small: &Val, large: &Val| small.items().iter().all(|one| large.items().contains(one));
    match way {
        Way::Up => Some(match (was, is) {
            (Val::List(_), _) | (_, Val::List(_)) => !within(was, is),
            _ => size(is)? < size(was)?,
        }),
        Way::Down => Some(match (was, is) {
            (Val::List(_), _) | (_, Val::List(_)) => !within(is, was),
            _ => size(is)? > size(was)?,
        }),
        Way::Only => Some(match (was.is_unset(), is.is_unset()) {
            (true, _) => false,
            (false, true) => true,
            (false, false) => !within(is, was),
        }),
        Way::Order(words) => {
            let rank = |value: &Val| words.iter().position(|word| Some(*word) == value.text());
            Some(rank(is)? > rank(was)?)
        }
        Way::Block | Way::Reviewers | Way::Where | Way::Beside => Some(false),
    }
}

fn size(value: &Val) -> Option<f64> {
    match value {
        Val::Null => Some(0.0),
        Val::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Val::Number(number) => number.parse().ok(),
        _ => None,
    }
}

/// Whether values mean the same: an update writes what is absent as empty.
fn same(old: &Val, new: &Val) -> bool {
    old == new || (old.is_unset() && new.is_unset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &[(&str, Way)] = &[("count", Way::Up), ("who", Way::Only), ("inner", Way::Block)];

    fn run(old: serde_json::Value, new: serde_json::Value) -> Outcome {
        compare(&Val::known(&old), &Val::known(&new), TABLE)
    }

    #[test]
    fn lists_of_who_may() {
        assert_eq!(run(json!({"who": ["a", "b"]}), json!({"who": ["b"]})), Outcome::Kept);
        assert_eq!(run(json!({"who": ["a"]}), json!({"who": []})), Outcome::Looser("who".into()));
        assert_eq!(run(json!({"who": ["a"]}), json!({"who": ["a", "b"]})), Outcome::Looser("who".into()));
    }

    #[test]
    fn reviewers_that_are_all_gone_ask_nobody() {
        let table: &[(&str, Way)] = &[("reviewers", Way::Reviewers), ("users", Way::Down), ("teams", Way::Down)];
        let run = |old: serde_json::Value, new: serde_json::Value| {
            let side = |list: serde_json::Value| Val::known(&json!({"reviewers": [list]}));
            compare(&side(old), &side(new), table)
        };
        let both = json!({"users": [1, 2], "teams": [3]});
        assert_eq!(run(both.clone(), json!({"users": [], "teams": []})), Outcome::Looser("reviewers".into()));
        assert_eq!(run(both.clone(), json!({"users": [], "teams": [3]})), Outcome::Kept);
        assert_eq!(run(json!({"users": [1], "teams": []}), both), Outcome::Looser("users".into()));
    }

    #[test]
    fn blocks_and_unknown_attributes() {
        assert_eq!(run(json!({"inner": [{"count": 1}]}), json!({"inner": []})), Outcome::Looser("inner".into()));
        assert_eq!(
            run(json!({"inner": [{"count": 2}]}), json!({"inner": [{"count": 1}]})),
            Outcome::Looser("count".into())
        );
        assert_eq!(run(json!({"new": 1}), json!({"new": 2})), Outcome::Unclear("new".into()));
    }
}
