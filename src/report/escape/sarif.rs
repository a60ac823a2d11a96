//! SARIF 2.1.0: plain text messages know placeholders `{0}` (section 3.11.5) and links `[text](target)` (section
//! 3.11.6); artifact locations are URI references (section 3.4.3).

use std::fmt::Write as _;

use super::visible_cut;

/// The longest message or name, in characters.
const LONGEST: usize = 4_000;

/// A name or other text that SARIF does not interpret.
pub fn name(text: &str) -> String {
    visible_cut(text, LONGEST).into_owned()
}

/// A plain text message.
pub fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible_cut(text, LONGEST).chars() {
        match c {
            '{' => out.push_str("{{"),
            '}' => out.push_str("}}"),
            '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A path as a relative URI reference (RFC 3986): everything outside the unreserved characters and `/` is
/// percent-encoded. `\` separates folders on Windows.
pub fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in visible_cut(path, LONGEST).replace('\\', "/").trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.is_empty() { "-".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_links_and_no_placeholders() {
        assert_eq!(message("[x](http://y) {0} a\\b"), "\\[x\\](http://y) {{0}} a\\\\b");
    }

    #[test]
    fn paths_are_uri_references() {
        assert_eq!(uri("modules/a b/main.tf"), "modules/a%20b/main.tf");
        assert_eq!(uri("C:\\x\\ü.tf"), "C%3A/x/%C3%BC.tf");
        assert_eq!(uri("/tmp/plan.json"), "tmp/plan.json");
        assert_eq!(uri(""), "-");
    }
}
