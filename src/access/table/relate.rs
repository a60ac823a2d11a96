//! Relations between interned patterns and literals that their form alone shows.

use std::rc::Rc;

use crate::access::literal::Test;
use crate::access::relation;

use super::{Entry, GlobId, LitId, Table};

impl Table<'_> {
    pub(super) fn covers(&mut self, large: GlobId, small: GlobId) -> bool {
        if large == small || large == self.any {
            return true;
        }
        if let Some(known) = self.covers.get(&(large, small)) {
            return *known;
        }
        let (Some(a), Some(b)) = (self.globs.get(large as usize), self.globs.get(small as usize)) else { return false };
        let answer = relation::covers(a, b);
        self.covers.insert((large, small), answer);
        answer
    }

    pub(super) fn apart(&mut self, a: GlobId, b: GlobId) -> bool {
        let pair = (a.min(b), a.max(b));
        if let Some(known) = self.apart.get(&pair) {
            return *known;
        }
        let (Some(x), Some(y)) = (self.globs.get(a as usize), self.globs.get(b as usize)) else { return false };
        let answer = relation::disjoint(x, y);
        self.apart.insert(pair, answer);
        answer
    }

    /// How many parts a literal falls into: its patterns, where one of them has to match; one otherwise.
    pub(in crate::access) fn parts(&self, lit: LitId) -> usize {
        self.entries.get(lit as usize).filter(|entry| entry.is_union()).map_or(1, |entry| entry.globs.len())
    }

    /// Whether `large` certainly holds wherever part `at` of `small` does; `equal` looks for the same pattern only.
    pub(in crate::access) fn part_implies(&mut self, small: LitId, at: usize, large: LitId, equal: bool) -> bool {
        if small == large {
            return true;
        }
        let (Some(a), Some(b)) = (self.entries.get(small as usize), self.entries.get(large as usize)) else {
            return false;
        };
        if a.dim != b.dim || !a.is_union() || !b.is_union() {
            return !equal && self.implies(small, large);
        }
        let Some((part, needs)) = a.globs.get(at) else { return false };
        let wider = |of: &[(usize, bool)]| of.iter().all(|need| needs.contains(need));
        if equal {
            return b.globs.iter().any(|(id, of)| id == part && wider(of));
        }
        let part = *part;
        let candidates: Vec<GlobId> = b.globs.iter().filter(|(_, of)| wider(of)).map(|(id, _)| *id).collect();
        candidates.into_iter().any(|id| self.covers(id, part))
    }

    /// Whether `large` certainly holds wherever `small` does, from their form alone; presence needs included.
    pub(in crate::access) fn implies(&mut self, small: LitId, large: LitId) -> bool {
        if small == large {
            return true;
        }
        let (Some(a), Some(b)) = (self.entries.get(small as usize), self.entries.get(large as usize)) else {
            return false;
        };
        let (Some(inner), Some(outer)) = (&a.plain, &b.plain) else { return false };
        let negated = |entry: &Entry| matches!(entry.lit.test, Test::One { neg: true, .. });
        if a.dim != b.dim || negated(a) != negated(b) {
            return false;
        }
        let (inner, outer) = if negated(a) { (outer, inner) } else { (inner, outer) };
        let (inner, outer) = (Rc::clone(inner), Rc::clone(outer));
        inner
            .iter()
            .all(|small| outer.binary_search(small).is_ok() || outer.iter().any(|large| self.covers(*large, *small)))
    }
}
