//! Cheap relations between two patterns: one pass over one pattern, carrying the positions of the other.
//!
//! They are the first tier of the pattern theory. `disjoint` is exact for patterns without symbols; `covers`
//! only answers yes when one wildcard of the larger pattern swallows each wildcard of the smaller one, which is
//! true of nearly every pair that really is included. What they leave open, the product search decides.

use super::glob::{Glob, Loop, Token};

/// Whether every string of `small` is certainly a string of `large`. Symbols are covered by themselves and by
/// free wildcards. `false` means "not shown".
#[must_use]
pub(super) fn covers(large: &Glob, small: &Glob) -> bool {
    if large.is_any() {
        return true;
    }
    if !large.needs().iter().all(|need| small.needs().contains(need)) {
        return false;
    }
    let start = match in_step(large, small, token_covers) {
        InStep::Ends(both) => return both,
        InStep::Until(start) => start,
    };
    let mut at = Positions::from(large, start);
    for (i, token) in small.tokens().iter().enumerate().skip(start) {
        at.keep_loops(large, small.loop_at(i));
        at.step(large, |looped| looped_takes(looped, token), |other| token_covers(other, token));
        if at.is_empty() {
            return false;
        }
    }
    at.keep_loops(large, small.loop_at(small.tokens().len()));
    at.accepts()
}

/// Whether `a` and `b` certainly have no string in common, whatever their symbols stand for.
#[must_use]
pub(super) fn disjoint(a: &Glob, b: &Glob) -> bool {
    if a.needs().iter().any(|(key, present)| b.needs().contains(&(key.clone(), !present))) {
        return true;
    }
    let wide;
    let b = if b.has_symbols() {
        wide = b.widened();
        &wide
    } else {
        b
    };
    // A symbol of `a` may be any string; `b` has none.
    let start = match in_step(a, b, token_meets) {
        InStep::Ends(both) => return !both,
        InStep::Until(start) => start,
    };
    let mut at = Positions::from(b, start);
    for (i, token) in a.tokens().iter().enumerate().skip(start) {
        at.close(b, a.loop_at(i));
        if let Token::Symbol(_) = token {
            at.close(b, Loop::Any);
        } else {
            at.step(b, |looped| looped_meets(looped, token), |other| token_meets(other, token));
        }
        if at.is_empty() {
            return true;
        }
    }
    at.close(b, a.loop_at(a.tokens().len()));
    !at.accepts()
}

/// Whether a loop consumes everything that a token can.
fn looped_takes(looped: Loop, token: &Token) -> bool {
    match token {
        Token::Char(c) => looped.takes(*c),
        Token::Fold(_) | Token::OneInSegment => looped != Loop::None,
        Token::One | Token::Symbol(_) => looped == Loop::Any,
    }
}

/// Whether a loop consumes something that a token (not a symbol) can.
fn looped_meets(looped: Loop, token: &Token) -> bool {
    match token {
        Token::Char(c) => looped.takes(*c),
        _ => looped != Loop::None,
    }
}

/// Whether one token consumes everything that another can.
fn token_covers(large: &Token, small: &Token) -> bool {
    match (large, small) {
        (Token::Symbol(a), Token::Symbol(b)) => a == b,
        (Token::Symbol(_), _) | (_, Token::Symbol(_)) => false,
        (Token::One, _) => true,
        (Token::OneInSegment, Token::Char(c)) => *c != ':',
        (Token::OneInSegment, Token::Fold(_) | Token::OneInSegment) => true,
        (Token::Fold(f), Token::Char(c)) => *f == c.to_ascii_lowercase(),
        (Token::Fold(a), Token::Fold(b)) => a == b,
        (Token::Char(a), Token::Char(b)) => a == b,
        _ => false,
    }
}

/// Whether two tokens (neither a symbol) can consume the same character.
fn token_meets(a: &Token, b: &Token) -> bool {
    match (a, b) {
        (Token::Char(c), other) | (other, Token::Char(c)) => other.takes(*c),
        (Token::Fold(x), Token::Fold(y)) => x == y,
        _ => true,
    }
}

/// How far two patterns go in step.
enum InStep {
    /// Up to a loop or a symbol in one of them.
    Until(usize),
    /// Until one of them ends or does not fit: whether both end there.
    Ends(bool),
}

/// Compares what both patterns begin with, one character at a time: there is one way only until one of them loops.
fn in_step(a: &Glob, b: &Glob, fits: impl Fn(&Token, &Token) -> bool) -> InStep {
    let mut at = 0;
    while a.loop_at(at) == Loop::None && b.loop_at(at) == Loop::None {
        match (a.tokens().get(at), b.tokens().get(at)) {
            (None, None) => return InStep::Ends(true),
            (Some(Token::Symbol(_)), _) | (_, Some(Token::Symbol(_))) => return InStep::Until(at),
            (Some(x), Some(y)) if fits(x, y) => at += 1,
            _ => return InStep::Ends(false),
        }
    }
    InStep::Until(at)
}

