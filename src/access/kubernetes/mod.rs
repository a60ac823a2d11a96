//! The access of everybody in a Kubernetes cluster, before and after.
//!
//! 1. *Read* ([`object`]): typed resources and manifests to objects.
//! 2. *Collect* ([`world`]): roles, bindings, and the identities that subjects, AWS principals, workloads and tokens
//!    carry.
//! 3. *Compare* ([`rbac`]): for each of them, a request that is permitted after and was not before.
//! 4. *Attribute*: undo one change at a time; those without which the request is not permitted bring it about.

mod cover;
mod object;
mod pod;
mod rbac;
mod world;

use std::collections::{BTreeMap, BTreeSet};

pub use rbac::{Grant, Request, Rule, TooMany, beyond};

use crate::access::worlds::{Judged, Platform, Side, State};
use crate::access::{ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, StatementRef, Witness};
use crate::iam::{self, IamChange};

use world::{Entity, World};

/// Kubernetes.
#[derive(Clone, Copy, Debug)]
pub struct Kubernetes;

impl Platform for Kubernetes {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Kubernetes
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let before = World::build(state, &|_| Side::Before);
        let after = World::build(state, &|_| Side::After);
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            let mut rows = state.rows.iter().filter(|row| row.change == Some(at)).peekable();
            // What is forgotten stays as it is, and has no row of its own.
            let stays = change.row.actions.forgets() && rows.peek().is_none();
            if stays || (rows.peek().is_some() && rows.all(cover::compared)) {
                out.compared(at);
            }
        }
        let rows = state.rows.iter().enumerate();
        let changed: Vec<(usize, usize)> = rows
            .filter(|(_, row)| row.differs())
            .filter_map(|(at, row)| Some((at, row.change?)))
            .filter(|(_, change)| changes.get(*change).is_some_and(|change| self.covers(change.platform)))
            .collect();
        for (row, change) in changed.iter().filter_map(|(at, change)| Some((state.rows.get(*at)?, *change))) {
            if cover::compared(row) {
                let (reasons, rails) = cover::doubts(row, &after);
                reasons.into_iter().for_each(|reason| out.possible(change, reason));
                rails.into_iter().for_each(|rail| out.guardrail(change, rail));
            }
        }
        let undone = changed
            .iter()
            .map(|(at, change)| {
                let side = |row: usize| if row == *at { Side::Before } else { Side::After };
                (*change, World::build(state, &side))
            })
            .collect();
        let mut judge = Judge { before, after, undone, state, changed, out };
        judge.entities();
        judge.nodes();
        judge.levels();
        judge.clouds();
    }
}

/// A comparison under way.
struct Judge<'a> {
    before: World,
    after: World,
    /// For each change, the after world without it.
    undone: Vec<(usize, World)>,
    state: &'a State,
    changed: Vec<(usize, usize)>,
    out: &'a mut Judged,
}

