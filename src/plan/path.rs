//! Paths below a resource: `statement[*].principals`, `tags["a.b"]`.

use std::fmt;

use super::address::{Key, Token, lex};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A member of an object or map.
    Key(String),
    /// An element of a list.
    Index(usize),
    /// Every element of a list or set (`[*]`).
    Each,
}

/// A path below a resource, such as `statement[*].principals`. The empty path is the resource itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttrPath(pub Vec<Step>);

impl AttrPath {
    /// Reads a path; `None` when the text is not one. Members with other characters than letters, digits, `_` and
    /// `-` are written in brackets: `tags["a.b"]`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        // The lexer expects a name first, as in an address.
        let (prefix, skip) = if text.starts_with('[') { ("x", 1) } else { ("", 0) };
        let tokens = lex(&format!("{prefix}{text}"))?;
        let steps = tokens.into_iter().skip(skip).map(|token| {
            Some(match token {
                Token::Name(name) | Token::Key(Key::Text(name)) => Step::Key(name),
                Token::Key(Key::Number(number)) => Step::Index(usize::try_from(number).ok()?),
                Token::Key(Key::Unknown) => Step::Each,
            })
        });
        steps.collect::<Option<Vec<_>>>().map(Self)
    }

    /// The path one step further.
    pub fn join(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The path to a member.
    pub fn member(&self, name: &str) -> Self {
        self.join(Step::Key(name.to_owned()))
    }

    /// Whether the path has a `[*]`.
    pub fn is_pattern(&self) -> bool {
        self.0.contains(&Step::Each)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(name) if is_plain(name) => f.write_str(name),
            Self::Key(name) => Key::Text(name.clone()).fmt(f),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Each => f.write_str("[*]"),
        }
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 && matches!(step, Step::Key(name) if is_plain(name)) {
                f.write_str(".")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn catalogue_paths() {
        let path = AttrPath::parse("statement[*].principals[0].identifiers").unwrap();
        let key = |name: &str| Step::Key(name.into());
        let steps = [key("statement"), Step::Each, key("principals"), Step::Index(0), key("identifiers")];
        assert_eq!(path.0, steps);
        assert_eq!(path.to_string(), "statement[*].principals[0].identifiers");
        assert_eq!(AttrPath::parse(r#"data["a.b"].c"#).unwrap().0, [key("data"), key("a.b"), key("c")]);
        assert_eq!(AttrPath::parse("").unwrap().0, []);
        assert_eq!(AttrPath::parse("[0].a").unwrap().0, [Step::Index(0), key("a")]);
        assert_eq!(AttrPath::parse("a..b"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(names in prop::collection::vec(any::<String>(), 0..5), index in any::<u16>()) {
            let mut path = AttrPath(names.into_iter().map(Step::Key).collect());
            path.0.push(Step::Index(index.into()));
            path.0.push(Step::Each);
            prop_assert_eq!(AttrPath::parse(&path.to_string()), Some(path));
        }
    }
}
