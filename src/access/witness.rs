//! From satisfying literals to one plausible request.
//!
//! Context keys first (absent where they may be), then an action of the class together with a resource of one of
//! the shapes that action takes, then the rest. What a policy variable stands for is chosen last: values are tried
//! until the request is permitted after and not before, evaluated directly on both trees.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::budget::{Budget, Exhausted};
use super::glob::Symbol;
use super::literal::{Dim, Test};
use super::partition::Runs;
use super::point::{KeyValue, Point};
use super::product::{Letter, Word};
use super::rule::Decision;
use super::search::Assertions;
use super::space::Space;
use super::table::{Assumed, Table, Value};

/// The two sides of a comparison.
pub(super) struct Sides<'a> {
    pub(super) before: &'a Decision,
    pub(super) after: &'a Decision,
    pub(super) space: &'a dyn Space,
}

impl Sides<'_> {
    /// Whether the request is new, whichever truth the literals in `open` have that nobody can read.
    fn confirms(&self, point: &Point, open: &[Arc<str>]) -> bool {
        let is_new = |point: &Point| self.after.permits(point) && !self.before.permits(point);
        let turned = || {
            let mut turned = point.clone();
            turned.opaque.extend(open.iter().map(|text| (text.clone(), true)));
            turned
        };
        is_new(point) && (open.is_empty() || is_new(&turned()))
    }
}

/// How many actions of a class are tried for a plausible resource.
const MAX_ACTIONS: usize = 24;

/// Stand-ins for "any other character", most readable first.
const PLAIN: &[char] =
    &['x', 'a', 'e', 'q', '0', '7', 'z', 'm', 'k', 'w', 'j', 'v', '-', '_', '~', '\u{e9}', '\u{3b1}'];

/// A request with values still spelled as words.
struct Draft {
    principal: Option<Value>,
    action: Action,
    resource: Option<Value>,
    keys: Vec<(Arc<str>, Value)>,
    /// Keys that are present without any literal asking for a value.
    free: Vec<Arc<str>>,
    /// Literals that cannot be read and that the request does not rest on.
    open: Vec<Arc<str>>,
}

enum Action {
    Known(String),
    Word(Option<Value>),
}

/// A request that satisfies the literals, and whether it stands up when checked.
pub(super) fn point(
    sides: &Sides<'_>,
    found: &Assertions,
    runs: Option<&Runs>,
    table: &mut Table<'_>,
    budget: &mut Budget,
) -> Result<(Point, bool), Exhausted> {
    let mut draft = Draft {
        principal: None,
        action: Action::Word(None),
        resource: None,
        keys: Vec::new(),
        free: Vec::new(),
        open: Vec::new(),
    };
    let mut base = Point::default();
    for at in 0..table.dim_count() {
        match table.dim_at(at).cloned() {
            Some(Dim::Key(key)) => {
                let wants = found.on(at);
                if wants.is_empty() {
                    match table.assumed(at) {
                        None | Some(Assumed::Absent) => {}
                        Some(Assumed::Single | Assumed::Other(_)) => draft.free.push(key),
                        Some(Assumed::Value(text)) => draft.keys.push((key, Value::Scalar(vec![text.clone()]))),
                        Some(Assumed::List) => {
                            let name = sides.space.names(&key).into_iter().take(1).collect();
                            draft.keys.push((key, Value::List(vec![Value::Scalar(name)])));
                        }
                    }
                    continue;
                }
                if matches!(table.value(at, wants, &[], budget)?, None | Some(Value::Absent)) {
                    continue;
                }
                let shapes = sides.space.shapes(&Dim::Key(key.clone()), &base);
                if let Some(value) = table.value(at, wants, &shapes, budget)? {
                    draft.keys.push((key, value));
                }
            }
            Some(Dim::Opaque(text)) => {
                if found.on(at).is_empty() {
                    draft.open.push(text.clone());
                }
                for (lit, want) in found.on(at) {
                    let neg = matches!(table.lit(*lit).map(|l| &l.test), Some(Test::Opaque { neg: true }));
                    base.opaque.insert(text.clone(), *want != neg);
                }
            }
            _ => {}
        }
    }
    let resource = table.dim(&Dim::Resource);
    (draft.action, draft.resource) = match runs {
        Some(runs) => known_action(sides, found, runs, resource, table, budget)?,
        None => {
            let dim = table.dim(&Dim::Action);
            let shapes = sides.space.shapes(&Dim::Action, &base);
            let action = table.value(dim, found.on(dim), &shapes, budget)?;
            let shapes = sides.space.shapes(&Dim::Resource, &base);
            (Action::Word(action), table.value(resource, found.on(resource), &shapes, budget)?)
        }
    };
    let dim = table.dim(&Dim::Principal);
    let shapes = sides.space.shapes(&Dim::Principal, &base);
    draft.principal = table.value(dim, found.on(dim), &shapes, budget)?;
    Ok(settle(sides, &draft, &base))
}

