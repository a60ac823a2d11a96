//! Patterns over strings: what the wildcard languages of all platforms compile to.
//!
//! A [`Glob`] is a linear automaton. It is a sequence of *tokens*, each of which consumes exactly one character,
//! and between them *loops*, which consume any number. A wildcard `*` is a loop, `?` is a token. Both exist in
//! two strengths: free, and within a segment (not over `:`), which is how the two readings of wildcards in ARNs
//! are told apart. Case-insensitive comparison is a property of the single token, so patterns of different case
//! rules can meet in one intersection.
//!
//! A token may also be a [`Symbol`]: a string that is not known here but is the same everywhere in one request
//! (the value of a policy variable) or in one plan (an unknown value). How symbols are approximated stands in
//! `product.rs`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::hash::IdHasher;
use super::point::Point;

/// A string that stands for itself: not known, but the same wherever the symbol occurs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// The value of a context key in the request (a policy variable).
    Key(Arc<str>),
    /// An unknown value; the identity is the place it comes from.
    Hole(Arc<str>),
}

/// Consumes exactly one character (a symbol: the whole string it stands for).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// This character.
    Char(char),
    /// This character in either ASCII case; stored in lower case.
    Fold(char),
    /// Any character.
    One,
    /// Any character except `:`.
    OneInSegment,
    /// What the symbol stands for.
    Symbol(Symbol),
}

/// What may be consumed any number of times between two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Loop {
    /// Nothing.
    None,
    /// Any characters except `:`.
    InSegment,
    /// Any characters.
    Any,
}

impl Loop {
    /// Whether the loop consumes `c`.
    #[must_use]
    pub fn takes(self, c: char) -> bool {
        match self {
            Self::None => false,
            Self::InSegment => c != ':',
            Self::Any => true,
        }
    }
}

/// One element of a pattern that is being built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A token.
    Token(Token),
    /// A wildcard for any number of characters.
    Many(Loop),
}

impl Step {
    /// `*` and `?` as wildcards, free ones or such as stay within a segment; any other character as itself, compared
    /// without case if `fold`.
    #[must_use]
    pub fn of(c: char, free: bool, fold: bool) -> Self {
        match c {
            '*' => Self::Many(if free { Loop::Any } else { Loop::InSegment }),
            '?' => Self::Token(if free { Token::One } else { Token::OneInSegment }),
            c => Self::Token(Token::of(c, fold)),
        }
    }
}

impl Token {
    /// The token of one character, compared without case if `fold`.
    #[must_use]
    pub fn of(c: char, fold: bool) -> Self {
        if fold && c.is_ascii_alphabetic() { Self::Fold(c.to_ascii_lowercase()) } else { Self::Char(c) }
    }

    /// Whether the token consumes `c`; a symbol consumes no single character.
    #[must_use]
    pub fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(d) => *d == c,
            Self::Fold(d) => *d == c.to_ascii_lowercase(),
            Self::One => true,
            Self::OneInSegment => c != ':',
            Self::Symbol(_) => false,
        }
    }
}

/// One pattern. See the module's documentation.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    /// Shared by all copies: patterns are made once and copied into every tree that they stand in.
    form: Arc<Form>,
    /// Context keys whose presence (`true`) or absence (`false`) the pattern needs in order to match at all.
    needs: Vec<(Arc<str>, bool)>,
}

/// What a pattern consumes.
#[derive(Clone)]
struct Form {
    /// The tokens, in order.
    tokens: Vec<Token>,
    /// The loops: `loops[i]` stands before `tokens[i]`, the last one after the last token.
    loops: Vec<Loop>,
    /// The hash of both, made when it is first asked for: patterns are looked up more often than they are made.
    digest: OnceLock<u64>,
}

impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        self.tokens == other.tokens && self.loops == other.loops
    }
}

impl Eq for Form {}

impl PartialOrd for Form {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Form {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.tokens, &self.loops).cmp(&(&other.tokens, &other.loops))
    }
}

impl Hash for Form {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let digest = self.digest.get_or_init(|| {
            let mut own = IdHasher::default();
            (&self.tokens, &self.loops).hash(&mut own);
            own.finish()
        });
        state.write_u64(*digest);
    }
}

impl Form {
    /// An empty form with room for so many tokens.
    fn with_room(tokens: usize) -> Self {
        let mut loops = Vec::with_capacity(tokens + 1);
        loops.push(Loop::None);
        Self { tokens: Vec::with_capacity(tokens), loops, digest: OnceLock::new() }
    }

