//! The objects of one type, before and after, and what the engine finds between them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::compile::{Cell, Dim, Shape, Statement};
use super::ways::{self, UNSET, Way};
use crate::access::compare::{Doubt, Options, compare};
use crate::access::glob::{Glob, Loop};
use crate::access::literal::{self, Lit};
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};
use crate::access::space::{Arity, Space};
use crate::access::worlds::{Hole, Row, Val};
use crate::iam::Kind;

/// More rows than this are not looked through for where a grant stood before: it then counts as new where it stands.
const RELATED: usize = 1024;

/// One row's statements on both sides.
pub(super) struct Member<'s> {
    pub(super) row: &'s Row,
    /// `None` where there are too many.
    pub(super) before: Option<Vec<Statement>>,
    pub(super) after: Option<Vec<Statement>>,
    /// What the catalogue does not list of the object before and of the object after.
    rest: [BTreeMap<&'s str, Val>; 2],
}

/// Rows by a word that they have.
type ByWord = HashMap<Arc<str>, BTreeSet<usize>>;

/// All rows of a type.
pub(super) struct Family<'s> {
    pub(super) shape: Shape,
    pub(super) members: Vec<Member<'s>>,
    /// The words of each dimension on either side.
    seen: Vec<BTreeSet<Arc<str>>>,
    /// The dimension that rows are found by, and the rows that have a word in it; those without one under [`UNSET`].
    index: Option<(usize, ByWord)>,
    /// Whether what one row grants may have stood in another row.
    moves: bool,
}

/// What is new by a row.
pub(super) enum Found {
    /// Certainly new: the word of each dimension.
    New(BTreeMap<Arc<str>, String>),
    /// New as far as can be told, by the statement at a position.
    Possible(usize),
    /// Not compared to the end.
    Budget,
}

impl<'s> Family<'s> {
    pub(super) fn of(shape: Shape, rows: impl Iterator<Item = &'s Row>, one_place: bool) -> Self {
        let known = |_: &Val| None;
        let members: Vec<Member<'s>> = rows
            .map(|row| {
                let before = row.before.as_ref().map(|object| &object.values);
                let after = row.after.as_ref().map(|object| &object.values);
                let holes = |value: &Val| value.hole().and_then(|hole| symbol(hole, row));
                let after_statements = after.map_or(Some(Vec::new()), |object| shape.statements(object, &holes));
                let before_statements = before.map_or(Some(Vec::new()), |object| shape.statements(object, &known));
                Member {
                    row,
                    after: after_statements.map(|all| granting(&shape, all, before_statements.as_deref())),
                    before: before_statements,
                    rest: [before, after].map(|object| object.map(|it| shape.rest(it)).unwrap_or_default()),
                }
            })
            .collect();
        let mut seen = vec![BTreeSet::new(); shape.dims.len()];
        for statement in members.iter().flat_map(|member| member.before.iter().chain(&member.after)).flatten() {
            for (cell, seen) in statement.iter().zip(&mut seen) {
                seen.extend(cell.words.iter().cloned());
            }
        }
        let index = index(&shape, &members);
        // A credential is its own.
        let moves = one_place && !matches!(shape.kind, Kind::Credential | Kind::CodeExecution);
        Self { shape, members, seen, index, moves }
    }

    /// The rows whose statements may say something about those of a row, on either side.
    fn candidates(&self, at: usize) -> Vec<usize> {
        let found = match self.moves {
            true => self.related(at),
            false => vec![at],
        };
        if found.len() > RELATED { vec![at] } else { found }
    }

    fn related(&self, at: usize) -> Vec<usize> {
        let all = || (0..self.members.len()).collect();
        let Some((dim, rows)) = &self.index else { return all() };
        let own = self.members.get(at);
        let statements = own.iter().flat_map(|member| member.before.iter().chain(&member.after)).flatten();
        let cells: Vec<&Cell> = statements.filter_map(|statement| statement.get(*dim)).collect();
        if cells.iter().any(|cell| cell.unknown || cell.is_unset()) {
            return all();
        }
        let words = cells.iter().flat_map(|cell| &cell.words).map(|word| &**word).chain([UNSET]);
        let found: BTreeSet<usize> = words.filter_map(|word| rows.get(word)).flatten().copied().chain([at]).collect();
        found.into_iter().collect()
    }

    /// Statements of the before side that may stand for those of a row: its own, and those of rows that agree in
    /// all that the catalogue does not list.
    fn pool(&self, at: usize, candidates: &[usize]) -> Vec<&Statement> {
        let Some(own) = self.members.get(at) else { return Vec::new() };
        let [_, rest] = &own.rest;
        let members = candidates.iter().filter_map(|index| Some((*index, self.members.get(*index)?)));
        let agrees = |other: &Member<'_>| differing(&other.rest[0], rest, own.row).is_empty();
        members
            .filter(|(index, member)| *index == at || (self.moves && agrees(member)))
            .flat_map(|(_, member)| member.before.iter().flatten())
            .collect()
    }

