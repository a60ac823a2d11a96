//! One side of the cluster: roles, bindings, and who carries which identity.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::defaults::DEFAULTS;
use super::object::{
    Thing, WORKLOADS, account_of, block, each, field, identifier, projects_token, secrets_of, truth, yaml,
};
use super::pod;
use super::rbac::{Grant, Rule};
use super::selector::Selector;
use crate::access::worlds::{Side, State, Val};

/// The group that is allowed everything.
const MASTERS: &str = "Group:system:masters";
/// The group of everybody with a login.
pub(super) const AUTHENTICATED: &str = "Group:system:authenticated";
const UNAUTHENTICATED: &str = "Group:system:unauthenticated";

/// Who is compared: whoever can make requests, or runs with an identity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entity {
    /// A user, group or service account that a binding names.
    Subject(String),
    /// An AWS principal that `aws-auth` maps.
    Aws(String),
    /// The pods of a workload: namespace, kind, name.
    Workload(String, String, String),
    /// Whoever holds a token: namespace and name of the object that holds it.
    Token(String, String),
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) address: String,
    pub(super) rules: Option<Vec<Rule>>,
    pub(super) labels: BTreeMap<String, String>,
    /// For an aggregated role: what it selects; an empty list where that cannot be read.
    pub(super) selects: Option<Vec<Selector>>,
}

#[derive(Clone, Debug)]
struct Binding {
    address: String,
    scope: Option<String>,
    role: RoleKey,
    subjects: Vec<String>,
}

/// Kind, namespace (empty for a cluster role), name.
pub(super) type RoleKey = (String, String, String);

/// What is bound, where its rules cannot be read: the role, and the scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unread {
    pub(super) role: String,
    /// Tells what an unreadable role may select apart: it is not the same where the roles around it are not.
    pub(super) stamp: u64,
    pub(super) scope: Option<String>,
    pub(super) binding: String,
}

/// The rules of a role with where they stand, and whether they are all.
type Resolved = (Vec<(String, usize, Arc<Rule>)>, bool);

/// One side.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) roles: BTreeMap<RoleKey, Role>,
    /// The rules of the roles that are bound.
    resolved: BTreeMap<RoleKey, Resolved>,
    bindings: Vec<Binding>,
    /// The bindings of each subject, by position.
    bound: BTreeMap<String, Vec<usize>>,
    /// What is around a role whose rules cannot be read.
    around: u64,
    /// Service accounts: whether their token is mounted.
    accounts: BTreeMap<(String, String), bool>,
    /// Secrets that hold a token, by namespace and name, with whose it is.
    tokens: BTreeMap<(String, String), String>,
    /// The identities that each entity carries.
    pub(super) carries: BTreeMap<Entity, BTreeSet<String>>,
    /// What the pods of a workload take of their node.
    pub(super) pods: BTreeMap<Entity, (String, pod::Reach)>,
    /// Pod Security level of each namespace; `None` where it cannot be read.
    pub(super) levels: BTreeMap<String, (String, Option<pod::Level>)>,
    /// Cloud identities of service accounts: address, annotation, value.
    pub(super) clouds: BTreeMap<(String, String, &'static str), (String, Option<String>)>,
    /// The service account of each workload.
    pub(super) runs_as: BTreeMap<Entity, (String, String)>,
    /// Whether an admission configuration chooses namespaces by their labels.
    pub(super) selects_namespaces: bool,
}

/// Annotations that tie a service account to an identity of a cloud.
const CLOUDS: &[&str] =
    &["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"];

impl World {
    /// The cluster that some rows make, with each on the side that is asked for.
    pub(super) fn build(state: &State, rows: &[usize], side: &dyn Fn(usize) -> Side) -> Self {
        let things: Vec<Thing> = rows.iter().filter_map(|at| Thing::on(state.rows.get(*at)?, side(*at))).collect();
        let mut world = Self::default();
        world.defaults();
        world.imported(state);
        for thing in &things {
            world.add(thing);
        }
        // Accounts before those who run as them.
        for thing in things.iter().filter(|thing| WORKLOADS.contains(&thing.kind.as_str())) {
            world.workload(thing);
        }
        world.resolve();
        world
    }

