//! Denials as rules, and what is said of those that go.

use std::collections::{BTreeSet, HashSet};

use super::decide::Sides;
use super::model::{Denial, Grant};
use super::principal;
use crate::access::glob::{Glob, Loop};
use crate::access::literal::{Dim, Lit};
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};

pub(super) fn denial_key(denial: &Denial) -> String {
    format!("{:?} {:?} {:?}", denial.lits, denial.permissions, denial.exceptions)
}

/// A denial as a rule.
pub(super) fn rule(denial: &Denial) -> Rule {
    let mut lits = vec![patterns(&denial.permissions, false)];
    if !denial.exceptions.is_empty() {
        lits.push(patterns(&denial.exceptions, true));
    }
    lits.extend(denial.lits.iter().cloned());
    Rule { lits, origin: denial.origin.clone() }
}

/// Whether a denial refuses a permission.
pub(super) fn denies(denial: &Denial, point: &Point, permission: &str) -> bool {
    let point = Point { action: permission.to_owned(), ..point.clone() };
    patterns(&denial.permissions, false).holds(&point)
        && (denial.exceptions.is_empty() || patterns(&denial.exceptions, true).holds(&point))
        && denial.lits.iter().all(|lit| lit.holds(&point))
}

pub(super) fn patterns(permissions: &[String], neg: bool) -> Lit {
    let glob = |text: &String| {
        let mut glob = Glob::empty();
        for c in text.chars() {
            match c {
                '*' => glob.push_many(Loop::Any),
                c => glob.push_char(c, false),
            }
        }
        glob
    };
    Lit::of(Dim::Action, neg, permissions.iter().map(glob).collect(), &permissions.join(" or "))
}

impl Sides<'_> {
    /// Both sides with the users that denials name taken for possible members of every group that has grants;
    /// `None` where no denial goes.
    pub(super) fn with_members(&self) -> Option<(Decision, Decision)> {
        let kept: HashSet<String> = self.new.denials.iter().map(denial_key).collect();
        if self.old.denials.iter().all(|denial| kept.contains(&denial_key(denial))) {
            return None;
        }
        let denials = self.old.denials.iter().chain(&self.new.denials);
        let lits = denials.flat_map(|denial| &denial.lits).filter(|lit| lit.dim == Dim::Principal);
        let named: BTreeSet<String> = lits.flat_map(Lit::globs).filter_map(Glob::as_literal).collect();
        let named: Vec<Glob> =
            named.iter().filter(|name| !name.starts_with("group:")).map(|it| Glob::literal(it)).collect();
        let widened = |grant: &Grant| {
            let mut grant = grant.clone();
            if let Some(group) = grant.member.strip_prefix("group:").filter(|_| !named.is_empty()) {
                let who = Lit::of(Dim::Principal, false, named.clone(), "whom a denial names");
                let among = principal::among(&format!("principalSet://goog/group/{group}"));
                grant.who.clauses.push(vec![who, Lit::opaque(&among, false)]);
            }
            grant
        };
        let before: Vec<Grant> = self.near.iter().map(|grant| widened(grant)).collect();
        let after: Vec<Grant> = self.fresh.iter().map(|grant| widened(grant)).collect();
        Some((self.before_by(&before), self.after_by(&after)))
    }

    /// Somebody who has every permission, but for what the object at an address denied, and for what is denied now;
    /// `None` where the object denied nothing.
    pub(super) fn lifted(&self, address: &str) -> Option<(Decision, Decision)> {
        let held = |deny: Vec<Rule>| {
            let everything = Rule { lits: Vec::new(), origin: Origin::default() };
            Decision::Rules(RuleSet { allow: vec![everything], deny })
        };
        let own = self.old.denials.iter().filter(|denial| *denial.origin.address == *address);
        let own: Vec<Rule> = own.map(rule).collect();
        (!own.is_empty()).then(|| (held(own), held(self.new.denials.iter().map(rule).collect())))
    }
}
