//! Who may do what with a thing that carries a policy: a bucket, a key, a role by its trust.

use std::collections::BTreeSet;

use super::account::Account;
use super::collect::is_known_name;
use super::focus::{Gathered, Viewer, all_but};
use super::identity::Own;
use super::model::{Doc, DocUse, Identity, IdentityKey, IdentityKind, Model, ResourcePolicy};
use super::speaking::Spoken;
use crate::access::aws::parse::Kind;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};

/// The policy of a thing, and what counts beside it.
struct Carried<'d> {
    docs: &'d [DocUse],
    kind: Kind,
    /// The documents of both sides: whom either names.
    naming: Vec<DocUse>,
    /// Where nothing is permitted that the policy does not permit, not even inside the account: the prefix of the
    /// actions.
    explicit: Option<&'static str>,
    /// Whether the policy itself changes.
    changes: bool,
    /// The principal that stands for the account's administrator, who needs no identity policy.
    administrator: Option<Glob>,
    /// What is denied beyond the policy.
    deny: Vec<Rule>,
}

/// An identity of the account that a policy names.
struct Named {
    /// The principal is the identity.
    itself: Vec<Glob>,
    label: String,
    own: Own,
    role: bool,
}

impl Viewer<'_> {
    /// Who may do what with a resource: what its documents grant directly, what identities of the same account
    /// that they name may do anyway, and the account's administrator, all but what the documents deny.
    pub(super) fn resource(&mut self, key: &str, policy: &ResourcePolicy, seen: &mut Gathered) -> Decision {
        let on = |model: &Model| model.resources.get(key).map(|policy| policy.docs.clone()).unwrap_or_default();
        let naming: Vec<DocUse> = self.sides.iter().flat_map(|model| on(model)).collect();
        let changes = self.changed.resource(key, self.sides);
        let mut deny = Vec::new();
        if let Some(row) = policy.restricted {
            seen.rows.insert(row);
            deny.extend(self.restricted(&policy.docs));
        }
        let administrator = Some(Glob::literal(&format!("AWS:{}", self.account.root())));
        let (docs, explicit) = (policy.docs.as_slice(), policy.explicit.then(|| handed(key)));
        self.carried(Carried { docs, kind: Kind::Resource, naming, explicit, changes, administrator, deny }, seen)
    }

    /// A role's trust policy must permit explicitly; what it gives to the own account is for identity policies to
    /// decide. The root user of an account cannot assume roles.
    pub(super) fn trust(&mut self, key: &IdentityKey, role: &Identity, seen: &mut Gathered) -> Decision {
        let docs = role.trust.as_slice();
        let trusted = self.rules(docs, Kind::Trust, seen);
        let deny = self.audiences(&trusted, seen);
        let on = |model: &Model| model.identities.get(key).and_then(|role| role.trust.clone());
        let naming = self.sides.iter().filter_map(|model| on(model)).collect();
        let changes = self.changed.trust(key, self.sides);
        let explicit = Some("sts");
        self.carried(Carried { docs, kind: Kind::Trust, naming, explicit, changes, administrator: None, deny }, seen)
    }

    fn carried(&mut self, it: Carried<'_>, seen: &mut Gathered) -> Decision {
        let account = self.rules(it.docs, it.kind, seen);
        let named = self.named_identities(&it, seen);
        let mut direct = account.clone();
        // The root user assumes no role: there the account's other administrators stand for it.
        let other = || Glob::literal(&format!("AWS:{}", self.account.administrator()));
        let root = it.administrator.clone().unwrap_or_else(other);
        own_root(&mut direct, self.account, &root);
        let mut deny = it.deny;
        deny.append(&mut direct.deny);
        let (open, specific): (Vec<Rule>, Vec<Rule>) = direct.allow.into_iter().partition(is_open);
        let [open, specific, handed] = [open, specific, account.allow].map(|rules| as_seen_by(&named, rules));
        deny = as_seen_by(&named, deny);
        let rules = |allow| Decision::Rules(RuleSet { allow, deny: Vec::new() });
        // A grant to a role leaves the role's boundary standing, one to a user or to everyone does not.
        let mut by_name = vec![rules(specific)];
        let mut same_account = Vec::new();
        if it.administrator.is_some() {
            let lits = vec![Lit::of(Dim::Principal, false, vec![root], "the account's administrator")];
            same_account.push(rules(vec![Rule { lits, origin: Origin::default() }]));
        }
        for one in &named {
            by_name.extend(one.cap());
            deny.extend(one.own.denials().map(|rule| one.limited(rule)));
            let mut alone = one.own.alone();
            restrict(&mut alone, &one.is(false));
            same_account.push(alone);
        }
        let mut any = vec![rules(open), Decision::And(by_name)];
        // A key policy has to hand the decision to the account before identity policies count.
        any.push(match it.explicit.is_some() {
            true => Decision::And(vec![Decision::Or(same_account), rules(handed)]),
            false => Decision::Or(same_account),
        });
        Decision::And(vec![Decision::Or(any), all_but(deny)])
    }

    /// `RestrictPublicBuckets`: a bucket with a public policy is open to its own account and to services only.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
    fn restricted(&self, docs: &[DocUse]) -> Option<Rule> {
        let is_public = docs.iter().any(|used| match &used.doc {
            Doc::Read(document) => document.statements.iter().any(crate::access::aws::compile::is_open),
            Doc::Unread { .. } => true,
        });
        let mut inside = self.account.own.clone();
        inside.push(Glob::wildcard("Service:*", false));
        is_public.then(|| Rule {
            lits: vec![Lit::of(Dim::Principal, true, inside, "the public access block lets in the own account only")],
            origin: Origin::default(),
        })
    }

    /// Identities of the account that the documents' principals stand for.
    fn named_identities(&mut self, it: &Carried<'_>, seen: &mut Gathered) -> Vec<Named> {
        let set = self.rules(&it.naming, it.kind, &mut Gathered::default());
        let model = self.model;
        // What the whole account is given or denied, its administrator is too; only where identity policies count
        // after the account is named does it matter who has which.
        let telling = |glob: &&Glob| it.explicit.is_some() || !self.account.own.contains(glob);
        let spoken = Spoken::of(it.naming.iter(), &self.account.id);
        let named = spoken.names.iter().filter_map(|arn| model.by_arn.get(*arn)).flatten();
        let handed = it.explicit.filter(|_| spoken.account).into_iter();
        let handed = handed.flat_map(|service| self.changed.acting(service, it.changes));
        let candidates: BTreeSet<&IdentityKey> = named.chain(handed).collect();
        let mut all = Vec::new();
        for key in candidates {
            let Some(identity) = model.identities.get(key) else { continue };
            let Some(arn) = identity.arn.as_deref().filter(|_| key.0 != IdentityKind::Group) else { continue };
            let who = Point { principal: format!("AWS:{arn}"), ..Point::default() };
            let named = set.allow.iter().chain(&set.deny).flat_map(|rule| &rule.lits).any(|lit| {
                lit.dim == Dim::Principal
                    && !lit.globs().iter().any(Glob::is_any)
                    && lit.globs().iter().filter(telling).any(|glob| glob.matches(&who.principal))
            });
            if named {
                let mut itself = vec![Glob::literal(&who.principal)];
                if key.0 == IdentityKind::Role {
                    itself.push(sessions(self.account, &key.1));
                }
                let own = self.own(key, identity, seen);
                all.push(Named { itself, label: arn.to_owned(), own, role: key.0 == IdentityKind::Role });
            }
        }
        all
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

impl Named {
    /// The principal is the identity, or with `not`, is another.
    fn is(&self, not: bool) -> Lit {
        Lit::of(Dim::Principal, not, self.itself.clone(), &self.label)
    }

    /// The rule, for this identity alone.
    fn limited(&self, rule: &Rule) -> Rule {
        let lits = rule.lits.iter().cloned().chain([self.is(false)]).collect();
        Rule { lits, origin: rule.origin.clone() }
    }

    /// Anybody else, or the role within its boundary.
    fn cap(&self) -> Option<Decision> {
        let boundary = self.own.boundary().filter(|_| self.role)?;
        let mut allow: Vec<Rule> = boundary.allow.iter().map(|rule| self.limited(rule)).collect();
        allow.push(Rule { lits: vec![self.is(true)], origin: Origin::default() });
        Some(Decision::Rules(RuleSet { allow, deny: Vec::new() }))
    }
}

/// The prefix of the actions that the policy of a resource hands to identity policies.
pub(super) fn handed(key: &str) -> &'static str {
    if key.starts_with("eks ") { "kubernetes" } else { "kms" }
}

