//! What the resource policies of a side give and deny to principals, compiled once and found by principal: a plan of
//! a thousand roles and a thousand buckets is not a million documents.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::focus::{Gathered, Viewer, everything, own_root, settle};
use crate::access::aws::compile::{Contested, Readings};
use crate::access::aws::parse::Kind;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::point::{KeyValue, Point};
use crate::access::rule::{Rule, RuleSet};

/// The resource policies of a model by reading, made when they are first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache(RefCell<HashMap<Readings, Rc<Granted>>>);

impl Cache {
    pub(super) fn get(&self, viewer: &Viewer<'_>) -> Rc<Granted> {
        let known = self.0.borrow().get(&viewer.readings).cloned();
        known.unwrap_or_else(|| {
            let made = Rc::new(Granted::of(viewer));
            self.0.borrow_mut().insert(viewer.readings, Rc::clone(&made));
            made
        })
    }
}

/// The resource policies of a side under one reading.
#[derive(Debug, Default)]
pub(super) struct Granted {
    policies: Vec<Policy>,
    rules: Vec<Found>,
    /// Rules whose principals are all spelled out, by principal.
    named: HashMap<String, Vec<usize>>,
    /// All others: patterns, negations, everybody.
    open: Vec<usize>,
}

/// One policy, and what was seen when it was compiled.
#[derive(Debug)]
struct Policy {
    gathered: Gathered,
    contested: Contested,
}

#[derive(Debug)]
struct Found {
    policy: usize,
    denies: bool,
    rule: Rule,
}

impl Granted {
    /// Compiles the policies of the viewer's side. Those whose resource needs an explicit allow give nothing to an
    /// identity by themselves.
    fn of(viewer: &Viewer<'_>) -> Self {
        let mut all = Self::default();
        let root = Glob::literal(&format!("AWS:{}", viewer.account.root()));
        for policy in viewer.model.resources.values().filter(|policy| !policy.explicit) {
            let mut one = Viewer { contested: Contested::default(), ..*viewer };
            let mut gathered = Gathered::default();
            let mut set = one.rules(&policy.docs, Kind::Resource, &mut gathered);
            own_root(&mut set, viewer.account, &root);
            let at = all.policies.len();
            all.policies.push(Policy { gathered, contested: one.contested });
            set.allow.into_iter().for_each(|rule| all.add(at, false, rule));
            set.deny.into_iter().for_each(|rule| all.add(at, true, rule));
        }
        all
    }

    fn add(&mut self, policy: usize, denies: bool, rule: Rule) {
        if rule.lits.iter().any(Lit::dim_is_opaque) {
            return;
        }
        let at = self.rules.len();
        match named(&rule) {
            Some(names) => names.into_iter().for_each(|name| self.named.entry(name).or_default().push(at)),
            None => self.open.push(at),
        }
        self.rules.push(Found { policy, denies, rule });
    }

    /// What the identity with this ARN is given and denied by name, with the policies that say so.
    pub(super) fn to(
        &self,
        arn: &str,
        known: &BTreeMap<Arc<str>, KeyValue>,
        seen: &mut Gathered,
        contested: &mut Contested,
    ) -> (RuleSet, RuleSet) {
        let who = Point { principal: format!("AWS:{arn}"), ..Point::default() };
        let mut at: Vec<usize> =
            self.named.get(&who.principal).into_iter().flatten().chain(&self.open).copied().collect();
        at.sort_unstable();
        let (mut grants, mut denials) = (RuleSet::default(), everything());
        let mut from = BTreeSet::new();
        for found in at.into_iter().filter_map(|at| self.rules.get(at)) {
            // A pattern may match under another reading.
            if let Some(policy) = self.policies.get(found.policy) {
                contested.merge(policy.contested);
            }
            let (about, rest): (Vec<&Lit>, Vec<&Lit>) =
                found.rule.lits.iter().partition(|lit| lit.dim == Dim::Principal);
            if about.iter().all(|lit| lit.holds(&who)) {
                let rule = Rule { lits: rest.into_iter().cloned().collect(), origin: found.rule.origin.clone() };
                from.insert(found.policy);
                if found.denies { denials.deny.push(rule) } else { grants.allow.push(rule) }
            }
        }
        settle(&mut grants, known);
        settle(&mut denials, known);
        for policy in from.into_iter().filter_map(|at| self.policies.get(at)) {
            seen.rows.extend(&policy.gathered.rows);
            seen.docs.extend(policy.gathered.docs.iter().cloned());
        }
        (grants, denials)
    }
}

/// The principals of a rule, if each is spelled out.
fn named(rule: &Rule) -> Option<Vec<String>> {
    rule.lits.iter().filter(|lit| lit.dim == Dim::Principal).find_map(|lit| match &lit.test {
        Test::One { neg: false, set: Set::Globs(globs), .. } => globs
            .iter()
            .map(|glob| glob.as_literal().filter(|_| glob.needs().is_empty() && !glob.has_symbols()))
            .collect(),
        _ => None,
    })
}
