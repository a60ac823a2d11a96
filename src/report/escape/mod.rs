//! Escaping: hostile text to text that means nothing to the format it goes to.
//!
//! Two things happen to every string of a report. Characters that a reader cannot see or that reorder what he
//! sees ([`is_hidden`]) become visible escapes such as `\u{202e}`; then the format's own syntax is defused by the
//! format's module. Nothing is dropped silently: what is cut says how much is missing.

pub mod json;
pub mod markdown;
pub mod sarif;
pub mod terminal;
pub mod workflow;
pub mod xml;

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character must not reach any output as it is: control characters (C0, DEL, C1), line and paragraph
/// separators, bidirectional controls (UAX #9), every other character that is ignorable by default (UAX #44,
/// `Default_Ignorable_Code_Point`), interlinear annotation marks, and what XML 1.0 cannot hold.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// One line of visible text: hidden characters as `\n`, `\r`, `\t` or `\u{hex}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    Cow::Owned(out)
}

/// [`visible`], cut after about `limit` characters of the result with a note of how many of the original are
/// missing.
pub fn visible_cut(text: &str, limit: usize) -> Cow<'_, str> {
    // Bytes are never fewer than characters.
    if text.len() <= limit && !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let (mut width, mut rest) = (0_usize, text.chars());
    while width < limit {
        let Some(c) = rest.next() else { return Cow::Owned(out) };
        let before = out.len();
        push_visible(&mut out, c);
        width += if out.len() - before == c.len_utf8() { 1 } else { out.len() - before };
    }
    let missing = rest.count();
    if missing > 0 {
        let _ = write!(out, "… ({missing} more characters)");
    }
    Cow::Owned(out)
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_hidden(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        assert_eq!(visible("a\u{202e}b\u{1b}[2J\r\n\u{0}\u{e0041}"), "a\\u{202e}b\\u{1b}[2J\\r\\n\\u{0}\\u{e0041}");
        assert!(matches!(visible("übliche Zeichen, 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_cut_says_how_much_is_missing() {
        assert_eq!(visible_cut("äöüß", 2), "äö… (2 more characters)");
        assert_eq!(visible_cut("äöüß", 4), "äöüß");
        assert_eq!(visible_cut("\u{202e}abc", 8), "\\u{202e}… (3 more characters)");
    }
}