/// The rules as they are for each of the identities, and for everybody else.
fn as_seen_by(named: &[Named], rules: Vec<Rule>) -> Vec<Rule> {
    let mut all = Vec::new();
    for mut rule in rules {
        let seen: Vec<_> = named.iter().filter_map(|one| Some((one, one.own.settled(&rule)?))).collect();
        for (one, settled) in seen {
            all.extend(settled.map(|rule| one.limited(&rule)));
            rule.lits.push(one.is(true));
        }
        all.push(rule);
    }
    all
}

/// The sessions of a role.
fn sessions(account: &Account, role: &str) -> Glob {
    Glob::wildcard(&format!("AWS:arn:{}:sts::{}:assumed-role/{role}/*", account.partition, account.id), false)
}

/// Whether the rule names everyone.
pub(super) fn is_open(rule: &Rule) -> bool {
    let mut principals = rule.lits.iter().filter(|lit| lit.dim == Dim::Principal);
    principals.all(|lit| lit.globs().iter().any(Glob::is_any) != matches!(lit.test, Test::One { neg: true, .. }))
}

/// Where a document grants to the own account, only the account's root user has the grant by itself; everybody else
/// needs an identity policy as well.
pub(super) fn own_root(set: &mut RuleSet, account: &Account, root: &Glob) {
    let own = &account.own;
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
