//! Statements in normal form, and the boolean trees that combine them.

use super::literal::Lit;
use super::point::Point;

/// Where a rule comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The resource that carries the statement; empty for a bare document.
    pub address: String,
    /// The attribute path of the document; empty for a bare document.
    pub path: String,
    /// The statement's position in its document, from 0.
    pub index: usize,
    /// The statement's id, where it has one.
    pub sid: Option<String>,
}

/// One grant or one restriction: a conjunction of literals.
#[derive(Clone, Debug)]
pub struct Rule {
    /// All must hold.
    pub lits: Vec<Lit>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Rule {
    /// Whether the point satisfies every literal.
    #[must_use]
    pub fn matches(&self, point: &Point) -> bool {
        self.lits.iter().all(|lit| lit.holds(point))
    }
}

/// Grants and restrictions that are evaluated together: permitted is what an `allow` rule matches and no `deny`
/// rule does.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// The grants.
    pub allow: Vec<Rule>,
    /// The restrictions.
    pub deny: Vec<Rule>,
}

/// What a principal may do, as a boolean tree of rule sets. An identity with a boundary under two levels of
/// organisation policies is `And[identity, boundary, level 1, level 2]`, where the levels' own alternatives are
/// one rule set each. Denies act within their rule set; one that must win over several goes into a rule set with
/// an allow-all, joined by `And`.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Permitted where all are; an empty list permits everything. The first element carries the grants that
    /// results are attributed to.
    And(Vec<Decision>),
    /// Permitted where any is; an empty list permits nothing.
    Or(Vec<Decision>),
    /// Permitted where the inner one is not.
    Not(Box<Decision>),
    /// A set of rules.
    Rules(RuleSet),
}

impl Decision {
    /// Permits nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Or(Vec::new())
    }

    /// Whether the point is permitted. Independent of the search, and used to check its results.
    #[must_use]
    pub fn permits(&self, point: &Point) -> bool {
        match self {
            Self::And(all) => all.iter().all(|d| d.permits(point)),
            Self::Or(any) => any.iter().any(|d| d.permits(point)),
            Self::Not(inner) => !inner.permits(point),
            Self::Rules(set) => {
                set.allow.iter().any(|rule| rule.matches(point)) && !set.deny.iter().any(|rule| rule.matches(point))
            }
        }
    }

    /// Calls `visit` for every rule set of the tree, in order.
    pub fn each_set<'a>(&'a self, visit: &mut impl FnMut(&'a RuleSet)) {
        match self {
            Self::And(list) | Self::Or(list) => list.iter().for_each(|d| d.each_set(visit)),
            Self::Not(inner) => inner.each_set(visit),
            Self::Rules(set) => visit(set),
        }
    }

    /// Calls `visit` for every rule of the tree, in order.
    pub fn each_rule<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        self.each_set(&mut |set| set.allow.iter().chain(&set.deny).for_each(&mut *visit));
    }
}
