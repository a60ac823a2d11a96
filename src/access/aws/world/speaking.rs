//! Which policies of resources and trusts may speak of an identity, found without reading what they say of it.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Doc, IdentityKey, IdentityKind, Model};
use crate::access::aws::document::{Effect, Item, PrincipalKind, Principals, Statement, Text};

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
    of_anyone: BTreeSet<Carrier>,
}

impl Speaking {
    /// Of a side whose policies are all collected.
    pub(super) fn of(model: &Model) -> Self {
        let mut this = Self::default();
        for (key, policy) in &model.resources {
            for used in &policy.docs {
                this.add(&Carrier::Resource(key.clone()), &used.doc);
            }
        }
        for (key, identity) in &model.identities {
            if let Some(used) = &identity.trust {
                this.add(&Carrier::Trust(key.clone()), &used.doc);
            }
        }
        this
    }

    /// Carriers that may speak of the identity with this ARN.
    pub(super) fn about(&self, arn: &str) -> impl Iterator<Item = &Carrier> {
        let named = self.by_name.get(arn).into_iter().flatten();
        named.chain(&self.of_anyone).collect::<BTreeSet<_>>().into_iter()
    }

    fn add(&mut self, carrier: &Carrier, doc: &Doc) {
        let Doc::Read(document) = doc else { return };
        for statement in &document.statements {
            match named(statement) {
                Some(names) => {
                    for name in names {
                        self.by_name.entry(name).or_default().insert(carrier.clone());
                    }
                }
                None => {
                    self.of_anyone.insert(carrier.clone());
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
    /// Whether one of the rows bears on what the identity may do.
    pub(super) fn bears_on(&self, key: &IdentityKey, row: &dyn Fn(&usize) -> bool) -> bool {
        let Some(identity) = self.identities.get(key) else { return false };
        let groups = identity.groups.iter().filter_map(|(group, _)| {
            self.identities.get(&(IdentityKind::Group, group.clone())).map(|group| &group.docs)
        });
        let own = [&identity.docs, &identity.boundary].into_iter().chain(groups);
        if identity.rows.iter().any(row)
            || identity.groups.iter().any(|(_, at)| row(at))
            || own.flatten().any(|used| used.rows.iter().any(row))
        {
            return true;
        }
        let arn = identity.arn.as_deref().unwrap_or_default();
        self.speaking.about(arn).any(|carrier| match carrier {
            Carrier::Resource(of) => {
                self.resources.get(of).is_some_and(|policy| policy.docs.iter().any(|used| used.rows.iter().any(row)))
            }
            Carrier::Trust(of) => {
                self.identities.get(of).is_some_and(|role| role.trust.iter().any(|used| used.rows.iter().any(row)))
            }
        })
    }
}