    /// Works out once what every grant is read from: the rules of the roles that are bound, and who is bound.
    fn resolve(&mut self) {
        let built_in = default_bindings().map(|(role, _)| cluster_role(role));
        let keys: BTreeSet<RoleKey> = self.bindings.iter().map(|it| it.role.clone()).chain(built_in).collect();
        self.resolved = keys.into_iter().map(|key| (key.clone(), self.rules(&key, 0))).collect();
        for (at, binding) in self.bindings.iter().enumerate() {
            for subject in &binding.subjects {
                self.bound.entry(subject.clone()).or_default().push(at);
            }
        }
        let mut hasher = std::hash::DefaultHasher::new();
        for (of, role) in self.roles.iter().filter(|(of, _)| of.0 == "ClusterRole") {
            (of, &role.rules, &role.labels).hash(&mut hasher);
        }
        self.around = hasher.finish();
    }

    fn add(&mut self, thing: &Thing) {
        let Some(name) = thing.name() else { return };
        let address = thing.address.to_string();
        match thing.kind.as_str() {
            "Role" | "ClusterRole" => {
                let namespace = if thing.kind == "Role" { thing.namespace() } else { String::new() };
                let role = Role {
                    address,
                    rules: Rule::list(&thing.body),
                    labels: texts(thing.marks("labels")),
                    selects: Selector::of_role(&thing.body),
                };
                self.roles.insert((thing.kind.clone(), namespace, name), role);
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let scope = (thing.kind == "RoleBinding").then(|| thing.namespace());
                let reference = block(&thing.body, "role_ref");
                let kind = reference.get("kind").text().unwrap_or("ClusterRole").to_owned();
                let of = if kind == "Role" { scope.clone().unwrap_or_default() } else { String::new() };
                let Some(role) = identifier(reference.get("name")) else { return };
                let subjects = subjects(&thing.body, scope.as_deref());
                for subject in &subjects {
                    self.carries.entry(Entity::Subject(subject.clone())).or_default().insert(subject.clone());
                }
                self.bindings.push(Binding { address, scope, role: (kind, of, role), subjects });
            }
            "ServiceAccount" => {
                let mounted = truth(field(&thing.body, "automount_service_account_token")).unwrap_or(true);
                let namespace = thing.namespace();
                for cloud in CLOUDS {
                    let value = thing.annotation(cloud);
                    if !value.is_unset() {
                        let known = (!value.has_hole()).then(|| value.name()).flatten();
                        self.clouds.insert((namespace.clone(), name.clone(), cloud), (address.clone(), known));
                    }
                }
                self.accounts.insert((namespace, name), mounted);
            }
            "Namespace" => {
                let level = thing.label("pod-security.kubernetes.io/enforce");
                let level = if level.has_hole() { None } else { Some(pod::Level::of(level.text())) };
                self.levels.insert(name, (address, level));
            }
            "Secret" if thing.body.get("type").text() == Some("kubernetes.io/service-account-token") => {
                if let Some(of) = thing.annotation("kubernetes.io/service-account.name").name() {
                    let token = Entity::Token(thing.namespace(), address);
                    let of = account(&thing.namespace(), &of);
                    self.tokens.insert((thing.namespace(), name), of.clone());
                    self.carries.insert(token, BTreeSet::from([of]));
                }
            }
            "TokenRequest" => {
                let token = Entity::Token(thing.namespace(), address);
                self.carries.insert(token, BTreeSet::from([account(&thing.namespace(), &name)]));
            }
            kind if kind.contains("Webhook") || kind.ends_with("PolicyBinding") => {
                let hooks = each(&thing.body, "webhook", "webhooks").items().iter();
                let bound = block(block(&thing.body, "spec"), "match_resources");
                let chooses = |part: &Val| !block(part, "namespace_selector").is_unset();
                self.selects_namespaces |= hooks.chain([bound]).any(chooses);
            }
            "ConfigMap" if name == "aws-auth" && thing.namespace() == "kube-system" => self.aws_auth(thing),
            _ => {}
        }
    }

