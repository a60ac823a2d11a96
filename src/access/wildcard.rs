//! Text with `*` for any run of characters, as the second evaluators read it. The compilers have globs of their own.

/// Whether a pattern matches a text as a whole. Letters count as they are written.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_the_whole_text() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("a*c", "abc"), ("a*b*", "axbb"), ("*/read", "a/b/read"), ("**", "x")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("", "a"), ("a*a", "a"), ("a*bc", "abcb"), ("A", "a"), ("*b*a", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
