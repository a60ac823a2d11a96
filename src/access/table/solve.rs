//! Whether a conjunction of literals is satisfiable on one dimension, and by which value.
//!
//! Decided by tiers: complementary literals, pairwise inclusion and disjointness of patterns, and only for what they
//! leave open the product search.

use std::cmp::Reverse;

use crate::access::budget::{Budget, Exhausted};
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Set, Test};
use crate::access::product::{Product, Word, shortest};
use crate::access::ranges::Ranges;
use crate::access::sample;
use crate::access::scalar;

use super::{Assumed, Entry, GlobId, Mode, Table, Value, Want};

/// Of more patterns than this the words are tried only where all groups have as many.
const MANY: usize = 16;

impl Table<'_> {
    /// Whether some request satisfies all of `wants` on dimension `dim`.
    pub(in crate::access) fn satisfiable(
        &mut self,
        dim: usize,
        wants: &[Want],
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let mut key: Vec<u32> = wants.iter().map(|(lit, want)| lit << 1 | u32::from(*want)).collect();
        key.sort_unstable();
        key.dedup();
        if key.windows(2).any(|pair| matches!(pair, [a, b] if a ^ b == 1)) {
            return Ok(false);
        }
        // What does not depend on what is assumed of keys is answered once.
        let varies = |(lit, _): &Want| self.entries.get(*lit as usize).is_none_or(|entry| entry.varies);
        let assumption = match self.assumed(dim).is_some() || wants.iter().any(varies) {
            true => self.assumption as u32,
            false => u32::MAX,
        };
        key.extend([dim as u32, self.mode as u32, assumption]);
        if let Some(known) = self.memo.get(&key) {
            return Ok(*known);
        }
        let answer = self.solve(dim, wants, &[], false, budget)?.is_some();
        self.memo.insert(key, answer);
        Ok(answer)
    }

    /// A value of the dimension that satisfies all of `wants` and the shape.
    pub(in crate::access) fn shaped(
        &mut self,
        dim: usize,
        wants: &[Want],
        shape: &Glob,
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        let shape = self.glob(shape);
        self.solve(dim, wants, &[vec![shape]], true, budget)
    }

    /// A value of the dimension that satisfies all of `wants`, and if possible one of the shapes.
    pub(in crate::access) fn value(
        &mut self,
        dim: usize,
        wants: &[Want],
        shapes: &[Glob],
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        for shape in shapes {
            if let Some(value) = self.shaped(dim, wants, shape, budget)? {
                return Ok(Some(value));
            }
        }
        self.solve(dim, wants, &[], true, budget)
    }

    fn solve(
        &mut self,
        dim: usize,
        wants: &[Want],
        shape: &[Vec<GlobId>],
        spell: bool,
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        match self.dims.get(dim) {
            Some(Dim::Opaque(_)) => Ok(self.opaque(wants).then_some(Value::Absent)),
            Some(Dim::Key(_)) => self.key(dim, wants, shape, spell, budget),
            _ => self.single(dim, wants, shape, spell, budget),
        }
    }

    /// An opaque dimension has one truth value.
    fn opaque(&self, wants: &[Want]) -> bool {
        let truth = |(id, want): &Want| match self.lit(*id).map(|l| &l.test) {
            Some(Test::Opaque { neg }) => *want != *neg,
            _ => *want,
        };
        wants.iter().map(truth).collect::<Vec<_>>().windows(2).all(|pair| matches!(pair, [a, b] if a == b))
    }

    /// A key is absent, has one value, or (if it can) a list of values.
    fn key(
        &mut self,
        dim: usize,
        wants: &[Want],
        shape: &[Vec<GlobId>],
        spell: bool,
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        let assumed = self.assumed(dim).cloned();
        let absent = |(id, want): &Want| {
            let truth = match self.lit(*id).map(|l| &l.test) {
                Some(Test::One { absent_ok, .. } | Test::Some { absent_ok, .. }) => *absent_ok,
                Some(Test::All { .. }) => true,
                Some(Test::Present { neg }) => *neg,
                _ => false,
            };
            truth == *want
        };
        let may_be_absent = matches!(assumed, None | Some(Assumed::Absent));
        if may_be_absent && shape.is_empty() && wants.iter().all(absent) {
            return Ok(Some(Value::Absent));
        }
        let mut groups = shape.to_vec();
        if let Some(Assumed::Value(text)) = &assumed {
            groups.push(vec![self.glob(&Glob::literal(text))]);
        }
        if !matches!(assumed, Some(Assumed::Absent | Assumed::List))
            && let Some(value) = self.single(dim, wants, &groups, spell, budget)?
        {
            return Ok(Some(value));
        }
        let may_be_list = matches!(assumed, None | Some(Assumed::List));
        if may_be_list && shape.is_empty() && self.lists.get(dim).copied().unwrap_or(false) {
            return self.list(dim, wants, spell, budget);
        }
        Ok(None)
    }

    /// A list of values: every universal literal holds for all of them, every existential one for its own.
    fn list(
        &mut self,
        dim: usize,
        wants: &[Want],
        spell: bool,
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        let (mut universal, mut existential) = (Vec::new(), Vec::new());
        for (id, want) in wants {
            match self.lit(*id).map(|l| &l.test) {
                Some(Test::Present { neg }) if *neg == *want => return Ok(None),
                Some(Test::One { .. }) if *want => return Ok(None),
                Some(Test::All { .. }) if *want => universal.push((*id, true)),
                Some(Test::All { .. }) => existential.push((*id, false)),
                Some(Test::Some { .. }) if *want => existential.push((*id, true)),
                Some(Test::Some { .. }) => universal.push((*id, false)),
                _ => {}
            }
        }
        let mut values = Vec::new();
        for one in existential {
            let all: Vec<Want> = universal.iter().copied().chain([one]).collect();
            match self.single(dim, &all, &[], spell, budget)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        if values.is_empty() {
            values.extend(self.single(dim, &universal, &[], spell, budget)?);
        }
        Ok((!values.is_empty()).then_some(Value::List(values)))
    }

    /// One value. Strings, numbers, dates and addresses are views of it that are decided separately; where a key
    /// is tested in several views the answer errs towards satisfiable. So it does for a value that is no number where
    /// one is compared with: unless a literal needs a number, or all values of the key are numbers, it may be there.
    fn single(
        &mut self,
        dim: usize,
        wants: &[Want],
        shape: &[Vec<GlobId>],
        spell: bool,
        budget: &mut Budget,
    ) -> Result<Option<Value>, Exhausted> {
        let mut groups: Vec<Vec<GlobId>> = shape.to_vec();
        let mut forbidden: Vec<GlobId> = Vec::new();
        let (mut numbers, mut dates, mut v4, mut v6) = (None, None, None, None);
        let mut scalar = matches!(self.dims.get(dim), Some(Dim::Key(key)) if self.space.is_scalar(key));
        let narrow = |slot: &mut Option<Ranges>, all: Ranges, set: &Ranges, inside: bool| {
            let set = if inside { set.clone() } else { set.complement() };
            *slot = Some(slot.take().unwrap_or(all).intersection(&set));
        };
        for (id, want) in wants {
            let Some(entry) = self.entries.get(*id as usize) else { continue };
            let (neg, set) = match &entry.lit.test {
                Test::One { neg, set, .. } | Test::All { neg, set } | Test::Some { neg, set, .. } => (*neg, set),
                Test::Present { neg } if *neg == *want => return Ok(None),
                Test::Present { .. } | Test::Opaque { .. } => continue,
            };
            let inside = *want != neg;
            scalar |= *want && !neg && !matches!(set, Set::Globs(_));
            match set {
                Set::Globs(_) if inside => groups.push(self.live(entry, true)),
                Set::Globs(_) => forbidden.extend(self.live(entry, false)),
                Set::Numbers(set) => narrow(&mut numbers, scalar::writable_numbers(), set, inside),
                Set::Dates(set) => narrow(&mut dates, scalar::writable_dates(), set, inside),
                Set::Addresses(a, b) => {
                    narrow(&mut v4, scalar::all_v4(), a, inside);
                    narrow(&mut v6, Ranges::all(), b, inside);
                }
            }
        }
        if let Some(Assumed::Other(texts)) = self.assumed(dim).cloned() {
            forbidden.extend(texts.iter().map(|text| self.glob(&Glob::literal(text))));
        }
        groups.iter_mut().for_each(|group| self.filled(group));
        self.filled(&mut forbidden);
        let empty = |set: &Option<Ranges>| set.as_ref().is_some_and(Ranges::is_empty);
        if empty(&numbers) || empty(&dates) || (empty(&v4) && empty(&v6)) {
            if scalar {
                return Ok(None);
            }
            (numbers, dates, v4, v6) = (None, None, None, None);
        }
        groups.extend(self.domain(dim));
        let Some(word) = self.text(&groups, &forbidden, spell, budget)? else { return Ok(None) };
        if !spell {
            return Ok(Some(Value::Absent));
        }
        let mut scalars = Vec::new();
        scalars.extend(numbers.iter().flat_map(scalar::round_points).map(scalar::show_number));
        scalars.extend(dates.iter().flat_map(scalar::round_points).filter_map(scalar::show_date));
        scalars.extend(v4.iter().flat_map(|set| set.iter().map(|(low, _)| scalar::show_v4(low))));
        scalars.extend(v6.iter().flat_map(|set| set.iter().map(|(low, _)| scalar::show_v6(low))));
        if scalars.is_empty() { Ok(Some(Value::Text(word))) } else { Ok(Some(Value::Scalar(scalars))) }
    }

    /// The patterns of a literal that can match under what is assumed of keys. Unknown values are dropped from what
    /// must match and widened in what must not, if only certain access is looked for.
    fn live(&self, entry: &Entry, inside: bool) -> Vec<GlobId> {
        let fits = |(key, there): &(usize, bool)| match self.assumed(*key) {
            Some(Assumed::Absent) => !there,
            Some(Assumed::Single | Assumed::Value(_) | Assumed::Other(_)) => *there,
            Some(Assumed::List) => false,
            None => inside,
        };
        let certain = |id: GlobId| {
            self.mode == Mode::Cautious || !inside || !self.globs.get(id as usize).is_some_and(Glob::has_holes)
        };
        entry.globs.iter().filter(|(id, needs)| needs.iter().all(fits) && certain(*id)).map(|(id, _)| *id).collect()
    }

    /// The patterns with the assumed values in place of their variables.
    fn filled(&mut self, ids: &mut [GlobId]) {
        let values: Vec<(std::sync::Arc<str>, String)> = self
            .presence
            .iter()
            .filter_map(|(dim, assumed)| match (self.dims.get(*dim), assumed) {
                (Some(Dim::Key(key)), Assumed::Value(text)) => Some((key.clone(), text.clone())),
                _ => None,
            })
            .collect();
        if values.is_empty() {
            return;
        }
        for id in ids {
            let Some(glob) = self.globs.get(*id as usize).filter(|glob| glob.has_symbols()) else { continue };
            let filled = glob.filled(&values);
            *id = self.glob(&filled);
        }
    }

    /// Whether a pattern with one variable meets a pattern without wildcards only by values that are excluded.
    fn excluded(&self, symbolic: GlobId, plain: GlobId) -> bool {
        let (Some(symbolic), Some(plain)) = (self.globs.get(symbolic as usize), self.globs.get(plain as usize)) else {
            return false;
        };
        if !symbolic.has_symbols() || !self.presence.iter().any(|(_, assumed)| matches!(assumed, Assumed::Other(_))) {
            return false;
        }
        let Some(text) = plain.as_literal() else { return false };
        let not_there = |key: &str, value: &String| {
            self.presence.iter().any(|(dim, assumed)| match (self.dims.get(*dim), assumed) {
                (Some(Dim::Key(name)), Assumed::Other(texts)) => **name == *key && texts.contains(value),
                _ => false,
            })
        };
        // Of several variables one is enough, if no value that it could take is left.
        let captures = symbolic.captures(&text);
        symbolic
            .symbol_keys()
            .any(|key| captures.iter().filter(|(name, _)| *name == key).all(|(name, value)| not_there(name, value)))
    }

    fn domain(&mut self, dim: usize) -> Option<Vec<GlobId>> {
        if self.domains.get(dim)?.is_none() {
            let globs = self.dims.get(dim).map(|d| self.space.domain(d)).unwrap_or_default();
            let ids = globs.iter().map(|g| self.glob(g)).collect();
            *self.domains.get_mut(dim)? = Some(ids);
        }
        self.domains.get(dim)?.clone().filter(|ids| !ids.is_empty())
    }

    /// A string that one pattern of every group and no forbidden pattern matches. The word is only spelled out
    /// if asked for.
    fn text(
        &mut self,
        groups: &[Vec<GlobId>],
        forbidden: &[GlobId],
        spell: bool,
        budget: &mut Budget,
    ) -> Result<Option<Word>, Exhausted> {
        let any = [self.any];
        let lead = self.lead(groups);
        let generators = lead.and_then(|at| groups.get(at)).map_or(any.as_slice(), Vec::as_slice);
        'generator: for generator in generators {
            budget.spend(1)?;
            let mut left: Vec<GlobId> = Vec::new();
            if forbidden.contains(generator) {
                continue;
            }
            for id in forbidden {
                if self.covers(*id, *generator) {
                    continue 'generator;
                }
                if !left.contains(id) && !self.apart(*id, *generator) {
                    left.push(*id);
                }
            }
            let mut others: Vec<Vec<GlobId>> = Vec::new();
            for (_, group) in groups.iter().enumerate().filter(|(at, _)| Some(*at) != lead) {
                if group.contains(generator) || group.iter().any(|id| self.covers(*id, *generator)) {
                    continue;
                }
                let mut meeting: Vec<GlobId> = group.clone();
                meeting.retain(|id| {
                    !self.apart(*id, *generator) && !self.excluded(*generator, *id) && !self.excluded(*id, *generator)
                });
                if meeting.is_empty() {
                    continue 'generator;
                }
                others.push(meeting);
            }
            if !spell && others.is_empty() && left.is_empty() {
                return Ok(Some(Word { letters: Vec::new(), taken: Vec::new() }));
            }
            let sample = self.with_product(*generator, &others, &left, &mut |product| sample::find(product, spell));
            if let Some(word) = sample.flatten() {
                return Ok(Some(word));
            }
            // The fewer patterns, the fewer states.
            let mut at = 0;
            while let Some(id) = left.get(at).copied() {
                if left.iter().any(|other| *other != id && self.covers(*other, id)) {
                    left.remove(at);
                } else {
                    at += 1;
                }
            }
            let found = self.with_product(*generator, &others, &left, &mut |product| shortest(product, budget));
            if let Some(word) = found.transpose()?.flatten() {
                return Ok(Some(word));
            }
        }
        Ok(None)
    }

    /// The group whose patterns' words are tried: the fewer there are, and the more their patterns say, the fewer of the
    /// forbidden ones they meet. Symbols are exact only there.
    fn lead(&self, groups: &[Vec<GlobId>]) -> Option<usize> {
        let symbolic = |ids: &[GlobId]| ids.iter().any(|id| self.wide.get(*id as usize).is_some_and(Option::is_some));
        let fixed = |id: &GlobId| self.globs.get(*id as usize).map(Glob::fixed_start).unwrap_or_default();
        let told = groups.iter().enumerate().filter(|(_, ids)| !ids.contains(&self.any));
        let best = match groups.iter().any(|ids| symbolic(ids)) {
            true => told.min_by_key(|(_, ids)| (ids.len(), !symbolic(ids))),
            false => told.min_by_key(|(_, ids)| {
                (ids.len() > MANY, Reverse(ids.iter().map(fixed).min().unwrap_or_default()), ids.len())
            }),
        };
        best.map(|(at, _)| at)
    }

    /// Asks for words of a pattern that one of each group and none of the forbidden ones match.
    fn with_product<T>(
        &self,
        generator: GlobId,
        others: &[Vec<GlobId>],
        forbidden: &[GlobId],
        ask: &mut dyn FnMut(&Product<'_>) -> T,
    ) -> Option<T> {
        let bare = |id: &GlobId| self.globs.get(*id as usize);
        let wide = |id: &GlobId| self.wide.get(*id as usize).and_then(Option::as_ref).or_else(|| bare(id));
        let others: Vec<Vec<&Glob>> = others.iter().map(|group| group.iter().filter_map(wide).collect()).collect();
        let holes_widen = self.mode == Mode::Definite;
        let of = |id: &GlobId| if holes_widen && bare(id)?.has_holes() { wide(id) } else { bare(id) };
        let forbidden: Vec<&Glob> = forbidden.iter().filter_map(of).collect();
        Some(ask(&Product { generator: bare(&generator)?, others: &others, forbidden: &forbidden }))
    }
}
