//! The policy documents of a change as values for rules.
//!
//! A document that the plan marks as sensitive is given like any other, because it is judged like any other; what a
//! rule says about it is redacted with the rest of the report.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::input::json;
use super::rego::Value;
use crate::iam::IamChange;

/// The documents of both sides by attribute path, and the paths whose text could not be read.
pub(super) struct Documents {
    pub(super) before: BTreeMap<Value, Value>,
    pub(super) after: BTreeMap<Value, Value>,
    pub(super) unreadable: BTreeSet<String>,
}

/// Reads every document of a change; see [`IamChange::documents`] for their shape.
pub(super) fn read_all(change: &IamChange) -> Documents {
    let documents = change.documents();
    let values = |side: &BTreeMap<String, Json>| {
        side.iter().map(|(path, document)| (Value::from(path.as_str()), json(document))).collect()
    };
    Documents { before: values(&documents.before), after: values(&documents.after), unreadable: documents.unreadable }
}
