//! Inclusion: what does `after` permit that `before` does not?
//!
//! 1. *Cancel* (`cancel.rs`): a grant that one before-grant covers literal by literal needs no search, as long as every
//!    denial and limit of the before side stands on the after side too.
//! 2. *Partition* the known actions into classes that all rules treat alike; one search per grant and class.
//! 3. *Search* `after ∧ ¬before` for the grant (`search.rs`), under each assumption which of the context keys that its
//!    patterns refer to are present; of many denials first without them (`standing.rs`).
//! 4. *Future actions*: where no known action is new, the action becomes a string dimension, so that a wider
//!    pattern is found even if no known action separates it.
//! 5. *Witness*: a concrete point from the satisfying literals, checked against both trees directly.
//!
//! Every grant of the after side gets its own answer, so one wide statement does not hide another.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;

use super::budget::{Budget, Exhausted};
use super::cancel::cancel;
use super::partition::Runs;
use super::point::Point;
use super::rule::{Decision, Origin};
use super::scope::{ActionClass, FutureActions, classes};
use super::search::{Assertions, Goal, Search, literals};
use super::space::Space;
use super::standing::Standing;
use super::table::{Assumed, LitId, Mode, Presence, Table};
use super::tree::{Grant, Interned, Node, Scope};
use super::witness;

/// How a comparison is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether grants that are covered literal by literal are cancelled before any search. Only tests switch it
    /// off.
    pub cancel: bool,
    /// The work allowed, in states.
    pub states: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { cancel: true, states: Budget::default().left() }
    }
}

/// One grant of the after side that permits something new.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The rule that permits it; `None` where no single rule does (a negated subtree).
    pub origin: Option<Origin>,
    /// A request that the after side permits and the before side does not.
    pub point: Point,
    /// Whether the action is not in the table of known actions.
    pub future: bool,
}

/// Why a grant may permit something new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The budget ran out.
    Budget,
    /// It depends on unknown values or on literals that cannot be read; their labels.
    Unknown(Vec<String>),
    /// It depends on the value of a policy variable: patterns that refer to it are compared as far as that is possible
    /// without the value, and no value was found that shows a difference.
    Variable,
    /// A request was found, but it does not stand up when checked.
    Unconfirmed,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Grants that certainly permit something new.
    pub new: Vec<Piece>,
    /// Grants that may, with a request where one could be made up.
    pub possible: Vec<(Option<Origin>, Doubt, Option<Point>)>,
}

impl Outcome {
    /// Whether nothing new is permitted, for certain.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.new.is_empty() && self.possible.is_empty()
    }
}

/// More keys than this are not assumed present or absent one by one; patterns that refer to the others are then
/// taken as they come, which errs towards new access.
const MAX_ASSUMED: usize = 4;

/// So many combinations of values are tried for keys that patterns refer to, where no request with made-up values
/// stands up.
const MAX_VALUES: usize = 40;

/// Grants of more parts than this are searched at once.
const MAX_PARTS: usize = 20_000;

/// Finds what `after` permits and `before` does not.
#[must_use]
pub fn compare(before: &Decision, after: &Decision, space: &dyn Space, options: Options) -> Outcome {
    let mut table = Table::new(space);
    let mut next = 0;
    let before_node = Node::new(before, &mut table, &mut next);
    let after_node = Node::new(after, &mut table, &mut next);
    let mut grants = Vec::new();
    after_node.grants(&mut grants);
    if options.cancel {
        cancel(&before_node, &after_node, &mut grants, &mut table);
    }
    if grants.is_empty() {
        return Outcome::default();
    }
    let classes = match space.actions() {
        Some(universe) => classes(universe, &before_node, &after_node, &table, next),
        None => Vec::new(),
    };
    let covers: Vec<OnceCell<Option<Covers>>> = classes.iter().map(|_| OnceCell::new()).collect();
    let mut comparison = Comparison {
        sides: witness::Sides { before, after, space },
        before: &before_node,
        after: &after_node,
        classes: &classes,
        covers: &covers,
        future: None,
        rules: next,
        budget: Budget::states(options.states),
    };
    let mut outcome = Outcome::default();
    for grant in &grants {
        let origin = match grant {
            Grant::Rule(rule) => Some(rule.rule.origin.clone()),
            _ => None,
        };
        match comparison.grant(grant, &mut table) {
            Ok(Finding::Nothing) => {}
            Ok(Finding::New(point, future)) => outcome.new.push(Piece { origin, point, future }),
            Ok(Finding::Possible(doubt, point)) => outcome.possible.push((origin, doubt, Some(point))),
            Err(Exhausted) => outcome.possible.push((origin, Doubt::Budget, None)),
        }
    }
    outcome
}

