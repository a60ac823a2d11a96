//! Which changes are compared, and what in them cannot be read.

use super::object::{Thing, WORKLOADS, account_of, block, each, field, yaml};
use super::selector::Selector;
use super::world::World;
use crate::access::worlds::{Row, Side, Val};
use crate::access::{Guardrail, GuardrailEffect, Reason};

/// Kinds whose objects the world reads.
const READ: &[&str] = &[
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ServiceAccount",
    "Secret",
    "TokenRequest",
    "Namespace",
    "ConfigMap",
    "CertificateSigningRequest",
    "PersistentVolume",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Kinds that give nobody access to the API or to a node.
const STILL: &[&str] = &[
    "NetworkPolicy",
    "Service",
    "Endpoints",
    "EndpointSlice",
    "Ingress",
    "IngressClass",
    "ResourceQuota",
    "LimitRange",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
    "StorageClass",
    "PriorityClass",
    "Lease",
];

/// Whether the content of a kind decides who may do what.
pub(super) fn decides(kind: &str) -> bool {
    (READ.contains(&kind) && !matches!(kind, "Secret" | "ConfigMap" | "TokenRequest")) || WORKLOADS.contains(&kind)
}

/// Whether everything in the row is compared.
pub(super) fn compared(row: &Row) -> bool {
    let known = |kind: &str| READ.contains(&kind) || STILL.contains(&kind) || WORKLOADS.contains(&kind);
    let side = |side: Side| match row.object(side) {
        None => true,
        Some(_) => Thing::on(row, side).is_some_and(|thing| known(&thing.kind)),
    };
    side(Side::Before) && side(Side::After)
}

fn unknown(path: &str, what: &str) -> Reason {
    Reason {
        code: "unknown_value".into(),
        path: path.into(),
        message: format!("{what} is known only after apply; give it a value that the plan can show"),
    }
}

fn unread(code: &str, path: &str, message: String) -> Reason {
    Reason { code: code.into(), path: path.into(), message }
}

/// Why a changed row may permit more than the worlds show.
pub(super) fn doubts(row: &Row, after: &World) -> (Vec<Reason>, Vec<Guardrail>) {
    let mut reasons = Vec::new();
    let mut rails = Vec::new();
    let old = Thing::on(row, Side::Before);
    let new = Thing::on(row, Side::After);
    if let Some(thing) = &new {
        of_after(thing, old.as_ref(), after, &mut reasons);
    }
    if is_overwritten(row) {
        reasons.push(unread(
            "unread_object",
            "yaml_body",
            "the object in the cluster is not what was applied, and the plan does not show it; read the difference"
                .to_owned(),
        ));
    }
    let kind = old.as_ref().or(new.as_ref()).map_or("", |thing| thing.kind.as_str()).to_owned();
    let guard = |list: &mut Vec<Guardrail>, address: &str, effect, explanation: String| {
        list.push(Guardrail { address: address.to_owned(), kind: "admission".to_owned(), effect, explanation });
    };
    match kind.as_str() {
        "ValidatingWebhookConfiguration" => {
            if let Some(old) = &old
                && !still_refuses(&old.body, new.as_ref().map(|new| &new.body))
            {
                reasons.push(unread(
                    "opaque_guardrail",
                    "webhook",
                    "a validating webhook is removed or changed, and its code decides what it refused; keep it as it \
                     was, or have its owner confirm the change"
                        .to_owned(),
                ));
                let effect = if new.is_none() { GuardrailEffect::Removed } else { GuardrailEffect::Weakened };
                guard(&mut rails, &old.address, effect, "a validating webhook checks less than before".to_owned());
            }
        }
        "MutatingWebhookConfiguration" | "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding" => {
            let created = old.is_none() && kind != "MutatingWebhookConfiguration";
            let same = match (&old, &new) {
                (Some(old), Some(new)) => content(&old.body) == content(&new.body),
                _ => false,
            };
            if !created && !same {
                reasons.push(unread(
                    "opaque_guardrail",
                    "",
                    format!("what this {kind} refuses or changes cannot be read from the plan; read the change"),
                ));
                if let (Some(old), None) = (&old, &new) {
                    guard(&mut rails, &old.address, GuardrailEffect::Removed, format!("a {kind} is removed"));
                }
            }
        }
        _ => {}
    }
    (reasons, rails)
}

/// Whether a manifest is applied again because somebody changed the object in the cluster.
fn is_overwritten(row: &Row) -> bool {
    let (Some(old), Some(new)) = (&row.before, &row.after) else { return false };
    let same = |attribute: &str| old.get(attribute) == new.get(attribute);
    &*old.type_name == "kubectl_manifest"
        && same("yaml_body")
        && same("override_namespace")
        && !["yaml_incluster", "live_manifest_incluster"].into_iter().all(same)
}

fn of_after(thing: &Thing, old: Option<&Thing>, after: &World, reasons: &mut Vec<Reason>) {
    let body = &thing.body;
    let changed = |part: &dyn Fn(&Thing) -> Val| old.is_none_or(|old| part(old) != part(thing));
    if thing.name().is_none() {
        reasons.push(unknown("metadata", "the name"));
    }
    if thing.is_nowhere() && changed(&|thing| thing.marks("namespace").clone()) {
        reasons.push(unknown("metadata", "the namespace"));
    }
    match thing.kind.as_str() {
        "Role" | "ClusterRole" => {
            let aggregated = Selector::of_role(body).is_some();
            if !aggregated && each(body, "rule", "rules").has_hole() {
                reasons.push(unknown("rule", "part of the rules"));
            }
            if thing.kind == "ClusterRole" && thing.marks("labels").has_hole() {
                reasons.push(unknown("metadata", "a label, by which other roles may take these rules,"));
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            let subjects = each(body, "subject", "subjects");
            let open = |subject: &Val| {
                let (kind, name) = (subject.get("kind"), subject.get("name"));
                let place = subject.get("namespace").name().unwrap_or_else(|| thing.namespace());
                if matches!(subject.get("namespace"), Val::Partial(_)) {
                    return true;
                }
                let found = kind.text() == Some("ServiceAccount")
                    && name.name().is_some_and(|name| after.has_account(&place, &name));
                kind.has_hole() || matches!(name, Val::Partial(_)) || (name.hole().is_some() && !found)
            };
            if subjects.hole().is_some() || subjects.items().iter().any(open) {
                reasons.push(unknown("subject", "who is bound"));
            }
            let role = block(body, "role_ref");
            let (kind, name) = (role.get("kind"), role.get("name"));
            let found = name.name().is_some_and(|name| after.has_role(kind.text().unwrap_or_default(), &name));
            if role.hole().is_some() || kind.has_hole() || (name.has_hole() && !found) {
                reasons.push(unknown("role_ref", "which role is bound"));
            }
        }
        "ServiceAccount" => {
            if field(body, "automount_service_account_token").has_hole() {
                reasons.push(unknown("automount_service_account_token", "whether the token is mounted"));
            }
            if thing.marks("annotations").has_hole() {
                reasons.push(unknown("metadata", "an annotation, which may tie the account to a cloud identity,"));
            }
        }
        "Namespace" => of_namespace(thing, old, after, reasons),
        "Secret" => {
            let marks = thing.marks("annotations");
            if body.get("type").has_hole() || marks.hole().is_some() {
                reasons.push(unknown("type", "whether the secret holds a service account's token"));
            }
        }
        "CertificateSigningRequest" if changed(&|thing| block(&thing.body, "spec").clone()) => {
            reasons.push(unread(
                "unread_credential",
                "spec",
                "a client certificate is requested, and whom it stands for is inside the request; decode it".to_owned(),
            ));
        }
        "ConfigMap" => aws_auth(thing, old, reasons),
        "PersistentVolume" => {
            let of_node = |thing: &Thing| {
                let spec = block(&thing.body, "spec");
                let source = block(spec, "persistent_volume_source");
                let source = if source.is_unset() { spec } else { source };
                let path = |kind: &str| block(source, kind).get("path").clone();
                [path("host_path"), path("local")].into_iter().find(|path| !path.is_unset()).unwrap_or_default()
            };
            if !of_node(thing).is_unset() && changed(&of_node) {
                reasons.push(unread(
                    "unread_pod",
                    "spec",
                    "the volume is a directory of the node, and pods that claim it get it; read who may claim it"
                        .to_owned(),
                ));
            }
        }
        kind if WORKLOADS.contains(&kind) => {
            let pod = thing.pod();
            let name = account_of(pod);
            if pod.hole().is_some() || pod.is_unset() {
                reasons.push(unknown("spec", "what the pods run"));
            }
            let found = name.name().is_some_and(|name| after.has_account(&thing.namespace(), &name));
            if name.has_hole() && !found {
                reasons.push(unknown("spec", "the service account"));
            }
            if field(pod, "automount_service_account_token").has_hole() {
                reasons.push(unknown("spec", "whether the token is mounted"));
            }
        }
        _ => {}
    }
}

/// Labels by which common admission controllers leave a namespace alone (Gatekeeper, "Exempting Namespaces"; OPA,
/// "Kubernetes Tutorial"; Sigstore policy controller; Istio).
const EXEMPT: &[&str] = &[
    "admission.gatekeeper.sh/ignore",
    "openpolicyagent.org/webhook",
    "policy.sigstore.dev/exclude",
    "policies.kyverno.io/ignore",
];

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Labels of a namespace that steer admission beside the level that `levels` compares.
fn of_namespace(thing: &Thing, old: Option<&Thing>, after: &World, reasons: &mut Vec<Reason>) {
    let Some(old) = old else { return };
    let version = format!("{ENFORCE}-version");
    let pinned = |thing: &Thing| match thing.label(&version) {
        Val::Text(text) if &**text == "latest" => Val::Null,
        other => other.clone(),
    };
    if pinned(thing) != pinned(old) && !pinned(thing).is_unset() {
        let text = "another version of the Pod Security level is enforced, which may ask less; read what it leaves out";
        reasons.push(unread("opaque_guardrail", "metadata", text.to_owned()));
    }
    if old.label(ENFORCE).is_unset() && thing.label(ENFORCE).text() == Some("privileged") {
        let text =
            "`privileged` is written out, and the cluster's own default may have been stricter; read its configuration";
        reasons.push(unread("outside_plan", "metadata", text.to_owned()));
    }
    if let Some(label) =
        EXEMPT.iter().find(|label| thing.label(label) != old.label(label) && !thing.label(label).is_unset())
    {
        let text =
            format!("`{label}` takes the namespace out of what an admission controller checks; read its policies");
        reasons.push(unread("opaque_guardrail", "metadata", text));
    }
    if after.selects_namespaces && thing.marks("labels") != old.marks("labels") {
        let text =
            "labels of the namespace change, and an admission configuration of the plan chooses by labels; read both";
        reasons.push(unread("opaque_guardrail", "metadata", text.to_owned()));
    }
}

fn aws_auth(thing: &Thing, old: Option<&Thing>, reasons: &mut Vec<Reason>) {
    let metadata = thing.marks("name");
    let generated = !thing.marks("generate_name").is_unset();
    let itself = thing.name().as_deref() == Some("aws-auth") && thing.namespace() == "kube-system";
    let data = field(&thing.body, "data");
    if (metadata.has_hole() && !generated) || (itself && data.hole().is_some()) {
        reasons.push(unknown("data", "what may be the map of AWS principals"));
    }
    if !itself {
        return;
    }
    for key in ["mapRoles", "mapUsers", "mapAccounts"] {
        let text = data.get(key);
        let before = old.map_or(&Val::Null, |old| field(&old.body, "data").get(key));
        if text == before || text.is_unset() {
            continue;
        }
        if text.has_hole() {
            reasons.push(unknown("data", "the map of AWS principals"));
        } else if key == "mapAccounts" || yaml(text).is_none_or(|map| !well_formed(&map)) {
            reasons.push(unread(
                "unread_map",
                "data",
                format!("`{key}` of aws-auth changes and cannot be compared; list principals in mapRoles and mapUsers"),
            ));
        } else if let Some(name) = chosen(text, before) {
            reasons.push(unread(
                "unread_map",
                "data",
                format!("`{name}` of aws-auth lets whoever assumes the role choose who he is; write the name out"),
            ));
        }
    }
}

/// A user name that the caller chooses by the name of his session, and that was not in the map before.
fn chosen(text: &Val, before: &Val) -> Option<String> {
    let names = |map: &Val| -> Vec<(Option<String>, String)> {
        let map = yaml(map).unwrap_or_default();
        let one = |entry: &Val| Some((entry.get("rolearn").name(), entry.get("username").name()?));
        map.items().iter().filter_map(one).filter(|(_, name)| name.contains("{{SessionName")).collect()
    };
    let before = names(before);
    names(text).into_iter().find(|one| !before.contains(one)).map(|(_, name)| name)
}

/// A list of entries that each name one principal.
fn well_formed(map: &Val) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let one = |entry: &Val| {
        entry.get("rolearn").text().or(entry.get("userarn").text()).is_some_and(|arn| seen.insert(arn.to_owned()))
    };
    match map {
        Val::List(items) => items.iter().all(one),
        other => other.is_unset(),
    }
}

/// The parts of a configuration that decide what it does.
fn content(body: &Val) -> Vec<&Val> {
    ["spec", "webhook", "webhooks"].iter().map(|part| body.get(part)).collect()
}

/// Whether every webhook of the before side still refuses all that it refused.
fn still_refuses(old: &Val, new: Option<&Val>) -> bool {
    let Some(new) = new else { return false };
    let (old, new) = (each(old, "webhook", "webhooks"), each(new, "webhook", "webhooks"));
    old.items().iter().all(|was| {
        new.items().iter().filter(|is| is.get("name") == was.get("name")).any(|is| {
            let (Val::Map(was), Val::Map(is)) = (was, is) else { return false };
            was.keys().chain(is.keys()).all(|key| {
                let (was, is) = (was.get(key).unwrap_or(&Val::Null), is.get(key).unwrap_or(&Val::Null));
                let stricter = matches!(&**key, "failure_policy" | "failurePolicy") && is.text() == Some("Fail");
                let beside = matches!(&**key, "timeout_seconds" | "timeoutSeconds");
                stricter || beside || same(was, is)
            })
        })
    })
}

/// Whether values mean the same: an update writes what is absent as empty.
fn same(old: &Val, new: &Val) -> bool {
    match (old, new) {
        (Val::List(was), Val::List(is)) => was.len() == is.len() && was.iter().zip(is).all(|(was, is)| same(was, is)),
        (Val::Map(was), Val::Map(is)) => {
            let keys = was.keys().chain(is.keys());
            keys.into_iter().all(|key| same(old.get(key), new.get(key)))
        }
        _ => old == new || (old.is_unset() && new.is_unset()),
    }
}
