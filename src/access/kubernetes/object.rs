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
    ("kubernetes_config_map_v1_data", "ConfigMap"),
    ("kubernetes_deployment", "Deployment"),
    ("kubernetes_daemon_set", "DaemonSet"),
    ("kubernetes_daemonset", "DaemonSet"),
    ("kubernetes_stateful_set", "StatefulSet"),
    ("kubernetes_replication_controller", "ReplicationController"),
    ("kubernetes_job", "Job"),
    ("kubernetes_cron_job", "CronJob"),
    ("kubernetes_pod", "Pod"),
    ("kubernetes_persistent_volume", "PersistentVolume"),
    ("kubernetes_network_policy", "NetworkPolicy"),
    ("kubernetes_validating_webhook_configuration", "ValidatingWebhookConfiguration"),
    ("kubernetes_mutating_webhook_configuration", "MutatingWebhookConfiguration"),
    ("kubernetes_validating_admission_policy", "ValidatingAdmissionPolicy"),
];

/// API groups of the kinds that are read; the core group has no name. A kind of another group is another kind.
const GROUPS: &[&str] = &[
    "admissionregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "extensions",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
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
            None => {
                let kind = body.get("kind").text().filter(|kind| *kind != "List")?;
                match body.get("apiVersion").text().and_then(|version| version.split_once('/')) {
                    // A Service of Knative runs pods, and is none of the core group.
                    Some((group, _)) if !GROUPS.contains(&group) => format!("{kind}.{group}"),
                    _ => kind.to_owned(),
                }
            }
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
            let mut value: yaml_serde::Value = yaml_serde::from_str(other.text()?).ok()?;
            // `<<: *other` takes the members of another map.
            value.apply_merge().ok()?;
            Some(Val::known(&serde_json::to_value(value).ok()?))
        }
    }
}

/// A boolean of the API, also in the words that YAML 1.1 has for it, which the tools around Kubernetes still read.
pub(super) fn truth(value: &Val) -> Option<bool> {
    match value.text().map(str::to_ascii_lowercase).as_deref() {
        Some("yes" | "y" | "on" | "true") => Some(true),
        Some("no" | "n" | "off" | "false") => Some(false),
        _ => value.flag(),
    }
}

/// The name of the service account that pods run as; `serviceAccount` is its older name.
pub(super) fn account_of(pod: &Val) -> &Val {
    match field(pod, "service_account_name") {
        name if name.is_unset() => field(pod, "service_account"),
        name => name,
    }
}

/// The names of the secrets that pods read.
pub(super) fn secrets_of(pod: &Val) -> Vec<String> {
    let mut found = Vec::new();
    for volume in each(pod, "volume", "volumes").items() {
        found.push(field(block(volume, "secret"), "secret_name"));
        let sources = field(block(volume, "projected"), "sources").items().iter();
        found.extend(sources.map(|source| block(source, "secret").get("name")));
    }
    for (one, many) in CONTAINERS {
        for container in each(pod, one, many).items() {
            let variables = container.get("env").items().iter();
            found.extend(variables.map(|env| block(block(env, "value_from"), "secret_key_ref").get("name")));
            let whole = field(container, "env_from").items().iter();
            found.extend(whole.map(|from| block(from, "secret_ref").get("name")));
        }
    }
    found.into_iter().filter_map(identifier).collect()
}

/// Whether a volume of the pods holds a token for the API server, whatever is said of mounting one.
pub(super) fn projects_token(pod: &Val) -> bool {
    let volumes = each(pod, "volume", "volumes").items().iter();
    let sources = volumes.flat_map(|volume| field(block(volume, "projected"), "sources").items());
    let mut tokens = sources.map(|source| block(source, "service_account_token")).filter(|token| !token.is_unset());
    // A token for another audience is refused by the API server.
    tokens.any(|token| token.get("audience").text().is_none_or(|audience| audience.contains("kubernetes")))
}

/// The lists of containers of a pod, as Terraform and as the API writes them.
pub(super) const CONTAINERS: [(&str, &str); 3] =
    [("container", "containers"), ("init_container", "initContainers"), ("ephemeral_container", "ephemeralContainers")];

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
