//! A second evaluator: whether the cluster of a plan's side permits one request.
//!
//! It shares no code with the comparison. It reads the objects as JSON and follows the documentation ("Using RBAC
//! Authorization", "Authenticating", "Configure Service Accounts for Pods"): rules are tried one by one, and what
//! cannot be read permits nothing.

mod written;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::access::Witness;
use crate::access::worlds::{Object, Row, Side};

use written::{api, written};

/// The roles and bindings that an API server creates.
static BUILT_IN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../default_roles.json")).unwrap_or_default());

/// The objects of a cluster, in the API's words, each with its Terraform address.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    objects: Vec<(String, Value)>,
    /// The positions of the objects of a kind.
    kinds: HashMap<String, Vec<usize>>,
    /// The positions of the roles of a kind and name.
    roles: HashMap<(String, String), Vec<usize>>,
    /// The positions of the bindings that name a user or group.
    bindings: HashMap<String, Vec<usize>>,
}

/// A request in parts.
struct Ask<'a> {
    verb: &'a str,
    /// Group and resource with its subresource; `None` for a path.
    resource: Option<(String, String)>,
    path: &'a str,
    name: Option<&'a str>,
    namespace: Option<&'a str>,
}

impl Cluster {
    /// The cluster that resources of Terraform describe.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let one = |object: &Object| Some((object.address.to_string(), written(object, false)?));
        Self::indexed(objects.into_iter().filter_map(one).collect())
    }

    /// The cluster that rows describe on a side. Before a change, a manifest's live object is what is there.
    pub fn on<'a>(rows: impl IntoIterator<Item = &'a Row>, side: Side) -> Self {
        let one = |row: &'a Row| {
            let object = row.object(side)?;
            Some((object.address.to_string(), written(object, side == Side::Before && row.differs())?))
        };
        Self::indexed(rows.into_iter().filter_map(one).collect())
    }

    fn indexed(objects: Vec<(String, Value)>) -> Self {
        let mut it = Self { objects, ..Self::default() };
        for (at, (_, object)) in it.objects.iter().enumerate() {
            let kind = text(object, "kind").to_owned();
            if matches!(kind.as_str(), "Role" | "ClusterRole") {
                let name = text(meta(object), "name").to_owned();
                it.roles.entry((kind.clone(), name)).or_default().push(at);
            } else if matches!(kind.as_str(), "RoleBinding" | "ClusterRoleBinding") {
                let space = (kind == "RoleBinding").then(|| namespace_of(object));
                for subject in list(&object["subjects"]) {
                    it.bindings.entry(subject_of(subject, space)).or_default().push(at);
                }
            }
            it.kinds.entry(kind).or_default().push(at);
        }
        it
    }

    /// Whether the request of a witness is permitted: its principal is who asks.
    #[must_use]
    pub fn allows(&self, witness: &Witness) -> bool {
        let Some(verb) = witness.action.strip_prefix("kubernetes:") else { return false };
        let key = |name: &str| witness.context.get(name).and_then(|values| values.first()).map(String::as_str);
        let path = witness.resource.as_str();
        let ask = Ask {
            verb,
            resource: (!path.starts_with('/')).then(|| split(path)),
            path,
            name: key("name"),
            namespace: key("namespace"),
        };
        self.identities(&witness.principal, key("tollgate:credential")).is_some_and(|who| self.permits(&who, &ask))
    }

    /// User name and groups of a principal, as `User:NAME` and `Group:NAME`; `None` where nobody authenticates so.
    fn identities(&self, principal: &str, credential: Option<&str>) -> Option<BTreeSet<String>> {
        let mut who = BTreeSet::new();
        if let Some(address) = credential {
            let (_, token) = self.objects.iter().find(|(at, _)| at == address)?;
            let account = match text(token, "kind") {
                "TokenRequest" => text(meta(token), "name"),
                _ => text(&meta(token)["annotations"], "kubernetes.io/service-account.name"),
            };
            account_names(namespace_of(token), account, &mut who);
        } else if let Some((namespace, name)) =
            principal.strip_prefix("ServiceAccount:").and_then(|it| it.split_once('/'))
        {
            account_names(namespace, name, &mut who);
        } else if let Some(name) = principal.strip_prefix("User:system:serviceaccount:") {
            let (namespace, name) = name.split_once(':')?;
            account_names(namespace, name, &mut who);
        } else if let Some(rest) = principal.strip_prefix("Workload:") {
            let mut parts = rest.splitn(3, '/');
            let (namespace, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
            let is = |it: &&Value| {
                text(it, "kind") == kind && text(meta(it), "name") == name && namespace_of(it) == namespace
            };
            let kinds = [kind];
            let pod = pod_of(self.kinds(&kinds).find(is)?);
            let named = ["serviceAccountName", "serviceAccount"].map(|key| text(pod, key));
            let account = named.into_iter().find(|it| !it.is_empty()).unwrap_or("default");
            let mounts = pod["automountServiceAccountToken"].as_bool().or_else(|| {
                let is = |it: &&Value| text(meta(it), "name") == account && namespace_of(it) == namespace;
                self.kinds(&["ServiceAccount"]).find(is)?["automountServiceAccountToken"].as_bool()
            });
            let sources = || list(&pod["volumes"]).flat_map(|volume| list(&one(&volume["projected"])["sources"]));
            let projected = sources().any(|source| {
                let token = one(&source["serviceAccountToken"]);
                let audience = text(token, "audience");
                token.is_object() && (audience.is_empty() || audience.contains("kubernetes"))
            });
            if mounts != Some(false) || projected {
                account_names(namespace, account, &mut who);
            }
            // Whose tokens lie in the secrets that the pods read.
            for secret in self.kinds(&["Secret"]).filter(|it| namespace_of(it) == namespace) {
                let of = text(&meta(secret)["annotations"], "kubernetes.io/service-account.name");
                let token = text(secret, "type") == "kubernetes.io/service-account-token" && !of.is_empty();
                if token && reads(pod, text(meta(secret), "name")) {
                    account_names(namespace, of, &mut who);
                }
            }
            if who.is_empty() {
                return None;
            }
        } else if principal.starts_with("arn:") {
            let is = |it: &&Value| text(meta(it), "name") == "aws-auth" && namespace_of(it) == "kube-system";
            let parse = |text: &str| yaml_serde::from_str::<Value>(text).unwrap_or_default();
            let kinds = ["ConfigMap"];
            let lists = self.kinds(&kinds).filter(is).flat_map(|map| {
                let data = &map["data"];
                ["mapRoles", "mapUsers"].map(|list| parse(text(data, list)))
            });
            let lists: Vec<Value> = lists.collect();
            let own = |entry: &&Value| [text(entry, "rolearn"), text(entry, "userarn")].contains(&principal);
            for entry in lists.iter().flat_map(list).filter(own) {
                let name = Some(text(entry, "username")).filter(|it| !it.is_empty()).unwrap_or(principal);
                who.insert(format!("User:{name}"));
                who.extend(strings(&entry["groups"]).map(|group| format!("Group:{group}")));
            }
            if who.is_empty() {
                return None;
            }
            who.insert("Group:system:authenticated".to_owned());
        } else {
            who.insert(principal.to_owned());
            // Members of all service accounts of a namespace are service accounts.
            if principal.starts_with("Group:system:serviceaccounts:") {
                who.insert("Group:system:serviceaccounts".to_owned());
            }
            let outside = ["User:system:anonymous", "Group:system:unauthenticated"].contains(&principal);
            who.insert(format!("Group:system:{}", if outside { "unauthenticated" } else { "authenticated" }));
        }
        Some(who)
    }

    fn kinds<'s>(&'s self, kinds: &'s [&str]) -> impl Iterator<Item = &'s Value> {
        let found = kinds.iter().filter_map(|kind| self.kinds.get(*kind)).flatten();
        found.filter_map(|at| self.objects.get(*at)).map(|(_, object)| object)
    }

    fn named(&self, kind: &str, name: &str) -> impl Iterator<Item = &Value> {
        let found = self.roles.get(&(kind.to_owned(), name.to_owned())).into_iter().flatten();
        found.filter_map(|at| self.objects.get(*at)).map(|(_, object)| object)
    }

    fn permits(&self, who: &BTreeSet<String>, ask: &Ask<'_>) -> bool {
        if who.contains("Group:system:masters") {
            return true;
        }
        let built_in = BUILT_IN.get("bindings").and_then(Value::as_object).into_iter().flatten();
        let mut by_default = built_in.filter(|(_, subjects)| strings(subjects).any(|one| who.contains(one)));
        if by_default.any(|(role, _)| self.cluster_role(role).iter().any(|rule| fits(rule, ask))) {
            return true;
        }
        let bound = who.iter().filter_map(|one| self.bindings.get(one)).flatten();
        bound.filter_map(|at| self.objects.get(*at)).any(|(_, binding)| {
            let space = (text(binding, "kind") == "RoleBinding").then(|| namespace_of(binding));
            // A binding in a namespace reaches what is in it, and the namespace itself.
            let itself = matches!(&ask.resource, Some((group, of)) if group.is_empty() && of.split('/').next() == Some("namespaces"));
            let place = if itself { ask.name } else { ask.namespace };
            let reaches = space.is_none_or(|space| ask.resource.is_some() && place == Some(space));
            let reference = one(&binding["roleRef"]);
            let rules = || match (text(reference, "kind"), space) {
                ("Role", Some(space)) => self.role(space, text(reference, "name")),
                ("Role", None) => Vec::new(),
                _ => self.cluster_role(text(reference, "name")),
            };
            reaches && rules().iter().any(|rule| fits(rule, ask))
        })
    }

    fn role(&self, namespace: &str, name: &str) -> Vec<Value> {
        let here = |it: &&Value| namespace_of(it) == namespace;
        self.named("Role", name)
            .filter(here)
            .flat_map(|role| list(&role["rules"]).cloned().collect::<Vec<_>>())
            .collect()
    }

    fn cluster_role(&self, name: &str) -> Vec<Value> {
        let own = self.named("ClusterRole", name).next();
        let mut rules = Vec::new();
        match own {
            Some(role) if !one(&role["aggregationRule"])["clusterRoleSelectors"].is_null() => {
                let selectors = &one(&role["aggregationRule"])["clusterRoleSelectors"];
                for other in self.kinds(&["ClusterRole"]).filter(|other| text(meta(other), "name") != name) {
                    if list(selectors).any(|selector| selects(selector, &meta(other)["labels"])) {
                        rules.extend(self.cluster_role(text(meta(other), "name")));
                    }
                }
                for (name, own) in BUILT_IN.get("roles").and_then(Value::as_object).into_iter().flatten() {
                    let joins = ["view", "edit", "admin"].contains(&name.as_str()).then_some("true");
                    let label = format!("rbac.authorization.k8s.io/aggregate-to-{name}");
                    let labels = json!({"kubernetes.io/bootstrapping": "rbac-defaults", label: joins});
                    if list(selectors).any(|selector| selects(selector, &labels)) {
                        rules.extend(list(own).map(api));
                    }
                }
            }
            Some(role) => rules.extend(list(&role["rules"]).cloned()),
            None => {
                let built_in = |name: &str| BUILT_IN.get("roles").and_then(|roles| roles.get(name));
                rules.extend(list(built_in(name).unwrap_or(&Value::Null)).map(api));
                // Each of these takes what a label hands it, and what the ones below it take.
                let ranks = ["view", "edit", "admin"];
                let rank = ranks.iter().position(|it| *it == name);
                for taken in ranks.iter().take(rank.map_or(0, |rank| rank + 1)) {
                    rules.extend(list(built_in(taken).unwrap_or(&Value::Null)).map(api));
                    let label = format!("rbac.authorization.k8s.io/aggregate-to-{taken}");
                    for other in
                        self.kinds(&["ClusterRole"]).filter(|other| text(&meta(other)["labels"], &label) == "true")
                    {
                        rules.extend(self.cluster_role(text(meta(other), "name")));
                    }
                }
            }
        }
        rules
    }
}

