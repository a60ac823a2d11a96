//! What an identity, or whoever holds a credential of it, may do.

use std::collections::{BTreeMap, BTreeSet};

use super::account::Account;
use super::carrier;
use super::collect::is_known_name;
use super::focus::{Gathered, Viewer, all_but};
use super::model::{Credential, Doc, Identity, IdentityKey, IdentityKind};
use super::speaking::Carrier;
use crate::access::aws::parse::Kind;
use crate::access::literal::{Dim, Lit};
use crate::access::point::{KeyValue, Point};
use crate::access::rule::{Decision, Origin, Rule, RuleSet};

/// What the context keys of tags begin with.
pub(super) const TAG: &str = "aws:principaltag/";

/// The policies of an identity itself: its own and its groups', and its boundary.
pub(super) struct Own {
    policies: RuleSet,
    boundary: Option<RuleSet>,
    /// Context keys whose value follows from who it is.
    known: Known,
}

/// A request of which nothing is said but who makes it; `None` where nothing is known about that either.
type Known = Option<Point>;

impl Own {
    /// What it may do by itself.
    pub(super) fn alone(&self) -> Decision {
        self.capped(Decision::Rules(self.policies.clone()))
    }

    /// Grants that the boundary limits.
    pub(super) fn capped(&self, grants: Decision) -> Decision {
        match &self.boundary {
            Some(boundary) => Decision::And(vec![grants, Decision::Rules(boundary.clone())]),
            None => grants,
        }
    }

    /// What it is denied, whoever grants it.
    pub(super) fn denials(&self) -> impl Iterator<Item = &Rule> {
        self.policies.deny.iter().chain(self.boundary.iter().flat_map(|boundary| &boundary.deny))
    }

    /// A rule as it is for the identity, whose tags and name decide conditions; `None` where they decide nothing, and
    /// `Some(None)` where it does not hold.
    pub(super) fn settled(&self, rule: &Rule) -> Option<Option<Rule>> {
        let mut seen = rule.clone();
        let holds = settled(&mut seen, &self.known);
        (!holds || seen.lits.len() != rule.lits.len()).then(|| holds.then_some(seen))
    }

    /// What the boundary permits; `None` without one.
    pub(super) fn boundary(&self) -> Option<&RuleSet> {
        self.boundary.as_ref()
    }
}

/// What resource policies say about an identity.
#[derive(Default)]
struct Granted {
    /// Grants to itself or to everyone: neither boundary nor session policy limits them.
    direct: Vec<Rule>,
    /// Grants to it as a role.
    by_role: Vec<Rule>,
    deny: Vec<Rule>,
    /// What each resource says that must permit explicitly. What it denies takes from what it grants, and from nothing
    /// else: beyond its grants nothing is permitted there, which its own view tells.
    explicit: Vec<Granted>,
}

impl Granted {
    fn is_empty(&self) -> bool {
        self.direct.is_empty() && self.by_role.is_empty() && self.deny.is_empty() && self.explicit.is_empty()
    }
}

