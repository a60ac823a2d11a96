//! Kubernetes objects, whichever resource type of Terraform describes them.
//!
//! The typed resources write `snake_case` attributes and blocks as lists of one, `kubernetes_manifest` the object
//! itself, `kubectl_manifest` its YAML text. The accessors here read all three.

use std::sync::Arc;

use crate::access::worlds::{Object, Piece, Row, Side, Val};

/// An object of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Thing {
    /// The object's kind, such as `RoleBinding`.
    pub(super) kind: String,
    /// The Terraform address.
    pub(super) address: Arc<str>,
    /// The object.
    pub(super) body: Val,
}

/// Typed resources without their version suffix, and the kinds they make.
const TYPES: &[(&str, &str)] = &[
    ("kubernetes_role", "Role"),
    ("kubernetes_cluster_role", "ClusterRole"),
    ("kubernetes_role_binding", "RoleBinding"),
    ("kubernetes_cluster_role_binding", "ClusterRoleBinding"),
    ("kubernetes_service_account", "ServiceAccount"),
    ("kubernetes_default_service_account", "ServiceAccount"),
    ("kubernetes_secret", "Secret"),
    ("kubernetes_token_request", "TokenRequest"),
    ("kubernetes_certificate_signing_request", "CertificateSigningRequest"),
    ("kubernetes_namespace", "Namespace"),
    ("kubernetes_config_map", "ConfigMap"),
    ("kubernetes_deployment", "Deployment"),
    ("kubernetes_daemon_set", "DaemonSet"),
    ("kubernetes_daemonset", "DaemonSet"),
    ("kubernetes_stateful_set", "StatefulSet"),
    ("kubernetes_replication_controller", "ReplicationController"),
    ("kubernetes_job", "Job"),
    ("kubernetes_cron_job", "CronJob"),
    ("kubernetes_pod", "Pod"),
    ("kubernetes_network_policy", "NetworkPolicy"),
    ("kubernetes_validating_webhook_configuration", "ValidatingWebhookConfiguration"),
    ("kubernetes_mutating_webhook_configuration", "MutatingWebhookConfiguration"),
    ("kubernetes_validating_admission_policy", "ValidatingAdmissionPolicy"),
];

