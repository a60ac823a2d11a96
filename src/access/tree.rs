//! A decision with its literals interned, and the goals that make it true or false for one class of actions.

use std::rc::Rc;

use super::literal::Dim;
use super::rule::{Decision, Rule, RuleSet};
use super::search::Goal;
use super::table::{LitId, Table};

/// A rule with interned literals.
pub(super) struct Interned<'a> {
    /// Unique over both sides of the comparison.
    pub(super) id: usize,
    pub(super) rule: &'a Rule,
    /// Literals of the action dimension.
    pub(super) actions: Vec<LitId>,
    /// All other literals.
    pub(super) lits: Vec<LitId>,
}

impl Interned<'_> {
    /// All literals, those of the action dimension first.
    pub(super) fn each_lit(&self) -> impl Iterator<Item = LitId> {
        self.actions.iter().chain(&self.lits).copied()
    }

    /// The literals for some actions, sorted; `None` where the rule matches none of them.
    pub(super) fn lits_for(&self, scope: &dyn Scope) -> Option<Vec<LitId>> {
        Some(sorted(scope.actions(self)?.into_iter().chain(self.lits.iter().copied())))
    }
}

/// Literals in an order by which equal rules are equal.
pub(super) fn sorted(lits: impl Iterator<Item = LitId>) -> Vec<LitId> {
    let mut lits: Vec<LitId> = lits.collect();
    lits.sort_unstable();
    lits
}

