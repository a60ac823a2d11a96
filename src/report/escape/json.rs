//! JSON: the value stays what it is, the text shows it. A hidden character can stand only inside a string, where
//! `\uXXXX` means the same (RFC 8259, section 7).

use std::fmt::Write as _;

use super::is_hidden;

/// JSON text without hidden characters other than the layout's line breaks; parses to the same value.
pub fn text(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        // A line break between tokens is layout; inside a string serde_json has escaped it already.
        if c == '\n' || !is_hidden(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_survives() {
        let value = serde_json::json!({"a\u{202e}": "\u{1b}[0m\u{7f}\u{e0041}\u{feff}\n"});
        let text = text(&value.to_string());
        assert!(!text.contains(is_hidden), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