    fn aws_auth(&mut self, thing: &Thing) {
        let data = field(&thing.body, "data");
        for (list, arn) in [("mapRoles", "rolearn"), ("mapUsers", "userarn")] {
            let Some(entries) = yaml(data.get(list)) else { continue };
            for entry in entries.items() {
                let Some(arn) = entry.get(arn).name() else { continue };
                let carries = self.carries.entry(Entity::Aws(arn.clone())).or_default();
                carries.insert(format!("User:{}", entry.get("username").name().unwrap_or(arn)));
                carries.extend(entry.get("groups").names().into_iter().map(|group| format!("Group:{group}")));
            }
        }
    }

    fn workload(&mut self, thing: &Thing) {
        let Some(name) = thing.name() else { return };
        let pod = thing.pod();
        let namespace = thing.namespace();
        let of = identifier(account_of(pod)).unwrap_or_else(|| "default".to_owned());
        let own = truth(field(pod, "automount_service_account_token"));
        let key = (namespace.clone(), of.clone());
        let mounted = own.or_else(|| self.accounts.get(&key).copied()).unwrap_or(true) || projects_token(pod);
        let entity = Entity::Workload(namespace.clone(), thing.kind.clone(), name);
        let mut carried = if mounted { BTreeSet::from([account(&namespace, &of)]) } else { BTreeSet::new() };
        let held = secrets_of(pod).into_iter().filter_map(|name| self.tokens.get(&(namespace.clone(), name)));
        carried.extend(held.cloned());
        self.carries.insert(entity.clone(), carried);
        self.runs_as.insert(entity.clone(), key);
        self.pods.insert(entity, (thing.address.to_string(), pod::Reach::of(pod)));
    }

    /// Whether the world has an object of that name for a service account.
    pub(super) fn has_account(&self, namespace: &str, name: &str) -> bool {
        self.accounts.contains_key(&(namespace.to_owned(), name.to_owned()))
    }

    /// Whether the world has a role of that name.
    pub(super) fn has_role(&self, kind: &str, name: &str) -> bool {
        self.roles.keys().any(|(of, _, is)| of == kind && is == name)
    }

    /// All that somebody with these identities may do, and what cannot be read of it.
    pub(super) fn grants(&self, carried: &BTreeSet<String>) -> (Vec<Grant>, Vec<Unread>) {
        let mut all = BTreeSet::new();
        for one in carried {
            close(one, &mut all);
        }
        let mut grants = Vec::new();
        let mut unread = Vec::new();
        if all.contains(MASTERS) {
            grants.push(Grant::anywhere(Rule::everything()));
        }
        for (role, subjects) in default_bindings().filter(|(role, _)| *role != "cluster-admin") {
            let mut subjects = subjects.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            if !subjects.any(|subject| all.contains(subject)) {
                continue;
            }
            let (rules, _) = self.resolved.get(&cluster_role(role)).unwrap_or(&NOTHING);
            grants.extend(rules.iter().map(|(_, _, rule)| Grant::anywhere(rule.clone())));
        }
        let bound: BTreeSet<usize> = all.iter().filter_map(|one| self.bound.get(one)).flatten().copied().collect();
        for binding in bound.into_iter().filter_map(|at| self.bindings.get(at)) {
            let (rules, complete) = self.resolved.get(&binding.role).unwrap_or(&NOTHING);
            grants.extend(rules.iter().map(|(role, index, rule)| Grant {
                rule: rule.clone(),
                scope: binding.scope.clone(),
                role: role.clone(),
                index: *index,
                binding: binding.address.clone(),
            }));
            if !complete {
                let (kind, _, name) = &binding.role;
                unread.push(Unread {
                    role: format!("{kind} {name}"),
                    // 0 for a role outside of the plan.
                    stamp: if self.roles.contains_key(&binding.role) { self.around } else { 0 },
                    scope: binding.scope.clone(),
                    binding: binding.address.clone(),
                });
            }
        }
        (grants, unread)
    }

