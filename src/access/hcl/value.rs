//! Values of Terraform's language, as far as they are known.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::access::worlds::{Hole, Piece, Val};
use crate::plan::{Address, ModuleStep};

/// Why an expression has no value here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Why.
    pub why: String,
    /// Whether Terraform fails too, whatever the unknown values turn out to be: what `try` goes by.
    pub certain: bool,
}

/// A value, or why there is none.
pub type Outcome = Result<Value, Unresolved>;

/// It is not evaluated here, and may well have a value.
pub(super) fn no<T>(why: impl Into<String>) -> Result<T, Unresolved> {
    Err(Unresolved { why: why.into(), certain: false })
}

/// Terraform gives an error as well.
pub(super) fn fails<T>(why: impl Into<String>) -> Result<T, Unresolved> {
    Err(Unresolved { why: why.into(), certain: true })
}

/// Bytes of a string.
pub(super) const LONGEST: usize = 256 << 10;

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Null.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number; others are not evaluated.
    Number(i64),
    /// A string.
    Text(Arc<str>),
    /// A string of which parts are not known.
    Partial(Vec<Part>),
    /// A list or tuple: its order counts.
    List(Vec<Value>),
    /// A set of known strings, in Terraform's order.
    Set(Vec<Value>),
    /// A list, tuple or set: the plan's JSON does not say which.
    Sequence(Vec<Value>),
    /// A map or object.
    Map(BTreeMap<Arc<str>, Value>),
    /// Known only after apply, and what it is: the same name is the same value.
    Named(Hole),
    /// Not known, of any type.
    Unknown,
    /// An instance of a resource or module, whose attributes are looked up one by one.
    Instance(Instance),
}

/// A piece of a string.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Known characters.
    Text(Arc<str>),
    /// Known only after apply, and what it is.
    Named(Hole),
    /// Not known.
    Unknown,
    /// A value that `jsonencode` wrote without knowing it: any JSON value, and what it is where that is known.
    Json(Option<Hole>),
}

/// What has attributes of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instance {
    /// An instance of a resource or data source.
    Resource(Address),
    /// An instance of a module.
    Module(Vec<ModuleStep>),
}

impl Value {
    /// A value of the plan.
    pub fn of(value: &Val) -> Self {
        match value {
            Val::Null => Self::Null,
            Val::Bool(it) => Self::Bool(*it),
            Val::Number(it) => it.parse().map_or(Self::Unknown, Self::Number),
            Val::Text(it) => Self::Text(it.clone()),
            Val::List(items) => Self::Sequence(items.iter().map(Self::of).collect()),
            Val::Map(members) => Self::Map(members.iter().map(|(key, it)| (key.clone(), Self::of(it))).collect()),
            Val::Partial(pieces) => Self::Partial(
                pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => Part::Text(text.clone()),
                        Piece::Hole(hole) => Part::Named(hole.clone()),
                    })
                    .collect(),
            ),
            Val::Hole(hole) => Self::Named(hole.clone()),
        }
    }

    /// A value of the plan's JSON, without unknowns.
    pub fn known(value: &Json) -> Self {
        Self::of(&Val::known(value))
    }

    /// The value with a hole for each unknown; `fresh` makes a hole that equals no other.
    pub fn into_val(self, fresh: &mut dyn FnMut() -> Hole) -> Val {
        match self {
            Self::Null => Val::Null,
            Self::Bool(it) => Val::Bool(it),
            Self::Number(it) => Val::Number(it.to_string()),
            Self::Text(it) => Val::Text(it),
            Self::List(items) | Self::Set(items) | Self::Sequence(items) => {
                Val::List(items.into_iter().map(|it| it.into_val(fresh)).collect())
            }
            Self::Map(members) => Val::Map(members.into_iter().map(|(key, it)| (key, it.into_val(fresh))).collect()),
            Self::Partial(parts) => Val::Partial(
                parts
                    .into_iter()
                    .map(|part| match part {
                        Part::Text(text) => Piece::Text(text),
                        Part::Named(hole) | Part::Json(Some(hole)) => Piece::Hole(hole),
                        Part::Unknown | Part::Json(None) => Piece::Hole(fresh()),
                    })
                    .collect(),
            ),
            Self::Named(hole) => Val::Hole(hole),
            Self::Unknown | Self::Instance(_) => Val::Hole(fresh()),
        }
    }

    /// The elements of a list, tuple or set.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Set(items) | Self::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => true,
            Self::List(items) | Self::Set(items) | Self::Sequence(items) => items.iter().all(Self::is_known),
            Self::Map(members) => members.values().all(Self::is_known),
            Self::Partial(_) | Self::Named(_) | Self::Unknown | Self::Instance(_) => false,
        }
    }

    /// Roughly what it costs to copy it, in nodes; `None` where it is nested deeper than any configuration needs, as
    /// only local values that wrap each other are.
    pub(super) fn weight(&self) -> Option<usize> {
        const DEEPEST: usize = 100;
        fn at(value: &Value, depth: usize) -> Option<usize> {
            if depth > DEEPEST {
                return None;
            }
            match value {
                Value::List(items) | Value::Set(items) | Value::Sequence(items) => {
                    items.iter().try_fold(1_usize, |sum, item| Some(sum.saturating_add(at(item, depth + 1)?)))
                }
                Value::Map(members) => {
                    members.values().try_fold(1_usize, |sum, item| Some(sum.saturating_add(at(item, depth + 1)?)))
                }
                Value::Partial(parts) => Some(parts.len()),
                Value::Text(text) => Some(1 + text.len() / 256),
                _ => Some(1),
            }
        }
        at(self, 0)
    }

    /// Whether it is known and no collection.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_))
    }

    /// The string that Terraform converts a primitive to; parts may be unknown.
    pub(super) fn parts(&self) -> Result<Vec<Part>, Unresolved> {
        match self {
            Self::Named(hole) => Ok(vec![Part::Named(hole.clone())]),
            Self::Unknown => Ok(vec![Part::Unknown]),
            Self::Partial(parts) => Ok(parts.clone()),
            other => Ok(vec![Part::Text(other.text()?)]),
        }
    }

    /// A known primitive as a string, by Terraform's automatic conversion.
    pub(super) fn text(&self) -> Result<Arc<str>, Unresolved> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Bool(it) => Ok(it.to_string().into()),
            Self::Number(it) => Ok(it.to_string().into()),
            _ => no("a string is expected that is known"),
        }
    }
}