/// Whether a part of a pod takes a secret, as a volume or as variables.
fn reads(part: &Value, secret: &str) -> bool {
    match part {
        Value::Array(items) => items.iter().any(|item| reads(item, secret)),
        Value::Object(members) => members.iter().any(|(key, value)| {
            let named = match key.as_str() {
                "secret" => [text(one(value), "secretName"), text(one(value), "name")].contains(&secret),
                "secretKeyRef" | "secretRef" => text(one(value), "name") == secret,
                _ => false,
            };
            named || reads(value, secret)
        }),
        _ => false,
    }
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let plain =
        one(&selector["matchLabels"]).as_object().into_iter().flatten().all(|(key, value)| labels[key] == *value);
    plain
        && list(&selector["matchExpressions"]).all(|test| {
            let label = labels[text(test, "key")].as_str();
            let listed = label.is_some_and(|label| strings(&test["values"]).any(|value| value == label));
            match text(test, "operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => label.is_some(),
                "DoesNotExist" => label.is_none(),
                _ => false,
            }
        })
}

/// Whom a binding names, as [`Cluster::identities`] writes them.
fn subject_of(subject: &Value, space: Option<&str>) -> String {
    let (kind, name) = (text(subject, "kind"), text(subject, "name"));
    if kind == "ServiceAccount" {
        let own = Some(text(subject, "namespace")).filter(|it| !it.is_empty());
        let namespace = own.or(space).unwrap_or("default");
        return format!("User:system:serviceaccount:{namespace}:{name}");
    }
    format!("{kind}:{name}")
}

