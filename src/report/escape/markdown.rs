//! GitHub and GitLab flavoured Markdown. Names and patterns go into code spans or fences, where nothing is
//! interpreted: no mention, no link, no HTML. Prose, which rules write, is escaped character by character.
//!
//! Mentions and references are found by the forge in the rendered text, so escapes of the Markdown syntax do not
//! stop them; an HTML entity for a zero width space does, and leaves the source readable.

use std::borrow::Cow;

use super::{visible, visible_cut};

/// Breaks up what a forge would take for a mention, reference or link.
const BREAK: &str = "&#8203;";

/// A code span that holds the text, cut after `limit` characters.
pub fn code(text: &str, limit: usize) -> String {
    let text = visible_cut(text, limit);
    if text.trim().is_empty() {
        return if text.is_empty() { "(empty)".to_owned() } else { "(blank)".to_owned() };
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    // CommonMark 6.1: one space is stripped on either side when both are there.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Prose of one line, cut after `limit` characters. Words between backticks become code spans, as the messages of
/// rules intend them.
pub fn prose(text: &str, limit: usize) -> String {
    let text = visible_cut(text, limit);
    let segments: Vec<_> = text.split('`').collect();
    if segments.len().is_multiple_of(2) {
        return plain(&text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (position, segment) in segments.iter().enumerate() {
        if position % 2 == 0 {
            out.push_str(&plain(segment));
        } else if segment.is_empty() {
            out.push_str("\\`\\`");
        } else {
            out.push_str(&code(segment, usize::MAX));
        }
    }
    out
}

/// Text inside an HTML element.
pub fn html(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in visible_cut(text, limit).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A fenced block. The fence is longer than any run of backticks inside, and each line stays one line.
pub fn fence<'a>(info: &str, lines: impl Iterator<Item = Cow<'a, str>>, limit: usize) -> String {
    let lines: Vec<_> = lines.map(|line| visible_cut(&line, limit).into_owned()).collect();
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or_default();
    let fence = "`".repeat((longest + 1).max(3));
    let mut out = format!("{fence}{info}\n");
    for line in &lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&fence);
    out.push('\n');
    out
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let text = visible(text);
    for (at, c) in text.char_indices() {
        let before = text.get(..at).unwrap_or_default();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.extend([&c.to_string(), BREAK]),
            '#' | '!' | '$' => out.extend(["\\", &c.to_string(), BREAK]),
            ':' if text.get(at + 1..).is_some_and(|rest| rest.starts_with("//")) => out.extend([":", BREAK]),
            '.' if before.to_ascii_lowercase().ends_with("www") => out.extend([BREAK, "."]),
            // These mean something only where a line begins, and a renderer may put prose there.
            '-' | '+' | '=' if before.trim().is_empty() => out.extend(["\\", &c.to_string()]),
            '.' if before.trim().chars().all(|c| c.is_ascii_digit()) => out.push_str("\\."),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '^' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_any_text() {
        assert_eq!(code("a", 9), "`a`");
        assert_eq!(code("a`b", 9), "``a`b``");
        assert_eq!(code("`x", 9), "`` `x ``");
        assert_eq!(code("", 9), "(empty)");
        assert_eq!(code(" ", 9), "(blank)");
        assert_eq!(code("a\nb", 9), "`a\\nb`");
    }

    #[test]
    fn prose_keeps_the_code_that_a_message_means() {
        assert_eq!(prose("grants `iam:*` to *", 99), "grants `iam:*` to \\*");
        assert_eq!(prose("one ` only", 99), "one \\` only");
        assert_eq!(prose("ask @org/team #1", 99), "ask @&#8203;org/team \\#&#8203;1");
        assert_eq!(prose("see https://x.org www.y.org", 99), "see https:&#8203;//x.org www&#8203;.y.org");
        assert_eq!(prose("</details><img src=x>", 99), "&lt;/details&gt;&lt;img src=x&gt;");
        assert_eq!(prose("- 1. x", 99), "\\- 1. x");
        assert_eq!(prose("1. x", 99), "1\\. x");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let text = fence("diff", ["+ ```` x".into(), "- a\nb".into()].into_iter(), 99);
        assert_eq!(text, "`````diff\n+ ```` x\n- a\\nb\n`````\n");
    }
}
