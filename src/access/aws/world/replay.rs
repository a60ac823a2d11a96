//! Witnesses of worlds through the independent evaluator: the request with all policies that bear on it, on both
//! sides.
//!
//! The evaluator shares no code with the trees of [`super::focus`] but the documents, so it contradicts a mistake in
//! how they are combined.

use std::sync::{Arc, LazyLock};

use super::World;
use super::account::Account;
use super::focus::Focus;
use super::identity::TAG;
use super::model::{Doc, DocUse, Identity, IdentityKey, IdentityKind, Model, ResourcePolicy};
use crate::access::aws::compile::Readings;
use crate::access::aws::document::Document;
use crate::access::aws::evaluate::{
    ContextValue, Layer, Outcome, Policies, Principal, Reading, Request, ResourcePolicyKind, evaluate,
    evaluate_document,
};
use crate::access::aws::parse::{Kind, parse};
use crate::access::aws::replay;
use crate::access::glob::Glob;
use crate::access::point::{KeyValue, Point};

/// What the evaluator says about a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replayed {
    /// Permitted after and refused before, for certain.
    Confirmed,
    /// Refused after, or permitted before.
    Contradicted,
    /// The evaluator cannot say: a policy has a hole, or a limit is not of its language.
    Open,
}

/// Replays the request on both sides.
pub(super) fn replay(world: &World<'_>, focus: &Focus, point: &Point, readings: Readings) -> Replayed {
    let side = |model: &Model| Side { model, account: world.account, readings }.permits(focus, point);
    match (side(&world.before), side(&world.after)) {
        (Some(false), Some(true)) => Replayed::Confirmed,
        (Some(true), _) | (_, Some(false)) => Replayed::Contradicted,
        _ => Replayed::Open,
    }
}

/// Permits everything: stands for the policies of accounts that the plan does not manage.
static EVERYTHING: LazyLock<Option<Document>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    parse(text, Kind::Identity).ok()
});

struct Side<'a> {
    model: &'a Model,
    account: &'a Account,
    readings: Readings,
}

