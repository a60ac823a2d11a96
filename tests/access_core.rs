//! The inclusion core against brute force, on decision trees over small alphabets.
//!
//! Every claim is checked: `none` must survive all requests of the universe, a witness must be permitted after and
//! not before, and a search that found something must be able to show it.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use tollgate::access::compare::{Doubt, Options, compare};
use tollgate::access::glob::{Glob, Loop, Symbol, Token};
use tollgate::access::literal::{Dim, Lit, Set, Test};
use tollgate::access::partition::Universe;
use tollgate::access::point::{KeyValue, Point};
use tollgate::access::ranges::Ranges;
use tollgate::access::rule::{Decision, Origin, Rule, RuleSet};
use tollgate::access::scalar;
use tollgate::access::space::{Anything, Arity, Space};

/// Four known actions, and room for others.
struct Small(Universe);

impl Space for Small {
    fn actions(&self) -> Option<&Universe> {
        Some(&self.0)
    }

    fn arity(&self, key: &str) -> Arity {
        if key == "list" { Arity::List } else { Arity::Single }
    }

    fn is_scalar(&self, key: &str) -> bool {
        key == "number"
    }

    fn names(&self, _: &str) -> Vec<String> {
        ["a", "b", "ab", ""].map(String::from).into()
    }
}

fn small() -> Small {
    Small(Universe::new(["aa", "ab", "ba", "bb"].map(String::from)))
}

fn glob(symbols: bool) -> impl Strategy<Value = Glob> {
    let pieces = if symbols { "ab:*?+.$A" } else { "ab:*?+.A" };
    prop::collection::vec(prop::sample::select(pieces.chars().collect::<Vec<_>>()), 0..5).prop_map(|pieces| {
        let mut glob = Glob::empty();
        for piece in pieces {
            match piece {
                '*' => glob.push_many(Loop::Any),
                '+' => glob.push_many(Loop::InSegment),
                '?' => glob.push(Token::One),
                '.' => glob.push(Token::OneInSegment),
                'A' => glob.push_char('a', true),
                '$' => {
                    glob.need("one".into(), true);
                    glob.push(Token::Symbol(Symbol::Key("one".into())));
                }
                c => glob.push_char(c, false),
            }
        }
        glob
    })
}

fn globs(symbols: bool) -> impl Strategy<Value = Vec<Glob>> {
    prop::collection::vec(glob(symbols), 1..3)
}

fn key_lit() -> impl Strategy<Value = Lit> {
    let numbers = (0u128..3, 0u128..3, any::<bool>()).prop_map(|(low, len, open)| {
        let at = |n: u128| scalar::number(&n.to_string()).unwrap();
        Set::Numbers(Ranges::between(at(low), if open { u128::MAX } else { at(low + len) }))
    });
    let text = ("one|list", globs(false).prop_map(Set::Globs));
    let number = (Just("number".to_owned()), numbers);
    (prop_oneof![3 => text, 1 => number], any::<bool>(), any::<bool>(), 0..4u8).prop_map(
        |((key, set), neg, absent_ok, form)| {
            let test = match form {
                0 => Test::Present { neg },
                1 if key == "list" => Test::All { neg, set },
                2 if key == "list" => Test::Some { neg, absent_ok, set },
                _ => Test::One { neg, absent_ok, set },
            };
            Lit { dim: Dim::Key(key.as_str().into()), test, label: "key".into() }
        },
    )
}

fn rule(symbols: bool) -> impl Strategy<Value = Rule> {
    let action =
        (any::<bool>(), prop::collection::vec(prop::sample::select(vec!["aa", "a*", "*b", "*", "bb", "b?"]), 1..3))
            .prop_map(|(neg, list)| {
                Lit::of(Dim::Action, neg, list.iter().map(|p| Glob::wildcard(p, true)).collect(), "action")
            });
    let resource =
        (any::<bool>(), globs(symbols)).prop_map(|(neg, globs)| Lit::of(Dim::Resource, neg, globs, "resource"));
    (action, resource, prop::collection::vec(key_lit(), 0..3)).prop_map(|(action, resource, mut lits)| {
        lits.extend([action, resource]);
        Rule { lits, origin: Origin::default() }
    })
}

fn rules(symbols: bool) -> impl Strategy<Value = Decision> {
    (prop::collection::vec(rule(symbols), 0..4), prop::collection::vec(rule(symbols), 0..2))
        .prop_map(|(allow, deny)| Decision::Rules(RuleSet { allow, deny }))
}

