//! Rows of small plans, and what such a plan newly permits.

#[path = "read.rs"]
mod read;

use serde_json::{Value, json};
use tollgate::access::{PlanAccess, worlds};
use tollgate::iam::Recognition;

/// The row of an object before and after, null for none, with a mask of what is known only after apply.
pub(crate) fn row(kind: &str, name: &str, [before, after, unknown]: [&Value; 3]) -> Value {
    let provider = kind.split('_').next().unwrap_or_default();
    let owner = match provider {
        "auth0" | "databricks" => provider,
        "github" => "integrations",
        "gitlab" => "gitlabhq",
        "kubectl" => "alekc",
        _ => "hashicorp",
    };
    let actions = match (before.is_null(), after.is_null()) {
        (true, _) => "create",
        (_, true) => "delete",
        _ if before == after && *unknown == json!({}) => "no-op",
        _ => "update",
    };
    json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
        "provider_name": format!("registry.terraform.io/{owner}/{provider}"),
        "change": {"actions": [actions], "before": before, "after": after, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {}}})
}

/// A plan of rows, with the resources of its configuration, as Terraform shows it.
pub(crate) fn text(changes: &[Value], resources: &[Value]) -> String {
    let module = if resources.is_empty() { json!({}) } else { json!({"resources": resources}) };
    json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
        "errored": false, "resource_changes": changes, "configuration": {"root_module": module}})
    .to_string()
}

/// What a plan newly permits.
pub(crate) fn judged(text: &str) -> (PlanAccess, Recognition) {
    let (plan, recognition) = read::read(text.as_bytes()).unwrap().remove(0);
    (worlds::compare(&plan, &recognition), recognition)
}
