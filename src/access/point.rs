//! One concrete request, as the core sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What a request carries for one context key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyValue {
    /// One value.
    One(String),
    /// A list of values; an empty one counts as absent.
    Many(Vec<String>),
}

impl KeyValue {
    /// The value, if it is not a list.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(_) => None,
        }
    }

    /// All values.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// One concrete request: a point of the product of all dimensions. Context keys that are not in `keys` are
/// absent from the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Point {
    /// Who asks.
    pub principal: String,
    /// What for.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Context keys, by their canonical (lower case) name.
    pub keys: BTreeMap<Arc<str>, KeyValue>,
    /// The truth of literals that cannot be read, by their text.
    pub opaque: BTreeMap<Arc<str>, bool>,
}

impl Point {
    /// What the request carries for a key; `None` where it is absent.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&KeyValue> {
        self.keys.get(key).filter(|value| !value.values().is_empty())
    }
}
