//! The scanner against serde_json, on good and hostile text, at many chunk sizes.

use std::io::Read;

use proptest::prelude::*;
use serde_json::Value;

use super::{MAX_DEPTH, Scanner};
use crate::plan::error::ReadError;
use crate::plan::intake::Intake;

/// Gives at most `step` bytes a read.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.1.min(buffer.len()).min(self.0.len());
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

/// Sizes of reads and of the buffer: around a block, around a vector, and the smallest there are.
const SIZES: [(usize, usize); 8] = [(1, 1), (3, 9), (16, 16), (63, 64), (64, 64), (65, 130), (100, 333), (4096, 8192)];

/// Runs `act` on the text and asks for the end after it.
fn run<'t, T>(
    text: &'t [u8],
    (step, chunk): (usize, usize),
    strict: bool,
    act: impl FnOnce(&mut Scanner<Trickle<'t>>) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let mut scanner = Scanner::with_chunk(Intake::new(Trickle(text, step), false), strict, chunk);
    let out = act(&mut scanner)?;
    match scanner.next_token()? {
        None => Ok(out),
        Some(_) => Err(ReadError::TextAfter { at: scanner.here() }),
    }
}

/// What serde_json says (which nests 128 levels), with the rule that is ours: duplicate keys are refused.
fn oracle(text: &[u8]) -> Result<Value, ()> {
    use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
    struct Strict;
    impl<'de> DeserializeSeed<'de> for Strict {
        type Value = ();
        fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_any(self)
        }
    }
    impl<'de> Visitor<'de> for Strict {
        type Value = ();
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("anything")
        }
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }
        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }
        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }
        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
            while seq.next_element_seed(Strict)?.is_some() {}
            Ok(())
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            let mut keys = std::collections::HashSet::new();
            while let Some(key) = map.next_key::<String>()? {
                if !keys.insert(key) {
                    return Err(A::Error::custom("duplicate key"));
                }
                map.next_value_seed(Strict)?;
            }
            Ok(())
        }
    }
    let mut strict = serde_json::Deserializer::from_slice(text);
    let unique = Strict.deserialize(&mut strict).and_then(|()| strict.end());
    let mut plain = serde_json::Deserializer::from_slice(text);
    let value = <Value as serde::Deserialize>::deserialize(&mut plain).and_then(|value| plain.end().map(|()| value));
    match (value, unique) {
        (Ok(value), Ok(())) => Ok(value),
        _ => Err(()),
    }
}

/// Building, skipping and skipping strictly agree with the oracle at every size.
fn agree(text: &[u8]) {
    let expected = oracle(text);
    // The intake takes a byte order mark and refuses other containers by their first bytes: not JSON either way.
    if text.starts_with(&[0xef, 0xbb, 0xbf]) || text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return;
    }
    for size in SIZES {
        let built = run(text, size, false, Scanner::value);
        let strict = run(text, size, true, Scanner::skip);
        let skipped = run(text, size, false, Scanner::skip);
        let shown = String::from_utf8_lossy(text);
        match &expected {
            Ok(value) => {
                assert_eq!(built.as_ref().ok(), Some(value), "{shown} {size:?} {built:?}");
                assert!(strict.is_ok(), "{shown} {size:?} {strict:?}");
                assert!(skipped.is_ok(), "{shown} {size:?} {skipped:?}");
            }
            // A plain skip may pass over what is wrong between brackets and strings.
            Err(()) => {
                assert!(built.is_err(), "{shown} {size:?}");
                assert!(strict.is_err(), "{shown} {size:?}");
            }
        }
    }
}

/// The end of a skipped container is where the building parser ends, when both accept.
fn same_end(text: &[u8]) {
    let end = |strict: bool, size| {
        let mut scanner = Scanner::with_chunk(Intake::new(Trickle(text, 64), false), strict, size);
        scanner.skip().map(|()| scanner.here().offset)
    };
    for size in [64, 100, 4096] {
        if let Ok(strict) = end(true, size) {
            assert_eq!(end(false, size).ok(), Some(strict), "{}", String::from_utf8_lossy(text));
        }
    }
}

fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[a-z\"\\\\{}\\[\\]\n ]{0,90}",
        Just("\\".repeat(63)),
        Just("\\\"".repeat(40)),
        Just("é🙂<&>\u{2028}".repeat(7)),
    ];
    let number =
        prop_oneof![Just("0"), Just("-0.0"), Just("1e400"), Just("123456789012345678901234567890"), Just("2.50")];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        number.prop_map(|number| serde_json::from_str(number).unwrap()),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..8).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn good_text(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        agree(text.as_bytes());
        agree(text.replace('<', "\\u003c").replace('é', "\\u00e9").replace('🙂', "\\ud83d\\ude42").as_bytes());
    }

    #[test]
    fn damaged_text(value in json(), edits in prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, any::<prop::sample::Index>()), 1..4)) {
        const BYTES: &[u8] = b"{}[]\",:\\ \n\t\0\x1f0-e.tfnu\xc3\xff/";
        let mut text = serde_json::to_vec(&value).unwrap();
        for (at, edit, byte) in edits {
            if text.is_empty() { break }
            let at = at.index(text.len());
            let byte = BYTES[byte.index(BYTES.len())];
            match edit {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                2 => { text.remove(at); }
                _ => text.truncate(at),
            }
        }
        if !text.is_empty() && text[0] != 0 && text.get(1) != Some(&0) {
            agree(&text);
            same_end(&text);
        }
    }

    #[test]
    fn tokens_in_any_order(tokens in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\\\"\"", "\"\\\\\"", "\"", "\\", "1", "-", "1.5e3", "01", "true", "null", "nul", " ", "\n", "\u{feff}",
    ]), 1..40)) {
        agree(tokens.concat().as_bytes());
    }
}

#[test]
fn brackets_are_followed_where_nothing_is_built() {
    let refused = |text: &str| {
        for size in SIZES {
            let error = run(text.as_bytes(), size, false, Scanner::skip).expect_err(text);
            assert!(
                matches!(
                    error,
                    ReadError::Syntax { .. }
                        | ReadError::Truncated { .. }
                        | ReadError::TooDeep { .. }
                        | ReadError::TextAfter { .. }
                ),
                "{text} {error:?}"
            );
        }
    };
    for text in
        ["{]", "[}", "[[}]", "{\"a\":[}", "[", "{\"", "[\"\\", "[\"a\\\"]", "[\"a\u{1}\"]", "[\\\"a\"]", "[]]", "{}}"]
    {
        refused(text);
        refused(&format!("[[{}{text}", "\"x\", ".repeat(40)));
    }
    refused(&"[".repeat(MAX_DEPTH + 1));
    refused(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1)));
    let deepest = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    for size in SIZES {
        assert!(run(deepest.as_bytes(), size, false, Scanner::skip).is_ok());
        assert!(run(deepest.as_bytes(), size, true, Scanner::skip).is_ok());
        assert!(run(deepest.as_bytes(), size, false, Scanner::value).is_ok());
    }
}

#[test]
fn keys_that_serde_json_treats_specially_are_plain_keys() {
    let text = br#"{"$serde_json::private::Number":"1"}"#;
    let value = run(text, (9, 64), false, Scanner::value).unwrap();
    assert!(value.is_object());
}
