//! What is compared: one identity, one credential, one resource, one role's trust, ... and its decision tree on a
//! side of the plan.
//!
//! How policies combine: IAM User Guide, "Policy evaluation logic"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).

use std::collections::BTreeSet;

use super::account::Account;
use super::changed::Changed;
use super::memo::Memo;
use super::model::{Doc, DocUse, IdentityKey, IdentityKind, Model, ResourcePolicy};
use crate::access::Reason;
use crate::access::aws::compile::{Contested, Readings};
use crate::access::aws::parse::Kind;
use crate::access::literal::Lit;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};

/// One thing whose access is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Focus {
    /// What a role, user or group member may do.
    Identity(IdentityKey),
    /// What somebody with a key, a password or a machine may do.
    Credential(String),
    /// Who may do what with a resource.
    Resource(String),
    /// Who may assume a role.
    Trust(IdentityKey),
    /// What the holders of a permission set may do: the set, the principal, the account.
    Assignment(String, String, String),
    /// What the administrators of an account or organisational unit may do.
    Guarded(String),
    /// What passes an endpoint.
    Endpoint(String),
}

/// A decision tree, what it was made from, and what is not known about it.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) decision: Decision,
    /// The rows it depends on.
    pub(super) rows: BTreeSet<usize>,
    /// Documents by where they stand, to describe statements.
    pub(super) docs: Vec<DocUse>,
    /// What could not be followed, with the rows it is about.
    pub(super) unknown: Vec<(Reason, Vec<usize>)>,
}

/// All that can be compared on a side.
pub(super) fn of(model: &Model) -> BTreeSet<Focus> {
    let mut all = BTreeSet::new();
    for (key, identity) in &model.identities {
        if key.0 != IdentityKind::Group {
            all.insert(Focus::Identity(key.clone()));
        }
        if identity.trust.is_some() {
            all.insert(Focus::Trust(key.clone()));
        }
    }
    all.extend(model.credentials.keys().cloned().map(Focus::Credential));
    all.extend(model.resources.keys().cloned().map(Focus::Resource));
    all.extend(model.guarded.keys().cloned().map(Focus::Guarded));
    all.extend(model.endpoints.keys().cloned().map(Focus::Endpoint));
    for (set, it) in &model.permission_sets {
        all.extend(
            it.assignments.iter().map(|(who, account, _)| Focus::Assignment(set.clone(), who.clone(), account.clone())),
        );
    }
    all
}

/// Builds decision trees of one side under one reading.
pub(super) struct Viewer<'a> {
    pub(super) model: &'a Model,
    /// The models before and after: who a policy names on either side is looked at on both.
    pub(super) sides: [&'a Model; 2],
    /// Resources that are in the state themselves on some side.
    pub(super) owners: &'a BTreeSet<String>,
    pub(super) account: &'a Account,
    pub(super) changed: &'a Changed,
    pub(super) memo: &'a Memo,
    /// Whether all that an identity may do is looked at, and not only where it may change.
    pub(super) whole: bool,
    pub(super) readings: Readings,
    pub(super) contested: Contested,
}

/// Rows, documents and gaps, gathered while a tree is built.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) rows: BTreeSet<usize>,
    pub(super) docs: Vec<DocUse>,
    pub(super) unknown: Vec<(Reason, Vec<usize>)>,
}

impl Viewer<'_> {
    /// The view of a focus. A focus that is not on this side permits nothing.
    pub(super) fn view(&mut self, focus: &Focus) -> View {
        let mut seen = Gathered::default();
        let decision = match focus {
            Focus::Identity(key) => match self.model.identities.get(key) {
                Some(identity) => self.identity(key, identity, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Credential(address) => match self.model.credentials.get(address) {
                Some(credential) => self.credential(credential, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Resource(key) => match self.model.resources.get(key) {
                Some(policy) => self.resource(key, policy, &mut seen),
                // Not there, as the plan shows, or there without a policy.
                None if self.owners.contains(key) && !self.model.objects.contains(key) => Decision::nothing(),
                None => {
                    let explicit = ["kms ", "eks "].iter().any(|service| key.starts_with(service));
                    self.resource(key, &ResourcePolicy { explicit, ..ResourcePolicy::default() }, &mut seen)
                }
            },
            Focus::Trust(key) => match self.model.identities.get(key) {
                Some(role) => self.trust(key, role, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Assignment(set, who, account) => self.assignment(set, who, account, &mut seen),
            Focus::Guarded(target) => self.guarded(target, &mut seen),
            Focus::Endpoint(key) => {
                let docs = self.model.endpoints.get(key).cloned().unwrap_or_default();
                // Without a policy of its own an endpoint lets everything through.
                match docs.is_empty() {
                    true => Decision::Rules(everything()),
                    false => Decision::Rules(self.rules(&docs, Kind::Resource, &mut seen)),
                }
            }
        };
        View { decision, rows: seen.rows, docs: seen.docs, unknown: seen.unknown }
    }

    /// The rules of several documents. One that is not known grants and denies in a way that is the same wherever
    /// the same document is in force.
    pub(super) fn rules(&mut self, docs: &[DocUse], kind: Kind, seen: &mut Gathered) -> RuleSet {
        let mut all = RuleSet::default();
        for used in docs {
            seen.rows.extend(&used.rows);
            match &used.doc {
                Doc::Read(document) => {
                    let made = self.memo.compiled(document, kind, (&used.address, &used.path), self.readings);
                    self.contested.merge(made.contested);
                    all.allow.extend(made.rules.allow.iter().cloned());
                    all.deny.extend(made.rules.deny.iter().cloned());
                    seen.docs.push(used.clone());
                }
                Doc::Unread { id, reason } => {
                    let (address, path) = (used.address.to_string(), used.path.to_string());
                    let origin = Origin { address, path, index: 0, sid: None };
                    let rule = |side: &str| Rule {
                        lits: vec![Lit::opaque(&format!("what {id} {side}"), false)],
                        origin: origin.clone(),
                    };
                    all.allow.push(rule("permits"));
                    all.deny.push(rule("denies"));
                    seen.unknown.push((reason.clone(), used.rows.clone()));
                }
            }
        }
        all
    }

    fn assignment(&mut self, set: &str, who: &str, account: &str, seen: &mut Gathered) -> Decision {
        let Some(set) = self.model.permission_sets.get(set) else { return Decision::nothing() };
        let assigned = set.assignments.iter().find(|(principal, target, _)| principal == who && target == account);
        let Some((_, _, row)) = assigned else { return Decision::nothing() };
        seen.rows.insert(*row);
        let own = Decision::Rules(self.rules(&set.docs, Kind::Identity, seen));
        if set.boundary.is_empty() {
            return own;
        }
        let boundary = Decision::Rules(self.rules(&set.boundary, Kind::Identity, seen));
        Decision::And(vec![own, boundary])
    }

    /// Each account has an administrator, whom service control policies bind. They permit nothing by themselves:
    /// AWS attaches one that permits everything, and that one is taken to stay.
    fn guarded(&mut self, target: &str, seen: &mut Gathered) -> Decision {
        let docs = self.model.guarded.get(target).cloned().unwrap_or_default();
        let denials = self.rules(&docs, Kind::Identity, seen);
        all_but(denials.deny)
    }
}

/// Everything but what the rules match.
pub(super) fn all_but(deny: Vec<Rule>) -> Decision {
    Decision::Rules(RuleSet { deny, ..everything() })
}

/// Everything is permitted.
pub(super) fn everything() -> RuleSet {
    RuleSet { allow: vec![Rule { lits: Vec::new(), origin: Origin::default() }], deny: Vec::new() }
}
