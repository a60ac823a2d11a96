//! In which direction an attribute permits more: defaults by purpose, refined by a table of facts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::iam::Kind;

/// Facts about attributes, one a line; the first line that fits decides.
const TABLE: &str = include_str!("ways.tsv");

/// What stands for an attribute that is not set. No value of a plan begins with it.
pub(super) const UNSET: &str = "\u{1}unset";

/// What more of an attribute means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Values are independent of each other: one more permits more, one less permits less.
    Set,
    /// The same, but one value that takes the place of another cannot be ordered: what each stands for is not known.
    Swap,
    /// Any other value may permit more.
    Opaque,
    /// Words in order, from the one that permits least: `unset=a;a<b<c|a<d`.
    Order(&'static str),
    /// A point in time or a number: a larger one permits more.
    Later,
    /// A list of those that are let through; an empty one lets everybody through.
    Only,
    /// Bears on no access.
    Beside,
}

/// A line of the table: for all types or for some, the attribute, and its way.
#[derive(Clone, Copy, Debug)]
struct Line {
    all: bool,
    path: &'static str,
    way: Way,
}

/// What the table says of a type.
#[derive(Clone, Debug)]
pub(super) struct Ways {
    lines: Vec<Line>,
    kind: Kind,
}

impl Ways {
    /// The lines that speak of a type.
    pub(super) fn of(type_name: &str, kind: Kind) -> Self {
        let read = |line: &'static str| {
            let mut columns = line.split('\t');
            let (types, path, word) = (columns.next()?, columns.next()?, columns.next()?);
            let way = word_of(word, columns.next().unwrap_or_default());
            fits(types, type_name).then_some(Line { all: types == "*", path, way })
        };
        Self { lines: TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect(), kind }
    }

    /// The way of an attribute that the catalogue lists, by its path there.
    pub(super) fn listed(&self, path: &str, purpose: &str) -> Way {
        let found = self.lines.iter().find(|line| !line.all && fits(line.path, path));
        found.map_or_else(|| default(path, purpose, self.kind), |line| line.way)
    }

    /// Whether an attribute that the catalogue does not list bears on no access.
    pub(super) fn is_beside(&self, name: &str) -> bool {
        self.lines.iter().find(|line| fits(line.path, name)).is_some_and(|line| line.way == Way::Beside)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((prefix, suffix)) if !pattern.contains("[*]") => {
            text.len() >= prefix.len() + suffix.len() && text.starts_with(prefix) && text.ends_with(suffix)
        }
        _ => pattern == text,
    }
}

fn word_of(word: &str, argument: &'static str) -> Way {
    match word {
        "set" => Way::Set,
        "swap" => Way::Swap,
        "order" => Way::Order(argument),
        "later" => Way::Later,
        "only" => Way::Only,
        "beside" => Way::Beside,
        _ => Way::Opaque,
    }
}

/// Parts of names of lists that say who or what is left out, or must be met as well.
const TAKES_AWAY: [&str; 12] = [
    "exclu",
    "except",
    "exempt",
    "deny",
    "denied",
    "block",
    "disallow",
    "forbid",
    "blacklist",
    "require",
    "restrict",
    "revo",
];

/// Without a fact, the purpose decides; where a kind may restrict or a name takes away, nothing is in order.
fn default(path: &str, purpose: &str, kind: Kind) -> Way {
    let last = path.trim_end_matches("[*]").rsplit('.').next().unwrap_or(path);
    if TAKES_AWAY.iter().any(|part| last.contains(part)) {
        return Way::Opaque;
    }
    if matches!(kind, Kind::BoundaryOrGuardrail | Kind::Other | Kind::Unclassified) {
        return Way::Opaque;
    }
    match purpose {
        "principal" | "group" | "permission" | "resource" | "scope" | "owner" | "pass_role" => Way::Set,
        "role" | "policy_id" | "policy_arn" => Way::Swap,
        "expiry" => Way::Later,
        _ => Way::Opaque,
    }
}

impl Way {
    /// The words that a word permits as well, itself included: a set that grows with what is permitted.
    pub(super) fn closure(self, word: &str, seen: &BTreeSet<Arc<str>>) -> Vec<String> {
        match self {
            Self::Order(order) => below(order, word),
            Self::Later => match rank(word) {
                Some(rank_of) => seen
                    .iter()
                    .filter(|other| rank(other).is_some_and(|other| other.0 == rank_of.0 && other.1 <= rank_of.1))
                    .map(|other| other.to_string())
                    .collect(),
                None => vec![word.to_owned()],
            },
            Self::Only if word == UNSET => {
                let mut all: Vec<String> = seen.iter().map(|word| word.to_string()).collect();
                all.push("\u{1}anything else".to_owned());
                all
            }
            _ => vec![word.to_owned()],
        }
    }

    /// Whether all words have a place in the order, so that none but the order decides.
    pub(super) fn orders(self, seen: &BTreeSet<Arc<str>>) -> bool {
        match self {
            Self::Set | Self::Only => true,
            Self::Swap | Self::Opaque | Self::Beside => false,
            Self::Order(order) => seen.iter().all(|word| known(order, word)),
            Self::Later => {
                let ranks: Vec<Option<(u8, i128)>> = seen.iter().map(|word| rank(word)).collect();
                ranks.windows(2).all(|pair| matches!(pair, [Some(a), Some(b)] if a.0 == b.0))
                    && ranks.iter().all(Option::is_some)
            }
        }
    }
}

/// Numbers by themselves, dates by themselves. Zero and less often mean "no limit", and have no place.
fn rank(word: &str) -> Option<(u8, i128)> {
    match word.parse::<i64>() {
        Ok(number) => (number > 0).then_some((0, i128::from(number))),
        Err(_) => word.parse::<jiff::Timestamp>().ok().map(|time| (1, time.as_nanosecond())),
    }
}

/// The chains of an order, and what stands for an attribute that is not set.
fn chains(order: &'static str) -> (Option<&'static str>, impl Iterator<Item = Vec<&'static str>>) {
    let (unset, chains) = match order.strip_prefix("unset=").and_then(|rest| rest.split_once(';')) {
        Some((unset, chains)) => (Some(unset), chains),
        None => (None, order),
    };
    (unset, chains.split('|').map(|chain| chain.split('<').collect()))
}

fn meant<'a>(order: &'static str, word: &'a str) -> &'a str
where
    'static: 'a,
{
    match chains(order).0 {
        Some(unset) if word == UNSET => unset,
        _ => word,
    }
}

fn known(order: &'static str, word: &str) -> bool {
    let word = meant(order, word);
    chains(order).1.any(|chain| chain.contains(&word))
}

fn below(order: &'static str, word: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![meant(order, word).to_owned()];
    let mut at = 0;
    while let Some(word) = all.get(at).cloned() {
        for chain in chains(order).1 {
            let below = chain.iter().take_while(|other| **other != word).map(|other| (*other).to_owned());
            if chain.contains(&word.as_str()) {
                let fresh: Vec<String> = below.filter(|other| !all.contains(other)).collect();
                all.extend(fresh);
            }
        }
        at += 1;
    }
    all
}

/// Whether a word refuses what its statement speaks of.
pub(super) fn denies(word: &str) -> bool {
    let last = word.rsplit('=').next().unwrap_or(word);
    ["deny", "denied", "block", "blocked", "reject", "forbid", "forbidden", "non_identity", "bypass"]
        .iter()
        .any(|other| last.eq_ignore_ascii_case(other))
}
