//! What is compared: one identity, one credential, one resource, one role's trust, ... and its decision tree on a
//! side of the plan.
//!
//! How policies combine: IAM User Guide, "Policy evaluation logic"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::account::Account;
use super::collect::is_known_name;
use super::model::{Credential, Doc, DocUse, Identity, IdentityKey, IdentityKind, Model, ResourcePolicy};
use crate::access::Reason;
use crate::access::aws::compile::{Contested, Place, Readings, compile, own_account};
use crate::access::aws::parse::Kind;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::point::{KeyValue, Point};
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
    pub(super) account: &'a Account,
    pub(super) readings: Readings,
    pub(super) contested: Contested,
}

/// Rows, documents and gaps, gathered while a tree is built.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) rows: BTreeSet<usize>,
    pub(super) docs: Vec<DocUse>,
    unknown: Vec<(Reason, Vec<usize>)>,
}

impl Viewer<'_> {
    /// The view of a focus. A focus that is not on this side permits nothing.
    pub(super) fn view(&mut self, focus: &Focus) -> View {
        let mut seen = Gathered::default();
        let decision = match focus {
            Focus::Identity(key) => match self.model.identities.get(key) {
                Some(identity) => self.identity(key, identity, true, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Credential(address) => match self.model.credentials.get(address) {
                Some(credential) => self.credential(credential, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Resource(key) => match self.model.resources.get(key) {
                Some(policy) => self.resource(policy, &mut seen),
                None => Decision::nothing(),
            },
            Focus::Trust(key) => match self.model.identities.get(key) {
                Some(role) => self.trust(role, &mut seen),
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
            let place = Place { address: used.address.to_string(), path: used.path.to_string() };
            match &used.doc {
                Doc::Read(document) => {
                    let set = compile(document, kind, &place, self.readings, &mut self.contested);
                    all.allow.extend(set.allow);
                    all.deny.extend(set.deny);
                    seen.docs.push(used.clone());
                }
                Doc::Unread { id, reason } => {
                    let origin = Origin { address: place.address, path: place.path, index: 0, sid: None };
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

    /// Identity policies, with those of groups, cut by the boundary. With `granted`, what resource policies give to
    /// the identity directly counts too, so that a grant that moves from one to the other is not new.
    fn identity(&mut self, key: &IdentityKey, identity: &Identity, granted: bool, seen: &mut Gathered) -> Decision {
        seen.rows.extend(&identity.rows);
        let mut docs = identity.docs.clone();
        for (group, row) in &identity.groups {
            let members = self.model.identities.get(&(IdentityKind::Group, group.clone()));
            for used in members.into_iter().flat_map(|group| &group.docs) {
                let mut used = used.clone();
                used.rows.push(*row);
                docs.push(used);
            }
        }
        let known = known_keys(key, identity, self.account);
        let mut own = self.rules(&docs, Kind::Identity, seen);
        settle(&mut own, &known);
        let mut all = vec![Decision::Rules(own)];
        if !identity.boundary.is_empty() {
            let mut boundary = self.rules(&identity.boundary, Kind::Identity, seen);
            settle(&mut boundary, &known);
            all.push(Decision::Rules(boundary));
        }
        let cut = match all.len() {
            1 => all.remove(0),
            _ => Decision::And(all),
        };
        let Some(arn) = identity.arn.as_deref().filter(|_| granted && !self.model.resources.is_empty()) else {
            return cut;
        };
        let (grants, denials) = self.model.granted.get(self).to(arn, &known, seen, &mut self.contested);
        let mut tree = cut;
        if !grants.allow.is_empty() {
            tree = Decision::Or(vec![tree, Decision::Rules(grants)]);
        }
        if !denials.deny.is_empty() {
            tree = Decision::And(vec![tree, Decision::Rules(denials)]);
        }
        tree
    }

    fn credential(&mut self, credential: &Credential, seen: &mut Gathered) -> Decision {
        seen.rows.extend(&credential.rows);
        seen.unknown.extend(credential.unknown.iter().map(|reason| (reason.clone(), credential.rows.clone())));
        if !credential.active {
            return Decision::nothing();
        }
        let mut of = Vec::new();
        for key in &credential.of {
            if let Some(identity) = self.model.identities.get(key) {
                of.push(self.identity(key, identity, true, seen));
            }
        }
        for reason in &credential.unknown {
            let lit = Lit::opaque(&format!("what {} permits", reason.message), false);
            of.push(Decision::Rules(RuleSet {
                allow: vec![Rule { lits: vec![lit], origin: Origin::default() }],
                deny: Vec::new(),
            }));
        }
        let any = Decision::Or(of);
        if credential.session.is_empty() {
            return any;
        }
        let session = self.rules(&credential.session, Kind::Identity, seen);
        Decision::And(vec![any, Decision::Rules(session)])
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
        Decision::Rules(RuleSet { deny: denials.deny, ..everything() })
    }

    /// Who may do what with a resource: what its documents grant directly, what identities of the same account
    /// that they name may do anyway, and the account's administrator, all but what the documents deny.
    fn resource(&mut self, policy: &ResourcePolicy, seen: &mut Gathered) -> Decision {
        let account = self.rules(&policy.docs, Kind::Resource, seen);
        let root = Glob::literal(&format!("AWS:{}", self.account.root()));
        let mut direct = account.clone();
        own_root(&mut direct, self.account, &root);
        let deny = std::mem::take(&mut direct.deny);
        let mut any = vec![Decision::Rules(direct)];
        let administrator = Rule {
            lits: vec![Lit::of(Dim::Principal, false, vec![root], "the account's administrator")],
            origin: Origin::default(),
        };
        let mut same_account = vec![Decision::Rules(RuleSet { allow: vec![administrator], deny: Vec::new() })];
        same_account.extend(self.named_identities(&account, seen));
        let same_account = Decision::Or(same_account);
        // A key policy has to hand the decision to the account before identity policies count.
        any.push(match policy.explicit {
            true => Decision::And(vec![same_account, Decision::Rules(RuleSet { deny: Vec::new(), ..account })]),
            false => same_account,
        });
        let mut limits = RuleSet { deny, ..everything() };
        if let Some(row) = policy.restricted {
            seen.rows.insert(row);
            limits.deny.extend(self.restricted(&policy.docs));
        }
        Decision::And(vec![Decision::Or(any), Decision::Rules(limits)])
    }

    /// `RestrictPublicBuckets`: a bucket with a public policy is open to its own account and to services only.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
    fn restricted(&self, docs: &[DocUse]) -> Option<Rule> {
        let is_public = docs.iter().any(|used| match &used.doc {
            Doc::Read(document) => document.statements.iter().any(crate::access::aws::compile::is_open),
            Doc::Unread { .. } => true,
        });
        let mut inside = own_account(&self.account.id);
        inside.push(Glob::wildcard("Service:*", false));
        is_public.then(|| Rule {
            lits: vec![Lit::of(Dim::Principal, true, inside, "the public access block lets in the own account only")],
            origin: Origin::default(),
        })
    }

    /// Identities of the account that the documents' principals stand for: each with what it may do by itself.
    fn named_identities(&mut self, set: &RuleSet, seen: &mut Gathered) -> Vec<Decision> {
        let model = self.model;
        let mut all = Vec::new();
        for (key, identity) in &model.identities {
            let Some(arn) = identity.arn.as_deref().filter(|_| key.0 != IdentityKind::Group) else { continue };
            let who = Point { principal: format!("AWS:{arn}"), ..Point::default() };
            let named = set.allow.iter().chain(&set.deny).flat_map(|rule| &rule.lits).any(|lit| {
                lit.dim == Dim::Principal
                    && !lit.globs().iter().any(Glob::is_any)
                    && lit.globs().iter().any(|glob| glob.matches(&who.principal))
            });
            if named {
                let mut tree = self.identity(key, identity, false, seen);
                restrict(&mut tree, &Lit::of(Dim::Principal, false, vec![Glob::literal(&who.principal)], arn));
                all.push(tree);
            }
        }
        all
    }

    /// A role's trust policy must permit explicitly; what it gives to the own account is for identity policies to
    /// decide.
    fn trust(&mut self, role: &Identity, seen: &mut Gathered) -> Decision {
        seen.rows.extend(&role.rows);
        let docs: Vec<DocUse> = role.trust.iter().cloned().collect();
        let account = self.rules(&docs, Kind::Trust, seen);
        let mut direct = account.clone();
        // The root user of an account cannot assume roles.
        own_root(&mut direct, self.account, &Glob::literal("AWS:nobody"));
        let mut limits = RuleSet { deny: std::mem::take(&mut direct.deny), ..everything() };
        limits.deny.extend(self.audiences(&account, seen));
        let named = self.named_identities(&account, seen);
        let mut any = vec![Decision::Rules(direct)];
        if !named.is_empty() {
            let handed = Decision::Rules(RuleSet { deny: Vec::new(), ..account });
            any.push(Decision::And(vec![Decision::Or(named), handed]));
        }
        Decision::And(vec![Decision::Or(any), Decision::Rules(limits)])
    }

    /// A token is accepted only for a client id that its provider lists.
    fn audiences(&self, set: &RuleSet, seen: &mut Gathered) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (arn, (issuer, clients, row)) in &self.model.audiences {
            let principal = format!("Federated:{arn}");
            let trusted = set
                .allow
                .iter()
                .flat_map(|rule| &rule.lits)
                .any(|lit| lit.globs().iter().any(|g| g.matches(&principal)));
            if !trusted {
                continue;
            }
            seen.rows.insert(*row);
            let listed = Test::One {
                neg: true,
                absent_ok: true,
                set: Set::Globs(clients.iter().map(|client| Glob::literal(client)).collect()),
            };
            let key = format!("{}:aud", issuer.to_ascii_lowercase());
            let label = format!("the provider accepts tokens for {} only", clients.join(", "));
            let mut lits = vec![
                Lit::of(Dim::Principal, false, vec![Glob::literal(&principal)], "the provider"),
                Lit { dim: Dim::Key(key.as_str().into()), test: listed, label: label.as_str().into() },
            ];
            let unknown = clients.iter().filter(|client| !is_known_name(client));
            lits.extend(unknown.map(|client| Lit::opaque(&format!("what client id {client} is"), true)));
            rules.push(Rule { lits, origin: Origin::default() });
        }
        rules
    }
}

/// Everything is permitted.
pub(super) fn everything() -> RuleSet {
    RuleSet { allow: vec![Rule { lits: Vec::new(), origin: Origin::default() }], deny: Vec::new() }
}

/// Where a document grants to the own account, only the account's root user has the grant by itself; everybody else
/// needs an identity policy as well.
pub(super) fn own_root(set: &mut RuleSet, account: &Account, root: &Glob) {
    let own = own_account(&account.id);
    for lit in set.allow.iter_mut().flat_map(|rule| &mut rule.lits).filter(|lit| lit.dim == Dim::Principal) {
        if let Test::One { neg: false, set: Set::Globs(globs), .. } = &mut lit.test
            && own.iter().all(|glob| globs.contains(glob))
        {
            globs.retain(|glob| !own.contains(glob));
            globs.push(root.clone());
        }
    }
}

/// Adds a literal to every rule that permits.
fn restrict(tree: &mut Decision, to: &Lit) {
    match tree {
        // All have to permit, so one of them is enough.
        Decision::And(list) => {
            if let Some(first) = list.first_mut() {
                restrict(first, to);
            }
        }
        Decision::Or(list) => list.iter_mut().for_each(|one| restrict(one, to)),
        Decision::Not(_) => {}
        Decision::Rules(set) => set.allow.iter_mut().for_each(|rule| rule.lits.push(to.clone())),
    }
}

/// Context keys whose value follows from who asks.
fn known_keys(key: &IdentityKey, identity: &Identity, account: &Account) -> BTreeMap<Arc<str>, KeyValue> {
    let mut keys = BTreeMap::new();
    if !identity.shown {
        return keys;
    }
    for (tag, value) in &identity.tags {
        keys.insert(format!("aws:principaltag/{}", tag.to_ascii_lowercase()).into(), KeyValue::One(value.clone()));
    }
    // A name that is known only after apply decides nothing.
    if let Some(arn) = identity.arn.as_ref().filter(|arn| is_known_name(arn)) {
        keys.insert("aws:principalarn".into(), KeyValue::One(arn.clone()));
    }
    keys.insert("aws:principalaccount".into(), KeyValue::One(account.id.clone()));
    if key.0 == IdentityKind::User && is_known_name(&key.1) {
        keys.insert("aws:username".into(), KeyValue::One(key.1.clone()));
    }
    keys
}

/// Decides the literals about who asks: a rule with one that fails is gone, one that holds is left out. A tag that
/// the identity does not carry is absent.
pub(super) fn settle(set: &mut RuleSet, known: &BTreeMap<Arc<str>, KeyValue>) {
    if known.is_empty() {
        return;
    }
    let point = Point { keys: known.clone(), ..Point::default() };
    let about = |lit: &Lit| match &lit.dim {
        Dim::Key(key) => {
            (known.contains_key(key) || key.starts_with("aws:principaltag/"))
                && lit.globs().iter().all(|glob| !glob.has_symbols())
        }
        _ => false,
    };
    let decide = |rules: &mut Vec<Rule>| {
        rules.retain_mut(|rule| {
            let holds = rule.lits.iter().all(|lit| !about(lit) || lit.holds(&point));
            rule.lits.retain(|lit| !about(lit));
            holds
        });
    };
    decide(&mut set.allow);
    decide(&mut set.deny);
}
