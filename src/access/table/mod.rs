//! The literals of one comparison, interned.
//!
//! Literals that are equal get one number, so an unchanged statement meets itself in the search. Patterns are
//! interned too, and their pairwise relations are computed once (`relate.rs`). Whether a conjunction of literals is
//! satisfiable on one dimension, and by what, stands in `solve.rs`.

mod relate;
mod solve;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::glob::Glob;
use super::hash::IdMap;
use super::literal::{Dim, Lit, Set, Test};
use super::product::Word;
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
    /// The patterns, sorted, where the literal asks for one or none of them on a dimension that every request has, and
    /// they need nothing.
    plain: Option<Rc<[GlobId]>>,
    /// Whether what its patterns match depends on the request's keys.
    varies: bool,
}

impl Entry {
    /// Whether the literal asks for one of its patterns, on a dimension that every request has.
    fn is_union(&self) -> bool {
        self.lit.dim.is_always_there() && matches!(self.lit.test, Test::One { neg: false, set: Set::Globs(_), .. })
    }
}

/// What is assumed of a key that patterns refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Assumed {
    /// The request does not carry it.
    Absent,
    /// It has one value, whatever it is.
    Single,
    /// It has this one value.
    Value(String),
    /// It has one value, and none of these.
    Other(Arc<[String]>),
    /// It has a list of values: no variable stands for those.
    List,
}

/// The assumptions about the keys that patterns refer to, by dimension.
pub(super) type Presence = Vec<(usize, Assumed)>;

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

/// A question to [`Table::telling_values`]: the literals, the keys, and how many values at most.
type Telling = (Vec<LitId>, Vec<usize>, usize);

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
    /// Answers of [`Table::telling_values`]: they follow from the question alone.
    telling: HashMap<Telling, Rc<[String]>>,
    any: GlobId,
    /// Every presence assumed so far; the last one assumed is in force.
    assumptions: Vec<(Presence, Mode)>,
    assumption: usize,
    presence: Presence,
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
            telling: HashMap::new(),
            any: 0,
            assumptions: Vec::new(),
            assumption: 0,
            presence: Vec::new(),
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
        let mut globs = Vec::with_capacity(lit.globs().len());
        for glob in lit.globs() {
            let needs = glob.needs().iter().map(|(key, there)| (self.dim(&Dim::Key(key.clone())), *there));
            let needs = needs.collect();
            let against_itself = match &lit.dim {
                Dim::Key(key) => glob.against_itself(key),
                _ => None,
            };
            match against_itself {
                Some(true) => globs.push((self.any, needs)),
                Some(false) => {}
                None => globs.push((self.glob(glob), needs)),
            }
        }
        let id = self.entries.len() as LitId;
        let is_plain = lit.dim.is_always_there()
            && matches!(lit.test, Test::One { absent_ok: false, set: Set::Globs(_), .. })
            && globs.iter().all(|(_, needs): &(GlobId, Vec<(usize, bool)>)| needs.is_empty());
        let plain = is_plain.then(|| {
            let mut ids: Vec<GlobId> = globs.iter().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids.into()
        });
        let varies = globs
            .iter()
            .any(|(id, needs)| !needs.is_empty() || self.wide.get(*id as usize).is_some_and(Option::is_some));
        self.entries.push(Entry { lit: lit.clone(), dim, globs, plain, varies });
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

    /// What is assumed of a key's dimension.
    pub(super) fn assumed(&self, dim: usize) -> Option<&Assumed> {
        self.presence.iter().find(|(key, _)| *key == dim).map(|(_, assumed)| assumed)
    }

    /// What can be assumed of a key without its value.
    pub(super) fn assumable(&self, dim: usize) -> Vec<Assumed> {
        let list = self.lists.get(dim).copied().unwrap_or(false);
        [Assumed::Absent, Assumed::Single].into_iter().chain(list.then_some(Assumed::List)).collect()
    }

    /// The key dimensions that patterns of these literals need present or absent.
    pub(super) fn needed_keys(&self, lits: &[LitId]) -> Vec<usize> {
        let entries = lits.iter().filter_map(|lit| self.entries.get(*lit as usize));
        let mut keys: Vec<usize> =
            entries.flat_map(|e| &e.globs).flat_map(|(_, needs)| needs.iter().map(|(k, _)| *k)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Fixes what is known of the needed keys, and how unknowns are taken.
    pub(super) fn assume(&mut self, presence: Presence, mode: Mode) {
        let wanted = (presence, mode);
        let at = self.assumptions.iter().position(|old| *old == wanted);
        self.assumption = at.unwrap_or_else(|| {
            self.assumptions.push(wanted.clone());
            self.assumptions.len() - 1
        });
        (self.presence, self.mode) = wanted;
    }

    /// Texts that could matter as the value of a key where these literals are asked for, so many at most: what would make
    /// a pattern that refers to it meet another one, then what patterns spell out, those on the key itself first.
    pub(super) fn telling_values(&mut self, lits: &[LitId], dims: &[usize], most: usize) -> Rc<[String]> {
        let question = (lits.to_vec(), dims.to_vec(), most);
        if let Some(known) = self.telling.get(&question) {
            return Rc::clone(known);
        }
        let patterns = |entry: &&Entry| entry.lit.dim != Dim::Action;
        let asked: Vec<&Entry> =
            lits.iter().filter_map(|lit| self.entries.get(*lit as usize)).filter(patterns).collect();
        let symbolic = asked.iter().flat_map(|entry| {
            entry.lit.globs().iter().filter(|glob| glob.has_symbols()).map(move |glob| (entry.dim, glob))
        });
        let captured = symbolic.flat_map(|(dim, glob)| {
            let beside = asked.iter().filter(move |other| other.dim == dim).flat_map(|e| e.lit.globs());
            let texts = beside.flat_map(Glob::samples);
            texts.flat_map(move |text| glob.captures(&text).into_iter().map(|(_, value)| value))
        });
        let own = asked.iter().filter(|entry| dims.contains(&entry.dim));
        let others = asked.iter().filter(|entry| !dims.contains(&entry.dim));
        let spelled = own.chain(others).flat_map(|entry| entry.lit.globs()).flat_map(Glob::samples).flat_map(|text| {
            let parts: Vec<String> = text.split(['/', ':']).map(str::to_owned).collect();
            parts.into_iter().chain([text])
        });
        let mut seen = HashSet::new();
        let values: Rc<[String]> =
            captured.chain(spelled).filter(|text| seen.insert(text.clone())).take(most).collect();
        self.telling.insert(question, Rc::clone(&values));
        values
    }
}

impl Dim {
    /// Whether every request has a value on the dimension.
    fn is_always_there(&self) -> bool {
        matches!(self, Self::Principal | Self::Action | Self::Resource)
    }
}
