//! One cluster, before and after: who gains what, and by which change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::evaluate::Cluster;
use super::object::Thing;
use super::outside::Outside;
use super::rbac::{Grant, Request, Rule, TooMany, beyond};
use super::world::{self, Entity, World};
use super::{cover, piece, pod};
use crate::access::worlds::{Judged, Side, State};
use crate::access::{Guardrail, GuardrailEffect, Reason, StatementRef, Verdict};

/// Compares the cluster that some rows make. `changed` are rows with their IAM change, of any cluster.
pub(super) fn judge(state: &State, rows: &[usize], changed: &[(usize, usize)], out: &mut Judged) {
    let before = World::build(state, rows, &|_| Side::Before);
    let after = World::build(state, rows, &|_| Side::After);
    let changed: Vec<(usize, usize)> = changed.iter().filter(|(at, _)| rows.contains(at)).copied().collect();
    for (row, change) in changed.iter().filter_map(|(at, change)| Some((state.rows.get(*at)?, *change))) {
        if cover::compared(row) {
            let (reasons, rails) = cover::doubts(row, &after);
            reasons.into_iter().for_each(|reason| out.possible(change, reason));
            rails.into_iter().for_each(|rail| out.guardrail(change, rail));
        }
    }
    let mut addresses = BTreeMap::new();
    for (at, change) in &changed {
        let row = state.rows.get(*at).into_iter();
        for object in row.flat_map(|row| [&row.before, &row.after]).flatten() {
            addresses.entry(object.address.clone()).or_insert(*change);
        }
    }
    let cluster = |side: Side| Cluster::on(rows.iter().filter_map(|at| state.rows.get(*at)), side);
    let replay = (cluster(Side::Before), cluster(Side::After));
    let (undone, outside) = (None, BTreeMap::new());
    let mut judge = Judge { before, after, undone, state, rows, changed, addresses, replay, outside, out };
    judge.entities();
    judge.outside();
    judge.nodes();
    judge.levels();
    judge.clouds();
    judge.borrowed_clouds();
    judge.unheld();
}

/// More changes than this are not undone one by one: those of the binding and of the role are named.
const MAX_UNDONE: usize = 64;

/// A comparison under way.
struct Judge<'a> {
    before: World,
    after: World,
    /// For each change, the after world without it; made when it is asked for.
    undone: Option<Vec<(usize, World)>>,
    state: &'a State,
    rows: &'a [usize],
    changed: Vec<(usize, usize)>,
    /// The changes by the addresses of their objects.
    addresses: BTreeMap<Arc<str>, usize>,
    /// The second opinion on both sides.
    replay: (Cluster, Cluster),
    /// Who has or gets something by a change that rests on what the plan does not show.
    outside: BTreeMap<(usize, Outside), BTreeSet<String>>,
    out: &'a mut Judged,
}