impl Judge<'_> {
    /// The change of the object at an address.
    fn change_at(&self, address: &str) -> Option<usize> {
        let found = self.changed.iter().find(|(at, _)| {
            let row = self.state.rows.get(*at);
            row.is_some_and(|row| [&row.before, &row.after].into_iter().flatten().any(|it| *it.address == *address))
        });
        found.map(|(_, change)| *change)
    }

    fn all_changes(&self) -> BTreeSet<usize> {
        self.changed.iter().map(|(_, change)| *change).collect()
    }

    /// Requests that somebody can newly make.
    fn entities(&mut self) {
        for (entity, carried) in self.after.carries.clone() {
            // A subject is who it is on both sides; what else carries an identity may have carried none.
            let old = match &entity {
                Entity::Subject(_) => carried.clone(),
                other => self.before.carries.get(other).cloned().unwrap_or_default(),
            };
            let (had, had_unread) = self.before.grants(&old);
            let (has, has_unread) = self.after.grants(&carried);
            let had: Vec<&Grant> = had.iter().collect();
            let mut found = false;
            for grant in &has {
                match beyond(grant, &had) {
                    Ok(None) => {}
                    Ok(Some(request)) => {
                        found = true;
                        self.found(&entity, &carried, grant, &request, had_unread.is_empty());
                    }
                    Err(TooMany) => {
                        let reason = Reason {
                            code: "budget".into(),
                            path: String::new(),
                            message: "too many rules to compare within the budget; split the role".into(),
                        };
                        for change in self.all_changes() {
                            self.out.possible(change, reason.clone());
                        }
                    }
                }
            }
            for unread in &has_unread {
                let covers = |had: &&world::Unread| {
                    had.role == unread.role && (had.scope.is_none() || had.scope == unread.scope)
                };
                if had_unread.iter().any(|had| covers(&had)) {
                    continue;
                }
                let reason = Reason {
                    code: "outside_plan".into(),
                    path: "role_ref".into(),
                    message: format!(
                        "`{}` gets the rules of {}, which are not in the plan; read the role in the cluster",
                        entity.shown(&carried),
                        unread.role
                    ),
                };
                let by = self.change_at(&unread.binding);
                let rows = by.map_or_else(|| self.holder(&entity), |change| BTreeSet::from([change]));
                rows.into_iter().for_each(|change| self.out.possible(change, reason.clone()));
            }
            if let (Entity::Token(_, address), false) = (&entity, found)
                && old != carried
                && let Some(change) = self.change_at(address)
            {
                let reason = Reason {
                    code: "outside_plan".into(),
                    path: String::new(),
                    message: format!(
                        "a token of `{}` is made, and the plan shows nothing that the account may do; read its bindings",
                        entity.shown(&carried)
                    ),
                };
                self.out.possible(change, reason);
            }
        }
    }

    /// The change through which an entity carries what it does, or all changes.
    fn holder(&self, entity: &Entity) -> BTreeSet<usize> {
        let address = match entity {
            Entity::Token(_, address) => Some(address.clone()),
            Entity::Workload(..) => self.after.pods.get(entity).map(|(address, _)| address.clone()),
            Entity::Subject(_) | Entity::Aws(_) => None,
        };
        match address.and_then(|address| self.change_at(&address)) {
            Some(change) => BTreeSet::from([change]),
            None => self.all_changes(),
        }
    }

    fn found(&mut self, entity: &Entity, carried: &BTreeSet<String>, grant: &Grant, request: &Request, sure: bool) {
        let mut culprits = BTreeSet::new();
        for (change, world) in &self.undone {
            let none = BTreeSet::new();
            let carried = match entity {
                Entity::Subject(_) => carried,
                other => world.carries.get(other).unwrap_or(&none),
            };
            if !world.grants(carried).0.iter().any(|grant| grant.permits(request)) {
                culprits.insert(*change);
            }
        }
        if culprits.is_empty() {
            culprits.extend([&grant.binding, &grant.role].into_iter().filter_map(|address| self.change_at(address)));
        }
        if culprits.is_empty() {
            culprits = self.holder(entity);
        }
        if !sure {
            let reason = Reason {
                code: "outside_plan".into(),
                path: String::new(),
                message: format!(
                    "`{}` was already bound to a role that is not in the plan, which may have permitted this",
                    entity.shown(carried)
                ),
            };
            culprits.into_iter().for_each(|change| self.out.possible(change, reason.clone()));
            return;
        }
        let new = self.piece(entity, carried, grant, request);
        culprits.into_iter().for_each(|change| self.out.new_access(change, new.clone()));
    }

    fn piece(&self, entity: &Entity, carried: &BTreeSet<String>, grant: &Grant, request: &Request) -> NewAccess {
        let principal = entity.shown(carried);
        let mut witness = witness(&principal, request);
        if let Entity::Token(_, address) = entity {
            witness.context.insert("tollgate:credential".into(), vec![address.clone()]);
        }
        let rule = &grant.rule;
        let actions: Vec<String> = rule.verbs.iter().map(|verb| format!("kubernetes:{verb}")).collect();
        let level = |verb: &String| ActionAccess {
            action: format!("kubernetes:{verb}"),
            levels: levels(verb, rule).iter().map(|&level| level.to_owned()).collect(),
        };
        let mut resources: Vec<String> = rule.urls.clone();
        for resource in &rule.resources {
            resources.extend(rule.groups.iter().map(|group| qualified(resource, group)));
        }
        let names = (!rule.names.is_empty()).then(|| format!("name in {}", rule.names.join(", ")));
        let place = grant.scope.as_ref().map(|scope| format!("namespace = {scope}"));
        let address = if grant.role.is_empty() { &grant.binding } else { &grant.role };
        let path = if grant.role.is_empty() { "role_ref" } else { "rule" };
        let by = match (address.is_empty(), grant.binding.is_empty()) {
            (false, false) => format!(", by rule {} of `{address}` bound in `{}`", grant.index, grant.binding),
            (false, true) => format!(", by rule {} of `{address}`", grant.index),
            (true, _) => ", by the cluster's own rules".to_owned(),
        };
        NewAccess {
            explanation: format!(
                "`{principal}` can now `{}` on `{}`{by}; before, no rule bound to it matched",
                witness.action, witness.resource
            ),
            principal,
            action_levels: rule.verbs.iter().map(level).collect(),
            actions,
            resources,
            conditions: names.into_iter().chain(place).collect(),
            statement: StatementRef { address: address.clone(), path: path.into(), index: grant.index, sid: None },
            witness,
        }
    }

    /// Workloads that newly get hold of their node.
    fn nodes(&mut self) {
        let none = pod::Reach::default();
        for (entity, (address, reach)) in &self.after.pods {
            let old = self.before.pods.get(entity).map_or(&none, |(_, reach)| reach);
            let Some(change) = self.change_at(address) else { continue };
            let principal = entity.shown(&BTreeSet::new());
            if let (Some(by), true) = (reach.root.difference(&old.root).next(), old.root.is_empty()) {
                let explanation = format!("`{principal}` gets its node through {by}");
                let new = direct(address, "spec", &principal, "node:root", "nodes", explanation);
                self.out.new_access(change, new);
            } else if let (Some(by), true) = (reach.risky.difference(&old.risky).next(), old.root.is_empty()) {
                let reason = Reason {
                    code: "unread_pod".into(),
                    path: "spec".into(),
                    message: format!("{by} may give `{principal}` more of its node; leave it out, or read the change"),
                };
                self.out.possible(change, reason);
            }
        }
    }

    /// Namespaces whose Pod Security level is lowered although somebody may create pods in them.
    fn levels(&mut self) {
        for (namespace, (address, level)) in &self.after.levels {
            let Some((_, Some(old))) = self.before.levels.get(namespace) else { continue };
            let Some(change) = self.change_at(address) else { continue };
            let Some(level) = level else {
                let reason = Reason {
                    code: "unknown_value".into(),
                    path: "metadata".into(),
                    message: "the Pod Security level is known only after apply; write it out".into(),
                };
                self.out.possible(change, reason);
                continue;
            };
            if level >= old {
                continue;
            }
            self.out.guardrail(
                change,
                Guardrail {
                    address: address.clone(),
                    kind: "pod_security".into(),
                    effect: GuardrailEffect::Weakened,
                    explanation: format!(
                        "namespace `{namespace}` admits {} pods; before, {} was enforced",
                        level.word(),
                        old.word()
                    ),
                },
            );
            let request = |(group, resource): &(&str, &str)| Request::Resource {
                verb: "create".into(),
                group: (*group).into(),
                resource: (*resource).into(),
                name: None,
                namespace: Some(namespace.clone()),
            };
            let mut possible = false;
            for (entity, carried) in &self.after.carries {
                let (grants, unread) = self.after.grants(carried);
                possible |= unread.iter().any(|one| one.scope.is_none() || one.scope.as_ref() == Some(namespace));
                let makes = MAKE_PODS.iter().map(request).find_map(|request| {
                    let grant = grants.iter().find(|grant| grant.permits(&request))?;
                    Some((grant.clone(), request))
                });
                let Some((grant, request)) = makes else { continue };
                let mut new = self.piece(entity, carried, &grant, &request);
                new.witness.context.insert("pod".into(), vec![level.word().to_owned()]);
                new.explanation = format!(
                    "`{}` can now create {} pods in namespace `{namespace}`; before, the namespace enforced {}",
                    new.principal,
                    level.word(),
                    old.word()
                );
                new.statement = StatementRef { address: address.clone(), path: "metadata".into(), index: 0, sid: None };
                self.out.new_access(change, new);
            }
            if possible {
                let reason = Reason {
                    code: "outside_plan".into(),
                    path: "metadata".into(),
                    message: "a role that is not in the plan may let somebody create pods here; read it".into(),
                };
                self.out.possible(change, reason);
            }
        }
    }

    /// Service accounts that newly become an identity of a cloud.
    fn clouds(&mut self) {
        for ((namespace, name, kind), (address, identity)) in &self.after.clouds {
            let old = self.before.clouds.get(&(namespace.clone(), name.clone(), kind));
            let Some(change) = self.change_at(address) else { continue };
            // An identity that cannot be read is a doubt, which `cover` names.
            let Some(identity) = identity else { continue };
            if old.is_some_and(|(_, old)| old.as_ref() == Some(identity)) {
                continue;
            }
            let action = match *kind {
                "eks.amazonaws.com/role-arn" => "sts:AssumeRoleWithWebIdentity",
                "iam.gke.io/gcp-service-account" => "iam.serviceAccounts.getAccessToken",
                _ => "azure:federated-token",
            };
            let principal = format!("ServiceAccount:{namespace}/{name}");
            let explanation = format!(
                "`{principal}` can now act as `{identity}`, by its annotation `{kind}`; the cloud's side is taken to allow"
            );
            let new = direct(address, "metadata", &principal, action, identity, explanation);
            self.out.new_access(change, new);
        }
    }
}

