//! Values under their masks: known, unknown, sensitive.

use serde_json::Value;

/// One side of a change: values, and the two masks that say what is unknown and what is secret.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The values; `Null` when there is no object.
    pub value: &'a Value,
    /// `true` where a value is known only after apply; covers everything below.
    pub unknown: &'a Value,
    /// `true` where a value is secret; covers everything below.
    pub sensitive: &'a Value,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object or map.
    Key(String),
    /// An element of a list.
    Index(usize),
    /// Every element of a list or set (`[*]`).
    Each,
}

/// A path below a resource, such as `statement[*].principals`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrPath(pub Vec<Step>);

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'a> {
    /// No such member: not set, or not part of this schema version.
    Absent,
    /// Explicitly null.
    Null,
    /// Known only after apply, at this node or above it.
    Unknown,
    /// A value; parts below it may still be unknown ([`Side::has_unknown`]).
    Known(&'a Value),
}