/// An action of the class and a resource; an action whose resource shapes fit is preferred.
fn known_action(
    sides: &Sides<'_>,
    found: &Assertions,
    runs: &Runs,
    resource: usize,
    table: &mut Table<'_>,
    budget: &mut Budget,
) -> Result<(Action, Option<Value>), Exhausted> {
    let universe = sides.space.actions();
    let inside = |at: &usize| runs.iter().any(|(low, high)| (*low..*high).contains(at));
    let preferred = sides.space.telling_actions().iter().copied().filter(inside);
    let all = runs.iter().flat_map(|(low, high)| *low..*high);
    let names: Vec<&str> =
        preferred.chain(all).take(MAX_ACTIONS).filter_map(|at| universe.and_then(|u| u.name(at))).collect();
    let wants = found.on(resource).to_vec();
    for name in &names {
        let fixed = Point { action: (*name).to_owned(), ..Point::default() };
        for shape in sides.space.shapes(&Dim::Resource, &fixed) {
            if let Some(value) = table.shaped(resource, &wants, &shape, budget)? {
                return Ok((Action::Known((*name).to_owned()), Some(value)));
            }
        }
    }
    let value = table.value(resource, &wants, &[], budget)?;
    Ok((Action::Known(names.first().copied().unwrap_or_default().to_owned()), value))
}

/// Chooses what policy variables stand for, and spells the request out.
fn settle(sides: &Sides<'_>, draft: &Draft, base: &Point) -> (Point, bool) {
    let mut named: BTreeSet<Arc<str>> = draft.free.iter().cloned().collect();
    named.extend(mentioned(draft));
    let fixed: BTreeSet<Arc<str>> = draft.keys.iter().map(|(key, _)| key.clone()).collect();
    let open: Vec<Arc<str>> = named.difference(&fixed).cloned().collect();
    let first = spell(sides, draft, base, &open, &[]);
    if sides.confirms(&first, &draft.open) {
        return (first, true);
    }
    // Without a variable there is nothing to choose.
    if open.is_empty() {
        return (first, false);
    }
    for parts in ['/', ':', '-'] {
        for text in [&first.resource, &first.principal] {
            for part in text.split(parts).filter(|part| !part.is_empty()) {
                let point = spell(sides, draft, base, &open, &[part.to_owned()]);
                if sides.confirms(&point, &draft.open) {
                    return (point, true);
                }
            }
        }
    }
    for name in open.iter().flat_map(|key| sides.space.names(key)) {
        let point = spell(sides, draft, base, &open, &[name]);
        if sides.confirms(&point, &draft.open) {
            return (point, true);
        }
    }
    (first, false)
}

/// The keys whose values the draft's words refer to.
fn mentioned(draft: &Draft) -> Vec<Arc<str>> {
    let mut keys = Vec::new();
    let mut add = |value: &Value| {
        if let Value::Text(word) = value {
            keys.extend(word.letters.iter().filter_map(|letter| match letter {
                Letter::Symbol(Symbol::Key(key)) => Some(key.clone()),
                _ => None,
            }));
        }
    };
    draft.principal.iter().chain(&draft.resource).for_each(&mut add);
    draft.keys.iter().for_each(|(_, value)| add(value));
    keys
}

/// Writes the draft as a point; `open` keys take the given values, or their first name.
fn spell(sides: &Sides<'_>, draft: &Draft, base: &Point, open: &[Arc<str>], given: &[String]) -> Point {
    let mut point = base.clone();
    for (at, key) in open.iter().enumerate() {
        let name = given.get(at.min(given.len().saturating_sub(1))).cloned();
        let name = name.or_else(|| sides.space.names(key).into_iter().next()).unwrap_or_default();
        point.keys.insert(key.clone(), KeyValue::One(name));
    }
    for (key, value) in &draft.keys {
        let value = match value {
            Value::List(values) => KeyValue::Many(values.iter().map(|value| text(value, &point)).collect()),
            value => KeyValue::One(text(value, &point)),
        };
        point.keys.insert(key.clone(), value);
    }
    point.principal = draft.principal.as_ref().map(|value| text(value, &point)).unwrap_or_default();
    point.resource = draft.resource.as_ref().map(|value| text(value, &point)).unwrap_or_default();
    point.action = match &draft.action {
        Action::Known(name) => name.clone(),
        Action::Word(value) => value.as_ref().map(|value| text(value, &point)).unwrap_or_default(),
    };
    point
}

/// The text of one value.
fn text(value: &Value, point: &Point) -> String {
    match value {
        Value::Absent | Value::List(_) => String::new(),
        Value::Scalar(candidates) => candidates.first().cloned().unwrap_or_default(),
        Value::Text(word) => spelled(word, point),
    }
}

fn spelled(word: &Word, point: &Point) -> String {
    let other = PLAIN.iter().find(|c| !word.taken.contains(c)).copied();
    let other = other.or_else(|| ('\u{4e00}'..).find(|c| !word.taken.contains(c))).unwrap_or('x');
    let mut out = String::new();
    for letter in &word.letters {
        match letter {
            Letter::Char(c) => out.push(*c),
            Letter::Other => out.push(other),
            Letter::Symbol(Symbol::Key(key)) => {
                out.push_str(point.keys.get(key).and_then(KeyValue::single).unwrap_or_default());
            }
            Letter::Symbol(Symbol::Hole(hole)) => out.push_str(&format!("<unknown {hole}>")),
        }
    }
    out
}
