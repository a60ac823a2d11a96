//! Patterns with symbols: what they become once a symbol has a value, and which values could matter.

use std::sync::Arc;

use super::glob::{Glob, Loop, Symbol, Token};

impl Glob {
    /// The pattern with the symbols of these keys replaced by their values; what it needs is left out.
    #[must_use]
    pub(super) fn filled(&self, values: &[(Arc<str>, String)]) -> Self {
        let mut out = Self::empty();
        for (at, token) in self.tokens().iter().enumerate() {
            out.push_many(self.loop_at(at));
            match token {
                Token::Symbol(Symbol::Key(key)) if values.iter().any(|(name, _)| name == key) => {
                    let value = values.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
                    value.unwrap_or_default().chars().for_each(|c| out.push_char(c, false));
                }
                other => out.push(other.clone()),
            }
        }
        out.push_many(self.loop_at(self.tokens().len()));
        out
    }

    /// Whether the pattern matches the value of the key, where it refers to that key itself: `Some(true)` for `*` and
    /// the value once, `Some(false)` where there is a character beside it. `None` where it depends on the value.
    #[must_use]
    pub(super) fn against_itself(&self, key: &str) -> Option<bool> {
        let own = |token: &&Token| matches!(token, Token::Symbol(Symbol::Key(name)) if **name == *key);
        let (times, others) = (self.tokens().iter().filter(own).count(), self.tokens().iter().filter(|t| !own(t)));
        let mut beside = others.filter(|token| !matches!(token, Token::Symbol(_))).peekable();
        match (times, self.tokens().len()) {
            (1, 1) => Some(true),
            (1.., _) if beside.peek().is_some() => Some(false),
            _ => None,
        }
    }

    /// The keys that the pattern refers to, as often as it does.
    pub(super) fn symbol_keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.tokens().iter().filter_map(|token| match token {
            Token::Symbol(Symbol::Key(key)) => Some(key),
            _ => None,
        })
    }

    /// Strings of the pattern, its symbols and wildcards filled with nothing or with one character.
    #[must_use]
    pub(super) fn samples(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for (fill, upper) in [("", false), ("x", false), ("", true)] {
            let mut text = String::new();
            for (at, token) in self.tokens().iter().enumerate() {
                text.push_str(if self.loop_at(at) == Loop::None { "" } else { fill });
                match token {
                    Token::Char(c) => text.push(*c),
                    Token::Fold(c) => text.push(if upper { c.to_ascii_uppercase() } else { *c }),
                    Token::One | Token::OneInSegment => text.push('x'),
                    Token::Symbol(_) => text.push_str(fill),
                }
            }
            text.push_str(if self.loop_at(self.tokens().len()) == Loop::None { "" } else { fill });
            if !out.contains(&text) {
                out.push(text);
            }
        }
        out
    }

    /// What the pattern's key symbols could stand for where it matches the text, each taken by itself while the others
    /// may be anything.
    #[must_use]
    pub(super) fn captures(&self, text: &str) -> Vec<(&Arc<str>, String)> {
        let chars: Vec<char> = text.chars().collect();
        let (before, after) =
            (self.reached(chars.iter().copied(), false), self.reached(chars.iter().rev().copied(), true));
        let at = |table: &[Vec<bool>], row: usize, position: usize| {
            table.get(row).and_then(|row| row.get(position)) == Some(&true)
        };
        let mut out = Vec::new();
        for (position, token) in self.tokens().iter().enumerate() {
            let Token::Symbol(Symbol::Key(key)) = token else { continue };
            for start in (0..=chars.len()).filter(|start| at(&before, *start, position)) {
                for end in (start..=chars.len()).filter(|end| at(&after, chars.len() - end, position + 1)) {
                    out.push((key, chars.iter().skip(start).take(end - start).collect()));
                }
            }
        }
        out
    }

    /// After each number of characters, the positions that may be reached; from the end backwards if `back`. Symbols
    /// may be any string.
    fn reached(&self, text: impl Iterator<Item = char>, back: bool) -> Vec<Vec<bool>> {
        let end = self.tokens().len();
        let place = |step: usize| if back { end - step } else { step };
        let token_at = |step: usize| self.tokens().get(if back { end.wrapping_sub(step + 1) } else { step });
        let skip_symbols = |row: &mut Vec<bool>| {
            for step in 0..end {
                let live = row.get(place(step)) == Some(&true);
                if live
                    && matches!(token_at(step), Some(Token::Symbol(_)))
                    && let Some(slot) = row.get_mut(place(step + 1))
                {
                    *slot = true;
                }
            }
        };
        let mut row = vec![false; end + 1];
        if let Some(first) = row.get_mut(place(0)) {
            *first = true;
        }
        skip_symbols(&mut row);
        let mut rows = vec![row.clone()];
        for c in text {
            let mut next = vec![false; end + 1];
            for step in (0..=end).filter(|step| row.get(place(*step)) == Some(&true)) {
                let beside = [token_at(step), step.checked_sub(1).and_then(token_at)];
                let in_symbol = beside.into_iter().any(|token| matches!(token, Some(Token::Symbol(_))));
                if (self.loop_at(place(step)).takes(c) || in_symbol)
                    && let Some(slot) = next.get_mut(place(step))
                {
                    *slot = true;
                }
                if token_at(step).is_some_and(|token| token.takes(c))
                    && let Some(slot) = next.get_mut(place(step + 1))
                {
                    *slot = true;
                }
            }
            skip_symbols(&mut next);
            row = next;
            rows.push(row.clone());
        }
        rows
    }
}
