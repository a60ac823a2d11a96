//! The access-relevant attributes of a row, as the catalogue names them.

use serde_json::{Value, json};

use super::Facet;
use super::catalogue::Entry;
use super::paths::{Found, Path, Pattern, any_true};
use crate::plan::Change;

/// The catalogue's path for all that an action is given (`config_values` of `action_invocations[]`).
const WHOLE_ACTION: &str = "config_values";

/// Names of credential attributes that say whose or which credential it is, and not what it is.
const NOT_SECRET: [&str; 24] = [
    "algorithm",
    "client_id",
    "content_type",
    "display_name",
    "id",
    "key_algorithm",
    "key_id",
    "key_name",
    "key_type",
    "kind",
    "login",
    "name",
    "public_key",
    "public_key_type",
    "rsa_public_key",
    "rsa_public_key_2",
    "scope",
    "scopes",
    "secret_arn",
    "secret_id",
    "status",
    "type",
    "user",
    "username",
];

/// The facets of a row: each attribute of the entry, expanded to the places that hold something on either side.
pub(super) fn of_row(entry: &Entry, row: &Change) -> Vec<Facet> {
    let mut facets = Vec::new();
    for (purpose, pattern) in entry.attributes() {
        if pattern == WHOLE_ACTION {
            of_pattern(purpose, &Pattern::every_member(), row, &mut facets);
        } else if let Some(pattern) = Pattern::of_attribute(pattern) {
            of_pattern(purpose, &pattern, row, &mut facets);
        }
    }
    facets
}

fn of_pattern(purpose: &str, pattern: &Pattern<'_>, row: &Change, facets: &mut Vec<Facet>) {
    let mut paths = Vec::new();
    pattern.places(&row.before, &mut paths);
    pattern.places(&row.after, &mut paths);
    let mut unknown = Vec::new();
    pattern.marked(&row.after_unknown, &mut unknown);
    for (path, found) in unknown {
        match found {
            Found::Whole if !paths.contains(&path) => paths.push(path),
            Found::Whole => {}
            // What stood below is listed place by place.
            Found::Ancestor => facets.push(Facet {
                purpose: purpose.to_owned(),
                path: path.to_string(),
                before: None,
                after: None,
                unknown: true,
            }),
        }
    }
    facets.extend(paths.iter().map(|path| at(purpose, path, row)));
}

/// One facet at a concrete place.
pub(super) fn at(purpose: &str, path: &Path, row: &Change) -> Facet {
    let unknown = path.mask(&row.after_unknown);
    let value = |side: &Value, unknown: &Value, sensitive: &Value| {
        let value = path.get(side).filter(|value| !value.is_null())?;
        Some(shown(value, unknown, path.mask(sensitive)))
    };
    let mut facet = Facet {
        purpose: purpose.to_owned(),
        path: path.to_string(),
        before: value(&row.before, &Value::Null, &row.before_sensitive),
        after: if unknown == &Value::Bool(true) { None } else { value(&row.after, unknown, &row.after_sensitive) },
        unknown: any_true(unknown),
    };
    if purpose == "credential" && !path.last_key().is_some_and(|key| NOT_SECRET.contains(&key)) {
        facet.before = facet.before.map(|_| sensitive_marker());
        facet.after = facet.after.map(|_| sensitive_marker());
    }
    facet
}

/// A value with its masks applied: an unknown part stands as `{"$tollgate": "unknown"}`, a secret one as
/// `{"$tollgate": "sensitive"}`, as in a rule's input.
fn shown(value: &Value, unknown: &Value, sensitive: &Value) -> Value {
    if sensitive == &Value::Bool(true) {
        return sensitive_marker();
    }
    if unknown == &Value::Bool(true) {
        return json!({"$tollgate": "unknown"});
    }
    match value {
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| shown(element, part(unknown.get(index)), part(sensitive.get(index))))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), shown(member, part(unknown.get(key)), part(sensitive.get(key)))))
            .collect(),
        scalar => scalar.clone(),
    }
}

fn part(mask: Option<&Value>) -> &Value {
    mask.unwrap_or(&Value::Null)
}

fn sensitive_marker() -> Value {
    json!({"$tollgate": "sensitive"})
}
