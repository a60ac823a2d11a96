//! Which changes of Google Cloud the comparison covers.
//!
//! A change is compared whole only if every attribute that it sets otherwise is one that the comparison reads, or one
//! that bears on no access. Any other attribute, a new one of the provider too, leaves the change undetermined.

use super::model::enforced;
use super::reason;
use crate::access::Reason;
use crate::access::worlds::{Object, Row, Type, Unread};
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

/// Attributes that bear on no access wherever they stand.
pub(super) const SILENT: [&str; 17] = [
    "id",
    "etag",
    "labels",
    "effective_labels",
    "terraform_labels",
    "label_fingerprint",
    "title",
    "description",
    "display_name",
    "friendly_name",
    "self_link",
    "create_time",
    "creation_time",
    "update_time",
    "last_modified_time",
    "deletion_policy",
    "timeouts",
];

const ACL_COMPUTED: &[&str] = &["domain", "email", "entity_id", "generation", "project_team"];

const TYPES: &[Type] = &[
    Type {
        name: "google_project_iam_custom_role",
        reads: &["stage"],
        follows: &["permissions", "role_id", "project", "name"],
        silent: &["deleted"],
        gives: true,
    },
    Type {
        name: "google_organization_iam_custom_role",
        reads: &["stage"],
        follows: &["permissions", "role_id", "org_id", "name"],
        silent: &["deleted"],
        gives: true,
    },
    Type { name: "google_iam_deny_policy", reads: &["rules", "parent"], follows: &["name"], silent: &[], gives: false },
    Type {
        name: "google_access_context_manager_access_level",
        reads: &["basic", "custom", "name"],
        follows: &["parent"],
        silent: &[],
        gives: false,
    },
    Type {
        name: "google_access_context_manager_service_perimeter",
        reads: &["status", "perimeter_type"],
        follows: &["name", "parent"],
        silent: &["spec", "use_explicit_dry_run_spec"],
        gives: false,
    },
    Type {
        name: "google_iam_workload_identity_pool",
        reads: &[],
        follows: &["name", "project", "workload_identity_pool_id", "state"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "google_iam_workload_identity_pool_provider",
        reads: &["attribute_mapping", "oidc", "aws", "saml", "x509", "workload_identity_pool_id"],
        follows: &["attribute_condition", "disabled", "name", "project", "workload_identity_pool_provider_id", "state"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "google_service_account",
        reads: &[],
        follows: &["disabled", "account_id", "project", "email", "member", "name", "unique_id"],
        silent: &["create_ignore_already_exists"],
        gives: false,
    },
    Type {
        name: "google_service_account_key",
        reads: &[],
        follows: &["service_account_id", "name", "public_key_data"],
        silent: &[
            "key_algorithm",
            "keepers",
            "private_key",
            "private_key_type",
            "public_key",
            "public_key_type",
            "valid_after",
            "valid_before",
        ],
        gives: true,
    },
    Type {
        name: "google_cloud_identity_group_membership",
        reads: &["roles"],
        follows: &["group", "preferred_member_key", "member_key", "name"],
        silent: &["type", "create_ignore_already_exists"],
        gives: true,
    },
    Type {
        name: "google_storage_bucket",
        reads: &[],
        follows: &["name", "project", "project_number", "uniform_bucket_level_access", "public_access_prevention"],
        silent: &[
            "autoclass",
            "cors",
            "custom_placement_config",
            "enable_object_retention",
            "force_destroy",
            "hierarchical_namespace",
            "lifecycle_rule",
            "location",
            "logging",
            "requester_pays",
            "rpo",
            "soft_delete_policy",
            "storage_class",
            "time_created",
            "updated",
            "url",
            "versioning",
            "website",
        ],
        gives: false,
    },
    Type {
        name: "google_storage_bucket_acl",
        reads: &["predefined_acl"],
        follows: &["bucket", "role_entity"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "google_storage_default_object_acl",
        reads: &[],
        follows: &["bucket", "role_entity"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "google_storage_object_acl",
        reads: &["predefined_acl", "object"],
        follows: &["bucket", "role_entity"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "google_storage_bucket_access_control",
        reads: &["role"],
        follows: &["bucket", "entity"],
        silent: ACL_COMPUTED,
        gives: true,
    },
    Type {
        name: "google_storage_default_object_access_control",
        reads: &["role", "object"],
        follows: &["bucket", "entity"],
        silent: ACL_COMPUTED,
        gives: true,
    },
    Type {
        name: "google_storage_object_access_control",
        reads: &["role", "object"],
        follows: &["bucket", "entity"],
        silent: ACL_COMPUTED,
        gives: true,
    },
    Type {
        name: "google_bigquery_dataset",
        reads: &[],
        follows: &["access", "dataset_id", "project"],
        silent: &[
            "default_collation",
            "default_partition_expiration_ms",
            "default_table_expiration_ms",
            "delete_contents_on_destroy",
            "is_case_insensitive",
            "location",
            "max_time_travel_hours",
            "storage_billing_model",
        ],
        gives: false,
    },
    Type {
        name: "google_bigquery_dataset_access",
        reads: &["view", "dataset", "routine", "condition", "role"],
        follows: &["dataset_id", "project", "user_by_email", "group_by_email", "domain", "special_group", "iam_member"],
        silent: &["api_updated_member"],
        gives: true,
    },
    // The member that was removed does not come back.
    Type {
        name: "google_project_iam_member_remove",
        reads: &[],
        follows: &["project", "role", "member"],
        silent: &[],
        gives: false,
    },
    Type {
        name: "google_project",
        reads: &[],
        follows: &["project_id", "number", "folder_id", "org_id"],
        silent: &["name", "billing_account", "auto_create_network", "skip_delete"],
        gives: false,
    },
    Type {
        name: "google_folder",
        reads: &[],
        follows: &["folder_id", "name", "parent"],
        silent: &["lifecycle_state", "deletion_protection"],
        gives: false,
    },
    Type {
        name: "google_org_policy_policy",
        reads: &["name", "parent"],
        follows: &["spec"],
        silent: &["dry_run_spec"],
        gives: false,
    },
];

/// The families of resources that grant roles on something: every attribute says who, what or where.
fn grants(name: &str) -> bool {
    let suffixes = ["_iam_member", "_iam_binding", "_iam_policy", "_iam_audit_config"];
    name.starts_with("google_") && suffixes.iter().any(|suffix| name.ends_with(suffix))
}

pub(super) fn of(change: &IamChange, row: Option<&Row>) -> Cover {
    let name = change.row.type_name.as_str();
    if grants(name) {
        return Cover::Compared;
    }
    let Some(row) = row else { return Cover::No };
    let Some(kind) = TYPES.iter().find(|kind| kind.name == name) else { return super::machine::cover(row) };
    match unread(kind, row) {
        Some(reason) => Cover::Partly(reason),
        None => special(name, row),
    }
}

/// The first attribute that the change sets and the comparison does not read.
fn unread(kind: &Type, row: &Row) -> Option<Reason> {
    Some(match kind.unread(row, &SILENT)? {
        Unread::Attribute(attribute) => {
            let message = format!("`{attribute}` of `{}` is not compared; read the change", kind.name);
            reason("not_compared", attribute, message)
        }
        Unread::Unknown(attribute) => {
            let message = format!("`{attribute}` is known only after apply; plan again once it is known");
            reason("unknown_value", attribute, message)
        }
    })
}

fn changed(row: &Row, attribute: &str) -> bool {
    let value = |object: &Option<Object>| object.as_ref().map(|it| it.get(attribute).settled());
    value(&row.before) != value(&row.after)
}

/// What a type asks for beyond its attributes.
fn special(name: &str, row: &Row) -> Cover {
    let existed = row.before.is_some();
    let differs = |attributes: &[&str]| existed && attributes.iter().any(|attribute| changed(row, attribute));
    let flag = |object: &Option<Object>, attribute: &str| {
        object.as_ref().is_some_and(|object| object.get(attribute).flag() == Some(true))
    };
    match name {
        "google_project" if differs(&["folder_id", "org_id"]) && row.after.is_some() => Cover::Partly(moved()),
        "google_folder" if differs(&["parent"]) && row.after.is_some() => Cover::Partly(moved()),
        "google_iam_workload_identity_pool" if differs(&["disabled", "state"]) => Cover::No,
        // Lists on the objects themselves are not in the plan.
        "google_storage_bucket"
            if flag(&row.before, "uniform_bucket_level_access")
                && row.after.is_some()
                && !flag(&row.after, "uniform_bucket_level_access") =>
        {
            Cover::Partly(reason(
                "outside_plan",
                "uniform_bucket_level_access",
                "access control lists of the bucket and its objects count again; they need not be in the plan".into(),
            ))
        }
        "google_cloud_identity_group_membership" => membership(row),
        "google_storage_bucket_acl" | "google_storage_object_acl" => predefined(row),
        "google_access_context_manager_service_perimeter" => perimeter(row),
        "google_org_policy_policy" => org_policy(row),
        _ => Cover::Compared,
    }
}

/// Whoever manages or owns a group may take others in.
fn membership(row: &Row) -> Cover {
    let leads = |object: &Option<Object>| {
        let roles = object.as_ref().map(|object| object.get("roles").clone()).unwrap_or_default();
        roles.items().iter().any(|role| role.get("name").text() != Some("MEMBER"))
    };
    match leads(&row.after)
        && (!leads(&row.before) || row.changed().iter().any(|it| it.ends_with("_key") || *it == "group"))
    {
        true => Cover::Partly(reason(
            "not_compared",
            "roles",
            "who manages or owns a group may take others in, which is not compared; read the change".into(),
        )),
        false => Cover::Compared,
    }
}

/// Predefined lists are read where they name everybody; `private` is the owner alone.
fn predefined(row: &Row) -> Cover {
    let value = row.after.as_ref().map(|object| object.get("predefined_acl"));
    let read = |text: &str| matches!(text, "private" | "publicRead" | "publicReadWrite" | "authenticatedRead");
    let set = value.and_then(|value| value.text()).is_some_and(|text| !read(text));
    match set && changed(row, "predefined_acl") {
        true => Cover::Partly(reason(
            "not_compared",
            "predefined_acl",
            "what this predefined list permits is not compared; read the change".into(),
        )),
        false => Cover::Compared,
    }
}

fn perimeter(row: &Row) -> Cover {
    let inner = |object: &Object| {
        let status = object.get("status").items().first().cloned().unwrap_or_default();
        let rest = ["ingress_policies", "egress_policies", "vpc_accessible_services"];
        (object.get("perimeter_type").settled(), rest.map(|it| status.get(it).settled()))
    };
    match row.before.as_ref().map(inner) == row.after.as_ref().map(inner) || row.after.is_none() {
        true => Cover::Compared,
        false => Cover::Partly(reason(
            "not_compared",
            "status",
            "ingress and egress rules of perimeters are not compared; read the change".into(),
        )),
    }
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
    let live = |object: &Object| object.get("spec").settled();
    let read = |object: &Option<Object>| object.as_ref().is_none_or(|object| enforced(object).is_some());
    let known = ["iam.disableServiceAccountKeyCreation", "storage.publicAccessPrevention"];
    let compared = known.iter().any(|it| name.ends_with(&format!("/policies/{it}")));
    if row.before.as_ref().map(live).unwrap_or_default() == row.after.as_ref().map(live).unwrap_or_default() {
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
