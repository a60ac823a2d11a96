//! Which change brings a request about: undo one at a time, and see whether the request is still permitted.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::World;
use super::collect::Collector;
use super::focus::{Focus, View};
use crate::access::aws::compile::{Contested, Readings};
use crate::access::compare::Piece;
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule};
use crate::access::worlds::Side;
use crate::access::{Guardrail, GuardrailEffect};

/// Of more changes than this to one identity or resource none is undone by itself: each costs the whole tree.
const MAX_UNDONE: usize = 64;

/// What a request is attributed among.
pub(super) struct Attribution<'a, 'w> {
    pub(super) world: &'a World<'w>,
    pub(super) focus: &'a Focus,
    /// The changed rows.
    pub(super) touched: &'a BTreeSet<usize>,
    /// The views before and after, under each reading.
    pub(super) views: &'a [(View, View)],
    /// The trees after everything but one change, by its row.
    without: RefCell<BTreeMap<usize, Rc<Decision>>>,
    /// Whether the trees show what each change does.
    shown: OnceCell<bool>,
}

impl<'a, 'w> Attribution<'a, 'w> {
    /// Among these rows.
    pub(super) fn new(
        world: &'a World<'w>,
        focus: &'a Focus,
        touched: &'a BTreeSet<usize>,
        views: &'a [(View, View)],
    ) -> Self {
        Self { world, focus, touched, views, without: RefCell::default(), shown: OnceCell::new() }
    }

    /// The rows without whose change the request is not permitted. Where several changes bring it about each by
    /// itself, or too many are in question: those that carry or attach the statement, else all.
    pub(super) fn culprits(&self, piece: &Piece) -> Vec<usize> {
        if self.touched.len() == 1 {
            return self.touched.iter().copied().collect();
        }
        // The policy of one resource has no part in what is asked of another.
        let world = self.world;
        let elsewhere = |row: &usize| {
            matches!(self.focus, Focus::Identity(_) | Focus::Credential(_))
                && world.changed.stands_elsewhere(*row, &piece.point.resource, [&world.before, &world.after])
        };
        let speaking = self.speaking(&piece.point);
        let all = speaking.as_ref().unwrap_or(self.touched);
        let asked: Vec<usize> = all.iter().copied().filter(|row| !elsewhere(row)).collect();
        if speaking.is_some() && all.len() == 1 && asked.len() == 1 {
            return asked;
        }
        if asked.len() <= MAX_UNDONE {
            let needed: Vec<usize> =
                asked.into_iter().filter(|row| !self.without(*row).permits(&piece.point)).collect();
            if !needed.is_empty() {
                return needed;
            }
        }
        let origin = piece.origin.clone().unwrap_or_default();
        let docs = self.views.iter().flat_map(|(_, after)| &after.docs);
        let of_statement: BTreeSet<usize> = docs
            .filter(|used| *used.address == *origin.address && *used.path == *origin.path)
            .flat_map(|used| &used.rows)
            .copied()
            .filter(|row| self.touched.contains(row))
            .collect();
        if of_statement.is_empty() {
            self.touched.iter().copied().collect()
        } else {
            of_statement.into_iter().collect()
        }
    }

    /// The changes of which a document says something about the request, on either side. The others have no part in it,
    /// and if there is only one, the request is as it was before without it. `None` where the trees do not show what each
    /// change does.
    fn speaking(&self, point: &Point) -> Option<BTreeSet<usize>> {
        let [(before, after)] = self.views else { return None };
        if matches!(self.focus, Focus::Assignment(..) | Focus::Guarded(_) | Focus::Endpoint(_)) {
            return None;
        }
        if !*self.shown.get_or_init(|| self.world.documents_tell(self.touched, [before, after])) {
            return None;
        }
        let mut rows = BTreeSet::new();
        for view in [before, after] {
            let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
            view.decision.each_rule(&mut |rule| {
                if rule.matches(point) {
                    said.insert((&rule.origin.address, &rule.origin.path));
                }
            });
            let docs = view.docs.iter().filter(|used| said.contains(&(&*used.address, &*used.path)));
            rows.extend(docs.flat_map(|used| &used.rows).copied().filter(|row| self.touched.contains(row)));
        }
        Some(rows)
    }

