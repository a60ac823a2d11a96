//! New access as the report shows it.

use std::collections::{BTreeMap, BTreeSet};

use super::rbac::{Grant, Request, Rule, beyond};
use super::world::Entity;
use crate::access::{ActionAccess, NewAccess, StatementRef, Witness};

/// The verbs of a grant that the others do not cover already.
pub(super) fn newly(grant: &Grant, before: &[&Grant]) -> Vec<String> {
    let verbs = &grant.rule.verbs;
    if verbs.len() < 2 || verbs.iter().any(|verb| verb == "*") {
        return verbs.clone();
    }
    let alone = |verb: &&String| {
        let rule = Rule { verbs: vec![(*verb).clone()], ..Rule::clone(&grant.rule) };
        !matches!(beyond(&Grant { rule: rule.into(), ..grant.clone() }, before), Ok(None))
    };
    verbs.iter().filter(alone).cloned().collect()
}

/// What a grant newly gives somebody: the request that proves it, and the verbs that are newly covered.
pub(super) fn of(
    entity: &Entity,
    carried: &BTreeSet<String>,
    grant: &Grant,
    request: &Request,
    newly: &[String],
) -> NewAccess {
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
        action_levels: newly.iter().map(level).collect(),
        actions,
        resources,
        conditions: names.into_iter().chain(place).collect(),
        statement: StatementRef { address: address.clone(), path: path.into(), index: grant.index, sid: None },
        witness,
    }
}

/// New access that does not come from a rule.
pub(super) fn direct(
    address: &str,
    path: &str,
    principal: &str,
    action: &str,
    resource: &str,
    explanation: String,
) -> NewAccess {
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
