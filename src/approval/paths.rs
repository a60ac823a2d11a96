//! Path patterns of the configuration: `*` and `?` stay within a segment, `**` crosses segments.

use std::fmt;
use std::str::FromStr;

/// A pattern over paths relative to the repository, written with `/`. It matches the whole path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPattern {
    text: String,
}

impl PathPattern {
    /// Whether the pattern matches the whole path.
    pub fn matches(&self, path: &str) -> bool {
        let pattern: Vec<&str> = self.text.split('/').collect();
        let path: Vec<&str> = path.split('/').collect();
        segments_match(&pattern, &path)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether a list of pattern segments matches a list of path segments; `**` stands for any number, also none,
/// except at the end, where it stands for at least one.
pub(super) fn segments_match(pattern: &[&str], path: &[&str]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((&"**", [])) => !path.is_empty(),
        Some((&"**", rest)) => (0..=path.len()).any(|skip| path.get(skip..).is_some_and(|p| segments_match(rest, p))),
        Some((first, rest)) => match path.split_first() {
            Some((segment, path)) => {
                segment_matches(first.as_bytes(), segment.as_bytes()) && segments_match(rest, path)
            }
            None => false,
        },
    }
}

/// Whether `*` (any run) and `?` (any one byte) match within one segment. Linear, with one point of return.
fn segment_matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                t += 1;
            }
            Some(byte) if text.get(t) == Some(byte) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    p = star_p + 1;
                    t = star_t + 1;
                    star = Some((star_p, star_t + 1));
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

impl FromStr for PathPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            return Err(format!(
                "`{text}` is not a path pattern: write it relative to the repository, such as `policies/**`"
            ));
        }
        if text.split('/').filter(|segment| *segment == "**").count() > 4 {
            return Err(format!("`{text}` has more than four `**`"));
        }
        Ok(Self { text: text.to_owned() })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for PathPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_double_stars() {
        let cases = [
            ("tollgate.toml", "tollgate.toml", true),
            ("tollgate.toml", "x/tollgate.toml", false),
            ("policies/**", "policies/a.rego", true),
            ("policies/**", "policies/a/b.rego", true),
            ("policies/**", "policies", false),
            ("**/*.rego", "a.rego", true),
            ("**/*.rego", "x/y/a.rego", true),
            ("*.tf", "x/a.tf", false),
            ("envs/*/main.tf", "envs/prod/main.tf", true),
            ("envs/*/main.tf", "envs/a/b/main.tf", false),
            ("a?c", "abc", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXb", false),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(pattern.parse::<PathPattern>().unwrap().matches(path), expected, "{pattern} on {path}");
        }
    }
}
