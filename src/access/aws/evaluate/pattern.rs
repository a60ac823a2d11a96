//! Strings of a document as patterns: variables replaced, escapes read, wildcards matched.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags", "IAM JSON policy elements: Resource".

use super::request::{ContextValue, Keys};

/// One character of a pattern, or a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// A character that the document writes.
    Written(char),
    /// A character of a variable's value, or an escaped one: never a wildcard, never a separator of segments.
    Filled(char),
    /// `*`.
    Any,
    /// `?`.
    One,
}

/// A pattern whose variables have been replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Token>);

/// Which variables of a string are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    /// None: `${` is literal text.
    None,
    /// All.
    All,
    /// Those after the fifth colon.
    Late,
}

impl Pattern {
    /// Replaces the variables of `text`. `None` where one has neither value nor default: such a pattern matches
    /// nothing. Only keys with a single value have a value here.
    pub(super) fn new(text: &str, variables: Variables, keys: &Keys<'_>) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text;
        let mut colons = 0;
        while let Some(next) = rest.chars().next() {
            let replaced = match variables {
                Variables::None => false,
                Variables::All => true,
                Variables::Late => colons >= 5,
            };
            if let Some((name, after)) = rest.strip_prefix("${").and_then(|inner| inner.split_once('}'))
                && replaced
            {
                tokens.extend(value(name, keys)?.chars().map(Token::Filled));
                rest = after;
                continue;
            }
            colons += usize::from(next == ':');
            tokens.push(match next {
                '*' => Token::Any,
                '?' => Token::One,
                other => Token::Written(other),
            });
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
        Some(Self(tokens))
    }

    /// Equality: wildcards are characters.
    pub(super) fn equals(&self, text: &str, fold: bool) -> bool {
        let characters = self.0.iter().map(|token| match token {
            Token::Written(character) | Token::Filled(character) => *character,
            Token::Any => '*',
            Token::One => '?',
        });
        if fold {
            // A letter of ASCII is folded within ASCII only: `k` is not the Kelvin sign.
            let folded = |character: char| {
                let plain = character.is_ascii();
                character.to_lowercase().map(move |folded| (plain, folded))
            };
            characters.flat_map(folded).eq(text.chars().flat_map(folded))
        } else {
            characters.eq(text.chars())
        }
    }

    /// Wildcards match any characters.
    pub(super) fn like(&self, text: &str) -> bool {
        self.matches(text, |_| true)
    }

    /// As [`Self::like`], but in the first five segments of the pattern wildcards do not match `:`. A `*` at the
    /// very end of a shorter pattern does.
    pub(super) fn like_in_segments(&self, text: &str) -> bool {
        let (last, short) = (self.0.len().saturating_sub(1), !self.has_six_segments());
        let mut colons = 0;
        let free = self.0.iter().enumerate().map(|(at, token)| {
            let free = colons >= 5 || (short && at == last && *token == Token::Any);
            colons += usize::from(*token == Token::Written(':'));
            free
        });
        let free: Vec<bool> = free.collect();
        self.matches(text, |at| free.get(at).copied().unwrap_or(false))
    }

    /// Whether the pattern itself has the six segments of an ARN.
    pub(super) fn has_six_segments(&self) -> bool {
        self.0.iter().filter(|token| **token == Token::Written(':')).count() >= 5
    }

    /// Reads the text once and keeps every place of the pattern that may be reached. `free` tells for a wildcard's
    /// place whether it matches `:`.
    fn matches(&self, text: &str, free: impl Fn(usize) -> bool) -> bool {
        // Up to the first wildcard there is one way only.
        let (mut start, mut characters) = (0, text.chars());
        while let Some(Token::Written(wanted) | Token::Filled(wanted)) = self.0.get(start) {
            if characters.next() != Some(*wanted) {
                return false;
            }
            start += 1;
        }
        let end = self.0.len();
        let mut reached = vec![false; end + 1];
        if let Some(place) = reached.get_mut(start) {
            *place = true;
        }
        self.skip_stars(&mut reached);
        for character in characters {
            let mut next = vec![false; end + 1];
            for (at, token) in self.0.iter().enumerate().filter(|(at, _)| reached.get(*at) == Some(&true)) {
                let wild = character != ':' || free(at);
                let (stays, moves) = match token {
                    Token::Any => (wild, false),
                    Token::One => (false, wild),
                    Token::Written(wanted) | Token::Filled(wanted) => (false, *wanted == character),
                };
                for (place, holds) in [(at, stays), (at + 1, moves)] {
                    if let Some(slot) = next.get_mut(place)
                        && holds
                    {
                        *slot = true;
                    }
                }
            }
            self.skip_stars(&mut next);
            reached = next;
        }
        reached.last() == Some(&true)
    }

    /// A `*` may match nothing.
    fn skip_stars(&self, reached: &mut [bool]) {
        for (at, token) in self.0.iter().enumerate() {
            if *token == Token::Any
                && reached.get(at) == Some(&true)
                && let Some(after) = reached.get_mut(at + 1)
            {
                *after = true;
            }
        }
    }
}

/// What stands for `${name}`: an escaped character, the key's value, or the default.
fn value(name: &str, keys: &Keys<'_>) -> Option<String> {
    if matches!(name, "*" | "?" | "$") {
        return Some(name.to_owned());
    }
    let (key, default) = match name.split_once(',') {
        None => (name, None),
        Some((key, default)) => {
            let quoted = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key, quoted)
        }
    };
    match keys.get(key.trim()) {
        Some(ContextValue::One(value)) => Some(value),
        // Variables are for keys with a single value.
        Some(ContextValue::Many(_)) => None,
        None => default.map(str::to_owned),
    }
}