fn tree(symbols: bool) -> impl Strategy<Value = Decision> {
    rules(symbols).prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Decision::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Decision::Or),
            inner.prop_map(|d| Decision::Not(Box::new(d))),
        ]
    })
}

/// Without the cancellation of equal grants.
fn searched() -> Options {
    Options { cancel: false, ..Options::default() }
}

/// Every request of a small universe.
fn universe() -> &'static [Point] {
    static ALL: OnceLock<Vec<Point>> = OnceLock::new();
    ALL.get_or_init(points)
}

fn points() -> Vec<Point> {
    let mut words = vec![String::new()];
    let mut last = words.clone();
    for _ in 0..3 {
        last = last.iter().flat_map(|w| ['a', 'b', ':', 'A'].map(|c| format!("{w}{c}"))).collect();
        words.extend(last.clone());
    }
    let one = |text: &str| Some(KeyValue::One(text.to_owned()));
    let many = |list: &[&str]| Some(KeyValue::Many(list.iter().map(|s| (*s).to_owned()).collect()));
    let singles = [None, one(""), one("a"), one("b"), one("ab"), one("A:")];
    let lists = [None, one("a"), many(&["a"]), many(&["b"]), many(&["a", "b"]), many(&["ab", ":"])];
    let numbers = [None, one("0"), one("1.5"), one("3"), one("9")];
    let mut points = Vec::new();
    let mut at = 0usize;
    for action in ["aa", "ab", "ba", "bb", "ac"] {
        for resource in words.iter().take(30).chain(words.iter().skip(30).step_by(5)) {
            for single in &singles {
                // The other keys in rotation: all combinations would take too long.
                for turn in 0..3 {
                    at += 7 + turn;
                    let keys = [("one", single), ("list", &lists[at % 6]), ("number", &numbers[at % 5])];
                    let keys: BTreeMap<Arc<str>, KeyValue> =
                        keys.into_iter().filter_map(|(k, v)| Some((k.into(), v.clone()?))).collect();
                    let (action, resource) = (action.to_owned(), resource.clone());
                    points.push(Point { action, resource, keys, ..Point::default() });
                }
            }
        }
    }
    points
}

fn check(before: &Decision, after: &Decision, cancel: bool) -> Result<(), TestCaseError> {
    let space = small();
    let outcome = compare(before, after, &space, Options { cancel, ..Options::default() });
    for piece in &outcome.new {
        prop_assert!(after.permits(&piece.point), "a witness is not permitted after: {:?}", piece.point);
        prop_assert!(!before.permits(&piece.point), "a witness is permitted before: {:?}", piece.point);
    }
    prop_assert!(!outcome.possible.iter().any(|(_, doubt, _)| *doubt == Doubt::Budget), "the budget ran out");
    if outcome.is_none() {
        for point in universe() {
            prop_assert!(!after.permits(point) || before.permits(point), "`none`, but {point:?} is new");
        }
    }
    Ok(())
}

