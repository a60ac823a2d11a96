//! The literals of one comparison, interned, and the question whether a conjunction of them is satisfiable on
//! one dimension.
//!
//! Literals that are equal get one number, so an unchanged statement meets itself in the search. Patterns are
//! interned too, and their pairwise relations are computed once. A dimension is decided by tiers: complementary
//! literals, pairwise inclusion and disjointness, and only for what they leave open the product search.

use super::budget::{Budget, Exhausted};
use super::glob::Glob;
use super::hash::IdMap;
use super::literal::{Dim, Lit, Set, Test};
use super::product::{Product, Word, shortest};
use super::ranges::Ranges;
use super::relation;
use super::sample;
use super::scalar;
use super::space::{Arity, Space};

/// The number of an interned literal.
pub(super) type LitId = u32;
/// The number of an interned pattern.
type GlobId = u32;
/// A literal with the truth value that is asked of it.
pub(super) type Want = (LitId, bool);

/// An interned literal.
struct Entry {
    lit: Lit,
    dim: usize,
    /// Patterns without their needs, and the needs (key dimension, present).
    globs: Vec<(GlobId, Vec<(usize, bool)>)>,
}

impl Entry {
    /// Whether the literal asks for one of its patterns, on a dimension that every request has.
    fn is_union(&self) -> bool {
        self.lit.dim.is_always_there() && matches!(self.lit.test, Test::One { neg: false, set: Set::Globs(_), .. })
    }
}

/// Which keys that patterns need are present in the requests that are looked for.
pub(super) type Presence = Vec<(usize, bool)>;

/// How unknown values and unreadable literals are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only what holds whatever they are: finds new access that is certain.
    Definite,
    /// Whatever they may be: what is not found here is excluded.
    Cautious,
}

/// What a satisfiable dimension can look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The key is absent, or the dimension does not matter.
    Absent,
    /// One string.
    Text(Word),
    /// One scalar, already written out.
    Scalar(Vec<String>),
    /// A list of values.
    List(Vec<Value>),
}

pub(super) struct Table<'s> {
    space: &'s dyn Space,
    entries: Vec<Entry>,
    by_lit: IdMap<Lit, LitId>,
    dims: Vec<Dim>,
    by_dim: IdMap<Dim, usize>,
    lists: Vec<bool>,
    domains: Vec<Option<Vec<GlobId>>>,
    globs: Vec<Glob>,
    wide: Vec<Option<Glob>>,
    by_glob: IdMap<Glob, GlobId>,
    covers: IdMap<(GlobId, GlobId), bool>,
    apart: IdMap<(GlobId, GlobId), bool>,
    memo: IdMap<Vec<u32>, bool>,
    any: GlobId,
    presence: Presence,
    assumption: u32,
    pub(super) mode: Mode,
    /// Whether any literal is opaque or contains an unknown value.
    pub(super) uncertain: bool,
}

impl<'s> Table<'s> {
    pub(super) fn new(space: &'s dyn Space) -> Self {
        let mut table = Self {
            space,
            entries: Vec::new(),
            by_lit: IdMap::default(),
            dims: Vec::new(),
            by_dim: IdMap::default(),
            lists: Vec::new(),
            domains: Vec::new(),
            globs: Vec::new(),
            wide: Vec::new(),
            by_glob: IdMap::default(),
            covers: IdMap::default(),
            apart: IdMap::default(),
            memo: IdMap::default(),
            any: 0,
            presence: Vec::new(),
            assumption: 0,
            mode: Mode::Cautious,
            uncertain: false,
        };
        table.any = table.glob(&Glob::any());
        table
    }

    fn glob(&mut self, glob: &Glob) -> GlobId {
        let bare = glob.without_needs();
        if let Some(id) = self.by_glob.get(&bare) {
            return *id;
        }
        let id = self.globs.len() as GlobId;
        self.wide.push(bare.has_symbols().then(|| bare.widened()));
        self.globs.push(bare.clone());
        self.by_glob.insert(bare, id);
        id
    }

    pub(super) fn dim(&mut self, dim: &Dim) -> usize {
        if let Some(at) = self.by_dim.get(dim) {
            return *at;
        }
        self.dims.push(dim.clone());
        self.by_dim.insert(dim.clone(), self.dims.len() - 1);
        let list = matches!(dim, Dim::Key(key) if self.space.arity(key) == Arity::List);
        self.lists.push(list);
        self.domains.push(None);
        self.dims.len() - 1
    }

