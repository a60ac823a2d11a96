//! Satisfiability of a boolean tree of literals over independent dimensions.
//!
//! A branch search in the style of DPLL with one theory per dimension. Asserting a literal re-checks only its own
//! dimension. Alternatives that the asserted literals exclude are dropped, goals that they imply are discharged,
//! and a goal with one alternative left is asserted at once. What then remains is mostly "one of these must be
//! false" for many statements: if everything that is asked of a dimension can hold together, all goals that have
//! an alternative there are discharged in one step; only when that fails does the search branch, on the goal with
//! the fewest alternatives among those that ask for something to hold.

use std::rc::Rc;

use super::budget::{Budget, Exhausted};
use super::glob::Glob;
use super::table::{LitId, Mode, Table, Want};

/// What must hold.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// The literal has the truth value.
    Lit(LitId, bool),
    /// All of them.
    All(Vec<Rc<Goal>>),
    /// One of them.
    Any(Vec<Rc<Goal>>),
}

impl Goal {
    pub(super) fn yes() -> Rc<Self> {
        Rc::new(Self::All(Vec::new()))
    }

    pub(super) fn no() -> Rc<Self> {
        Rc::new(Self::Any(Vec::new()))
    }
}

/// The literals asserted so far, per dimension.
#[derive(Clone, Debug, Default)]
pub(super) struct Assertions {
    per_dim: Vec<Vec<Want>>,
    truth: Vec<Option<bool>>,
}

impl Assertions {
    pub(super) fn on(&self, dim: usize) -> &[Want] {
        self.per_dim.get(dim).map(Vec::as_slice).unwrap_or_default()
    }

    /// The labels of asserted literals that are opaque or contain unknown values.
    pub(super) fn unknowns(&self, table: &Table<'_>) -> Vec<String> {
        let asserted = self.per_dim.iter().flatten().filter_map(|(lit, _)| table.lit(*lit));
        let unknown = asserted.filter(|lit| lit.dim_is_opaque() || lit.globs().iter().any(Glob::has_holes));
        let mut labels: Vec<String> = unknown.map(|lit| lit.label.to_string()).collect();
        labels.sort();
        labels.dedup();
        labels
    }

    fn truth(&self, lit: LitId) -> Option<bool> {
        self.truth.get(lit as usize).copied().flatten()
    }
}

pub(super) struct Search<'t, 's, 'b> {
    table: &'t mut Table<'s>,
    budget: &'b mut Budget,
    now: Assertions,
}

/// What a goal amounts to under the current assertions.
enum Status {
    Holds,
    Fails,
    Open(Rc<Goal>),
}

impl<'t, 's, 'b> Search<'t, 's, 'b> {
    /// Looks for assertions that satisfy all goals.
    ///
    /// # Errors
    /// [`Exhausted`] when the budget runs out.
    pub(super) fn run(
        table: &'t mut Table<'s>,
        goals: &[Rc<Goal>],
        budget: &'b mut Budget,
    ) -> Result<Option<Assertions>, Exhausted> {
        let now = Assertions { per_dim: vec![Vec::new(); table.dim_count()], truth: vec![None; table.lit_count()] };
        let mut search = Search { table, budget, now };
        Ok(if search.solve(goals.to_vec())? { Some(search.now) } else { None })
    }

    fn solve(&mut self, goals: Vec<Rc<Goal>>) -> Result<bool, Exhausted> {
        self.budget.spend(1)?;
        let Some(mut open) = self.propagate(goals)? else { return Ok(false) };
        self.discharge(&mut open)?;
        // What only asks that something fails is easily met once the rest is decided.
        let ease = |goal: &Rc<Goal>| match &**goal {
            Goal::Any(list) => (list.iter().all(|part| matches!(&**part, Goal::Lit(_, false))), list.len()),
            _ => (false, 0),
        };
        let Some(at) = (0..open.len()).min_by_key(|at| open.get(*at).map(ease)) else { return Ok(true) };
        let chosen = open.swap_remove(at);
        let Goal::Any(alternatives) = &*chosen else { return Ok(false) };
        for alternative in alternatives {
            let saved = self.now.clone();
            let mut rest = open.clone();
            rest.push(alternative.clone());
            if self.solve(rest)? {
                return Ok(true);
            }
            self.now = saved;
        }
        Ok(false)
    }

    /// Asserts what must hold until nothing changes. The goals left open each have at least two alternatives;
    /// `None` where one fails.
    fn propagate(&mut self, goals: Vec<Rc<Goal>>) -> Result<Option<Vec<Rc<Goal>>>, Exhausted> {
        let (mut queue, mut open) = (goals, Vec::new());
        loop {
            while let Some(goal) = queue.pop() {
                match &*goal {
                    Goal::Lit(lit, want) => {
                        if self.now.truth(*lit) == Some(*want) {
                            continue;
                        }
                        if !self.assert(*lit, *want)? {
                            return Ok(None);
                        }
                    }
                    Goal::All(list) => queue.extend(list.iter().rev().cloned()),
                    Goal::Any(_) => open.push(goal),
                }
            }
            // What asserted literals exclude by themselves needs no look at what stands before it.
            if open.iter().any(|goal| self.is_refuted(goal)) {
                return Ok(None);
            }
            let mut still = Vec::new();
            for goal in std::mem::take(&mut open) {
                match self.status(&goal)? {
                    Status::Holds => {}
                    Status::Fails => return Ok(None),
                    Status::Open(goal) => match &*goal {
                        Goal::Any(_) => still.push(goal),
                        _ => queue.push(goal),
                    },
                }
            }
            open = still;
            if queue.is_empty() {
                return Ok(Some(open));
            }
        }
    }