/// A [`Decision`] with interned rules.
pub(super) enum Node<'a> {
    And(Vec<Node<'a>>),
    Or(Vec<Node<'a>>),
    Not(usize, Box<Node<'a>>),
    Rules { allow: Vec<Interned<'a>>, deny: Vec<Interned<'a>> },
}

/// For which actions goals are built.
pub(super) trait Scope {
    /// The remaining action literals of a rule, or `None` if the rule matches none of the actions.
    fn actions(&self, rule: &Interned<'_>) -> Option<Vec<LitId>>;
}

impl<'a> Node<'a> {
    /// Interns a decision; `next` numbers the rules.
    pub(super) fn new(decision: &'a Decision, table: &mut Table<'_>, next: &mut usize) -> Self {
        match decision {
            Decision::And(list) => Self::And(list.iter().map(|d| Self::new(d, table, next)).collect()),
            Decision::Or(list) => Self::Or(list.iter().map(|d| Self::new(d, table, next)).collect()),
            Decision::Not(inner) => {
                let id = *next;
                *next += 1;
                Self::Not(id, Box::new(Self::new(inner, table, next)))
            }
            Decision::Rules(RuleSet { allow, deny }) => {
                let mut intern = |rule: &'a Rule| {
                    let (mut actions, mut lits) = (Vec::new(), Vec::new());
                    for lit in &rule.lits {
                        let id = table.intern(lit);
                        if lit.dim == Dim::Action { actions.push(id) } else { lits.push(id) }
                    }
                    *next += 1;
                    Interned { id: *next - 1, rule, actions, lits }
                };
                Self::Rules {
                    allow: allow.iter().map(&mut intern).collect(),
                    deny: deny.iter().map(&mut intern).collect(),
                }
            }
        }
    }

    /// Calls `visit` for every rule.
    pub(super) fn each_rule<'n>(&'n self, visit: &mut impl FnMut(&'n Interned<'a>)) {
        match self {
            Self::And(list) | Self::Or(list) => list.iter().for_each(|node| node.each_rule(visit)),
            Self::Not(_, inner) => inner.each_rule(visit),
            Self::Rules { allow, deny } => allow.iter().chain(deny).for_each(visit),
        }
    }

    /// The alternatives that can make the tree true: the allow rules in grant position (of an `And`, those of its
    /// first element), and negations.
    pub(super) fn grants<'n>(&'n self, out: &mut Vec<Grant<'n, 'a>>) {
        match self {
            Self::And(list) => match list.first() {
                Some(first) => first.grants(out),
                None => out.push(Grant::Everything),
            },
            Self::Or(list) => list.iter().for_each(|node| node.grants(out)),
            Self::Not(id, _) => out.push(Grant::Negation(*id)),
            Self::Rules { allow, .. } => out.extend(allow.iter().map(Grant::Rule)),
        }
    }

    /// The goal that the tree is true, for these actions.
    pub(super) fn holds(&self, scope: &dyn Scope) -> Rc<Goal> {
        match self {
            Self::And(list) => Rc::new(Goal::All(list.iter().map(|node| node.holds(scope)).collect())),
            Self::Or(list) => Rc::new(Goal::Any(list.iter().map(|node| node.holds(scope)).collect())),
            Self::Not(_, inner) => inner.fails(scope),
            Self::Rules { allow, deny } => {
                let granted = allow.iter().filter_map(|rule| matches(rule, scope)).collect();
                let mut parts = vec![Rc::new(Goal::Any(granted))];
                parts.extend(deny.iter().filter_map(|rule| misses(rule, scope)));
                Rc::new(Goal::All(parts))
            }
        }
    }

    /// The goal that the tree is false, for these actions.
    pub(super) fn fails(&self, scope: &dyn Scope) -> Rc<Goal> {
        match self {
            Self::And(list) => Rc::new(Goal::Any(list.iter().map(|node| node.fails(scope)).collect())),
            Self::Or(list) => Rc::new(Goal::All(list.iter().map(|node| node.fails(scope)).collect())),
            Self::Not(_, inner) => inner.holds(scope),
            Self::Rules { allow, deny } => {
                let none = allow.iter().filter_map(|rule| misses(rule, scope)).collect();
                let mut parts = vec![Rc::new(Goal::All(none))];
                parts.extend(deny.iter().filter_map(|rule| matches(rule, scope)));
                Rc::new(Goal::Any(parts))
            }
        }
    }

    /// The goal that the tree is true through this grant; `None` where the grant is not part of the tree.
    pub(super) fn holds_by(&self, grant: &Grant<'_, 'a>, scope: &dyn Scope) -> Option<Rc<Goal>> {
        match self {
            Self::And(list) => {
                let Some((first, rest)) = list.split_first() else {
                    return matches!(grant, Grant::Everything).then(Goal::yes);
                };
                let mut parts = vec![first.holds_by(grant, scope)?];
                parts.extend(rest.iter().map(|node| node.holds(scope)));
                Some(Rc::new(Goal::All(parts)))
            }
            Self::Or(list) => list.iter().find_map(|node| node.holds_by(grant, scope)),
            Self::Not(id, inner) => matches!(grant, Grant::Negation(other) if other == id).then(|| inner.fails(scope)),
            Self::Rules { allow, deny } => {
                let Grant::Rule(wanted) = grant else { return None };
                let rule = allow.iter().find(|rule| rule.id == wanted.id)?;
                let mut parts = vec![matches(rule, scope).unwrap_or_else(Goal::no)];
                parts.extend(deny.iter().filter_map(|rule| misses(rule, scope)));
                Some(Rc::new(Goal::All(parts)))
            }
        }
    }
}

/// What makes a tree true.
pub(super) enum Grant<'n, 'a> {
    /// An allow rule.
    Rule(&'n Interned<'a>),
    /// A negated subtree, by its number.
    Negation(usize),
    /// An empty `And`.
    Everything,
}

/// The goal that a rule matches; `None` where it matches none of the actions.
fn matches(rule: &Interned<'_>, scope: &dyn Scope) -> Option<Rc<Goal>> {
    let actions = scope.actions(rule)?;
    let all = actions.iter().chain(&rule.lits).map(|lit| Rc::new(Goal::Lit(*lit, true)));
    Some(Rc::new(Goal::All(all.collect())))
}

/// The goal that a rule does not match; `None` where it matches none of the actions.
fn misses(rule: &Interned<'_>, scope: &dyn Scope) -> Option<Rc<Goal>> {
    let actions = scope.actions(rule)?;
    let any = actions.iter().chain(&rule.lits).map(|lit| Rc::new(Goal::Lit(*lit, false)));
    Some(Rc::new(Goal::Any(any.collect())))
}
