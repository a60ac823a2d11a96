//! Which policies of resources and trusts may speak of an identity, found without reading what they say of it.

use std::collections::{BTreeMap, BTreeSet};

use super::changed::Changed;
use super::model::{Doc, DocUse, IdentityKey, Model};
use super::span::{ByArn, Span, services};
use crate::access::aws::document::{Effect, Item, PrincipalKind, Principals, Statement, Text, Version};

/// Something that carries a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Carrier {
    /// A resource, by its key.
    Resource(String),
    /// A role, by its trust.
    Trust(IdentityKey),
}

/// Carriers by whom their policies name.
#[derive(Clone, Debug, Default)]
pub(super) struct Speaking {
    by_name: BTreeMap<String, BTreeSet<Carrier>>,
    of_anyone: ByArn<Carrier>,
}

impl Speaking {
    /// Of a side whose policies are all collected.
    pub(super) fn of(model: &Model) -> Self {
        let mut this = Self::default();
        for (key, policy) in &model.resources {
            for used in &policy.docs {
                this.add(&Carrier::Resource(key.clone()), &used.doc, &policy.arns);
            }
        }
        for (key, identity) in &model.identities {
            if let Some(used) = &identity.trust {
                this.add(&Carrier::Trust(key.clone()), &used.doc, identity.arn.as_slice());
            }
        }
        this
    }

    /// Carriers that speak of the identity with this ARN by name.
    pub(super) fn named(&self, arn: &str) -> impl Iterator<Item = &Carrier> {
        self.by_name.get(arn).into_iter().flatten()
    }

    /// Carriers that may speak of anyone.
    pub(super) fn of_anyone(&self) -> &ByArn<Carrier> {
        &self.of_anyone
    }

    fn add(&mut self, carrier: &Carrier, doc: &Doc, arns: &[String]) {
        let Doc::Read(document) = doc else { return };
        for statement in &document.statements {
            match named(statement) {
                Some(names) => {
                    for name in names {
                        self.by_name.entry(name).or_default().insert(carrier.clone());
                    }
                }
                None => {
                    for service in services(statement) {
                        self.of_anyone.add(service, arns, carrier);
                    }
                }
            }
        }
    }
}

/// The identities that a statement names; `None` where it may speak of any.
fn named(statement: &Statement) -> Option<Vec<String>> {
    let clause = statement.principal.as_ref()?;
    let Principals::Listed(entries) = &clause.set else { return None };
    if clause.negated {
        return None;
    }
    let mut names = Vec::new();
    for item in entries.iter().filter(|entry| entry.kind == PrincipalKind::Aws).flat_map(|entry| &entry.ids.items) {
        let Item::One(Text::Known(id)) = item else { return None };
        let is_account = id.ends_with(":root") || (id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
        match (id.as_str(), is_account) {
            ("*", _) => return None,
            // What an account is given its identity policies decide; what it is denied everyone in it is.
            (_, true) if statement.effect == Effect::Allow => {}
            (_, true) => return None,
            _ => names.push(id.clone()),
        }
    }
    Some(names)
}

impl Model {
    /// The documents of a carrier.
    pub(super) fn carried(&self, carrier: &Carrier) -> impl Iterator<Item = &DocUse> {
        let (policy, role) = match carrier {
            Carrier::Resource(of) => (self.resources.get(of), None),
            Carrier::Trust(of) => (None, self.identities.get(of)),
        };
        policy.into_iter().flat_map(|policy| &policy.docs).chain(role.into_iter().flat_map(|role| &role.trust))
    }

    /// What the policies of a carrier say that may be about anyone, wherever in them it stands.
    pub(super) fn said_of_anyone(&self, carrier: &Carrier) -> Vec<(Option<Version>, Statement)> {
        let read = self.carried(carrier).filter_map(|used| match &used.doc {
            Doc::Read(document) => Some(document),
            Doc::Unread { .. } => None,
        });
        let statements = read.flat_map(|document| document.statements.iter().map(|one| (document.version, one)));
        let of_anyone = statements.filter(|(_, statement)| named(statement).is_none());
        of_anyone.map(|(version, statement)| (version, Statement { index: 0, ..statement.clone() })).collect()
    }

    /// The ARNs of a carrier, as far as they are known.
    pub(super) fn arns_of(&self, carrier: &Carrier) -> Vec<String> {
        match carrier {
            Carrier::Resource(of) => self.resources.get(of).map(|policy| policy.arns.clone()).unwrap_or_default(),
            Carrier::Trust(of) => self.identities.get(of).and_then(|role| role.arn.clone()).into_iter().collect(),
        }
    }

    /// Whether a change bears on what the identity may do.
    pub(super) fn bears_on(&self, key: &IdentityKey, changed: &Changed, span: &Span) -> bool {
        let arn = self.identities.get(key).and_then(|identity| identity.arn.as_deref()).unwrap_or_default();
        let named = || self.speaking.named(arn);
        changed.identity(key)
            || (self.identities.contains_key(key) && changed.of_anyone(span))
            || named().any(|carrier| self.carried(carrier).any(|used| changed.uses(used)))
    }
}

/// Whom the policies of a carrier speak of.
#[derive(Default)]
pub(super) struct Spoken<'d> {
    /// By name.
    pub(super) names: BTreeSet<&'d str>,
    /// The own account as a whole.
    pub(super) account: bool,
}

impl<'d> Spoken<'d> {
    /// Of these documents; `account` is the own one.
    pub(super) fn of(docs: impl Iterator<Item = &'d DocUse>, account: &str) -> Self {
        let mut this = Self::default();
        for used in docs {
            let Doc::Read(document) = &used.doc else { continue };
            let clauses = document.statements.iter().filter_map(|statement| statement.principal.as_ref());
            for clause in clauses {
                let Principals::Listed(entries) = &clause.set else { continue };
                let ids = entries.iter().filter(|entry| entry.kind == PrincipalKind::Aws);
                for id in ids.flat_map(|entry| entry.ids.known_items()) {
                    this.names.insert(id);
                    this.account |= id == account || id.ends_with(&format!(":{account}:root"));
                }
            }
        }
        this
    }
}
