//! What policies are given as text: checked in full, searched for secrets, and not built.

use std::io::Read;
use std::ops::Range;

use serde_json::Value;

use super::error::ReadError;
use super::scan::{self, Keys as _, Mark, Scanner, keys};
use super::secrets::Secrets;

type Result<T> = std::result::Result<T, ReadError>;

keys! {
    /// Members that hold values, and those that say which of them are secret.
    Part {
        Before = "before",
        After = "after",
        Values = "values",
        ConfigValues = "config_values",
        Value = "value",
        BeforeSensitive = "before_sensitive",
        AfterSensitive = "after_sensitive",
        SensitiveValues = "sensitive_values",
        ConfigSensitive = "config_sensitive",
        Sensitive = "sensitive",
    }
}

impl Part {
    /// The masks of values. What is secret on one side of a change is secret on the other.
    const fn masks(self) -> &'static [Self] {
        match self {
            Self::Before | Self::After => &[Self::BeforeSensitive, Self::AfterSensitive],
            Self::Values => &[Self::SensitiveValues],
            Self::ConfigValues => &[Self::ConfigSensitive],
            Self::Value => &[Self::Sensitive],
            Self::BeforeSensitive
            | Self::AfterSensitive
            | Self::SensitiveValues
            | Self::ConfigSensitive
            | Self::Sensitive => &[],
        }
    }
}

/// The values among the parts of an object that a mask of the same object is for, each with that mask.
fn masked<T>(parts: &[(Part, T)]) -> impl Iterator<Item = (&T, &T)> {
    parts.iter().flat_map(|(part, value)| {
        let masks = parts.iter().filter(|(mask, _)| part.masks().contains(mask));
        masks.map(move |(_, mask)| (value, mask))
    })
}

/// Reads a value as [`Scanner::value`] does, with the same errors, and appends its text. What stands beside a mask
/// that marks it goes to `secrets`.
pub(super) fn read<R: Read>(scanner: &mut Scanner<R>, text: &mut String, secrets: &mut Secrets) -> Result<()> {
    scanner.next_token()?;
    let mark = scanner.mark();
    value(scanner, &mark, secrets)?;
    text.push_str(&String::from_utf8_lossy(scanner.since(&mark)));
    scanner.release(&mark);
    Ok(())
}

fn value<R: Read>(scanner: &mut Scanner<R>, mark: &Mark, secrets: &mut Secrets) -> Result<()> {
    if let Some(mut items) = scanner.array()? {
        while scanner.next_item(&mut items)? {
            value(scanner, mark, secrets)?;
        }
        return Ok(());
    }
    let Some(mut members) = scanner.object()? else { return scanner.leaf() };
    let mut parts: Vec<(Part, Range<usize>)> = Vec::new();
    while let Some(part) = scanner.next_member::<Part>(&mut members)? {
        scanner.next_token()?;
        let start = scanner.length(mark);
        value(scanner, mark, secrets)?;
        parts.extend(part.map(|part| (part, start..scanner.length(mark))));
    }
    let text = scanner.since(mark);
    for (value, mask) in masked(&parts) {
        let of = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        if memchr::memmem::find(of(mask), b"true").is_some() {
            secrets.add_masked(&scan::parse(of(value))?, &scan::parse(of(mask))?);
        }
    }
    Ok(())
}

/// Adds the secrets of a value that was built.
pub(super) fn add(value: &Value, secrets: &mut Secrets) {
    match value {
        Value::Object(map) => {
            let parts: Vec<(Part, &Value)> =
                map.iter().filter_map(|(name, value)| Some((Part::of(name.as_bytes())?, value))).collect();
            masked(&parts).for_each(|(value, mask)| secrets.add_masked(value, mask));
            map.values().for_each(|value| add(value, secrets));
        }
        Value::Array(list) => list.iter().for_each(|value| add(value, secrets)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::Keep;

    fn both(text: &str) -> [bool; 2] {
        let (mut read_text, mut built) = (Secrets::default(), Secrets::default());
        let mut copy = String::new();
        read(&mut Scanner::new(text.as_bytes(), &Keep::nothing()), &mut copy, &mut read_text).unwrap();
        assert_eq!(copy, text);
        add(&scan::parse(text.as_bytes()).unwrap(), &mut built);
        [read_text, built].map(|secrets| secrets.found_in("-canary-"))
    }

    #[test]
    fn a_secret_is_found_wherever_a_mask_stands_beside_it() {
        let deep = (0..90).fold(json!("canary"), |value, _| json!({ "a": [value] }));
        for text in [
            json!([{"change": {"before": {"k": "canary"}, "after_sensitive": {"k": true}}}]),
            json!({"root_module": {"resources": [{"values": {"k": ["x", "canary"]}, "sensitive_values": {"k": [false, true]}}]}}),
            json!({"out": {"value": "canary", "sensitive": true}}),
            json!({"sensitive": {"value": "canary", "sensitive": true}}),
            json!({"values": {"inner": {"value": "canary", "sensitive": true}}, "sensitive_values": {}}),
            json!({"values": deep, "sensitive_values": true}),
        ] {
            assert_eq!(both(&text.to_string()), [true, true], "{text}");
        }
        for text in [
            json!({"values": "canary", "sensitive_values": false}),
            json!({"value": "canary", "after_sensitive": true}),
        ] {
            assert_eq!(both(&text.to_string()), [false, false], "{text}");
        }
    }
}
