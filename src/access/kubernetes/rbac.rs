//! RBAC: rules, requests, and what one list of grants permits that another does not.
//!
//! Rules only add, and every test is equality, "anything", or a prefix of a URL. So requests fall into finitely many
//! classes, and trying one of each decides inclusion exactly (Kubernetes documentation, "Using RBAC Authorization";
//! `component-helpers/auth/rbac/validation/policy_comparator.go`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::object::{each, field};
use crate::access::worlds::Val;

/// One rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rule {
    /// Verbs; `*` is every verb.
    pub verbs: Vec<String>,
    /// API groups; the empty one is the core, `*` is every group.
    pub groups: Vec<String>,
    /// `RESOURCE`, `RESOURCE/SUBRESOURCE`, `*` or `*/SUBRESOURCE`.
    pub resources: Vec<String>,
    /// Object names; none is every object.
    pub names: Vec<String>,
    /// URL paths, `*` at the end of one for all below it.
    pub urls: Vec<String>,
}

/// A rule where it applies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The namespace of a role binding; `None` for the whole cluster.
    pub scope: Option<String>,
    /// The address of the role's resource; empty for a built-in role.
    pub role: String,
    /// The rule's position in its role.
    pub index: usize,
    /// The address of the binding; empty for a built-in one.
    pub binding: String,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Request {
    /// On an object or a collection.
    Resource {
        /// What for.
        verb: String,
        /// The API group, empty for the core.
        group: String,
        /// The resource, with its subresource.
        resource: String,
        /// The object's name, where the request carries it.
        name: Option<String>,
        /// The namespace, where the resource is in one.
        namespace: Option<String>,
    },
    /// On a path.
    Url {
        /// What for.
        verb: String,
        /// The path.
        path: String,
    },
}

/// Requests without an object's name in them.
const NAMELESS: &[&str] = &["create", "list", "watch", "deletecollection"];

