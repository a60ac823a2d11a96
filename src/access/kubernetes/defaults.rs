//! The cluster roles that every API server creates, and those that a team has imported.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::rbac::Rule;
use super::selector::Selector;
use super::world::{Role, World, cluster_role};
use crate::access::worlds::{State, Val};

/// The default cluster roles and their bindings.
pub(super) static DEFAULTS: LazyLock<serde_json::Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("default_roles.json")).unwrap_or_default());

/// The label of every default role (Kubernetes documentation, "Using RBAC Authorization", "Default roles").
const BOOTSTRAPPING: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

impl World {
    pub(super) fn defaults(&mut self) {
        let roles = DEFAULTS.get("roles").and_then(serde_json::Value::as_object);
        for (name, rules) in roles.into_iter().flatten() {
            let list = Val::Map(BTreeMap::from([("rules".into(), Val::known(rules))]));
            let joined = match name.as_str() {
                "view" => Some("view"),
                "edit" => Some("edit"),
                "admin" => Some("admin"),
                _ => None,
            };
            let selects = joined.map(|name| {
                // Each takes what the ones below it take.
                let below: &[&str] = match name {
                    "view" => &["view"],
                    "edit" => &["view", "edit"],
                    _ => &["view", "edit", "admin"],
                };
                let label =
                    |to: &&str| Selector::label(&format!("rbac.authorization.k8s.io/aggregate-to-{to}"), "true");
                below.iter().map(label).collect()
            });
            let labels = BTreeMap::from([(BOOTSTRAPPING.0.to_owned(), BOOTSTRAPPING.1.to_owned())]);
            let own = Role { address: String::new(), rules: Rule::list(&list), labels, selects: None };
            match (joined, selects) {
                (Some(joined), Some(selects)) => {
                    let label = format!("rbac.authorization.k8s.io/aggregate-to-{joined}");
                    let mut part = own.clone();
                    part.labels.insert(label, "true".to_owned());
                    self.roles.insert(cluster_role(&format!("system:aggregate-to-{joined}")), part);
                    self.roles.insert(cluster_role(name), Role { selects: Some(selects), ..own });
                }
                _ => {
                    self.roles.insert(cluster_role(name), own);
                }
            }
        }
    }

    /// Cluster roles that the team has imported take the place of the default ones; what is joined to them by label
    /// still comes from the plan.
    pub(super) fn imported(&mut self, state: &State) {
        for (name, definition) in state.catalogue.roles.get("kubernetes").into_iter().flatten() {
            let rules = definition.blocks.iter().map(|block| Val::known(&block.rule)).collect();
            let list = Val::Map(BTreeMap::from([("rules".into(), Val::List(rules))]));
            let joins = self.roles.get(&cluster_role(name)).is_some_and(|role| role.selects.is_some());
            let key = if joins { format!("system:aggregate-to-{name}") } else { name.clone() };
            let labels = match joins {
                true => self.roles.get(&cluster_role(&key)).map(|role| role.labels.clone()).unwrap_or_default(),
                false => BTreeMap::new(),
            };
            let role = Role { address: String::new(), rules: Rule::list(&list), labels, selects: None };
            self.roles.insert(cluster_role(&key), role);
        }
    }
}