    /// Whether the asserted literals themselves contradict the goal.
    fn is_refuted(&self, goal: &Goal) -> bool {
        match goal {
            Goal::Lit(lit, want) => self.now.truth(*lit).is_some_and(|truth| truth != *want),
            Goal::All(list) => list.iter().any(|part| self.is_refuted(part)),
            Goal::Any(list) => list.iter().all(|part| self.is_refuted(part)),
        }
    }

    /// Simplifies a goal. An open result is a literal, an `All` of open goals or an `Any` of two or more.
    fn status(&mut self, goal: &Rc<Goal>) -> Result<Status, Exhausted> {
        match &**goal {
            Goal::Lit(lit, want) => self.lit_status(*lit, *want),
            Goal::All(list) => {
                let mut open = Vec::new();
                for part in list {
                    match self.status(part)? {
                        Status::Holds => {}
                        Status::Fails => return Ok(Status::Fails),
                        Status::Open(part) => open.push(part),
                    }
                }
                Ok(match open.len() {
                    0 => Status::Holds,
                    1 => open.pop().map_or(Status::Holds, Status::Open),
                    _ => Status::Open(Rc::new(Goal::All(open))),
                })
            }
            Goal::Any(list) => {
                let mut open = Vec::new();
                for part in list {
                    match self.status(part)? {
                        Status::Holds => return Ok(Status::Holds),
                        Status::Fails => {}
                        Status::Open(part) => open.push(part),
                    }
                }
                Ok(match open.len() {
                    0 => Status::Fails,
                    1 => open.pop().map_or(Status::Fails, Status::Open),
                    _ => Status::Open(Rc::new(Goal::Any(open))),
                })
            }
        }
    }

    fn lit_status(&mut self, lit: LitId, want: bool) -> Result<Status, Exhausted> {
        if let Some(truth) = self.now.truth(lit) {
            return Ok(if truth == want { Status::Holds } else { Status::Fails });
        }
        if self.table.is_opaque(lit) && self.table.mode == Mode::Definite {
            return Ok(Status::Fails);
        }
        if !self.possible(lit, want)? {
            return Ok(Status::Fails);
        }
        if !self.possible(lit, !want)? {
            return Ok(Status::Holds);
        }
        Ok(Status::Open(Rc::new(Goal::Lit(lit, want))))
    }

    /// Whether the literal can have the truth value beside what is asserted.
    fn possible(&mut self, lit: LitId, want: bool) -> Result<bool, Exhausted> {
        let dim = self.table.dim_of(lit);
        let mut wants = self.now.on(dim).to_vec();
        wants.push((lit, want));
        self.table.satisfiable(dim, &wants, self.budget)
    }

    fn assert(&mut self, lit: LitId, want: bool) -> Result<bool, Exhausted> {
        if self.now.truth(lit).is_some_and(|truth| truth != want)
            || (self.table.is_opaque(lit) && self.table.mode == Mode::Definite)
            || !self.possible(lit, want)?
        {
            return Ok(false);
        }
        let dim = self.table.dim_of(lit);
        if let Some(list) = self.now.per_dim.get_mut(dim) {
            list.push((lit, want));
        }
        if let Some(truth) = self.now.truth.get_mut(lit as usize) {
            *truth = Some(want);
        }
        Ok(true)
    }

    /// Discharges goals whose alternatives on one dimension can all hold together.
    fn discharge(&mut self, open: &mut Vec<Rc<Goal>>) -> Result<(), Exhausted> {
        let mut dims: Vec<usize> = Vec::new();
        for goal in open.iter() {
            each_lit(goal, &mut |lit, _| dims.push(self.table.dim_of(lit)));
        }
        dims.sort_unstable();
        dims.dedup();
        for dim in dims {
            let mut wants = self.now.on(dim).to_vec();
            for goal in open.iter() {
                each_lit(goal, &mut |lit, want| {
                    if self.table.dim_of(lit) == dim && !wants.contains(&(lit, want)) {
                        wants.push((lit, want));
                    }
                });
            }
            let before = self.now.on(dim).len();
            if wants.len() == before || !self.table.satisfiable(dim, &wants, self.budget)? {
                continue;
            }
            for (lit, want) in wants.into_iter().skip(before) {
                self.assert(lit, want)?;
            }
            let table = &*self.table;
            open.retain(|goal| match &**goal {
                Goal::Any(list) => {
                    !list.iter().any(|part| matches!(&**part, Goal::Lit(lit, _) if table.dim_of(*lit) == dim))
                }
                _ => true,
            });
        }
        Ok(())
    }
}

/// The literals of goals, sorted.
pub(super) fn literals(goals: &[Rc<Goal>]) -> Vec<LitId> {
    let mut all = Vec::new();
    goals.iter().for_each(|goal| each_lit(goal, &mut |lit, _| all.push(lit)));
    all.sort_unstable();
    all.dedup();
    all
}

/// Calls `visit` for every literal of a goal.
fn each_lit(goal: &Goal, visit: &mut impl FnMut(LitId, bool)) {
    match goal {
        Goal::Lit(lit, want) => visit(*lit, *want),
        Goal::All(list) | Goal::Any(list) => list.iter().for_each(|part| each_lit(part, visit)),
    }
}