/// A set of positions in a pattern. Most are empty but for a few neighbours.
struct Positions {
    live: Vec<bool>,
    /// No position before this one is live,
    low: usize,
    /// and none from this one on.
    end: usize,
}

impl Positions {
    fn from(glob: &Glob, start: usize) -> Self {
        let mut live = vec![false; glob.tokens().len() + 1];
        if let Some(first) = live.get_mut(start) {
            *first = true;
        }
        Self { live, low: start, end: start + 1 }
    }

    fn is_empty(&self) -> bool {
        self.low >= self.end
    }

    fn accepts(&self) -> bool {
        self.live.last().copied().unwrap_or(false)
    }

    /// The positions that may be live, and the one behind them.
    fn window(&mut self) -> impl Iterator<Item = (usize, &mut bool)> {
        self.live.iter_mut().enumerate().take(self.end + 1).skip(self.low)
    }

    /// Finds the bounds again after positions in the window have changed.
    fn trim(&mut self) {
        let live = |at: &usize| self.live.get(*at) == Some(&true);
        let past = self.live.len().min(self.end + 1);
        let low = (self.low..past).find(live).unwrap_or(past);
        self.end = (low..past).rev().find(live).map_or(low, |last| last + 1);
        self.low = low;
    }

    /// Keeps the positions whose loop swallows the whole loop `small`.
    fn keep_loops(&mut self, glob: &Glob, small: Loop) {
        if small != Loop::None {
            self.window().for_each(|(i, live)| *live = *live && glob.loop_at(i) >= small);
            self.trim();
        }
    }

    /// Consumes one token: a loop stays, a token advances.
    fn step(&mut self, glob: &Glob, stays: impl Fn(Loop) -> bool, advances: impl Fn(&Token) -> bool) {
        let mut carried = false;
        for (i, live) in self.window() {
            let was = *live;
            *live = carried || (was && stays(glob.loop_at(i)));
            carried = was && glob.tokens().get(i).is_some_and(&advances);
        }
        self.trim();
    }

    /// Adds every position that is reachable while the other pattern loops: over a token if the loop can produce
    /// a character for it.
    fn close(&mut self, glob: &Glob, over: Loop) {
        if over == Loop::None {
            return;
        }
        let mut carried = false;
        for (i, live) in self.live.iter_mut().enumerate().skip(self.low) {
            if i >= self.end {
                if !carried {
                    break;
                }
                self.end = i + 1;
            }
            *live |= carried;
            carried = *live
                && glob.tokens().get(i).is_some_and(|token| match token {
                    Token::Char(c) => over.takes(*c),
                    _ => true,
                });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob() -> impl Strategy<Value = Glob> {
        prop::collection::vec(prop::sample::select(vec!['a', 'B', 'b', ':', '*', '?', '+', '.', '^']), 0..7).prop_map(
            |cs| {
                let mut glob = Glob::empty();
                for c in cs {
                    match c {
                        '*' => glob.push_many(Loop::Any),
                        '+' => glob.push_many(Loop::InSegment),
                        '?' => glob.push(Token::One),
                        '.' => glob.push(Token::OneInSegment),
                        '^' => glob.push_char('b', true),
                        c => glob.push_char(c, false),
                    }
                }
                glob
            },
        )
    }

    fn words() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..5 {
            last = last.iter().flat_map(|w| ['a', 'b', 'B', ':'].map(|c| format!("{w}{c}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn relations_never_lie(a in glob(), b in glob()) {
            let (covered, apart) = (covers(&a, &b), disjoint(&a, &b));
            for word in words() {
                prop_assert!(!covered || !b.matches(&word) || a.matches(&word), "{word}");
                prop_assert!(!(apart && a.matches(&word) && b.matches(&word)), "{word}");
            }
        }
    }

    #[test]
    fn common_shapes_are_decided() {
        let g = |t: &str| Glob::wildcard(t, false);
        assert!(covers(&g("arn:*"), &g("arn:aws:s3:::b/*")));
        assert!(covers(&g("a*c*"), &g("ab*c?d")));
        assert!(covers(&g("?*"), &g("*?")));
        assert!(!covers(&g("a?*"), &g("a*")));
        assert!(disjoint(&g("*/x"), &g("*/y")));
        assert!(!disjoint(&g("a*"), &g("*b")));
    }
}