/// Parts as one value, with neighbouring text joined.
pub(super) fn joined(parts: Vec<Part>) -> Outcome {
    let mut all: Vec<Part> = Vec::new();
    let mut open = String::new();
    let mut length = 0_usize;
    for part in parts {
        match part {
            Part::Text(text) => {
                length = length.saturating_add(text.len());
                if length > LONGEST {
                    return no("a string is too long");
                }
                open.push_str(&text);
            }
            unknown => {
                if !open.is_empty() {
                    all.push(Part::Text(std::mem::take(&mut open).into()));
                }
                all.push(unknown);
            }
        }
    }
    if all.is_empty() {
        return Ok(Value::Text(open.into()));
    }
    if !open.is_empty() {
        all.push(Part::Text(open.into()));
    }
    match all.as_slice() {
        [Part::Named(hole)] => Ok(Value::Named(hole.clone())),
        [Part::Unknown] => Ok(Value::Unknown),
        _ => Ok(Value::Partial(all)),
    }
}

/// Whether `one` stays as it is when it takes one type with `other`: numbers and booleans beside strings become
/// strings, and tuples beside sets become sets.
pub(super) fn unifies(one: &Value, other: &Value) -> bool {
    fn leaves(value: &Value, found: &mut HashSet<u8>) {
        match value {
            Value::Bool(_) => drop(found.insert(0)),
            Value::Number(_) => drop(found.insert(1)),
            Value::Text(_) | Value::Partial(_) => drop(found.insert(2)),
            Value::Set(items) => {
                found.insert(3);
                items.iter().for_each(|item| leaves(item, found));
            }
            Value::List(items) | Value::Sequence(items) => items.iter().for_each(|item| leaves(item, found)),
            Value::Map(members) => members.values().for_each(|member| leaves(member, found)),
            Value::Null | Value::Named(_) | Value::Unknown | Value::Instance(_) => {}
        }
    }
    let (mut a, mut b) = (HashSet::new(), HashSet::new());
    leaves(one, &mut a);
    leaves(other, &mut b);
    // What is not known may be a string.
    if !other.is_known() && (a.contains(&0) || a.contains(&1)) {
        return false;
    }
    // A set stays a set, and strings stay strings.
    let sets = matches!((one, other), (Value::Set(_), _) | (_, Value::Null)) || !a.contains(&3) && !b.contains(&3);
    a.remove(&3);
    b.remove(&3);
    sets && (a.union(&b).count() <= 1 || a.iter().all(|kind| *kind == 2))
}

/// Whether two values may take one type: primitives, lists, or maps, all the way down. Terraform fails where they
/// cannot.
pub(super) fn alike(one: &Value, other: &Value) -> bool {
    fn all<'v>(one: impl Iterator<Item = &'v Value>, other: impl Iterator<Item = &'v Value>) -> bool {
        // Elements take one type, so that neighbours tell.
        let every: Vec<&Value> = one.chain(other).filter(|it| !matches!(it, Value::Null | Value::Unknown)).collect();
        every.windows(2).all(|pair| matches!(pair, [a, b] if alike(a, b)))
    }
    match (one, other) {
        (Value::Null | Value::Unknown | Value::Named(_), _) | (_, Value::Null | Value::Unknown | Value::Named(_)) => {
            true
        }
        (Value::Map(a), Value::Map(b)) if a.keys().eq(b.keys()) => a.values().zip(b.values()).all(|(a, b)| alike(a, b)),
        (Value::Map(a), Value::Map(b)) => all(a.values(), b.values()),
        (Value::List(a), Value::List(b)) if a.len() == b.len() => a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Map(_), _) | (_, Value::Map(_)) => false,
        (one, other) => match (one.items(), other.items()) {
            (Some(a), Some(b)) => all(a.iter(), b.iter()),
            (None, None) => true,
            _ => false,
        },
    }
}

/// A member of a value, without looking up anything.
pub(super) fn member(value: Value, step: &Step) -> Outcome {
    match (value, step) {
        (Value::Map(mut members), Step::Name(name)) => {
            members.remove(name.as_str()).map_or_else(|| fails(format!("`{name}` is not there")), Ok)
        }
        // A key that is a number is a string.
        (Value::Map(members), Step::Index(at)) => member(Value::Map(members), &Step::Name(at.to_string())),
        (Value::List(mut items) | Value::Sequence(mut items), Step::Index(at)) => {
            if *at < items.len() {
                Ok(items.swap_remove(*at))
            } else {
                fails("an index is beyond the end")
            }
        }
        (Value::Null, _) => fails("null has no members"),
        (Value::Named(hole), step) => {
            let step = match step {
                Step::Name(name) => format!(".{name}"),
                Step::Index(at) => format!("[{at}]"),
            };
            Ok(Value::Named(Hole { id: format!("{}{step}", hole.id).into(), path: hole.path }))
        }
        _ => no("a member is taken of something else"),
    }
}

/// A step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`, or `["name"]`.
    Name(String),
    /// `[0]`.
    Index(usize),
}