impl Viewer<'_> {
    /// The identity's own policies, with those of groups, and its boundary.
    pub(super) fn own(&mut self, key: &IdentityKey, identity: &Identity, seen: &mut Gathered) -> Own {
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
        let mut policies = self.rules(&docs, Kind::Identity, seen);
        settle(&mut policies, &known);
        let boundary = (!identity.boundary.is_empty()).then(|| {
            let mut boundary = self.rules(&identity.boundary, Kind::Identity, seen);
            settle(&mut boundary, &known);
            boundary
        });
        Own { policies, boundary, known }
    }

    /// What the identity may do by itself, and what resource policies of the plan give to it directly, so that a
    /// grant that moves from one to the other is not new; without what either denies.
    pub(super) fn identity(&mut self, key: &IdentityKey, identity: &Identity, seen: &mut Gathered) -> Decision {
        let own = self.own(key, identity, seen);
        let Some(arn) = identity.arn.as_deref() else { return own.alone() };
        let granted = self.granted_to(key, arn, &own.known, seen);
        if granted.is_empty() {
            return own.alone();
        }
        let rules = |allow| Decision::Rules(RuleSet { allow, deny: Vec::new() });
        let mut any = vec![own.alone(), rules(granted.direct), own.capped(rules(granted.by_role))];
        any.extend(granted.explicit.into_iter().map(|one| {
            let grants = Decision::Or(vec![rules(one.direct), own.capped(rules(one.by_role))]);
            Decision::And(vec![grants, all_but(one.deny)])
        }));
        let any = Decision::Or(any);
        let denied = own.denials().cloned().chain(granted.deny).collect();
        Decision::And(vec![any, all_but(denied)])
    }

    /// What the resource policies of the plan grant and deny to a principal by name.
    fn granted_to(&mut self, key: &IdentityKey, arn: &str, known: &Known, seen: &mut Gathered) -> Granted {
        let who = Point { principal: format!("AWS:{arn}"), ..Point::default() };
        let mut all = Granted::default();
        let mut unseen = Gathered::default();
        let model = self.model;
        let spans = self.memo.spans(key, self.sides);
        // Of requests beyond what changes of the identity and of policies that speak of anyone, both sides say the same.
        let mut about: BTreeSet<&Carrier> = self.changed.beside(&spans.whole).collect();
        let own = if self.whole { &spans.whole } else { &spans.changing };
        about.extend(model.speaking.of_anyone().within(own));
        // Who is named on one side may be one of everyone on the other.
        about.extend(self.sides.into_iter().flat_map(|side| side.speaking.named(arn)));
        for speaking in about {
            // Whatever pattern a statement names, it is about the resource that carries it.
            let (docs, kind, itself, explicit) = match speaking {
                Carrier::Resource(of) => match model.resources.get(of) {
                    Some(it) => (it.docs.as_slice(), Kind::Resource, it.itself.of(&it.arns), it.explicit),
                    None => continue,
                },
                Carrier::Trust(of) => match model.identities.get(of) {
                    Some(it) => (it.trust.as_slice(), Kind::Trust, it.itself.of(it.arn.as_slice()), true),
                    None => continue,
                },
            };
            let mine = |rule: &Rule| {
                let mut about = rule.lits.iter();
                if about.any(|lit| lit.dim_is_opaque() || (lit.dim == Dim::Principal && !lit.holds(&who))) {
                    return None;
                }
                let rest = rule.lits.iter().filter(|lit| lit.dim != Dim::Principal).cloned();
                let mut mine = Rule { lits: rest.collect(), origin: rule.origin.clone() };
                settled(&mut mine, known).then(|| {
                    mine.lits.extend(itself.cloned());
                    mine
                })
            };
            let mut one = Granted::default();
            for used in docs {
                unseen.rows.extend(&used.rows);
                // What is not known is no grant by name.
                let Doc::Read(document) = &used.doc else { continue };
                unseen.docs.push(used.clone());
                let made = self.memo.compiled(document, kind, (&used.address, &used.path), self.readings);
                self.contested.merge(made.contested);
                let rules = made.rooted(self.account);
                for rule in &rules.allow {
                    // What names everyone names the identity itself; what names a role leaves its boundary standing.
                    let open = key.0 != IdentityKind::Role || carrier::is_open(rule);
                    if open { &mut one.direct } else { &mut one.by_role }.extend(mine(rule));
                }
                // A denial on a resource of which no ARN is known could stand for any, and would hide what is granted.
                if itself.is_some() {
                    one.deny.extend(rules.deny.iter().filter_map(mine));
                }
            }
            if explicit {
                // Without a grant there is nothing that a denial could take.
                all.explicit.extend(Some(one).filter(|one| !one.direct.is_empty() || !one.by_role.is_empty()));
            } else {
                all.direct.append(&mut one.direct);
                all.by_role.append(&mut one.by_role);
                all.deny.append(&mut one.deny);
            }
        }
        if !all.is_empty() {
            seen.rows.extend(unseen.rows);
            seen.docs.extend(unseen.docs);
        }
        all
    }

    pub(super) fn credential(&mut self, credential: &Credential, seen: &mut Gathered) -> Decision {
        seen.rows.extend(&credential.rows);
        seen.unknown.extend(credential.unknown.iter().map(|reason| (reason.clone(), credential.rows.clone())));
        if !credential.active {
            return Decision::nothing();
        }
        let mut of = Vec::new();
        for key in &credential.of {
            if let Some(identity) = self.model.identities.get(key) {
                of.push(self.identity(key, identity, seen));
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
}

/// Context keys whose value follows from who asks.
fn known_keys(key: &IdentityKey, identity: &Identity, account: &Account) -> Known {
    if !identity.shown {
        return None;
    }
    let mut keys = BTreeMap::new();
    for (tag, value) in &identity.tags {
        keys.insert(format!("{TAG}{}", tag.to_ascii_lowercase()).into(), KeyValue::One(value.clone()));
    }
    // A name that is known only after apply decides nothing.
    if let Some(arn) = identity.arn.as_ref().filter(|arn| is_known_name(arn)) {
        keys.insert("aws:principalarn".into(), KeyValue::One(arn.clone()));
    }
    keys.insert("aws:principalaccount".into(), KeyValue::One(account.id.clone()));
    if key.0 == IdentityKind::User && is_known_name(&key.1) {
        keys.insert("aws:username".into(), KeyValue::One(key.1.clone()));
    }
    Some(Point { keys, ..Point::default() })
}

/// Decides the literals about who asks: a rule with one that fails is gone, one that holds is left out. A tag that
/// the identity does not carry is absent.
fn settle(set: &mut RuleSet, known: &Known) {
    set.allow.retain_mut(|rule| settled(rule, known));
    set.deny.retain_mut(|rule| settled(rule, known));
}

/// Decides the literals of one rule about who asks, and takes them away: `false` where one fails.
fn settled(rule: &mut Rule, known: &Known) -> bool {
    let Some(point) = known else { return true };
    let about = |lit: &Lit| match &lit.dim {
        Dim::Key(key) => {
            (point.keys.contains_key(key) || key.starts_with(TAG)) && lit.globs().iter().all(|glob| !glob.has_symbols())
        }
        _ => false,
    };
    let mut holds = true;
    rule.lits.retain(|lit| {
        let decided = about(lit);
        holds &= !decided || lit.holds(point);
        !decided
    });
    holds
}