    fn push(&mut self, token: Token) {
        self.digest.take();
        let moves = match token {
            Token::One => Loop::Any,
            Token::OneInSegment => Loop::InSegment,
            _ => Loop::None,
        };
        self.tokens.push(token);
        match self.loops.last_mut() {
            Some(last) if moves != Loop::None && *last == moves => {
                *last = Loop::None;
                self.loops.push(moves);
            }
            _ => self.loops.push(Loop::None),
        }
    }

    fn push_many(&mut self, many: Loop) {
        self.digest.take();
        if let Some(last) = self.loops.last_mut() {
            *last = (*last).max(many);
        }
    }

    fn done(self) -> Glob {
        Glob { form: Arc::new(self), needs: Vec::new() }
    }
}

/// The pattern in short: `*` and `?` are free, `+` and `.` stay within a segment, `~` precedes a character of
/// either case.
impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let looped = |at: usize| match self.loop_at(at) {
            Loop::None => "",
            Loop::InSegment => "+",
            Loop::Any => "*",
        };
        f.write_str("`")?;
        for (at, token) in self.form.tokens.iter().enumerate() {
            f.write_str(looped(at))?;
            match token {
                Token::Char(c) => write!(f, "{c}")?,
                Token::Fold(c) => write!(f, "~{c}")?,
                Token::One => f.write_str("?")?,
                Token::OneInSegment => f.write_str(".")?,
                Token::Symbol(Symbol::Key(id) | Symbol::Hole(id)) => write!(f, "${{{id}}}")?,
            }
        }
        write!(f, "{}`", looped(self.form.tokens.len()))
    }
}

impl Default for Glob {
    fn default() -> Self {
        Self::empty()
    }
}

impl Glob {
    /// The pattern that matches the empty string only; the start of every builder chain.
    #[must_use]
    pub fn empty() -> Self {
        Form::with_room(0).done()
    }

    /// The pattern that matches everything.
    #[must_use]
    pub fn any() -> Self {
        let mut glob = Self::empty();
        glob.push_many(Loop::Any);
        glob
    }

