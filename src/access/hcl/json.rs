//! `jsonencode` and `jsondecode`.
//!
//! Terraform writes JSON as Go does: members sorted, no spaces, and `<`, `>`, `&`, U+2028 and U+2029 escaped
//! (`cty/json` of zclconf/go-cty).

use std::sync::Arc;

use serde_json::Value as Json;

use super::eval::literal;
use super::value::{Outcome, Part, Value, joined, no};

/// `jsonencode`: text with holes for what is not known.
pub(super) fn encode(value: &Value) -> Outcome {
    // The text of a value is another value.
    if matches!(value, Value::Named(_) | Value::Unknown | Value::Instance(_)) {
        return no("`jsonencode` is given a value that is known only after apply");
    }
    let mut parts = Vec::new();
    write(value, &mut parts);
    joined(parts)
}

/// A string in quotes, as Terraform writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    out.push_str(&escaped(text));
    out.push('"');
    out
}

fn escaped(text: &str) -> String {
    let quoted = Json::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(&quoted);
    let mut out = String::with_capacity(inner.len());
    for c in inner.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

fn write(value: &Value, out: &mut Vec<Part>) {
    let mut text = |text: &str| out.push(Part::Text(text.into()));
    match value {
        Value::Null => text("null"),
        Value::Bool(it) => text(if *it { "true" } else { "false" }),
        Value::Number(it) => text(&it.to_string()),
        Value::Text(it) => text(&quoted(it)),
        Value::Named(hole) => out.push(Part::Json(Some(hole.clone()))),
        Value::Unknown | Value::Instance(_) => out.push(Part::Json(None)),
        Value::Partial(parts) => {
            // A part that is a document's text itself loses its structure within a string.
            text("\"");
            out.extend(parts.iter().map(|part| match part {
                Part::Text(text) => Part::Text(escaped(text).into()),
                Part::Json(_) => Part::Unknown,
                other => other.clone(),
            }));
            out.push(Part::Text("\"".into()));
        }
        Value::List(items) | Value::Set(items) | Value::Sequence(items) => {
            text("[");
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(Part::Text(",".into()));
                }
                write(item, out);
            }
            out.push(Part::Text("]".into()));
        }
        Value::Map(members) => {
            text("{");
            for (at, (key, member)) in members.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                out.push(Part::Text(format!("{comma}{}:", quoted(key)).into()));
                write(member, out);
            }
            out.push(Part::Text("}".into()));
        }
    }
}

/// `jsondecode` of a parsed text.
pub(super) fn decode(value: &Json) -> Outcome {
    match value {
        Json::Null => Ok(Value::Null),
        Json::Bool(it) => Ok(Value::Bool(*it)),
        Json::Number(it) => it
            .to_string()
            .parse()
            .map_or_else(|_| no("only whole numbers are evaluated"), |it: i64| Ok(Value::Number(it))),
        Json::String(it) => literal(it).map(Value::Text),
        Json::Array(items) => items.iter().map(decode).collect::<Result<_, _>>().map(Value::List),
        Json::Object(members) => {
            let pairs = members.iter().map(|(key, member)| Ok((Arc::from(&*literal(key)?), decode(member)?)));
            pairs.collect::<Result<_, _>>().map(Value::Map)
        }
    }
}
