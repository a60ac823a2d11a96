//! For which actions a comparison searches: each class of known actions, and those that do not exist yet.

use std::collections::HashMap;

use super::glob::{Glob, Loop};
use super::literal::{Lit, Set, Test};
use super::partition::{Runs, Universe};
use super::table::{LitId, Table};
use super::tree::{Interned, Node, Scope};

/// Actions that the same rules match.
pub(super) struct ActionClass {
    /// By rule.
    matched: Vec<bool>,
    pub(super) runs: Runs,
}

impl Scope for ActionClass {
    fn actions(&self, rule: &Interned<'_>) -> Option<Vec<LitId>> {
        self.matched.get(rule.id).copied().unwrap_or(false).then(Vec::new)
    }
}

/// Actions that are not in the table: the action literals stay, without the names that are.
pub(super) struct FutureActions {
    /// By rule; `None` for rules that match no such action.
    lits: Vec<Option<Vec<LitId>>>,
}

impl Scope for FutureActions {
    fn actions(&self, rule: &Interned<'_>) -> Option<Vec<LitId>> {
        self.lits.get(rule.id)?.clone()
    }
}

impl FutureActions {
    /// Without a table of known actions the literals stay whole.
    pub(super) fn new(universe: Option<&Universe>, sides: [&Node<'_>; 2], rules: usize, table: &mut Table<'_>) -> Self {
        let known = |glob: &Glob| {
            let plain = glob.literal_prefix();
            plain.chars().count() == glob.tokens().len()
                && glob.loop_at(glob.tokens().len()) == Loop::None
                && universe.is_some_and(|universe| universe.position(&plain).is_some())
        };
        let mut lits = vec![None; rules];
        for side in sides {
            side.each_rule(&mut |rule| {
                let reduce = |id: &LitId| {
                    let mut lit = table.lit(*id)?.clone();
                    let Test::One { neg, set: Set::Globs(globs), .. } = &mut lit.test else { return Some(*id) };
                    globs.retain(|glob| !known(glob));
                    (*neg || !globs.is_empty()).then(|| table.intern(&lit))
                };
                if let Some(slot) = lits.get_mut(rule.id) {
                    *slot = rule.actions.iter().map(reduce).collect();
                }
            });
        }
        Self { lits }
    }
}

/// The classes of known actions, merged by the rules that match them.
pub(super) fn classes(
    universe: &Universe,
    before: &Node<'_>,
    after: &Node<'_>,
    table: &Table<'_>,
    rules: usize,
) -> Vec<ActionClass> {
    let mut ids: Vec<LitId> = Vec::new();
    let mut collect = |rule: &Interned<'_>| ids.extend(&rule.actions);
    before.each_rule(&mut collect);
    after.each_rule(&mut collect);
    ids.sort_unstable();
    ids.dedup();
    let lits: Vec<&Lit> = ids.iter().filter_map(|id| table.lit(*id)).collect();
    let mut merged: HashMap<Vec<bool>, usize> = HashMap::new();
    let mut out: Vec<ActionClass> = Vec::new();
    for class in universe.classes(&lits, false) {
        let mut matched = vec![false; rules];
        let mut mark = |rule: &Interned<'_>| {
            let holds = |id: &LitId| ids.binary_search(id).is_ok_and(|at| class.holds.get(at) == Some(&true));
            if let Some(slot) = matched.get_mut(rule.id) {
                *slot = rule.actions.iter().all(holds);
            }
        };
        before.each_rule(&mut mark);
        after.each_rule(&mut mark);
        let at = *merged.entry(matched.clone()).or_insert_with(|| {
            out.push(ActionClass { matched, runs: Runs::new() });
            out.len() - 1
        });
        if let Some(merged) = out.get_mut(at) {
            merged.runs.extend(class.runs);
        }
    }
    out
}