    /// The tree after everything but one change.
    fn without(&self, row: usize) -> Rc<Decision> {
        if let Some(made) = self.without.borrow().get(&row) {
            return Rc::clone(made);
        }
        let relevant: BTreeSet<usize> =
            self.views.iter().flat_map(|(b, a)| b.rows.iter().chain(&a.rows)).copied().collect();
        let side = |at: usize| if at == row { Side::Before } else { Side::After };
        let world = self.world;
        let gathered = Collector::gather(&world.state.rows, Some(&relevant), &side, world.account, world.library);
        let model = gathered.finish(&world.before.dedicated);
        let view = world.view(&model, self.focus, Readings::default(), &mut Contested::default());
        let made = Rc::new(view.decision);
        self.without.borrow_mut().insert(row, Rc::clone(&made));
        made
    }

    /// What stood in the way before: denials that matched, and limits that did not permit, with the rows that
    /// carried them.
    pub(super) fn guardrails(&self, point: &Point) -> Vec<(usize, Guardrail)> {
        let Some((before, after)) = self.views.first() else { return Vec::new() };
        let kept: BTreeSet<&Origin> =
            denials(&after.decision, &|_| true).into_iter().map(|rule| &rule.origin).collect();
        let mut found = Vec::new();
        for rule in denials(&before.decision, &|rule| rule.matches(point)) {
            let origin = &rule.origin;
            let effect = if kept.contains(origin) { GuardrailEffect::Weakened } else { GuardrailEffect::Removed };
            let kind = match self.focus {
                Focus::Guarded(_) => "scp",
                _ if origin.address.is_empty() => "limit",
                _ => "deny_statement",
            };
            let what = rule.lits.iter().map(|lit| &*lit.label).collect::<Vec<_>>().join(" and ");
            let carried =
                before.docs.iter().filter(|used| *used.address == *origin.address && *used.path == *origin.path);
            let rows: BTreeSet<usize> = carried.flat_map(|used| &used.rows).copied().collect();
            let rows = if rows.is_empty() { self.touched.clone() } else { rows };
            for row in rows.intersection(self.touched) {
                let guardrail = Guardrail {
                    address: origin.address.clone(),
                    kind: kind.to_owned(),
                    effect,
                    explanation: format!("denied `{}` on `{}` before ({what})", point.action, point.resource),
                };
                found.push((*row, guardrail));
            }
        }
        if found.is_empty() && was_cut(&before.decision, point) {
            for row in self.touched {
                let Some(object) = self.world.state.rows.get(*row).and_then(|row| row.before.as_ref()) else {
                    continue;
                };
                let guardrail = Guardrail {
                    address: object.address.to_string(),
                    kind: "boundary".to_owned(),
                    effect: GuardrailEffect::Weakened,
                    explanation: format!("did not let `{}` on `{}` through before", point.action, point.resource),
                };
                found.push((*row, guardrail));
            }
        }
        found
    }
}

/// Whether grants permitted the request and a limit beside them did not.
fn was_cut(decision: &Decision, point: &Point) -> bool {
    match decision {
        Decision::And(list) => list.split_first().is_some_and(|(grants, limits)| {
            (grants.permits(point) && limits.iter().any(|limit| !limit.permits(point))) || was_cut(grants, point)
        }),
        Decision::Or(list) => list.iter().any(|one| was_cut(one, point)),
        _ => false,
    }
}

/// The deny rules of a tree that a test picks.
fn denials<'d>(decision: &'d Decision, picks: &dyn Fn(&Rule) -> bool) -> Vec<&'d Rule> {
    let mut found = Vec::new();
    decision.each_set(&mut |set| found.extend(set.deny.iter().filter(|rule| picks(rule))));
    found
}
