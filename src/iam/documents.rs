//! Policy documents that are JSON text inside an attribute, parsed and in one shape: what rules look at as
//! `input.change.documents`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::catalogue::Entry;
use super::{IamChange, facets, strict};
use crate::plan::{AttrPath, Side, Step};

/// Purposes whose attributes may hold a document.
const PURPOSES: [&str; 4] = ["policy", "trust", "condition", "permission"];

/// Members of a statement that AWS lets be one string or a list of them.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];

/// The documents of a change, by attribute path.
///
/// A document under a sensitive mask is here like any other, in clear: it is judged, so its structure has to be seen.
/// It is never shown. Whoever puts text made from these values into an output replaces what
/// [`Documents::sensitive`] names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// Before the change.
    pub before: BTreeMap<String, Value>,
    /// After the change.
    pub after: BTreeMap<String, Value>,
    /// Paths of text that ought to be a document and cannot be read: not JSON, or a key stands twice.
    pub unreadable: BTreeSet<String>,
    /// Paths whose document is secret on either side, at, above or below.
    pub sensitive: BTreeSet<String>,
}

impl IamChange {
    /// Reads the documents of the change.
    ///
    /// `Statement` is an array; `Action`, `NotAction`, `Resource`, `NotResource` and every principal entry are
    /// arrays; a principal of `"*"` stands as `{"AWS": ["*"]}`, which means the same (IAM user guide, "Principal").
    /// Other shapes, such as Google's bindings, stay as they are.
    pub fn documents(&self) -> Documents {
        let mut documents = Documents::default();
        for (side, is_after) in [(self.row.before(), false), (self.row.after(), true)] {
            match &self.entry {
                Some(entry) => {
                    for path in patterns(entry).flat_map(|pattern| side.expand(&pattern)) {
                        documents.collect(&path, side, is_after, true);
                    }
                }
                // Nothing is known of the type: any text may be a document, and none has to be.
                None => {
                    let mut paths = Vec::new();
                    leaves(side.value, &mut AttrPath::default(), &mut paths);
                    for path in paths {
                        documents.collect(&path, side, is_after, false);
                    }
                }
            }
        }
        documents
    }
}

fn patterns(entry: &Entry) -> impl Iterator<Item = AttrPath> {
    entry.attributes().filter(|(purpose, _)| PURPOSES.contains(purpose)).filter_map(|(_, path)| facets::pattern(path))
}

/// The paths of all texts.
fn leaves(value: &Value, path: &mut AttrPath, found: &mut Vec<AttrPath>) {
    let mut below = |step: Step, value: &Value| {
        path.0.push(step);
        leaves(value, path, found);
        path.0.pop();
    };
    match value {
        Value::String(_) => found.push(path.clone()),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| below(Step::Index(index), element));
        }
        Value::Object(members) => members.iter().for_each(|(key, member)| below(Step::Key(key.clone()), member)),
        _ => {}
    }
}

impl Documents {
    fn collect(&mut self, path: &AttrPath, side: Side<'_>, is_after: bool, expected: bool) {
        let Some(text) = side.text(path) else { return };
        match read(text) {
            Text::Document(document) => {
                if side.has_sensitive(path) {
                    self.sensitive.insert(path.to_string());
                }
                let documents = if is_after { &mut self.after } else { &mut self.before };
                documents.insert(path.to_string(), document);
            }
            Text::Unreadable if expected => {
                self.unreadable.insert(path.to_string());
            }
            Text::Unreadable | Text::Word => {}
        }
    }
}

enum Text {
    /// A JSON document, in one shape.
    Document(Value),
    /// Text of several parts that is not one JSON document: broken, ambiguous, or of a language tollgate does not
    /// read (HCL, Rego, YAML).
    Unreadable,
    /// An ARN, a name, a keyword, nothing: no document.
    Word,
}

fn read(text: &str) -> Text {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with(['{', '[']) {
        return strict::parse(text).map_or(Text::Unreadable, |document| Text::Document(in_one_shape(document)));
    }
    if text.contains(['{', '\n']) { Text::Unreadable } else { Text::Word }
}