    /// A pattern without wildcards.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        Self::of_steps(text.len(), text.chars().map(|c| Step::Token(Token::Char(c))))
    }

    /// A pattern of these steps, about so many.
    #[must_use]
    pub fn of_steps(about: usize, steps: impl IntoIterator<Item = Step>) -> Self {
        let mut form = Form::with_room(about);
        for step in steps {
            match step {
                Step::Token(token) => form.push(token),
                Step::Many(many) => form.push_many(many),
            }
        }
        form.done()
    }

    /// Reads `*` and `?` as free wildcards and everything else as itself.
    #[must_use]
    pub fn wildcard(text: &str, fold: bool) -> Self {
        Self::of_steps(text.len(), text.chars().map(|c| Step::of(c, true, fold)))
    }

    /// Appends one character, compared without case if `fold`.
    pub fn push_char(&mut self, c: char, fold: bool) {
        self.push(Token::of(c, fold));
    }

    /// Appends a token.
    ///
    /// A run such as `*?` is put in the order `?*`, so that equal languages have equal patterns more often.
    pub fn push(&mut self, token: Token) {
        Arc::make_mut(&mut self.form).push(token);
    }

    /// Appends a wildcard for any number of characters.
    pub fn push_many(&mut self, many: Loop) {
        Arc::make_mut(&mut self.form).push_many(many);
    }

    /// Makes the pattern match only where the key is present (or absent).
    pub fn need(&mut self, key: Arc<str>, present: bool) {
        if !self.needs.contains(&(key.clone(), present)) {
            self.needs.push((key, present));
            self.needs.sort();
        }
    }

    /// The tokens, in order.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.form.tokens
    }

    /// The loop before token `at`, or after the last token.
    #[must_use]
    pub fn loop_at(&self, at: usize) -> Loop {
        self.form.loops.get(at).copied().unwrap_or(Loop::None)
    }

    /// Keys whose presence or absence the pattern needs.
    #[must_use]
    pub fn needs(&self) -> &[(Arc<str>, bool)] {
        &self.needs
    }

    /// The pattern without what it needs of context keys.
    #[must_use]
    pub fn without_needs(&self) -> Self {
        Self { needs: Vec::new(), ..self.clone() }
    }

    /// Whether the pattern matches every string.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.form.tokens.is_empty() && self.loop_at(0) == Loop::Any && self.needs.is_empty()
    }

    /// The string, if the pattern matches exactly one.
    #[must_use]
    pub fn as_literal(&self) -> Option<String> {
        if self.form.loops.iter().any(|l| *l != Loop::None) {
            return None;
        }
        let single = |t: &Token| match t {
            Token::Char(c) => Some(*c),
            _ => None,
        };
        self.form.tokens.iter().map(single).collect()
    }

    /// The characters every match begins with, in lower case if the pattern folds them.
    #[must_use]
    pub fn literal_prefix(&self) -> String {
        let mut prefix = String::new();
        for (at, token) in self.form.tokens.iter().enumerate() {
            match (self.loop_at(at), token) {
                (Loop::None, Token::Char(c) | Token::Fold(c)) => prefix.push(*c),
                _ => break,
            }
        }
        prefix
    }

    /// How many characters of every match the pattern fixes from the start.
    #[must_use]
    pub(super) fn fixed_start(&self) -> usize {
        let fixed = |(at, token): &(usize, &Token)| {
            self.loop_at(*at) == Loop::None && matches!(token, Token::Char(_) | Token::Fold(_))
        };
        self.form.tokens.iter().enumerate().take_while(fixed).count()
    }

    /// Whether the pattern contains symbols.
    #[must_use]
    pub fn has_symbols(&self) -> bool {
        self.form.tokens.iter().any(|t| matches!(t, Token::Symbol(_)))
    }

    /// Whether the pattern contains unknown values.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        self.form.tokens.iter().any(|t| matches!(t, Token::Symbol(Symbol::Hole(_))))
    }

    /// The pattern with every symbol widened to any string: an over-approximation without symbols.
    #[must_use]
    pub fn widened(&self) -> Self {
        let mut wide = Self { needs: self.needs.clone(), ..Self::empty() };
        for (at, token) in self.form.tokens.iter().enumerate() {
            wide.push_many(self.loop_at(at));
            match token {
                Token::Symbol(_) => wide.push_many(Loop::Any),
                other => wide.push(other.clone()),
            }
        }
        wide.push_many(self.loop_at(self.form.tokens.len()));
        wide
    }

    /// The pattern with its key symbols replaced by the values of the point; `None` where a needed key is
    /// missing, has several values, or is an unknown value (such a pattern matches nothing).
    #[must_use]
    pub fn at_point(&self, point: &Point) -> Option<Self> {
        if self.needs.iter().any(|(key, present)| point.key(key).is_some() != *present) {
            return None;
        }
        let mut ground = Self::empty();
        for (at, token) in self.form.tokens.iter().enumerate() {
            ground.push_many(self.loop_at(at));
            match token {
                Token::Symbol(Symbol::Key(key)) => {
                    point.key(key)?.single()?.chars().for_each(|c| ground.push_char(c, false));
                }
                Token::Symbol(Symbol::Hole(_)) => return None,
                other => ground.push(other.clone()),
            }
        }
        ground.push_many(self.loop_at(self.form.tokens.len()));
        Some(ground)
    }

    /// Whether a pattern without symbols matches the text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        // Up to the first loop there is one way only.
        let mut chars = text.chars();
        let mut start = 0;
        while self.loop_at(start) == Loop::None {
            match (self.form.tokens.get(start), chars.next()) {
                (None, None) => return true,
                (Some(token), Some(c)) if token.takes(c) => start += 1,
                _ => return false,
            }
        }
        let width = self.form.tokens.len() - start + 1;
        let (mut live, mut next) = (vec![false; width], vec![false; width]);
        if let Some(first) = live.first_mut() {
            *first = true;
        }
        for c in chars {
            let mut carried = false;
            for (i, (was, will)) in live.iter().zip(&mut next).enumerate() {
                *will = carried || (*was && self.loop_at(start + i).takes(c));
                carried = *was && self.form.tokens.get(start + i).is_some_and(|token| token.takes(c));
            }
            std::mem::swap(&mut live, &mut next);
        }
        live.last().copied().unwrap_or(false)
    }

    /// The same, with symbols and needed keys taken from the point.
    #[must_use]
    pub fn matches_at(&self, text: &str, point: &Point) -> bool {
        if self.needs.is_empty() && !self.has_symbols() {
            return self.matches(text);
        }
        self.at_point(point).is_some_and(|ground| ground.matches(text))
    }
}