    /// What a changed row newly permits.
    pub(super) fn judge(&self, at: usize, certain: &dyn Fn(&Statement) -> bool) -> Vec<Found> {
        let Some(member) = self.members.get(at) else { return Vec::new() };
        let (Some(after), Some(_)) = (&member.after, &member.before) else { return vec![Found::Budget] };
        let candidates = self.candidates(at);
        let pool = self.pool(at, &candidates);
        if after.iter().all(|statement| pool.contains(&statement) && !unknown(statement)) {
            return Vec::new();
        }
        let pool: Vec<&Statement> =
            pool.into_iter().filter(|old| after.iter().any(|new| self.near(old, new))).collect();
        let mut found = Vec::new();
        let strict = self.rules(pool.iter().map(|old| self.rule(old, 0, true)));
        let granted = after.iter().enumerate().map(|(index, new)| self.rule(new, index, true));
        let outcome = compare(&strict, &self.rules(granted), &Plain, Options::default());
        let mut open: BTreeSet<usize> =
            outcome.new.iter().filter_map(|piece| piece.origin.as_ref()).map(|it| it.index).collect();
        for (origin, doubt, _) in &outcome.possible {
            match (origin, doubt) {
                (_, Doubt::Budget) | (None, _) => return vec![Found::Budget],
                (Some(origin), _) => drop(open.insert(origin.index)),
            }
        }
        let sure = after.iter().enumerate().filter(|(index, new)| open.contains(index) && certain(new));
        let granted: Vec<Rule> = sure.filter_map(|(index, new)| self.certain_rule(new, index)).collect();
        if !granted.is_empty() {
            let kept = || candidates.iter().filter_map(|at| self.members.get(*at)?.after.as_ref()).flatten();
            let lost = |old: &Statement| {
                // Several statements together may have what one had.
                !kept().any(|new| self.within(old, new)) && {
                    let kept = self.rules(kept().map(|new| self.rule(new, 0, true)));
                    let old = self.rules(std::iter::once(self.rule(old, 0, false)));
                    let outcome = compare(&kept, &old, &Plain, Options::default());
                    !outcome.new.is_empty() || !outcome.possible.is_empty()
                }
            };
            let excused = pool.iter().map(|old| self.excuse(old, lost(old)));
            let before = self.rules(pool.iter().map(|old| self.rule(old, 0, false)).chain(excused));
            let outcome = compare(&before, &self.rules(granted.into_iter()), &Plain, Options::default());
            for piece in outcome.new {
                let Some(origin) = piece.origin else { continue };
                open.remove(&origin.index);
                found.push(Found::New(words(&piece.point)));
            }
        }
        found.extend(open.into_iter().map(Found::Possible));
        found
    }

    /// The statements of the before side of a row that nothing of the after side stands for.
    pub(super) fn lost(&self, at: usize) -> Vec<&Statement> {
        let Some(member) = self.members.get(at) else { return Vec::new() };
        let candidates = self.candidates(at);
        let stands = |old: &Statement| {
            let others = candidates.iter().filter_map(|index| Some((*index, self.members.get(*index)?)));
            let agrees = |other: &Member<'_>| differing(&member.rest[0], &other.rest[1], other.row).is_empty();
            others
                .filter(|(index, other)| *index == at || (self.moves && agrees(other)))
                .any(|(_, other)| other.after.iter().flatten().any(|new| self.within(old, new)))
        };
        member.before.iter().flatten().filter(|old| !stands(old)).collect()
    }

    /// Whether a statement that goes is only tightened, in attributes whose words have an order.
    pub(super) fn tightened(&self, at: usize, lost: &Statement) -> bool {
        let none = BTreeSet::new();
        let Some(member) = self.members.get(at) else { return false };
        member.after.iter().flatten().any(|new| {
            self.cells(lost).zip(new).all(|((at, dim, old), new)| {
                let in_order = matches!(dim.way, Way::Order(_) | Way::Only | Way::Later)
                    && dim.way.orders(self.seen.get(at).unwrap_or(&none))
                    && !new.unknown
                    && self.grown(at, dim, new).is_subset(&self.grown(at, dim, old));
                old == new || in_order
            })
        })
    }

    /// Whether an attribute beside the listed ones makes an object refuse something, on the side before (0) or after
    /// (1).
    pub(super) fn denies_beside(&self, at: usize, side: usize) -> bool {
        let rest = self.members.get(at).and_then(|member| member.rest.get(side));
        rest.into_iter().flatten().any(|(name, value)| ways::denies(name) || refuses(value))
    }