/// Whether each part of a conjunction (one pattern of each of its lists) implies one of the others, literal by
/// literal.
fn within_parts(small: &[LitId], larges: &[Vec<LitId>], table: &mut Table<'_>) -> bool {
    let sizes: Vec<usize> = small.iter().map(|lit| table.parts(*lit)).collect();
    let count = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size)).unwrap_or(usize::MAX);
    if count > MAX_PARTS {
        return false;
    }
    (0..count).all(|number| {
        let mut rest = number;
        let mut part = Vec::with_capacity(small.len());
        for (lit, size) in small.iter().zip(&sizes) {
            part.push((*lit, rest % size));
            rest /= size;
        }
        [true, false].into_iter().any(|equal| {
            larges.iter().any(|large| {
                let holds = |wide: &LitId| part.iter().any(|(lit, at)| table.part_implies(*lit, *at, *wide, equal));
                large.iter().all(holds)
            })
        })
    })
}

/// What is permitted before, where no before-denial can make a difference.
struct Covers {
    /// The literals of each grant.
    grants: Vec<Vec<LitId>>,
}

impl Covers {
    /// For some actions; `None` where a denial is lost, or the sides are no plain sets of rules.
    fn of(before: &Node<'_>, after: &Node<'_>, scope: &dyn Scope, table: &mut Table<'_>) -> Option<Self> {
        let (Node::Rules { allow, deny: lost }, Node::Rules { deny: kept, .. }) = (before, after) else { return None };
        let all = |rules: &[Interned<'_>]| rules.iter().filter_map(|rule| rule.lits_for(scope)).collect::<Vec<_>>();
        let kept = all(kept);
        let same: HashSet<&Vec<LitId>> = kept.iter().collect();
        let stands = all(lost).iter().all(|denial| same.contains(denial) || within_parts(denial, &kept, table));
        stands.then(|| Self { grants: all(allow) })
    }
}

/// Every assumption about the keys that patterns of the goals refer to. What other rules refer to does not matter here.
fn presences(goals: &[Rc<Goal>], table: &Table<'_>) -> Vec<Presence> {
    let mut all = vec![Presence::new()];
    for key in table.needed_keys(&literals(goals)).into_iter().take(MAX_ASSUMED) {
        let with = |assumed: &Assumed| {
            let assumed = assumed.clone();
            move |one: &Presence| one.iter().cloned().chain([(key, assumed.clone())]).collect::<Presence>()
        };
        all =
            table.assumable(key).iter().flat_map(|assumed| all.iter().map(with(assumed)).collect::<Vec<_>>()).collect();
    }
    all
}

/// What one grant leads to.
enum Finding {
    Nothing,
    New(Point, bool),
    Possible(Doubt, Point),
}

struct Comparison<'c, 'a> {
    sides: witness::Sides<'c>,
    before: &'c Node<'a>,
    after: &'c Node<'a>,
    classes: &'c [ActionClass],
    /// What covers grants in each class, made when it is first needed.
    covers: &'c [OnceCell<Option<Covers>>],
    /// Made when it is first needed.
    future: Option<FutureActions>,
    rules: usize,
    budget: Budget,
}

impl Comparison<'_, '_> {
    /// Decides one grant: first what is certain, then what unknown values may make of it.
    fn grant(&mut self, grant: &Grant<'_, '_>, table: &mut Table<'_>) -> Result<Finding, Exhausted> {
        if table.uncertain
            && let found @ Finding::New(..) = self.in_mode(Mode::Definite, grant, table)?
        {
            return Ok(found);
        }
        self.in_mode(Mode::Cautious, grant, table)
    }

    fn in_mode(&mut self, mode: Mode, grant: &Grant<'_, '_>, table: &mut Table<'_>) -> Result<Finding, Exhausted> {
        let mut doubt = Finding::Nothing;
        for (class, covers) in self.classes.iter().zip(self.covers) {
            match self.in_scope(mode, grant, class, Some(&class.runs), covers, table)? {
                Finding::Nothing => {}
                found @ Finding::New(..) => return Ok(found),
                found @ Finding::Possible(..) => doubt = found,
            }
        }
        if !matches!(doubt, Finding::Nothing) {
            return Ok(doubt);
        }
        let future = match self.future.take() {
            Some(future) => future,
            None => FutureActions::new(self.sides.space.actions(), [self.before, self.after], self.rules, table),
        };
        let found = self.in_scope(mode, grant, &future, None, &OnceCell::new(), table);
        self.future = Some(future);
        let found = found?;
        if !self.is_known(&found) {
            return Ok(found);
        }
        // A known action in a spelling of its own: only the whole literals tell it from one of the future.
        let whole = FutureActions::new(None, [self.before, self.after], self.rules, table);
        self.in_scope(mode, grant, &whole, None, &OnceCell::new(), table)
    }

    /// Whether the request found has an action of the table.
    fn is_known(&self, found: &Finding) -> bool {
        let (Finding::New(point, _) | Finding::Possible(_, point)) = found else { return false };
        self.sides.space.actions().is_some_and(|universe| universe.position(&point.action).is_some())
    }