    fn rules(&self, key: &RoleKey, depth: usize) -> Resolved {
        let Some(role) = self.roles.get(key).filter(|_| depth < 8) else { return (Vec::new(), false) };
        let Some(selects) = &role.selects else {
            let rules = role.rules.as_deref().unwrap_or_default().iter().enumerate();
            let rules = rules.map(|(at, rule)| (role.address.clone(), at, Arc::new(rule.clone()))).collect();
            return (rules, role.rules.is_some());
        };
        let mut out = Vec::new();
        let mut complete = !selects.is_empty();
        for (of, other) in self.roles.iter().filter(|(of, _)| *of != key && of.0 == "ClusterRole") {
            if selects.iter().any(|selector| selector.matches(&other.labels)) {
                let (rules, all) = self.rules(of, depth + 1);
                out.extend(rules);
                complete &= all;
            }
        }
        (out, complete)
    }
}

/// A role that cannot be read.
static NOTHING: Resolved = (Vec::new(), false);

/// The bindings that an API server makes: role and subjects.
fn default_bindings() -> impl Iterator<Item = (&'static String, &'static serde_json::Value)> {
    DEFAULTS.get("bindings").and_then(serde_json::Value::as_object).into_iter().flatten()
}

pub(super) fn cluster_role(name: &str) -> RoleKey {
    ("ClusterRole".to_owned(), String::new(), name.to_owned())
}

fn account(namespace: &str, name: &str) -> String {
    format!("User:system:serviceaccount:{namespace}:{name}")
}

/// An identity with the groups that the API server puts it into.
fn close(one: &str, all: &mut BTreeSet<String>) {
    all.insert(one.to_owned());
    if one == UNAUTHENTICATED || one == "User:system:anonymous" {
        all.insert(UNAUTHENTICATED.to_owned());
        return;
    }
    all.insert(AUTHENTICATED.to_owned());
    if let Some((namespace, _)) = one.strip_prefix("User:system:serviceaccount:").and_then(|it| it.split_once(':')) {
        all.insert("Group:system:serviceaccounts".to_owned());
        all.insert(format!("Group:system:serviceaccounts:{namespace}"));
    }
    if one.starts_with("Group:system:serviceaccounts:") {
        all.insert("Group:system:serviceaccounts".to_owned());
    }
}

/// The subjects of a binding; service accounts by their user name.
pub(super) fn subjects(body: &Val, scope: Option<&str>) -> Vec<String> {
    let one = |subject: &Val| {
        let name = identifier(subject.get("name"))?;
        Some(match subject.get("kind").text()? {
            "ServiceAccount" => {
                let namespace = identifier(subject.get("namespace"));
                account(&namespace.unwrap_or_else(|| scope.unwrap_or("default").to_owned()), &name)
            }
            kind => format!("{kind}:{name}"),
        })
    };
    each(body, "subject", "subjects").items().iter().filter_map(one).collect()
}

/// The texts of a map, such as labels.
pub(super) fn texts(map: &Val) -> BTreeMap<String, String> {
    match map {
        Val::Map(members) => {
            members.iter().filter_map(|(key, value)| Some((key.to_string(), value.text()?.to_owned()))).collect()
        }
        _ => BTreeMap::new(),
    }
}

impl Entity {
    /// Who it is, as the report names him.
    pub(super) fn shown(&self, carried: &BTreeSet<String>) -> String {
        match self {
            Self::Subject(subject) => shown(subject),
            Self::Aws(arn) => arn.clone(),
            Self::Workload(namespace, kind, name) => format!("Workload:{namespace}/{kind}/{name}"),
            Self::Token(..) => carried.iter().next().map(|one| shown(one)).unwrap_or_default(),
        }
    }
}

/// An identity as the subject of a binding writes it.
fn shown(identity: &str) -> String {
    match identity.strip_prefix("User:system:serviceaccount:").and_then(|it| it.split_once(':')) {
        Some((namespace, name)) => format!("ServiceAccount:{namespace}/{name}"),
        None => identity.to_owned(),
    }
}