    /// The number of a literal.
    pub(super) fn intern(&mut self, lit: &Lit) -> LitId {
        if let Some(id) = self.by_lit.get(lit) {
            return *id;
        }
        let dim = self.dim(&lit.dim);
        if let (Dim::Key(key), Test::All { .. } | Test::Some { .. }) = (&lit.dim, &lit.test)
            && self.space.arity(key) == Arity::Unknown
            && let Some(list) = self.lists.get_mut(dim)
        {
            *list = true;
        }
        self.uncertain |= lit.dim_is_opaque() || lit.globs().iter().any(Glob::has_holes);
        let globs = lit
            .globs()
            .iter()
            .map(|glob| {
                let needs = glob.needs().iter().map(|(key, there)| (self.dim(&Dim::Key(key.clone())), *there));
                let needs = needs.collect();
                (self.glob(glob), needs)
            })
            .collect();
        let id = self.entries.len() as LitId;
        self.entries.push(Entry { lit: lit.clone(), dim, globs });
        self.by_lit.insert(lit.clone(), id);
        id
    }

    pub(super) fn dim_of(&self, lit: LitId) -> usize {
        self.entries.get(lit as usize).map(|e| e.dim).unwrap_or_default()
    }

    pub(super) fn dim_count(&self) -> usize {
        self.dims.len()
    }

    pub(super) fn lit_count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn dim_at(&self, at: usize) -> Option<&Dim> {
        self.dims.get(at)
    }

    pub(super) fn lit(&self, id: LitId) -> Option<&Lit> {
        self.entries.get(id as usize).map(|e| &e.lit)
    }

    pub(super) fn is_opaque(&self, lit: LitId) -> bool {
        self.lit(lit).is_some_and(Lit::dim_is_opaque)
    }