    fn in_scope(
        &mut self,
        mode: Mode,
        grant: &Grant<'_, '_>,
        scope: &dyn Scope,
        runs: Option<&Runs>,
        covers: &OnceCell<Option<Covers>>,
        table: &mut Table<'_>,
    ) -> Result<Finding, Exhausted> {
        if let Grant::Rule(rule) = grant
            && scope.actions(rule).is_none()
        {
            return Ok(Finding::Nothing);
        }
        if let Grant::Rule(rule) = grant
            && self.is_covered(rule, scope, covers, table)
        {
            return Ok(Finding::Nothing);
        }
        let Some(granted) = self.after.holds_by(grant, scope) else { return Ok(Finding::Nothing) };
        let Standing { alone, refused } = Standing::of(&granted, &self.before.fails(scope));
        let alone = alone.map(|alone| [alone, Rc::clone(&refused)]);
        let goals = [granted, refused];
        let mut doubt = Finding::Nothing;
        for presence in presences(&goals, table) {
            table.assume(presence.clone(), mode);
            if let Some(alone) = &alone
                && Search::run(table, alone, &mut self.budget)?.is_none()
            {
                continue;
            }
            let Some(found) = Search::run(table, &goals, &mut self.budget)? else { continue };
            match self.finding(mode, &found, runs, table)? {
                Finding::Nothing => {}
                found @ Finding::New(..) => return Ok(found),
                Finding::Possible(Doubt::Unconfirmed, point) => {
                    match self.with_values(mode, &goals, &presence, runs, table)? {
                        Some(Finding::Nothing) => {}
                        Some(found @ Finding::New(..)) => return Ok(found),
                        Some(found) => doubt = found,
                        None => doubt = Finding::Possible(Doubt::Unconfirmed, point),
                    }
                }
                found @ Finding::Possible(..) => doubt = found,
            }
        }
        Ok(doubt)
    }

    /// Looks once more, with each value for the keys that patterns refer to that could matter, and then with any
    /// other. With values the search is exact.
    fn with_values(
        &mut self,
        mode: Mode,
        goals: &[Rc<Goal>],
        presence: &Presence,
        runs: Option<&Runs>,
        table: &mut Table<'_>,
    ) -> Result<Option<Finding>, Exhausted> {
        let single = |(key, assumed): &(usize, Assumed)| (*assumed == Assumed::Single).then_some(*key);
        let open: Vec<usize> = presence.iter().filter_map(single).collect();
        if open.is_empty() {
            return Ok(None);
        }
        // All combinations, as long as they are few.
        let most = (2..=MAX_VALUES).rev().find(|n| n.pow(open.len() as u32) <= MAX_VALUES).unwrap_or(2) - 1;
        let values = table.telling_values(&literals(goals), &open, most);
        let other = Assumed::Other(values.iter().cloned().collect());
        let choices: Vec<Assumed> = values.iter().cloned().map(Assumed::Value).chain([other]).collect();
        let mut doubt = Finding::Nothing;
        for number in 0..choices.len().pow(open.len() as u32) {
            let (mut filled, mut rest) = (presence.clone(), number);
            for key in &open {
                if let Some(slot) = filled.iter_mut().find(|(dim, _)| dim == key) {
                    slot.1 = choices.get(rest % choices.len()).cloned().unwrap_or(Assumed::Single);
                }
                rest /= choices.len();
            }
            table.assume(filled, mode);
            let Some(found) = Search::run(table, goals, &mut self.budget)? else { continue };
            match self.finding(mode, &found, runs, table)? {
                Finding::Nothing => {}
                found @ Finding::New(..) => return Ok(Some(found)),
                Finding::Possible(Doubt::Unconfirmed, point) => doubt = Finding::Possible(Doubt::Variable, point),
                found @ Finding::Possible(..) => doubt = found,
            }
        }
        Ok(Some(doubt))
    }

    /// Whether each part of the grant (one pattern of each list) lies within one before-grant, and no before-denial
    /// can make a difference. Settles statements that were split, joined or regrouped without a search.
    fn is_covered(
        &self,
        rule: &Interned<'_>,
        scope: &dyn Scope,
        covers: &OnceCell<Option<Covers>>,
        table: &mut Table<'_>,
    ) -> bool {
        let Some(covers) = covers.get_or_init(|| Covers::of(self.before, self.after, scope, table)) else {
            return false;
        };
        rule.lits_for(scope).is_none_or(|granted| within_parts(&granted, &covers.grants, table))
    }

    /// Turns satisfying literals into a request and checks it.
    fn finding(
        &mut self,
        mode: Mode,
        found: &Assertions,
        runs: Option<&Runs>,
        table: &mut Table<'_>,
    ) -> Result<Finding, Exhausted> {
        let (point, confirmed) = witness::point(&self.sides, found, runs, table, &mut self.budget)?;
        let unknown = found.unknowns(table);
        Ok(if mode == Mode::Cautious && !unknown.is_empty() {
            Finding::Possible(Doubt::Unknown(unknown), point)
        } else if confirmed {
            Finding::New(point, runs.is_none() && self.sides.space.actions().is_some())
        } else {
            Finding::Possible(Doubt::Unconfirmed, point)
        })
    }
}