/// Some hundreds by default; proptest itself reads `PROPTEST_CASES`.
fn cases() -> ProptestConfig {
    let (default, stock) = (ProptestConfig::default(), 256);
    if default.cases == stock { ProptestConfig { cases: 400, ..default } } else { default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn documents_agree_with_brute_force(before in rules(false), after in rules(false), cancel in any::<bool>()) {
        check(&before, &after, cancel)?;
        let outcome = compare(&before, &after, &small(), Options::default());
        prop_assert!(outcome.possible.is_empty(), "exact literals left a doubt: {:?}", outcome.possible);
    }

    #[test]
    fn trees_agree_with_brute_force(before in tree(false), after in tree(false)) {
        check(&before, &after, true)?;
        let outcome = compare(&before, &after, &small(), Options::default());
        prop_assert!(outcome.possible.is_empty(), "exact literals left a doubt: {:?}", outcome.possible);
    }

    #[test]
    fn variables_agree_with_brute_force(before in rules(true), after in rules(true)) {
        check(&before, &after, true)?;
    }

    #[test]
    fn nothing_is_new_against_itself(one in tree(true)) {
        prop_assert!(compare(&one, &one, &small(), searched()).is_none());
    }

    #[test]
    fn more_grants_and_fewer_denials_permit_no_less(set in rules(true), more in rule(true)) {
        let Decision::Rules(set) = set else { return Ok(()) };
        let mut wider = set.clone();
        wider.allow.push(more.clone());
        let mut tighter = set.clone();
        tighter.deny.push(more);
        let (set, wider, tighter) = (Decision::Rules(set), Decision::Rules(wider), Decision::Rules(tighter));
        prop_assert!(compare(&wider, &set, &small(), searched()).is_none());
        prop_assert!(compare(&set, &tighter, &small(), searched()).is_none());
    }

    #[test]
    fn a_limit_never_adds(one in rules(false), limit in rules(false)) {
        let limited = Decision::And(vec![one.clone(), limit]);
        prop_assert!(compare(&one, &limited, &small(), Options::default()).is_none());
    }
}

/// The known actions cover the pattern; that there are other spellings of them is nothing new.
#[test]
fn a_known_action_in_another_case_is_no_action_of_the_future() {
    let rule = |actions: &str, neg, resource: &str| {
        let action = Lit::of(Dim::Action, false, vec![Glob::wildcard(actions, true)], actions);
        let resource = Lit::of(Dim::Resource, neg, vec![Glob::wildcard(resource, false)], resource);
        Decision::Rules(RuleSet {
            allow: vec![Rule { lits: vec![action, resource], origin: Origin::default() }],
            deny: Vec::new(),
        })
    };
    let before = rule("bb", true, "aa");
    let after = Decision::And(vec![rule("*b", false, ""), rule("b?", true, "?")]);
    let outcome = compare(&before, &after, &small(), Options::default());
    assert!(outcome.is_none(), "{outcome:?}");
    let wider = Decision::And(vec![rule("*b", false, ""), rule("b*", true, "?")]);
    assert!(matches!(compare(&before, &wider, &small(), Options::default()).new.as_slice(), [piece] if piece.future));
}

#[test]
fn a_budget_that_runs_out_is_possible_and_never_none() {
    let rule = |pattern: &str| Rule {
        lits: vec![Lit::of(Dim::Resource, false, vec![Glob::wildcard(pattern, false)], pattern)],
        origin: Origin::default(),
    };
    let set = |patterns: &[&str]| {
        Decision::Rules(RuleSet { allow: patterns.iter().map(|p| rule(p)).collect(), deny: Vec::new() })
    };
    let (before, after) = (set(&["*b?*a*", "*ba*"]), set(&["*b*a*"]));
    let options = Options { cancel: false, states: 3 };
    let outcome = compare(&before, &after, &Anything, options);
    assert!(!outcome.possible.is_empty() && outcome.possible.iter().all(|(_, doubt, _)| *doubt == Doubt::Budget));
    assert!(compare(&before, &after, &Anything, Options { cancel: false, ..Options::default() }).is_none());
}

#[test]
fn unknown_values_cancel_with_themselves_and_with_nothing_else() {
    let hole = |id: &str, tail: &str| {
        let mut glob = Glob::literal("x/");
        glob.push(Token::Symbol(Symbol::Hole(id.into())));
        tail.chars().for_each(|c| if c == '*' { glob.push_many(Loop::Any) } else { glob.push_char(c, false) });
        Rule { lits: vec![Lit::of(Dim::Resource, false, vec![glob], id)], origin: Origin::default() }
    };
    let set = |rule: Rule| Decision::Rules(RuleSet { allow: vec![rule], deny: Vec::new() });
    let new = |before: Rule, after: Rule| compare(&set(before), &set(after), &Anything, Options::default());
    assert!(new(hole("h", "/*"), hole("h", "/docs/*")).is_none());
    assert!(new(hole("h", "/*"), hole("h", "/*")).is_none());
    for (before, after) in [(hole("h", "/docs/*"), hole("h", "/*")), (hole("h", "/*"), hole("other", "/*"))] {
        let outcome = new(before, after);
        assert!(outcome.new.is_empty());
        assert!(matches!(outcome.possible.as_slice(), [(_, Doubt::Unknown(_), _)]), "{outcome:?}");
    }
    let whole = Rule {
        lits: vec![Lit::of(Dim::Resource, false, vec![Glob::wildcard("x/*", false)], "x/*")],
        origin: Origin::default(),
    };
    assert!(new(whole.clone(), hole("h", "/*")).is_none(), "whatever the value, `x/*` covers it");
}
