//! `json.marshal` with the text that Go's `encoding/json` gives: no spaces, sorted keys, `<`, `>` and `&` escaped.
//! Policies compare and match on that text.

use regorus::Value;

use super::bounded::limit_string;
use super::{Context, Failure};

pub(super) fn marshal(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let mut out = String::new();
    write(operands.first().unwrap_or(&Value::Undefined), &mut out)?;
    Ok(Value::from(out))
}

fn write(value: &Value, out: &mut String) -> Result<(), Failure> {
    limit_string(out.len())?;
    match value {
        Value::String(text) => write_text(text, out),
        Value::Array(items) => write_list(items.iter(), out)?,
        Value::Set(items) => write_list(items.iter(), out)?,
        Value::Object(members) => {
            out.push('{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                if let Value::String(key) = key {
                    write_text(key, out);
                } else {
                    let mut text = String::new();
                    write(key, &mut text)?;
                    write_text(&text, out);
                }
                out.push(':');
                write(member, out)?;
            }
            out.push('}');
        }
        Value::Undefined => return Err(Failure::Operand("the operand is undefined".to_owned())),
        scalar => out.push_str(&scalar.to_string()),
    }
    Ok(())
}

fn write_list<'v>(items: impl Iterator<Item = &'v Value>, out: &mut String) -> Result<(), Failure> {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out)?;
    }
    out.push(']');
    Ok(())
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", letter as u32));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
