//! The JSON policy documents of a change, parsed and brought into one shape for rules: statements are an array, and
//! `Action`, `NotAction`, `Resource`, `NotResource` and each principal entry are arrays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::input::json;
use super::rego::Value;
use crate::iam::{Facet, IamChange};

/// The documents of both sides by attribute path, and the paths whose text could not be read.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) before: BTreeMap<Value, Value>,
    pub(super) after: BTreeMap<Value, Value>,
    pub(super) unreadable: BTreeSet<String>,
}

/// Reads every document of a change.
pub(super) fn read_all(change: &IamChange) -> Documents {
    let mut documents = Documents::default();
    for facet in &change.facets {
        if matches!(facet.purpose.as_str(), "policy" | "trust" | "condition" | "permission") {
            let before = side(facet, facet.before.as_ref(), &mut documents.unreadable);
            let after = side(facet, facet.after.as_ref(), &mut documents.unreadable);
            documents.before.extend(before);
            documents.after.extend(after);
        }
    }
    documents
}

fn side(facet: &Facet, value: Option<&Json>, unreadable: &mut BTreeSet<String>) -> Option<(Value, Value)> {
    let Json::String(text) = value? else { return None };
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    match serde_json::from_str::<Strict>(trimmed) {
        Ok(Strict(document @ (Json::Object(_) | Json::Array(_)))) => {
            Some((Value::from(facet.path.as_str()), json(&normalised(document))))
        }
        parsed => {
            // A condition or permission is often an expression or a word; a policy never is.
            let must_be_json = matches!(facet.purpose.as_str(), "policy" | "trust") || trimmed.starts_with(['{', '[']);
            if must_be_json && !(trimmed.is_empty() && parsed.is_err()) {
                unreadable.insert(facet.path.clone());
            }
            None
        }
    }
}

fn normalised(document: Json) -> Json {
    let Json::Object(mut members) = document else { return document };
    if let Some(statements) = members.get_mut("Statement") {
        if statements.is_object() {
            *statements = Json::Array(vec![statements.take()]);
        }
        for statement in statements.as_array_mut().into_iter().flatten() {
            for key in ["Action", "NotAction", "Resource", "NotResource"] {
                if let Some(value) = statement.get_mut(key) {
                    listed(value);
                }
            }
            for key in ["Principal", "NotPrincipal"] {
                for entry in
                    statement.get_mut(key).and_then(Json::as_object_mut).into_iter().flat_map(|by| by.values_mut())
                {
                    listed(entry);
                }
            }
        }
    }
    Json::Object(members)
}

fn listed(value: &mut Json) {
    if !value.is_array() {
        *value = Json::Array(vec![value.take()]);
    }
}

/// JSON in which no object names a key twice: with two readings of one document, a rule might see the wrong one.
struct Strict(Json);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON without duplicate keys")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Json::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(Json::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Strict, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Strict(Json::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Strict, A::Error> {
        let mut members = serde_json::Map::new();
        while let Some(key) = map.next_key::<String>()? {
            // How serde_json hands over a number when it keeps all digits.
            if key == "$serde_json::private::Number" {
                let digits: String = map.next_value()?;
                return serde_json::from_str(&digits).map(Strict).map_err(de::Error::custom);
            }
            let Strict(member) = map.next_value()?;
            if members.insert(key, member).is_some() {
                return Err(de::Error::custom("a key stands twice"));
            }
        }
        Ok(Strict(Json::Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facet(purpose: &str, after: &str) -> Facet {
        let after = Some(Json::from(after));
        Facet { purpose: purpose.into(), path: "policy".into(), before: None, after, unknown: false }
    }

    fn read(purpose: &str, text: &str) -> (Option<String>, bool) {
        let facet = facet(purpose, text);
        let mut unreadable = BTreeSet::new();
        let document = side(&facet, facet.after.as_ref(), &mut unreadable);
        (document.map(|(_, value)| value.to_json_str().unwrap().split_whitespace().collect()), !unreadable.is_empty())
    }

    #[test]
    fn one_statement_and_single_values_become_arrays() {
        let text = r#"{"Statement": {"Action": "s3:*", "Principal": {"AWS": "1"}, "Resource": ["a"]}}"#;
        let expected = r#"{"Statement":[{"Action":["s3:*"],"Principal":{"AWS":["1"]},"Resource":["a"]}]}"#;
        assert_eq!(read("policy", text), (Some(expected.to_owned()), false));
        assert_eq!(
            read("trust", r#"{"Statement":[{"Principal":"*"}]}"#).0.unwrap(),
            r#"{"Statement":[{"Principal":"*"}]}"#
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(read("policy", r#"{"Statement": [], "Statement": []}"#), (None, true));
        assert_eq!(read("policy", "path \"secret/*\" {}"), (None, true));
        assert_eq!(read("condition", "request.time < now"), (None, false));
        assert_eq!(read("condition", "{broken"), (None, true));
    }
}
