//! What a plan changes of a world, found without building anybody's tree: the rows, the identities whose own policies
//! they are, and who could make use of a policy that hands a decision to the whole account.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::collect::is_known_name;
use super::model::{Doc, DocUse, IdentityKey, IdentityKind, Model, Place, ResourcePolicy};
use super::span::{ByArn, Span, services};
use super::speaking::{Carrier, Spoken};
use crate::access::aws::document::{Document, Effect, Statement};
use crate::access::glob::Glob;
use crate::access::worlds::Row;

/// Services whose resource policies hand decisions to identity policies, with the prefix of their actions.
const HANDED: [&str; 3] = ["sts", "kms", "kubernetes"];

/// What differs between the sides of a plan.
#[derive(Debug, Default)]
pub(super) struct Changed {
    rows: Vec<bool>,
    /// Identities whose own policies, groups or boundary change.
    identities: BTreeSet<IdentityKey>,
    /// Identities that have a grant for actions of a service, on some side.
    acting: BTreeMap<&'static str, BTreeSet<IdentityKey>>,
    /// Identities that conditions of others may see otherwise than before: by their tags, or their ARN.
    appearing: BTreeSet<IdentityKey>,
    /// Policies that change and may speak of anyone.
    of_anyone: ByArn<Carrier>,
    /// These, and those that may stand on the same resources.
    beside: ByArn<Carrier>,
    /// The resources whose policies a changed row is part of.
    policies: HashMap<usize, BTreeSet<String>>,
    /// Changed rows of boundaries, and of identities that are not in the state on both sides.
    shapes: HashSet<usize>,
    /// Where documents stand that are in force on one side only although nobody says whose they are.
    pub(super) unsteady: BTreeSet<Place>,
    /// Whether the clients of an identity provider change.
    audiences: bool,
}

impl Changed {
    /// What the rows change of the models.
    pub(super) fn of(rows: &[Row], sides: [&Model; 2]) -> Self {
        let mut this =
            Self { rows: rows.iter().map(|row| row.change.is_some() && row.differs()).collect(), ..Self::default() };
        for model in sides {
            for (key, identity) in &model.identities {
                let is_shown = |model: &Model| model.identities.get(key).is_some_and(|identity| identity.shown);
                let boundary = identity.boundary.iter().flat_map(|used| &used.rows);
                let appears = identity.rows.iter().filter(|_| !sides.into_iter().all(is_shown));
                let rows = boundary.chain(appears).copied().filter(|at| this.rows.get(*at) == Some(&true));
                this.shapes.extend(rows);
                if model.is_own_changed(key, &|at| this.row(*at)) {
                    this.identities.insert(key.clone());
                    if appears_otherwise(key, sides) {
                        this.appearing.insert(key.clone());
                    }
                }
                for service in HANDED.into_iter().filter(|service| model.may_act(key, service)) {
                    this.acting.entry(service).or_default().insert(key.clone());
                }
            }
            for (key, policy) in &model.resources {
                let rows =
                    policy.docs.iter().flat_map(|used| &used.rows).filter(|at| this.rows.get(**at) == Some(&true));
                for at in rows {
                    this.policies.entry(*at).or_default().insert(key.clone());
                }
            }
            this.audiences |= model.audiences.values().any(|(_, _, row)| this.row(*row));
        }
        let [before, after] = sides;
        this.unsteady = before.mirrored.symmetric_difference(&after.mirrored).cloned().collect();
        this.policies(sides);
        this
    }

    /// Finds the policies that change and may speak of anyone.
    fn policies(&mut self, sides: [&Model; 2]) {
        // Who is named otherwise than before is found by name.
        let differs = |carrier: &Carrier| {
            let [before, after] = sides.map(|model| (model.arns_of(carrier), model.said_of_anyone(carrier)));
            before != after
        };
        let changes =
            |model: &Model, carrier: &Carrier| model.carried(carrier).any(|used| self.uses(used)) && differs(carrier);
        let of = sides.map(|model| {
            let all: BTreeSet<&Carrier> = model.speaking.of_anyone().each().collect();
            all.into_iter().filter(|carrier| changes(model, carrier)).cloned().collect::<BTreeSet<Carrier>>()
        });
        let mut beside: BTreeSet<Carrier> = of.iter().flatten().cloned().collect();
        for (model, changing) in sides.into_iter().zip(&of) {
            let arns: BTreeSet<Vec<String>> = changing.iter().map(|carrier| model.arns_of(carrier)).collect();
            for other in sides.into_iter().map(|side| side.speaking.of_anyone()) {
                beside.extend(arns.iter().flat_map(|arns| other.beside(arns)).cloned());
            }
        }
        for (model, changing) in sides.into_iter().zip(&of) {
            self.of_anyone.add_of(model.speaking.of_anyone(), &|carrier| changing.contains(carrier));
            self.beside.add_of(model.speaking.of_anyone(), &|carrier| beside.contains(carrier));
        }
    }

    /// Whether a row changes.
    pub(super) fn row(&self, at: usize) -> bool {
        self.rows.get(at).copied().unwrap_or(false)
    }

    /// Whether a row changes that brings a document into force.
    pub(super) fn uses(&self, used: &DocUse) -> bool {
        used.rows.iter().any(|at| self.row(*at))
    }