impl Side<'_> {
    fn permits(&self, focus: &Focus, point: &Point) -> Option<bool> {
        if !point.opaque.is_empty() {
            return None;
        }
        match focus {
            Focus::Identity(key) => match self.model.identities.get(key) {
                Some(identity) => self.identity(key, identity, &[], point),
                None => Some(false),
            },
            Focus::Credential(address) => {
                let Some(credential) = self.model.credentials.get(address).filter(|it| it.active) else {
                    return Some(false);
                };
                if !credential.unknown.is_empty() {
                    return None;
                }
                let of = credential.of.iter().filter_map(|key| Some((key, self.model.identities.get(key)?)));
                any(of.map(|(key, identity)| self.identity(key, identity, &credential.session, point)))
            }
            Focus::Resource(key) => match self.model.resources.get(key) {
                Some(policy) => self.resource(policy, point),
                None => None,
            },
            Focus::Trust(key) => match self.model.identities.get(key) {
                Some(role) => self.trust(role, point),
                None => Some(false),
            },
            Focus::Assignment(set, who, account) => {
                let Some(set) = self.model.permission_sets.get(set) else { return Some(false) };
                if !set.assignments.iter().any(|(principal, target, _)| principal == who && target == account) {
                    return Some(false);
                }
                let docs = read(&set.docs)?;
                let boundary = merged(&set.boundary)?;
                let policies = Policies { identity: all(&docs), boundary: boundary.as_ref(), ..Policies::default() };
                self.ask(self.anybody(), point, &policies)
            }
            Focus::Guarded(target) => {
                let docs = read(self.model.guarded.get(target).map(Vec::as_slice).unwrap_or_default())?;
                let everything = EVERYTHING.as_ref()?;
                let mut level = all(&docs);
                level.push(everything);
                let policies = Policies { identity: vec![everything], scps: vec![level], ..Policies::default() };
                self.ask(self.anybody(), point, &policies)
            }
            Focus::Endpoint(key) => {
                let Some(docs) = self.model.endpoints.get(key) else { return Some(true) };
                let Some(document) = merged(docs)? else { return Some(true) };
                let request = replay::request(point, Kind::Resource)?;
                said(&evaluate_document(&document, Layer::VpcEndpoint, &request, self.reading()))
            }
        }
    }

    fn reading(&self) -> Reading {
        replay::reading(self.readings)
    }

    /// Some role of the account.
    fn anybody(&self) -> Principal {
        Principal::Role { arn: format!("arn:aws:iam::{}:role/any", self.account.id) }
    }

    fn identity(&self, key: &IdentityKey, identity: &Identity, session: &[DocUse], point: &Point) -> Option<bool> {
        let docs = self.own_docs(identity)?;
        let boundary = merged(&identity.boundary)?;
        let session = (!session.is_empty()).then(|| read(session)).map_or(Some(None), |docs| docs.map(Some))?;
        let resource = merged(&self.carried_by(&point.resource)?)?;
        let policies = Policies {
            identity: all(&docs),
            boundary: boundary.as_ref(),
            session: session.as_deref().map(all),
            resource: resource.as_ref(),
            ..Policies::default()
        };
        let arn = identity.arn.as_deref()?;
        let principal = match key.0 {
            IdentityKind::User => Principal::User { arn: arn.to_owned() },
            _ => Principal::Role { arn: arn.to_owned() },
        };
        self.ask(principal, &tagged(point, identity), &policies)
    }

    /// The policies that stand on the resource; `None` where one stands on a resource of which no ARN is known, and
    /// where the resource has to permit as well (keys, roles): what an identity may ask for there counts by itself.
    fn carried_by(&self, resource: &str) -> Option<Vec<DocUse>> {
        let mut on = Vec::new();
        let beside = self.model.by_place.beside(&[resource.to_owned()]);
        for policy in beside.into_iter().filter_map(|key| self.model.resources.get(key)) {
            if policy.arns.is_empty() {
                return None;
            }
            if policy.arns.iter().any(|arn| Glob::wildcard(arn, false).matches(resource)) {
                if policy.explicit {
                    return None;
                }
                on.extend(policy.docs.iter().cloned());
            }
        }
        (!self.model.by_arn.contains_key(resource)).then_some(on)
    }

    fn own_docs(&self, identity: &Identity) -> Option<Vec<Arc<Document>>> {
        let mut docs = read(&identity.docs)?;
        for (group, _) in &identity.groups {
            if let Some(group) = self.model.identities.get(&(IdentityKind::Group, group.clone())) {
                docs.extend(read(&group.docs)?);
            }
        }
        Some(docs)
    }

    fn resource(&self, policy: &ResourcePolicy, point: &Point) -> Option<bool> {
        // The evaluator does not model the public access block.
        if policy.restricted.is_some() {
            return None;
        }
        let document = merged(&policy.docs)?;
        let kind = if policy.explicit { ResourcePolicyKind::Required } else { ResourcePolicyKind::Ordinary };
        self.on(document.as_ref(), kind, point)
    }

    fn trust(&self, role: &Identity, point: &Point) -> Option<bool> {
        let document = merged(role.trust.as_slice())?;
        if let Some((issuer, clients, _)) =
            point.principal.strip_prefix("Federated:").and_then(|arn| self.model.audiences.get(arn))
        {
            let audience = point.keys.get(format!("{}:aud", issuer.to_ascii_lowercase()).as_str());
            if audience.is_some_and(|asked| !asked.values().iter().all(|asked| clients.contains(asked))) {
                return Some(false);
            }
        }
        self.on(document.as_ref(), ResourcePolicyKind::Required, point)
    }

    /// A request on a resource with a policy, by whoever the point names.
    fn on(&self, document: Option<&Document>, kind: ResourcePolicyKind, point: &Point) -> Option<bool> {
        let principal = replay::request(point, Kind::Resource)?.principal;
        let arn = principal.arn().unwrap_or_default();
        let is_own = principal.account() == Some(&*self.account.id);
        let known = self.model.by_arn.get(arn).and_then(|keys| self.model.identities.get(keys.first()?));
        let (docs, boundary) = match known {
            Some(identity) => (self.own_docs(identity)?, merged(&identity.boundary)?),
            None => (Vec::new(), None),
        };
        let mut identity = all(&docs);
        // What another account lets its people do is its own affair.
        if !is_own || arn == self.account.administrator() {
            identity.push(EVERYTHING.as_ref()?);
        }
        let policies = Policies {
            identity,
            boundary: boundary.as_ref(),
            resource: document,
            resource_kind: kind,
            ..Policies::default()
        };
        match known {
            Some(identity) => self.ask(principal, &tagged(point, identity), &policies),
            None => self.ask(principal, point, &policies),
        }
    }

    fn ask(&self, principal: Principal, point: &Point, policies: &Policies<'_>) -> Option<bool> {
        let context = point.keys.iter().map(|(key, value)| {
            let value = match value {
                KeyValue::One(value) => ContextValue::One(value.clone()),
                KeyValue::Many(values) => ContextValue::Many(values.clone()),
            };
            (key.to_string(), value)
        });
        let request = Request {
            principal,
            action: point.action.clone(),
            resource: point.resource.clone(),
            resource_account: Some(self.account.id.clone()),
            context: context.collect(),
        };
        said(&evaluate(&request, policies, self.reading()))
    }
}

/// The request with the tags of who makes it.
fn tagged(point: &Point, identity: &Identity) -> Point {
    let mut point = point.clone();
    let tags = identity
        .tags
        .iter()
        .map(|(tag, value)| (format!("{TAG}{}", tag.to_ascii_lowercase()).into(), KeyValue::One(value.clone())));
    point.keys.extend(tags);
    point
}

fn said(outcome: &Outcome) -> Option<bool> {
    match outcome {
        outcome if outcome.is_allowed() => Some(true),
        outcome if outcome.is_denied() => Some(false),
        _ => None,
    }
}

/// Whether any is permitted; open where one is open and none is permitted.
fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(false);
    for one in answers {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => all = None,
        }
    }
    all
}

/// The documents; `None` where one cannot be read.
fn read(docs: &[DocUse]) -> Option<Vec<Arc<Document>>> {
    docs.iter()
        .map(|used| match &used.doc {
            Doc::Read(document) => Some(document.clone()),
            Doc::Unread { .. } => None,
        })
        .collect()
}

fn all(docs: &[Arc<Document>]) -> Vec<&Document> {
    docs.iter().map(|document| &**document).collect()
}

/// The documents as one; `None` where that cannot be said, `Some(None)` where there are none.
fn merged<'d>(docs: impl IntoIterator<Item = &'d DocUse>) -> Option<Option<Document>> {
    let mut one: Option<Document> = None;
    for used in docs {
        let Doc::Read(document) = &used.doc else { return None };
        match &mut one {
            None => one = Some((**document).clone()),
            Some(one) if one.version == document.version => {
                one.statements.extend(document.statements.iter().cloned());
                one.unknown_statements.extend(document.unknown_statements.iter().cloned());
            }
            Some(_) => return None,
        }
    }
    Some(one)
}