/// Kinds that run pods.
pub(super) const WORKLOADS: &[&str] =
    &["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "Pod"];

/// Kinds of which the live object tells more than the manifest that was applied last: somebody may have taken away by
/// hand what the plan gives back.
const DRIFTING: &[&str] = &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ServiceAccount"];

impl Thing {
    /// The object of a row on a side.
    pub(super) fn on(row: &Row, side: Side) -> Option<Self> {
        let object = row.object(side)?;
        let mut thing = Self::of(object)?;
        if side == Side::Before && row.differs() && &*object.type_name == "kubernetes_manifest" {
            let live = object.get("object");
            let drifting = DRIFTING.contains(&thing.kind.as_str()) || WORKLOADS.contains(&thing.kind.as_str());
            if drifting && live.get("kind").text() == Some(thing.kind.as_str()) {
                thing.body = live.clone();
            }
        }
        Some(thing)
    }

    /// The object that a resource describes; `None` where the resource is not one object that can be read, such as a
    /// list of several.
    pub(super) fn of(object: &Object) -> Option<Self> {
        let (kind, body) = match &*object.type_name {
            "kubernetes_manifest" => (None, object.get("manifest").clone()),
            "kubectl_manifest" => {
                let mut body = yaml(object.get("yaml_body"))?;
                let place = object.get("override_namespace");
                if !place.is_unset()
                    && let Val::Map(members) = &mut body
                    && let Some(Val::Map(metadata)) = members.get_mut("metadata")
                {
                    metadata.insert("namespace".into(), place.clone());
                }
                (None, body)
            }
            other => {
                let stem = other.trim_end_matches("_v1");
                let (_, kind) = TYPES.iter().find(|(name, _)| *name == stem)?;
                (Some((*kind).to_owned()), Val::clone(&object.values))
            }
        };
        let kind = match kind {
            Some(kind) => kind,
            None => body.get("kind").text().filter(|kind| *kind != "List")?.to_owned(),
        };
        Some(Self { kind, address: object.address.clone(), body })
    }

    fn metadata(&self) -> &Val {
        block(&self.body, "metadata")
    }

    /// The object's name; a hole's id where the server gives it.
    pub(super) fn name(&self) -> Option<String> {
        let metadata = self.metadata();
        match (identifier(metadata.get("name")), self.kind.as_str()) {
            // The server makes one up: it is like no other.
            (None, _) if !field(metadata, "generate_name").is_unset() => Some(format!("${{{}}}", self.address)),
            (None, "ServiceAccount") => Some("default".to_owned()),
            (name, _) => name,
        }
    }

    /// The object's namespace, `default` where none is named.
    pub(super) fn namespace(&self) -> String {
        identifier(self.metadata().get("namespace")).unwrap_or_else(|| "default".to_owned())
    }

    /// Whether the object's place is known only after apply, and is not a namespace of the same plan.
    pub(super) fn is_nowhere(&self) -> bool {
        match self.metadata().get("namespace") {
            Val::Hole(hole) => !hole.id.contains("kubernetes_namespace"),
            Val::Partial(_) => true,
            _ => false,
        }
    }

    /// A label.
    pub(super) fn label(&self, key: &str) -> &Val {
        self.metadata().get("labels").get(key)
    }

    /// An annotation.
    pub(super) fn annotation(&self, key: &str) -> &Val {
        self.metadata().get("annotations").get(key)
    }

    /// The labels or the annotations as a whole.
    pub(super) fn marks(&self, which: &str) -> &Val {
        self.metadata().get(which)
    }

    /// The specification of the pods that a workload runs.
    pub(super) fn pod(&self) -> &Val {
        let spec = block(&self.body, "spec");
        match self.kind.as_str() {
            "Pod" => spec,
            "CronJob" => block(block(block(block(spec, "job_template"), "spec"), "template"), "spec"),
            _ => block(block(spec, "template"), "spec"),
        }
    }
}

/// What identifies something by name; one of which parts are not known is like no other that is known.
pub(super) fn identifier(value: &Val) -> Option<String> {
    match value {
        Val::Partial(pieces) => Some(
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.to_string(),
                    Piece::Hole(hole) => format!("${{{}}}", hole.id),
                })
                .collect(),
        ),
        other => other.name(),
    }
}

/// YAML text as a value; a hole stays one. Several documents are none.
pub(super) fn yaml(text: &Val) -> Option<Val> {
    match text {
        Val::Hole(_) => Some(text.clone()),
        other => {
            let value: serde_json::Value = yaml_serde::from_str(other.text()?).ok()?;
            Some(Val::known(&value))
        }
    }
}

/// A member by its `snake_case` name, or by the `camelCase` name of the API.
pub(super) fn field<'v>(value: &'v Val, snake: &str) -> &'v Val {
    match value.get(snake) {
        Val::Null => value.get(&camel(snake)),
        found => found,
    }
}

/// A nested object, whether it is written as one or as a list of one.
pub(super) fn block<'v>(value: &'v Val, snake: &str) -> &'v Val {
    match field(value, snake) {
        Val::List(items) => items.first().unwrap_or(&Val::Null),
        other => other,
    }
}

/// Repeated objects: the block's name, or the plural that the API uses.
pub(super) fn each<'v>(value: &'v Val, one: &str, many: &str) -> &'v Val {
    match field(value, one) {
        Val::Null => field(value, many),
        found => found,
    }
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut out = words.next().unwrap_or_default().to_owned();
    for word in words {
        match word {
            // The API writes some abbreviations in capitals.
            "urls" => out.push_str("URLs"),
            "pid" | "ipc" => out.push_str(&word.to_uppercase()),
            _ => {
                let mut letters = word.chars();
                out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                out.push_str(letters.as_str());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_api_are_found() {
        assert_eq!(camel("non_resource_urls"), "nonResourceURLs");
        assert_eq!(camel("host_pid"), "hostPID");
        assert_eq!(camel("automount_service_account_token"), "automountServiceAccountToken");
    }
}