/// What makes pods when it is created.
const MAKE_PODS: &[(&str, &str)] = &[
    ("", "pods"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("", "replicationcontrollers"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
];

/// New access that does not come from a rule.
fn direct(address: &str, path: &str, principal: &str, action: &str, resource: &str, explanation: String) -> NewAccess {
    NewAccess {
        principal: principal.to_owned(),
        actions: vec![action.to_owned()],
        action_levels: vec![ActionAccess { action: action.to_owned(), levels: vec!["permissions".into()] }],
        resources: vec![resource.to_owned()],
        conditions: Vec::new(),
        statement: StatementRef { address: address.to_owned(), path: path.to_owned(), index: 0, sid: None },
        witness: Witness {
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        },
        explanation,
    }
}

/// A resource as `kubectl auth can-i` writes it.
fn qualified(resource: &str, group: &str) -> String {
    match (group, resource.split_once('/')) {
        ("", _) => resource.to_owned(),
        (group, Some((base, sub))) => format!("{base}.{group}/{sub}"),
        (group, None) => format!("{resource}.{group}"),
    }
}

fn witness(principal: &str, request: &Request) -> Witness {
    let mut context = BTreeMap::new();
    let (verb, resource) = match request {
        Request::Url { verb, path } => (verb, path.clone()),
        Request::Resource { verb, group, resource, name, namespace } => {
            for (key, value) in [("name", name), ("namespace", namespace)] {
                if let Some(value) = value {
                    context.insert(key.to_owned(), vec![value.clone()]);
                }
            }
            (verb, qualified(resource, group))
        }
    };
    Witness { principal: principal.to_owned(), action: format!("kubernetes:{verb}"), resource, context }
}

/// The access levels of a verb under a rule.
fn levels(verb: &str, rule: &Rule) -> &'static [&'static str] {
    let permissions = rule.groups.iter().any(|group| group == "rbac.authorization.k8s.io");
    match verb {
        "list" => &["list"],
        "get" | "watch" => &["read"],
        "escalate" | "bind" | "impersonate" => &["permissions"],
        "*" => &["list", "read", "write", "permissions"],
        _ if permissions => &["write", "permissions"],
        _ => &["write"],
    }
}