    /// The assumed presence of keys.
    pub(super) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The key dimensions that patterns need present or absent.
    pub(super) fn needed_keys(&self) -> Vec<usize> {
        let mut keys: Vec<usize> =
            self.entries.iter().flat_map(|e| &e.globs).flat_map(|(_, needs)| needs.iter().map(|(k, _)| *k)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Fixes which needed keys are present (`mask` says the same in one number), and how unknowns are taken.
    pub(super) fn assume(&mut self, presence: Presence, mask: u32, mode: Mode) {
        self.assumption = mask << 1 | u32::from(mode == Mode::Cautious);
        (self.presence, self.mode) = (presence, mode);
    }

    /// Whether some request satisfies all of `wants` on dimension `dim`.
    pub(super) fn satisfiable(&mut self, dim: usize, wants: &[Want], budget: &mut Budget) -> Result<bool, Exhausted> {
        let mut key: Vec<u32> = wants.iter().map(|(lit, want)| lit << 1 | u32::from(*want)).collect();
        key.sort_unstable();
        key.dedup();
        if key.windows(2).any(|pair| matches!(pair, [a, b] if a ^ b == 1)) {
            return Ok(false);
        }
        key.extend([dim as u32, self.assumption]);
        if let Some(known) = self.memo.get(&key) {
            return Ok(*known);
        }
        let answer = self.solve(dim, wants, &[], false, budget)?.is_some();
        self.memo.insert(key, answer);
        Ok(answer)
    }

    /// A value of the dimension that satisfies all of `wants` and the shape.
    pub(super) fn shaped(
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
    pub(super) fn value(
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
        let forced = self.presence.iter().find(|(key, _)| *key == dim).map(|(_, there)| *there);
        let absent = |(id, want): &Want| {
            let truth = match self.lit(*id).map(|l| &l.test) {
                Some(Test::One { absent_ok, .. } | Test::Some { absent_ok, .. }) => *absent_ok,
                Some(Test::All { .. }) => true,
                Some(Test::Present { neg }) => *neg,
                _ => false,
            };
            truth == *want
        };
        if forced != Some(true) && shape.is_empty() && wants.iter().all(absent) {
            return Ok(Some(Value::Absent));
        }
        if forced == Some(false) {
            return Ok(None);
        }
        if let Some(value) = self.single(dim, wants, shape, spell, budget)? {
            return Ok(Some(value));
        }
        if forced.is_none() && shape.is_empty() && self.lists.get(dim).copied().unwrap_or(false) {
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
    /// is tested in several views the answer errs towards satisfiable.
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
        let empty = |set: &Option<Ranges>| set.as_ref().is_some_and(Ranges::is_empty);
        if empty(&numbers) || empty(&dates) || (empty(&v4) && empty(&v6)) {
            return Ok(None);
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

    /// The patterns of a literal that can match under the assumed presence of keys. Unknown values are dropped
    /// from what must match and widened in what must not, if only certain access is looked for.
    fn live(&self, entry: &Entry, inside: bool) -> Vec<GlobId> {
        let assumed = |(key, there): &(usize, bool)| match self.presence.iter().find(|(k, _)| k == key) {
            Some((_, is)) => is == there,
            None => inside,
        };
        let certain = |id: GlobId| {
            self.mode == Mode::Cautious || !inside || !self.globs.get(id as usize).is_some_and(Glob::has_holes)
        };
        entry.globs.iter().filter(|(id, needs)| needs.iter().all(assumed) && certain(*id)).map(|(id, _)| *id).collect()
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
        let symbols = |ids: &Vec<GlobId>| ids.iter().any(|g| self.wide.get(*g as usize).is_some_and(Option::is_some));
        let lead = groups.iter().enumerate().min_by_key(|(_, ids)| (ids.len(), !symbols(ids))).map(|(at, _)| at);
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
                let meeting: Vec<GlobId> = group.iter().copied().filter(|id| !self.apart(*id, *generator)).collect();
                if meeting.is_empty() {
                    continue 'generator;
                }
                others.push(meeting);
            }
            let mut at = 0;
            while let Some(id) = left.get(at).copied() {
                if left.iter().any(|other| *other != id && self.covers(*other, id)) {
                    left.remove(at);
                } else {
                    at += 1;
                }
            }
            if !spell && others.is_empty() && left.is_empty() {
                return Ok(Some(Word { letters: Vec::new(), taken: Vec::new() }));
            }
            let bare = |id: &GlobId| self.globs.get(*id as usize);
            let wide = |id: &GlobId| self.wide.get(*id as usize).and_then(Option::as_ref).or_else(|| bare(id));
            let Some(generator) = bare(generator) else { continue };
            let others: Vec<Vec<&Glob>> = others.iter().map(|group| group.iter().filter_map(wide).collect()).collect();
            let holes_widen = self.mode == Mode::Definite;
            let left: Vec<&Glob> = left
                .iter()
                .filter_map(|id| if holes_widen && bare(id)?.has_holes() { wide(id) } else { bare(id) })
                .collect();
            let product = Product { generator, others: &others, forbidden: &left };
            if let Some(word) = sample::find(&product) {
                return Ok(Some(word));
            }
            if let Some(word) = shortest(&product, budget)? {
                return Ok(Some(word));
            }
        }
        Ok(None)
    }

    fn covers(&mut self, large: GlobId, small: GlobId) -> bool {
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

    fn apart(&mut self, a: GlobId, b: GlobId) -> bool {
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
    pub(super) fn parts(&self, lit: LitId) -> usize {
        self.entries.get(lit as usize).filter(|entry| entry.is_union()).map_or(1, |entry| entry.globs.len())
    }

    /// Whether `large` certainly holds wherever part `at` of `small` does; `equal` looks for the same pattern only.
    pub(super) fn part_implies(&mut self, small: LitId, at: usize, large: LitId, equal: bool) -> bool {
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
    pub(super) fn implies(&mut self, small: LitId, large: LitId) -> bool {
        if small == large {
            return true;
        }
        let (Some(a), Some(b)) = (self.entries.get(small as usize), self.entries.get(large as usize)) else {
            return false;
        };
        let plain = |e: &Entry| match &e.lit.test {
            Test::One { neg, absent_ok: false, set: Set::Globs(_) } if e.lit.dim.is_always_there() => Some(*neg),
            _ => None,
        };
        let (Some(na), Some(nb)) = (plain(a), plain(b)) else { return false };
        if a.dim != b.dim || na != nb || a.globs.iter().chain(&b.globs).any(|(_, needs)| !needs.is_empty()) {
            return false;
        }
        let (inner, outer) = if na { (b, a) } else { (a, b) };
        let inner: Vec<GlobId> = inner.globs.iter().map(|(id, _)| *id).collect();
        let mut outer: Vec<GlobId> = outer.globs.iter().map(|(id, _)| *id).collect();
        outer.sort_unstable();
        inner
            .iter()
            .all(|small| outer.binary_search(small).is_ok() || outer.iter().any(|large| self.covers(*large, *small)))
    }
}

impl Dim {
    /// Whether every request has a value on the dimension.
    fn is_always_there(&self) -> bool {
        matches!(self, Self::Principal | Self::Action | Self::Resource)
    }
}