impl Judge<'_> {
    /// The change of the object at an address.
    fn change_at(&self, address: &str) -> Option<usize> {
        self.addresses.get(address).copied()
    }

    /// The after side without each change, unless there are too many of them.
    fn undone(&mut self) -> &[(usize, World)] {
        self.undone.get_or_insert_with(|| {
            let few = self.changed.iter().filter(|_| self.changed.len() <= MAX_UNDONE);
            let without = few.map(|(at, change)| {
                let side = |row: usize| if row == *at { Side::Before } else { Side::After };
                (*change, World::build(self.state, self.rows, &side))
            });
            without.collect()
        })
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
                other => {
                    let mut old = self.before.carries.get(other).cloned().unwrap_or_default();
                    // What everybody with a login may do is nothing that it gains.
                    old.insert(world::AUTHENTICATED.to_owned());
                    old
                }
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
                        let newly = piece::newly(grant, &had);
                        self.found(&entity, &carried, grant, (&request, &newly), had_unread.is_empty());
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
                    had.role == unread.role
                        && had.stamp == unread.stamp
                        && (had.scope.is_none() || had.scope == unread.scope)
                };
                if had_unread.iter().any(|had| covers(&had)) {
                    continue;
                }
                let by = self.change_at(&unread.binding);
                let rows = by.map_or_else(|| self.holder(&entity), |change| BTreeSet::from([change]));
                for change in rows {
                    let gets = Outside::Gets(unread.role.clone());
                    self.outside.entry((change, gets)).or_default().insert(entity.shown(&carried));
                }
            }
            if let (Entity::Token(_, address), false) = (&entity, found)
                && self.before.carries.get(&entity) != Some(&carried)
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

    /// What rests on roles that are not in the plan, once for all it concerns.
    fn outside(&mut self) {
        for ((change, what), who) in std::mem::take(&mut self.outside) {
            self.out.possible(change, what.reason(&who));
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

    fn found(
        &mut self,
        entity: &Entity,
        carried: &BTreeSet<String>,
        grant: &Grant,
        (request, newly): (&Request, &[String]),
        sure: bool,
    ) {
        let mut culprits = BTreeSet::new();
        for (change, world) in self.undone() {
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
            for change in culprits {
                self.outside.entry((change, Outside::Bound)).or_default().insert(entity.shown(carried));
            }
            return;
        }
        let new = piece::of(entity, carried, grant, request, newly);
        let allowed = |cluster: &Cluster| cluster.allows(&new.witness);
        // The evaluator does not read imported roles and knows nobody without a name: there it contradicts nothing.
        let open = new.witness.principal.contains("${") || self.state.catalogue.roles.contains_key("kubernetes");
        if !open && (!allowed(&self.replay.1) || allowed(&self.replay.0)) {
            let reason = Reason {
                code: "unconfirmed".into(),
                path: String::new(),
                message: format!("a request was found but does not stand up when checked: {}", new.explanation),
            };
            culprits.into_iter().for_each(|change| self.out.possible(change, reason.clone()));
            return;
        }
        culprits.into_iter().for_each(|change| self.out.new_access(change, new.clone()));
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
                let new = piece::direct(address, "spec", &principal, "node:root", "nodes", explanation);
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
            let (mut possible, mut gained) = (false, false);
            for (entity, carried) in &self.after.carries {
                let (grants, unread) = self.after.grants(carried);
                possible |= unread.iter().any(|one| one.scope.is_none() || one.scope.as_ref() == Some(namespace));
                let makes = MAKE_PODS.iter().map(request).find_map(|request| {
                    let grant = grants.iter().find(|grant| grant.permits(&request))?;
                    Some((grant.clone(), request))
                });
                let Some((grant, request)) = makes else { continue };
                let mut new = piece::of(entity, carried, &grant, &request, &grant.rule.verbs);
                new.witness.context.insert("pod".into(), vec![level.word().to_owned()]);
                new.explanation = format!(
                    "`{}` can now create {} pods in namespace `{namespace}`; before, the namespace enforced {}",
                    new.principal,
                    level.word(),
                    old.word()
                );
                new.statement = StatementRef { address: address.clone(), path: "metadata".into(), index: 0, sid: None };
                self.out.new_access(change, new);
                gained = true;
            }
            if !gained && !possible {
                let reason = Reason {
                    code: "outside_plan".into(),
                    path: "metadata".into(),
                    message: format!("nobody in the plan can create pods in namespace `{namespace}`; others may"),
                };
                self.out.note(change, reason);
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
            let action = cloud_action(kind);
            let principal = format!("ServiceAccount:{namespace}/{name}");
            let explanation = format!(
                "`{principal}` can now act as `{identity}`, by its annotation `{kind}`; the cloud's side is taken to allow"
            );
            let new = piece::direct(address, "metadata", &principal, action, identity, explanation);
            self.out.new_access(change, new);
        }
    }

    /// Workloads that newly run as an account with a cloud identity; the cloud's own token needs no mounted one.
    fn borrowed_clouds(&mut self) {
        for (entity, (namespace, name)) in &self.after.runs_as {
            let Some((address, _)) = self.after.pods.get(entity) else { continue };
            let Some(change) = self.change_at(address) else { continue };
            let of = |world: &World, account: &(String, String)| -> BTreeMap<&'static str, Option<String>> {
                let own = world
                    .clouds
                    .iter()
                    .filter(|((namespace, name, _), _)| (namespace, name) == (&account.0, &account.1));
                own.map(|((_, _, kind), (_, identity))| (*kind, identity.clone())).collect()
            };
            let had = self.before.runs_as.get(entity).map(|account| of(&self.before, account)).unwrap_or_default();
            for (kind, identity) in of(&self.after, &(namespace.clone(), name.clone())) {
                if identity.is_some() && had.get(kind) == Some(&identity) {
                    continue;
                }
                let principal = entity.shown(&BTreeSet::new());
                let Some(identity) = identity else {
                    let reason = Reason {
                        code: "unknown_value".into(),
                        path: "spec".into(),
                        message: format!("`{principal}` gets a cloud identity that is known only after apply"),
                    };
                    self.out.possible(change, reason);
                    continue;
                };
                let explanation = format!(
                    "`{principal}` can now act as `{identity}`, by the annotation `{kind}` of its service account; the \
                     cloud's side is taken to allow"
                );
                let new = piece::direct(address, "spec", &principal, cloud_action(kind), &identity, explanation);
                self.out.new_access(change, new);
            }
        }
    }

    /// Roles that are widened and that nobody of the plan has: somebody else may have them.
    fn unheld(&mut self) {
        for (at, change) in self.changed.clone() {
            let Some(row) = self.state.rows.get(at) else { continue };
            let (old, new) = (Thing::on(row, Side::Before), Thing::on(row, Side::After));
            let Some(new) = new.filter(|new| matches!(new.kind.as_str(), "Role" | "ClusterRole")) else { continue };
            let rules = |thing: &Thing| Rule::list(&thing.body).unwrap_or_default();
            let Some(old) = old.filter(|_| self.out.verdict(change) == Verdict::None) else { continue };
            let had: Vec<Grant> = rules(&old).into_iter().map(Grant::anywhere).collect();
            let had: Vec<&Grant> = had.iter().collect();
            let wider = |rule: Rule| !matches!(beyond(&Grant::anywhere(rule), &had), Ok(None));
            if rules(&new).into_iter().any(wider) {
                let reason = Reason {
                    code: "outside_plan".into(),
                    path: "rule".into(),
                    message: "nobody in the plan gains by the role; read who else is bound to it".into(),
                };
                self.out.note(change, reason);
            }
        }
    }
}

fn cloud_action(annotation: &str) -> &'static str {
    match annotation {
        "eks.amazonaws.com/role-arn" => "sts:AssumeRoleWithWebIdentity",
        "iam.gke.io/gcp-service-account" => "iam.serviceAccounts.getAccessToken",
        _ => "azure:federated-token",
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
