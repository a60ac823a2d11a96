//! JSON text inside a value: one document, no duplicate keys.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Levels of nesting that are read; a policy document has about six.
const MAX_DEPTH: usize = 64;

/// Reads a document. An object that names a key twice says two things, and which one counts depends on the reader:
/// it is refused.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let Node(value) = Node::deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    (depth(&value) <= MAX_DEPTH).then_some(value)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

struct Node(Value);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor).map(Node)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            // With exact numbers, serde_json hands a number over as an object with one key of its own.
            if object.is_empty() && key == "$serde_json::private::Number" {
                let digits: String = members.next_value()?;
                return digits.parse().map(Value::Number).map_err(de::Error::custom);
            }
            let Node(value) = members.next_value()?;
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_exactly() {
        assert_eq!(
            parse(r#" {"a": [1, -2, 3.50, true, null, "x"]} "#),
            serde_json::from_str(r#"{"a":[1,-2,3.50,true,null,"x"]}"#).ok()
        );
        assert_eq!(parse("123456789012345678901234567890").unwrap().to_string(), "123456789012345678901234567890");
    }

    #[test]
    fn two_meanings_are_refused() {
        assert_eq!(parse(r#"{"Effect":"Deny","Effect":"Allow"}"#), None);
        assert_eq!(parse(r#"{"a":{"b":1,"\u0062":2}}"#), None);
        assert_eq!(parse("{} {}"), None);
        assert_eq!(parse("{"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(MAX_DEPTH)).is_some());
        assert!(parse(&nested(MAX_DEPTH + 1)).is_none());
        assert!(parse(&nested(100_000)).is_none());
        assert_eq!(parse("{\"$serde_json::private::Number\": {}}").map(|value| value == json!({})), None);
    }
}