    /// Attributes beside the listed ones that differ between the sides of a row.
    pub(super) fn beside(&self, at: usize) -> Vec<String> {
        let Some(member) = self.members.get(at) else { return Vec::new() };
        match member.row {
            Row { before: Some(_), after: Some(_), .. } => differing(&member.rest[0], &member.rest[1], member.row),
            _ => Vec::new(),
        }
    }

    fn rules(&self, rules: impl Iterator<Item = Rule>) -> Decision {
        Decision::Rules(RuleSet { allow: rules.collect(), deny: Vec::new() })
    }

    fn cells<'c>(&'c self, statement: &'c Statement) -> impl Iterator<Item = (usize, &'c Dim, &'c Cell)> {
        self.shape.dims.iter().zip(statement).enumerate().map(|(at, (dim, cell))| (at, dim, cell))
    }

    fn grown(&self, at: usize, dim: &Dim, cell: &Cell) -> BTreeSet<String> {
        let none = BTreeSet::new();
        let seen = self.seen.get(at).unwrap_or(&none);
        cell.words.iter().flat_map(|word| dim.way.closure(word, seen)).collect()
    }

    /// A statement as it stands. What is unknown is a word of its own.
    fn rule(&self, statement: &Statement, index: usize, after: bool) -> Rule {
        let lits = self.cells(statement).map(|(at, dim, cell)| {
            let mut globs: Vec<Glob> = self.grown(at, dim, cell).iter().map(|word| Glob::literal(word)).collect();
            if cell.unknown && after {
                globs.push(Glob::literal("\u{1}unknown"));
            }
            lit(dim, globs)
        });
        Rule { lits: lits.collect(), origin: Origin { index, ..Origin::default() } }
    }

    /// What a statement certainly permits; `None` where that is nothing.
    fn certain_rule(&self, statement: &Statement, index: usize) -> Option<Rule> {
        let mut lits = Vec::new();
        for (at, dim, cell) in self.cells(statement) {
            let words = self.grown(at, dim, cell);
            let globs: Vec<Glob> =
                words.iter().filter(|word| !ways::denies(word)).map(|word| Glob::literal(word)).collect();
            if globs.is_empty() {
                return None;
            }
            lits.push(lit(dim, globs));
        }
        Some(Rule { lits, origin: Origin { index, ..Origin::default() } })
    }

    /// All that a statement of the before side may have permitted, were it to stand for what is not in order.
    fn excuse(&self, statement: &Statement, lost: bool) -> Rule {
        let mut lits = Vec::new();
        for (at, dim, cell) in self.cells(statement) {
            let none = BTreeSet::new();
            let ordered = dim.way.orders(self.seen.get(at).unwrap_or(&none));
            let free = match dim.way {
                Way::Swap => lost,
                // One word is a level, a list is a list of them.
                Way::Set if dim.purpose == "permission" && !cell.list => lost,
                _ => !ordered,
            };
            let anything = cell.words.iter().any(|word| word.contains('*') || (**word == *UNSET && unlimited(dim)));
            if free || anything {
                continue;
            }
            let mut globs: Vec<Glob> = self.grown(at, dim, cell).iter().map(|word| Glob::literal(word)).collect();
            globs.push(Glob::literal(UNSET));
            if matches!(dim.purpose, "resource" | "scope") {
                for word in &cell.words {
                    globs.extend(['/', ':', '.', '='].map(|mark| below(word, mark)));
                }
            }
            lits.push(lit(dim, globs));
        }
        Rule { lits, origin: Origin::default() }
    }

    /// Whether one statement permits no more than another, word for word.
    fn within(&self, small: &Statement, large: &Statement) -> bool {
        self.cells(small).zip(large).all(|((at, dim, small), large)| {
            !small.unknown && self.grown(at, dim, small).is_subset(&self.grown(at, dim, large))
        })
    }

    /// Whether a statement of the before side can matter for one of the after side.
    fn near(&self, old: &Statement, new: &Statement) -> bool {
        self.cells(old).zip(new).all(|((_, dim, old), new)| {
            !who(dim)
                || new.unknown
                || old.words.iter().any(|word| word.contains('*') || **word == *UNSET)
                || new.words.iter().any(|word| **word == *UNSET || old.words.contains(word))
        })
    }
}

/// Whether a value refuses something, by a word or a member's name in it.
fn refuses(value: &Val) -> bool {
    match value {
        Val::Text(text) => ways::denies(text),
        Val::List(items) => items.iter().any(refuses),
        Val::Map(members) => {
            members.iter().any(|(name, member)| (ways::denies(name) && !member.is_unset()) || refuses(member))
        }
        _ => false,
    }
}