/// A document with its statements and their members as arrays.
fn in_one_shape(mut document: Value) -> Value {
    if let Some(statements) = document.get_mut("Statement") {
        listed(statements);
        for statement in statements.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            shape_statement(statement);
        }
    }
    document
}

fn shape_statement(statement: &mut Map<String, Value>) {
    for member in LISTS {
        if let Some(value) = statement.get_mut(member) {
            listed(value);
        }
    }
    for member in ["Principal", "NotPrincipal"] {
        let Some(principal) = statement.get_mut(member) else { continue };
        if principal == "*" {
            *principal = json!({"AWS": ["*"]});
        }
        for entry in principal.as_object_mut().into_iter().flat_map(Map::values_mut) {
            listed(entry);
        }
    }
}

/// Makes a list of anything that is not one.
fn listed(value: &mut Value) {
    if !value.is_array() {
        *value = Value::Array(vec![value.take()]);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::iam::Recognition;

    fn documents(change: crate::plan::Change) -> Documents {
        let recognition = Recognition::of_rows([&Arc::new(change)]);
        recognition.changes.first().expect("recognised").documents()
    }

    fn row(type_name: &str, before: Value, after: Value) -> crate::plan::Change {
        crate::iam::testing::row(type_name, &["update"], before, after)
    }

    #[test]
    fn statements_take_one_shape() {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":["a","b"],
            "Principal":{"AWS":"111122223333","Service":["x","y"]}}}"#;
        let trust = r#"{"Statement":[{"Effect":"Deny","NotAction":"iam:*","NotPrincipal":"*","NotResource":"c"}]}"#;
        let documents = documents(row("aws_s3_bucket_policy", json!({"policy": policy}), json!({"policy": trust})));
        assert_eq!(
            documents.before["policy"]["Statement"],
            json!([{"Effect":"Allow","Action":["s3:*"],"Resource":["a","b"],
                    "Principal":{"AWS":["111122223333"],"Service":["x","y"]}}])
        );
        assert_eq!(
            documents.after["policy"]["Statement"],
            json!([{"Effect":"Deny","NotAction":["iam:*"],"NotPrincipal":{"AWS":["*"]},"NotResource":["c"]}])
        );
        assert!(documents.unreadable.is_empty() && documents.sensitive.is_empty());
    }

    #[test]
    fn inline_blocks_are_read_by_path() {
        let after = json!({"inline_policy": [{"name": "a", "policy": "{\"Statement\":[]}"}, {"name": "b", "policy": ""}],
            "assume_role_policy": "{\"Statement\":[]}"});
        let documents = documents(row("aws_iam_role", json!({}), after));
        let paths: Vec<&str> = documents.after.keys().map(String::as_str).collect();
        assert_eq!(paths, ["assume_role_policy", "inline_policy[0].policy"]);
    }

    #[test]
    fn unreadable_text_is_named_and_words_are_not() {
        for (text, unreadable) in [
            ("{\"Statement\":[", true),
            ("{\"Effect\":\"Deny\",\"Effect\":\"Allow\"}", true),
            ("path \"secret/*\" {\n capabilities = [\"read\"]\n}", true),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", false),
            ("", false),
        ] {
            let documents = documents(row("aws_iam_policy", json!({"policy": "{}"}), json!({"policy": text})));
            assert_eq!(documents.unreadable.contains("policy"), unreadable, "{text}");
            assert!(documents.after.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_secret_document_is_read_and_named() {
        let policy = json!({"policy": "{\"Statement\":[{\"Action\":\"*\"}]}"});
        let mut change = row("aws_iam_policy", json!({"policy": "{}"}), policy);
        change.after_sensitive = json!({"policy": true});
        let documents = documents(change);
        assert_eq!(documents.after["policy"]["Statement"][0]["Action"], json!(["*"]));
        assert!(documents.sensitive.contains("policy"));
    }

    #[test]
    fn documents_of_unlisted_types_are_found_anywhere() {
        let after = json!({"definition": {"text": "{\"Statement\":[{\"Effect\":\"Allow\"}]}", "other": "{oops"}});
        let documents = documents(row("acme_bucket_policy", json!({}), after));
        assert_eq!(documents.after.keys().collect::<Vec<_>>(), ["definition.text"]);
        assert!(documents.unreadable.is_empty());
    }
}
