//! Which changes of Google Cloud the comparison covers.

use super::model::enforced;
use super::reason;
use crate::access::Reason;
use crate::access::worlds::{Object, Row};
use crate::iam::IamChange;

/// How far a change is compared.
pub(super) enum Cover {
    /// Everything that bears on access is.
    Compared,
    /// Some of it is not.
    Partly(Reason),
    /// Not at all.
    No,
}

/// Types whose access is read whole.
const WHOLE: [&str; 17] = [
    "google_project_iam_custom_role",
    "google_organization_iam_custom_role",
    "google_iam_deny_policy",
    "google_access_context_manager_access_level",
    "google_iam_workload_identity_pool_provider",
    "google_service_account",
    "google_service_account_key",
    "google_storage_bucket",
    "google_storage_bucket_acl",
    "google_storage_default_object_acl",
    "google_storage_object_acl",
    "google_storage_bucket_access_control",
    "google_storage_default_object_access_control",
    "google_storage_object_access_control",
    "google_bigquery_dataset",
    "google_bigquery_dataset_access",
    "google_project_iam_member_remove",
];

pub(super) fn of(change: &IamChange, row: Option<&Row>) -> Cover {
    let name = change.row.type_name.as_str();
    let suffixes = ["_iam_member", "_iam_binding", "_iam_policy", "_iam_audit_config"];
    let family = name.starts_with("google_") && suffixes.iter().any(|suffix| name.ends_with(suffix));
    if family || WHOLE.contains(&name) {
        return Cover::Compared;
    }
    let Some(row) = row else { return Cover::No };
    let differs = |attributes: &[&str]| attributes.iter().any(|attribute| changed(row, attribute));
    match name {
        "google_project" if row.before.is_some() && differs(&["folder_id", "org_id"]) => Cover::Partly(moved()),
        "google_folder" if row.before.is_some() && differs(&["parent"]) => Cover::Partly(moved()),
        "google_project" | "google_folder" => Cover::Compared,
        "google_iam_workload_identity_pool" if differs(&["disabled", "state"]) && row.before.is_some() => Cover::No,
        "google_iam_workload_identity_pool" => Cover::Compared,
        "google_access_context_manager_service_perimeter" => {
            let inner = |object: &Object| {
                let status = object.get("status").items().first().cloned().unwrap_or_default();
                let rest = ["ingress_policies", "egress_policies", "vpc_accessible_services"];
                (
                    object.get("perimeter_type").clone(),
                    rest.map(|it| format!("{:?}", Some(status.get(it)).filter(|v| !v.is_unset()))),
                )
            };
            match row.before.as_ref().map(inner) == row.after.as_ref().map(inner) {
                true => Cover::Compared,
                false => Cover::Partly(reason(
                    "not_compared",
                    "status",
                    "ingress and egress rules of perimeters are not compared; read the change".into(),
                )),
            }
        }
        "google_org_policy_policy" => org_policy(row),
        _ => super::machine::cover(row),
    }
}

fn changed(row: &Row, attribute: &str) -> bool {
    let value =
        |object: &Option<Object>| object.as_ref().map(|it| it.get(attribute).clone()).filter(|it| !it.is_unset());
    value(&row.before) != value(&row.after)
}

fn moved() -> Reason {
    reason(
        "not_compared",
        "",
        "the place in the tree changes, and with it every inherited grant; read the change".into(),
    )
}

/// Policies whose effect is compared, and those whose live part stays; all others say what they are.
fn org_policy(row: &Row) -> Cover {
    let name = |object: &Object| object.get("name").text().unwrap_or_default().to_owned();
    let name = row.after.as_ref().or(row.before.as_ref()).map(name).unwrap_or_default();
    let rules = |object: &Object| {
        let spec = object.get("spec").items().first().cloned().unwrap_or_default();
        let rules: Vec<String> = spec
            .get("rules")
            .items()
            .iter()
            .map(|rule| match rule {
                crate::access::worlds::Val::Map(members) => {
                    format!("{:?}", members.iter().filter(|(_, value)| !value.is_unset()).collect::<Vec<_>>())
                }
                other => format!("{other:?}"),
            })
            .collect();
        let flag = |it| spec.get(it).flag().unwrap_or_default();
        (rules, flag("inherit_from_parent"), flag("reset"))
    };
    let read = |object: &Option<Object>| object.as_ref().is_none_or(|object| enforced(object).is_some());
    let known = ["iam.disableServiceAccountKeyCreation", "storage.publicAccessPrevention"];
    let compared = known.iter().any(|it| name.ends_with(&format!("/policies/{it}")));
    if row.before.as_ref().map(rules) == row.after.as_ref().map(rules) {
        return Cover::Compared;
    }
    let strict = row.after.as_ref().and_then(enforced) == Some(true);
    match strict || compared && read(&row.before) && read(&row.after) {
        true => Cover::Compared,
        false => Cover::Partly(reason(
            "not_compared",
            "spec",
            "what this constraint refuses is not compared; read whether the policy got looser".into(),
        )),
    }
}
