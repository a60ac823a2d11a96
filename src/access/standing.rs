//! Denials set aside: a grant that is not new even without them needs no look at them.
//!
//! A side with a hundred denials asks for each that it does not match, and before the change each could be what stood in
//! the way. Most grants are not new for reasons that no denial has a part in, and a denial that stands after the change
//! cannot be what stood in the way before it.

use std::collections::HashSet;
use std::rc::Rc;

use super::search::Goal;
use super::table::LitId;

/// Fewer denials than this are searched with the rest at once.
const FEW: usize = 4;

/// A question in two steps.
pub(super) struct Standing {
    /// What is permitted after, without the denials: where this has no answer, the question has none.
    pub(super) alone: Option<Rc<Goal>>,
    /// What is refused before, without what a denial that stands after excludes.
    pub(super) refused: Rc<Goal>,
}

impl Standing {
    /// Of what must be permitted after and refused before.
    pub(super) fn of(granted: &Rc<Goal>, refused: &Rc<Goal>) -> Self {
        let (mut denials, mut rest) = (HashSet::new(), Vec::new());
        split(granted, &mut denials, &mut rest);
        let refused = if denials.is_empty() { Rc::clone(refused) } else { without(refused, &denials) };
        let alone = (denials.len() >= FEW).then(|| Rc::new(Goal::All(rest)));
        Self { alone, refused }
    }
}

/// Takes a conjunction apart: literals of which one has to fail, and the rest.
fn split(goal: &Rc<Goal>, denials: &mut HashSet<Vec<LitId>>, rest: &mut Vec<Rc<Goal>>) {
    match &**goal {
        Goal::All(list) => list.iter().for_each(|part| split(part, denials, rest)),
        Goal::Any(list) => match all(list, false).filter(|lits| !lits.is_empty()) {
            Some(lits) => drop(denials.insert(lits)),
            None => rest.push(Rc::clone(goal)),
        },
        Goal::Lit(..) => rest.push(Rc::clone(goal)),
    }
}

/// The literals of goals that all ask for a literal with this truth value; sorted.
fn all(goals: &[Rc<Goal>], truth: bool) -> Option<Vec<LitId>> {
    let of = |goal: &Rc<Goal>| match &**goal {
        Goal::Lit(lit, want) if *want == truth => Some(*lit),
        _ => None,
    };
    let mut lits = goals.iter().map(of).collect::<Option<Vec<LitId>>>()?;
    lits.sort_unstable();
    Some(lits)
}

/// The goal without alternatives that match one of the denials.
fn without(goal: &Rc<Goal>, denials: &HashSet<Vec<LitId>>) -> Rc<Goal> {
    let never = |part: &Rc<Goal>| matches!(&**part, Goal::Any(list) if list.is_empty());
    match &**goal {
        Goal::Lit(..) => Rc::clone(goal),
        Goal::All(list) => {
            if all(list, true).is_some_and(|lits| denials.contains(&lits)) {
                return Goal::no();
            }
            let parts: Vec<Rc<Goal>> = list.iter().map(|part| without(part, denials)).collect();
            if parts.iter().any(never) { Goal::no() } else { Rc::new(Goal::All(parts)) }
        }
        Goal::Any(list) => {
            let parts = list.iter().map(|part| without(part, denials)).filter(|part| !never(part));
            Rc::new(Goal::Any(parts.collect()))
        }
    }
}