/// Resources that are in no namespace, by API group. One that is not listed is taken to be in a namespace, which
/// permits more.
const CLUSTER: &[(&str, &[&str])] = &[
    ("", &["nodes", "persistentvolumes", "namespaces", "componentstatuses", "users", "groups"]),
    ("rbac.authorization.k8s.io", &["clusterroles", "clusterrolebindings"]),
    ("storage.k8s.io", &["storageclasses", "volumeattachments", "csidrivers", "csinodes"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    ("authentication.k8s.io", &["tokenreviews", "selfsubjectreviews", "uids", "userextras"]),
    ("authorization.k8s.io", &["subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
    ("certificates.k8s.io", &["certificatesigningrequests"]),
    ("networking.k8s.io", &["ingressclasses"]),
    ("node.k8s.io", &["runtimeclasses"]),
    ("scheduling.k8s.io", &["priorityclasses"]),
    ("flowcontrol.apiserver.k8s.io", &["flowschemas", "prioritylevelconfigurations"]),
    (
        "admissionregistration.k8s.io",
        &[
            "validatingwebhookconfigurations",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
        ],
    ),
    ("metrics.k8s.io", &["nodes"]),
];

fn is_cluster_wide(group: &str, resource: &str) -> bool {
    CLUSTER.iter().any(|(of, resources)| *of == group && resources.contains(&resource))
}

/// The work allowed for one grant, in requests tried.
const BUDGET: usize = 400_000;

fn any(list: &[String], value: &str) -> bool {
    list.iter().any(|one| one == "*" || one == value)
}

fn url_matches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => pattern == path,
    }
}

fn resource_matches(pattern: &str, resource: &str) -> bool {
    pattern == "*"
        || pattern == resource
        || pattern.strip_prefix("*/").is_some_and(|sub| resource.split_once('/').is_some_and(|(_, of)| of == sub))
}

impl Rule {
    /// The rules of a role; `None` where something in them is known only after apply.
    pub(super) fn list(role: &Val) -> Option<Vec<Self>> {
        let rules = each(role, "rule", "rules");
        match rules.has_hole() {
            true => None,
            false => Some(rules.items().iter().map(Self::of).collect()),
        }
    }

    fn of(rule: &Val) -> Self {
        let strings = |name: &str| -> Vec<String> {
            let text = |item: &Val| match item {
                Val::Text(text) => Some(text.to_string()),
                _ => None,
            };
            field(rule, name).items().iter().filter_map(text).collect()
        };
        Self {
            verbs: strings("verbs"),
            groups: strings("api_groups"),
            resources: strings("resources"),
            names: strings("resource_names"),
            urls: strings("non_resource_urls"),
        }
    }

    /// Everything.
    pub(super) fn everything() -> Self {
        let all = || vec!["*".to_owned()];
        Self { verbs: all(), groups: all(), resources: all(), names: Vec::new(), urls: all() }
    }
}

impl Grant {
    /// A rule for the whole cluster, from nowhere in the plan.
    pub(super) fn anywhere(rule: impl Into<Arc<Rule>>) -> Self {
        Self { rule: rule.into(), scope: None, role: String::new(), index: 0, binding: String::new() }
    }

    /// Whether the grant permits a request.
    #[must_use]
    pub fn permits(&self, request: &Request) -> bool {
        match request {
            Request::Url { verb, path } => {
                self.scope.is_none()
                    && any(&self.rule.verbs, verb)
                    && self.rule.urls.iter().any(|pattern| url_matches(pattern, path))
            }
            Request::Resource { verb, group, resource, name, namespace } => {
                let place = match &self.scope {
                    None => true,
                    // The namespace object itself is decided in its own namespace.
                    Some(scope) if group.is_empty() && resource.split('/').next() == Some("namespaces") => {
                        name.as_ref() == Some(scope)
                    }
                    scope @ Some(_) => namespace == scope,
                };
                place
                    && any(&self.rule.verbs, verb)
                    && any(&self.rule.groups, group)
                    && self.rule.resources.iter().any(|pattern| resource_matches(pattern, resource))
                    && (self.rule.names.is_empty() || name.as_ref().is_some_and(|name| self.rule.names.contains(name)))
            }
        }
    }

    /// Whether the other grant permits nothing beyond this one, word for word.
    fn covers(&self, other: &Self) -> bool {
        let within = |large: &[String], small: &[String]| {
            large.iter().any(|one| one == "*") || small.iter().all(|one| large.contains(one))
        };
        (self.scope.is_none() || self.scope == other.scope)
            && within(&self.rule.verbs, &other.rule.verbs)
            && within(&self.rule.groups, &other.rule.groups)
            && within(&self.rule.resources, &other.rule.resources)
            && within(&self.rule.urls, &other.rule.urls)
            && (self.rule.names.is_empty()
                || (!other.rule.names.is_empty() && within(&self.rule.names, &other.rule.names)))
    }
}

/// The requests tried ran out of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// A request that the grant permits and none of the others does.
///
/// # Errors
/// Where there are too many classes of requests to try.
pub fn beyond(grant: &Grant, before: &[&Grant]) -> Result<Option<Request>, TooMany> {
    if before.iter().any(|old| old.covers(grant)) {
        return Ok(None);
    }
    let near: Vec<&Grant> = before
        .iter()
        .filter(|old| old.scope.is_none() || grant.scope.is_none() || old.scope == grant.scope)
        .copied()
        .collect();
    let mut tried = 0;
    let verbs = expand(&grant.rule.verbs, near.iter().flat_map(|old| &old.rule.verbs), &["get", "create", "x-any"]);
    let mut refused = |request: &Request| {
        tried += 1;
        match tried > BUDGET {
            true => Err(TooMany),
            false => Ok(grant.permits(request) && !near.iter().any(|old| old.permits(request))),
        }
    };
    if grant.scope.is_none() {
        for path in paths(grant, &near) {
            for verb in &verbs {
                let request = Request::Url { verb: verb.clone(), path: path.clone() };
                if refused(&request)? {
                    return Ok(Some(request));
                }
            }
        }
    }
    let groups = expand(&grant.rule.groups, near.iter().flat_map(|old| &old.rule.groups), &["", "example.com"]);
    let resources = resources(grant, &near);
    let names = match grant.rule.names.is_empty() {
        true => expand(&["*".to_owned()], near.iter().flat_map(|old| &old.rule.names), &["example"]),
        false => grant.rule.names.clone(),
    };
    let namespaces = match &grant.scope {
        Some(scope) => vec![scope.clone()],
        None => expand(&["*".to_owned()], near.iter().filter_map(|old| old.scope.as_ref()), &["example"]),
    };
    for resource in &resources {
        for group in &groups {
            for verb in &verbs {
                let request = |name: Option<&String>, namespace: Option<&String>| Request::Resource {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    name: name.cloned(),
                    namespace: namespace.cloned(),
                };
                let nameless = !resource.contains('/') && NAMELESS.contains(&verb.as_str());
                let base = resource.split('/').next().unwrap_or_default();
                let cluster = is_cluster_wide(group, base) && !(base == "clusterroles" && verb == "bind");
                let named: Vec<Option<&String>> = match nameless {
                    // With a field selector on the name, a list or watch is a request for that object.
                    true if matches!(verb.as_str(), "list" | "watch") && !grant.rule.names.is_empty() => {
                        std::iter::once(None).chain(names.iter().map(Some)).collect()
                    }
                    true => vec![None],
                    false => names.iter().map(Some).collect(),
                };
                if cluster {
                    // What is in no namespace is not given in one, except the namespace itself.
                    let is_namespace = group.is_empty() && base == "namespaces";
                    let own = grant.scope.as_ref().filter(|_| is_namespace && !nameless);
                    let named = match (&grant.scope, own) {
                        (Some(_), None) => continue,
                        (Some(_), Some(own)) => vec![Some(own)],
                        (None, _) if is_namespace && !nameless => {
                            named.into_iter().chain(namespaces.iter().map(Some)).collect()
                        }
                        (None, _) => named,
                    };
                    for name in named {
                        let request = request(name, None);
                        if refused(&request)? {
                            return Ok(Some(request));
                        }
                    }
                    continue;
                }
                for name in named {
                    for namespace in &namespaces {
                        let request = request(name, Some(namespace));
                        if refused(&request)? {
                            return Ok(Some(request));
                        }
                    }
                }
            }
        }
    }
    Ok(None)
}

/// The values of a list; for `*`, those that others tell apart and one that nobody names.
fn expand<'a>(own: &[String], others: impl Iterator<Item = &'a String>, fresh: &[&str]) -> Vec<String> {
    if !own.iter().any(|one| one == "*") {
        return own.to_vec();
    }
    let mut out: Vec<String> = fresh.iter().map(|&one| one.to_owned()).collect();
    let named: BTreeSet<&String> = others.filter(|one| *one != "*").collect();
    // The value that nobody names must differ from all that are.
    out.extend(named.iter().filter(|one| !fresh.contains(&one.as_str())).map(|&one| one.clone()));
    let mut unnamed = "unnamed".to_owned();
    while named.contains(&unnamed) {
        unnamed.push('x');
    }
    out.push(unnamed);
    out
}

fn resources(grant: &Grant, near: &[&Grant]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let others: BTreeSet<&String> = near.iter().flat_map(|old| &old.rule.resources).collect();
    let bases: BTreeSet<&str> =
        others.iter().filter_map(|one| one.split('/').next()).filter(|one| *one != "*").collect();
    let subs: BTreeSet<&str> = others.iter().filter_map(|one| one.split_once('/')).map(|(_, sub)| sub).collect();
    for own in &grant.rule.resources {
        match own.split_once('/') {
            None if own == "*" => {
                out.extend(["secrets", "unnamed", "unnamed/unnamed", "nodes", "namespaces"].map(str::to_owned));
                for base in &bases {
                    out.push((*base).to_owned());
                    out.push(format!("{base}/unnamed"));
                    out.extend(subs.iter().map(|sub| format!("{base}/{sub}")));
                }
                out.extend(subs.iter().map(|sub| format!("unnamed/{sub}")));
            }
            Some(("*", sub)) => {
                out.push(format!("unnamed/{sub}"));
                out.extend(bases.iter().map(|base| format!("{base}/{sub}")));
            }
            // `pods/*` matches no request: only a leading star means anything.
            Some((_, "*")) => {}
            _ => out.push(own.clone()),
        }
    }
    out.retain(|one| !one.ends_with("/*") && !one.starts_with('*'));
    let mut seen = BTreeSet::new();
    out.retain(|one| seen.insert(one.clone()));
    out
}

fn paths(grant: &Grant, near: &[&Grant]) -> Vec<String> {
    let mut out = Vec::new();
    let others: Vec<&String> = near.iter().flat_map(|old| &old.rule.urls).collect();
    for own in &grant.rule.urls {
        let Some(prefix) = own.strip_suffix('*') else {
            out.push(own.clone());
            continue;
        };
        let root = if prefix.is_empty() { "/" } else { prefix };
        out.extend([root.to_owned(), format!("{root}unnamed")]);
        for other in &others {
            let plain = other.trim_end_matches('*');
            if plain.starts_with(prefix) && !plain.is_empty() {
                out.extend([plain.to_owned(), format!("{plain}unnamed")]);
                // Just short of it, where the other's prefix does not reach.
                let mut short = plain.to_owned();
                short.pop();
                out.push(format!("{short}~unnamed"));
            }
        }
    }
    out.retain(|path| path.starts_with('/'));
    out
}