fn fits(rule: &Value, ask: &Ask<'_>) -> bool {
    let has = |member: &str, value: &str| strings(&rule[member]).any(|one| one == "*" || one == value);
    if !has("verbs", ask.verb) {
        return false;
    }
    let Some((group, resource)) = &ask.resource else {
        return strings(&rule["nonResourceURLs"]).any(|url| match url.split_once('*') {
            Some((start, "")) => ask.path.starts_with(start),
            _ => url == ask.path,
        });
    };
    let sub = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    let resources = || strings(&rule["resources"]);
    let on = resources().any(|one| one == "*" || one == resource || Some(one) == sub.as_deref());
    let mut names = strings(&rule["resourceNames"]).peekable();
    let named = names.peek().is_none() || names.any(|one| Some(one) == ask.name);
    has("apiGroups", group) && on && named
}

/// `pods.apps/log` as group `apps` and resource `pods/log`.
fn split(resource: &str) -> (String, String) {
    let (whole, sub) = resource.split_once('/').map_or((resource, ""), |(whole, sub)| (whole, sub));
    let (name, group) = whole.split_once('.').unwrap_or((whole, ""));
    (group.to_owned(), if sub.is_empty() { name.to_owned() } else { format!("{name}/{sub}") })
}

fn account_names(namespace: &str, name: &str, who: &mut BTreeSet<String>) {
    who.insert(format!("User:system:serviceaccount:{namespace}:{name}"));
    for group in [
        "system:authenticated".to_owned(),
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
    ] {
        who.insert(format!("Group:{group}"));
    }
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

/// A block, or the one element of a list of blocks.
fn one(value: &Value) -> &Value {
    value.as_array().map_or(value, |items| items.first().unwrap_or(&Value::Null))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

fn meta(object: &Value) -> &Value {
    one(&object["metadata"])
}

fn namespace_of(object: &Value) -> &str {
    Some(text(meta(object), "namespace")).filter(|it| !it.is_empty()).unwrap_or("default")
}

fn pod_of(object: &Value) -> &Value {
    let spec = one(&object["spec"]);
    let template = match text(object, "kind") {
        "Pod" => return spec,
        "CronJob" => &one(&one(&spec["jobTemplate"])["spec"])["template"],
        _ => &spec["template"],
    };
    one(&one(template)["spec"])
}
