//! XML 1.0: markup becomes character references. Characters that XML cannot hold, even as references, are visible
//! escapes by then.

use super::visible_cut;

/// The longest datum, in characters.
const LONGEST: usize = 4_000;

/// Text or an attribute's value.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible_cut(text, LONGEST).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(text("\"]]><a b='&'>\u{0}"), "&quot;]]&gt;&lt;a b=&apos;&amp;&apos;&gt;\\u{0}");
    }
}
