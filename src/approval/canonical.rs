//! The encoding that digests are computed over: length-prefixed, so that no two different values share bytes.
//!
//! Every item starts with a tag. Text, numbers, lists and records carry their length or count as eight bytes,
//! big-endian. Numbers are their decimal text: a detour through IEEE doubles would make 9007199254740993 and
//! 9007199254740992 equal. Members of a record are sorted by the bytes of their names.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Digest;

/// Builds the canonical bytes of one value.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// An encoder that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn head(&mut self, tag: u8, length: usize) {
        self.bytes.push(tag);
        self.bytes.extend_from_slice(&(length as u64).to_be_bytes());
    }

    /// The absence of a value.
    pub fn null(&mut self) -> &mut Self {
        self.bytes.push(b'n');
        self
    }

    /// A truth value.
    pub fn truth(&mut self, value: bool) -> &mut Self {
        self.bytes.push(if value { b't' } else { b'f' });
        self
    }

    /// A text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.head(b's', value.len());
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// A number, by its decimal text.
    pub fn number(&mut self, value: &str) -> &mut Self {
        self.head(b'd', value.len());
        self.bytes.extend_from_slice(value.as_bytes());
        self
    }

    /// A text, or nothing.
    pub fn optional(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// The head of a list; its `count` items follow.
    pub fn list(&mut self, count: usize) -> &mut Self {
        self.head(b'l', count);
        self
    }

    /// The head of a record; `count` pairs of name (a text) and value follow, in an order fixed by the caller.
    pub fn record(&mut self, count: usize) -> &mut Self {
        self.head(b'm', count);
        self
    }

    /// A JSON value; members of objects are sorted by name.
    pub fn json(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.truth(*value),
            Value::Number(value) => self.number(&value.to_string()),
            Value::String(value) => self.text(value),
            Value::Array(items) => {
                self.list(items.len());
                for item in items {
                    self.json(item);
                }
                self
            }
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
                self.record(members.len());
                for (name, value) in members {
                    self.text(name).json(value);
                }
                self
            }
        }
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 over `domain`, a line feed, and the bytes. The domain keeps digests of different things apart.
    pub fn digest(&self, domain: &str) -> Digest {
        let mut hash = Sha256::new();
        hash.update(domain.as_bytes());
        hash.update(b"\n");
        hash.update(&self.bytes);
        Digest::from_bytes(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str) -> Vec<u8> {
        Encoder::new().json(&serde_json::from_str(text).unwrap()).bytes().to_vec()
    }

    #[test]
    fn a21_big_integers_stay_apart() {
        assert_ne!(encoded("9007199254740993"), encoded("9007199254740992"));
        assert_ne!(encoded("1"), encoded("\"1\""));
        assert_ne!(encoded("null"), encoded("\"\""));
    }

    #[test]
    fn a22_member_order_does_not_matter_but_item_order_does() {
        assert_eq!(encoded(r#"{"a":1,"b":[true]}"#), encoded(r#"{"b":[true],"a":1}"#));
        assert_ne!(encoded("[1,2]"), encoded("[2,1]"));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Number(n.into())),
            "[a-c\u{0}nsdlm]{0,4}".prop_map(Value::String),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec(("[a-c]{0,2}", inner), 0..4).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Injective: equal bytes only for equal values.
        #[test]
        fn different_values_have_different_bytes(a in values(), b in values()) {
            let (x, y) = (Encoder::new().json(&a).bytes().to_vec(), Encoder::new().json(&b).bytes().to_vec());
            prop_assert_eq!(a == b, x == y);
        }
    }
}