    /// Whether a row is part of the policies of other resources only than this one.
    pub(super) fn stands_elsewhere(&self, at: usize, resource: &str, sides: [&Model; 2]) -> bool {
        let is_about = |arn: &str| {
            let start = arn.split(['*', '?']).next().unwrap_or_default();
            resource.starts_with(start) && Glob::wildcard(arn, false).matches(resource)
        };
        let elsewhere = |policy: &ResourcePolicy| {
            !policy.arns.is_empty() && policy.arns.iter().all(|arn| is_known_name(arn) && !is_about(arn))
        };
        self.policies.get(&at).is_some_and(|keys| {
            let mut policies = keys.iter().flat_map(|key| sides.map(|model| model.resources.get(key))).flatten();
            policies.all(elsewhere)
        })
    }

    /// The resources whose policies a changed row is part of.
    pub(super) fn policies_of(&self, at: usize) -> impl Iterator<Item = &String> {
        self.policies.get(&at).into_iter().flatten()
    }

    /// Whether a changed row does more to identities than to put policies of theirs into force.
    pub(super) fn shapes(&self, at: usize) -> bool {
        self.shapes.contains(&at)
    }

    /// Whether an identity's own policies change.
    pub(super) fn identity(&self, key: &IdentityKey) -> bool {
        self.identities.contains(key)
    }

    /// Whether the policy of a resource changes.
    pub(super) fn resource(&self, key: &str, sides: [&Model; 2]) -> bool {
        let policies = sides.into_iter().filter_map(|model| model.resources.get(key));
        policies.into_iter().any(|policy| {
            policy.docs.iter().any(|used| self.uses(used)) || policy.restricted.is_some_and(|at| self.row(at))
        })
    }

    /// Whether the trust of a role changes.
    pub(super) fn trust(&self, key: &IdentityKey, sides: [&Model; 2]) -> bool {
        let roles = sides.into_iter().filter_map(|model| model.identities.get(key));
        self.audiences || roles.into_iter().flat_map(|role| &role.trust).any(|used| self.uses(used))
    }

    /// Whether a change bears on who may use what carries these documents: on somebody whom they name, or, where they
    /// hand the decision to the whole account, on how somebody who may act appears to their conditions. What else changes
    /// of who may act is new by policies of its own, and is told there.
    pub(super) fn named<'d>(
        &self,
        docs: impl Iterator<Item = &'d DocUse>,
        account: &str,
        handed: Option<&str>,
        sides: [&Model; 2],
    ) -> bool {
        let spoken = Spoken::of(docs, account);
        let known = |arn: &&str| {
            let keys = sides.into_iter().filter_map(|model| model.by_arn.get(*arn)).flatten();
            keys.into_iter().any(|key| self.identity(key))
        };
        spoken.names.iter().any(known)
            || handed.is_some_and(|service| spoken.account && self.acting(service, false).next().is_some())
    }

    /// Whether a policy changes that may speak of anyone, about a request of the span.
    pub(super) fn of_anyone(&self, span: &Span) -> bool {
        self.of_anyone.meets(span)
    }

    /// The policies that may speak of anyone about a request of the span where one of them changes: beside an identity
    /// that does not change itself, all others say the same of the same requests before and after.
    pub(super) fn beside<'s>(&'s self, span: &'s Span) -> impl Iterator<Item = &'s Carrier> {
        self.beside.within(span)
    }

    /// Identities that have a grant for actions of a service; only those that appear otherwise than before, if the policy
    /// that hands the decision to them does not change.
    pub(super) fn acting<'c>(&'c self, service: &str, all: bool) -> impl Iterator<Item = &'c IdentityKey> {
        let acting = self.acting.get(service).into_iter().flatten();
        acting.filter(move |key| all || self.appearing.contains(*key))
    }
}

/// Whether an identity of both sides has another ARN or other tags than before.
pub(super) fn appears_otherwise(key: &IdentityKey, sides: [&Model; 2]) -> bool {
    let appearance = sides.map(|model| model.identities.get(key).map(|it| (&it.arn, it.shown, &it.tags)));
    matches!(appearance, [Some(before), Some(after)] if before != after)
}

impl Model {
    /// Whether a row bears on what an identity may do by itself.
    pub(super) fn is_own_changed(&self, key: &IdentityKey, row: &dyn Fn(&usize) -> bool) -> bool {
        let Some(identity) = self.identities.get(key) else { return false };
        identity.rows.iter().any(row)
            || identity.groups.iter().any(|(_, at)| row(at))
            || identity.boundary.iter().chain(self.docs_of(key)).any(|used| used.rows.iter().any(row))
    }

    /// The policies of an identity and of its groups.
    pub(super) fn docs_of(&self, key: &IdentityKey) -> impl Iterator<Item = &DocUse> {
        let identity = self.identities.get(key);
        let groups = identity.into_iter().flat_map(|identity| &identity.groups);
        let groups = groups.filter_map(|(group, _)| self.identities.get(&(IdentityKind::Group, group.clone())));
        identity.into_iter().chain(groups).flat_map(|identity| &identity.docs)
    }

    /// Whether some policy of an identity may permit an action of the service.
    fn may_act(&self, key: &IdentityKey, service: &str) -> bool {
        self.docs_of(key).any(|used| match &used.doc {
            Doc::Read(document) => permits_in(document, service),
            Doc::Unread { .. } => true,
        })
    }
}

/// Whether a statement may be about actions of a service.
fn names(statement: &Statement, service: &str) -> bool {
    services(statement).iter().any(|named| named.as_deref().is_none_or(|named| named == service))
}

/// Whether a document has a statement that may permit an action of the service.
fn permits_in(document: &Document, service: &str) -> bool {
    !document.unknown_statements.is_empty()
        || document
            .statements
            .iter()
            .filter(|statement| statement.effect != Effect::Deny)
            .any(|statement| names(statement, service))
}