/// The dimension that rows are found by: who gets something.
fn index(shape: &Shape, members: &[Member<'_>]) -> Option<(usize, ByWord)> {
    let dim = shape.dims.iter().position(who)?;
    let mut rows = ByWord::new();
    for (at, member) in members.iter().enumerate() {
        for cell in member.before.iter().chain(&member.after).flatten().filter_map(|statement| statement.get(dim)) {
            // What may be anybody is found by everybody.
            let anybody = cell.unknown || cell.is_unset() || cell.words.iter().any(|word| word.contains('*'));
            let words = cell.words.iter().filter(|_| !anybody).cloned();
            for word in words.chain(anybody.then(|| Arc::from(UNSET))) {
                rows.entry(word).or_default().insert(at);
            }
        }
    }
    Some((dim, rows))
}

/// Whether a dimension says who, by values that are independent of each other.
fn who(dim: &Dim) -> bool {
    dim.way == Way::Set && matches!(dim.purpose, "principal" | "group")
}

/// The statements of the after side without those that give nothing to anybody: a list of those who get something, or
/// of what they get, that was there before and is empty now.
fn granting(shape: &Shape, all: Vec<Statement>, before: Option<&[Statement]>) -> Vec<Statement> {
    let grants =
        matches!(shape.kind, Kind::RoleBinding | Kind::GroupMembership | Kind::Ownership | Kind::RoleDefinition);
    let Some(before) = before.filter(|_| grants) else { return all };
    let was = |at: usize| before.iter().filter_map(move |old| old.get(at)).filter(|cell| !cell.is_unset());
    let empty = |at: usize, dim: &Dim, cell: &Cell| {
        let list = !dim.path.contains("[*].") && was(at).all(|old| old.list);
        cell.is_unset() && (cell.absent || list) && dim.way != Way::Opaque
    };
    let void = |statement: &Statement| {
        ["principal", "group", "permission", "role", "policy_id"].iter().any(|purpose| {
            let dims = shape.dims.iter().zip(statement).enumerate().filter(|(_, (dim, _))| dim.purpose == *purpose);
            let mut had = false;
            let mut all = true;
            for (at, (dim, cell)) in dims {
                had |= was(at).next().is_some();
                all &= empty(at, dim, cell);
            }
            had && all
        })
    };
    all.into_iter().filter(|statement| !void(statement)).collect()
}

/// Whether nothing set may mean no limit.
fn unlimited(dim: &Dim) -> bool {
    !matches!(dim.way, Way::Order(_))
        && !matches!(dim.purpose, "principal" | "group" | "permission" | "role" | "owner" | "policy_id" | "pass_role")
}

fn lit(dim: &Dim, globs: Vec<Glob>) -> Lit {
    Lit::of(literal::Dim::Key(dim.path.clone()), false, globs, &dim.path)
}

fn below(word: &str, mark: char) -> Glob {
    let mut glob = Glob::literal(word);
    glob.push_char(mark, false);
    glob.push_many(Loop::Any);
    glob
}

fn unknown(statement: &Statement) -> bool {
    statement.iter().any(|cell| cell.unknown)
}

fn words(point: &Point) -> BTreeMap<Arc<str>, String> {
    point.keys.iter().filter_map(|(key, value)| Some((key.clone(), value.single()?.to_owned()))).collect()
}

/// What stands for a value that is known only after apply: the attribute of another object that it will be, for an
/// object that did not exist; what the provider makes up for one.
fn symbol(hole: &Hole, row: &Row) -> Option<String> {
    let object = row.after.as_ref()?;
    let own = hole.id.strip_prefix(&*object.address).and_then(|rest| rest.strip_prefix('.'));
    let made_up = |path: &str| {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        row.configured.as_ref().is_some_and(|set| set.iter().all(|name| **name != *first))
    };
    let stands = row.before.is_none() && own.is_none_or(made_up);
    stands.then(|| format!("${{{}}}", hole.id))
}

/// Names of attributes that differ. What the provider alone decides, and is known only after apply, does not.
fn differing(old: &BTreeMap<&str, Val>, new: &BTreeMap<&str, Val>, row: &Row) -> Vec<String> {
    let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let made_up = |name: &str| {
        let open = new.get(name).is_some_and(|value| matches!(value, Val::Hole(_)));
        open && row.configured.as_ref().is_some_and(|set| set.iter().all(|other| **other != *name))
    };
    names.into_iter().filter(|name| old.get(name) != new.get(name) && !made_up(name)).map(str::to_owned).collect()
}

/// Requests are words in dimensions; nothing is known of them.
struct Plain;

impl Space for Plain {
    fn arity(&self, _: &str) -> Arity {
        Arity::Single
    }
}
