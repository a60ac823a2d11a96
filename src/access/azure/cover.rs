//! Which changes of Azure and Entra the comparison covers.
//!
//! A change is compared whole only if every attribute that it sets otherwise is one that the collector reads, or one
//! that bears on no access. Any other attribute, a new one of the provider too, leaves the change undetermined.

use crate::access::Reason;
use crate::access::scalar;
use crate::access::worlds::{Object, Row, Type, Unread};
use crate::iam::{IamChange, Origin};

/// Attributes that bear on no access wherever they stand.
const SILENT: [&str; 10] = [
    "id",
    "tags",
    "description",
    "display_name",
    "notes",
    "location",
    "resource_group_name",
    "timeouts",
    "metadata",
    "name",
];

const PIM: Type = Type {
    name: "",
    reads: &[],
    follows: &["principal_id", "scope", "role_definition_id", "schedule"],
    silent: &["justification", "ticket", "status", "principal_type"],
    gives: true,
};

const FEDERATION: Type = Type {
    name: "",
    reads: &[],
    follows: &[
        "issuer",
        "subject",
        "audience",
        "audiences",
        "parent_id",
        "user_assigned_identity_id",
        "application_id",
        "credential_id",
    ],
    silent: &[],
    gives: true,
};

const POLICY: Type = Type {
    name: "",
    reads: &["enforce"],
    follows: &[
        "policy_definition_id",
        "subscription_id",
        "resource_group_id",
        "management_group_id",
        "resource_id",
        "identity",
    ],
    silent: &["non_compliance_message"],
    gives: false,
};

const PASSWORD: Type = Type {
    name: "",
    reads: &[],
    follows: &["service_principal_id", "application_id", "end_date", "end_date_relative"],
    silent: &["value", "key_id", "start_date", "rotate_when_changed"],
    gives: true,
};

const TYPES: &[Type] = &[
    Type {
        name: "azurerm_role_assignment",
        reads: &[],
        follows: &["principal_id", "scope", "role_definition_id", "role_definition_name", "condition"],
        silent: &["condition_version", "principal_type", "skip_service_principal_aad_check"],
        gives: true,
    },
    Type {
        name: "azurerm_role_definition",
        reads: &[],
        follows: &["permissions", "role_definition_id", "role_definition_resource_id"],
        silent: &["assignable_scopes", "scope"],
        gives: true,
    },
    Type { name: "azurerm_pim_eligible_role_assignment", ..PIM },
    Type { name: "azurerm_pim_active_role_assignment", ..PIM },
    Type {
        name: "azurerm_role_management_policy",
        reads: &["scope", "role_definition_id"],
        follows: &["activation_rules"],
        silent: &["notification_rules"],
        gives: false,
    },
    Type {
        name: "azurerm_key_vault",
        reads: &["network_acls", "public_network_access_enabled"],
        follows: &["access_policy", "rbac_authorization_enabled", "enable_rbac_authorization", "vault_uri"],
        silent: &["sku_name", "soft_delete_retention_days", "contact"],
        gives: false,
    },
    Type {
        name: "azurerm_key_vault_access_policy",
        reads: &[],
        follows: &[
            "key_vault_id",
            "object_id",
            "application_id",
            "secret_permissions",
            "key_permissions",
            "certificate_permissions",
            "storage_permissions",
            "tenant_id",
        ],
        silent: &[],
        gives: true,
    },
    Type { name: "azurerm_federated_identity_credential", ..FEDERATION },
    Type { name: "azuread_application_federated_identity_credential", ..FEDERATION },
    Type {
        name: "azurerm_storage_container",
        reads: &[],
        follows: &["container_access_type", "storage_account_id", "storage_account_name"],
        silent: &[
            "default_encryption_scope",
            "encryption_scope_override_enabled",
            "has_immutability_policy",
            "has_legal_hold",
            "resource_manager_id",
            "url",
        ],
        gives: true,
    },
    Type {
        name: "azurerm_storage_account",
        reads: &[],
        follows: &["shared_access_key_enabled", "allow_nested_items_to_be_public", "identity"],
        silent: &[
            "access_tier",
            "account_kind",
            "account_replication_type",
            "account_tier",
            "blob_properties",
            "edge_zone",
            "infrastructure_encryption_enabled",
            "large_file_share_enabled",
            "queue_properties",
        ],
        gives: false,
    },
    Type { name: "azurerm_management_lock", reads: &["lock_level"], follows: &["scope"], silent: &[], gives: false },
    Type { name: "azurerm_subscription_policy_assignment", ..POLICY },
    Type { name: "azurerm_resource_group_policy_assignment", ..POLICY },
    Type { name: "azurerm_management_group_policy_assignment", ..POLICY },
    Type { name: "azurerm_resource_policy_assignment", ..POLICY },
    Type {
        name: "azuread_directory_role_assignment",
        reads: &["app_scope_id"],
        follows: &["role_id", "principal_object_id", "directory_scope_id"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "azuread_app_role_assignment",
        reads: &[],
        follows: &["app_role_id", "principal_object_id", "resource_object_id"],
        silent: &["principal_display_name", "principal_type", "resource_display_name"],
        gives: true,
    },
    Type {
        name: "azuread_application",
        reads: &[],
        follows: &["owners", "client_id", "object_id"],
        silent: &[
            "required_resource_access",
            "feature_tags",
            "logo_image",
            "logo_url",
            "marketing_url",
            "prevent_duplicate_names",
            "privacy_statement_url",
            "publisher_domain",
            "service_management_reference",
            "support_url",
            "terms_of_service_url",
        ],
        gives: false,
    },
    // A request for permissions gives none.
    Type {
        name: "azuread_application_api_access",
        reads: &[],
        follows: &["application_id"],
        silent: &["api_client_id", "role_ids", "scope_ids"],
        gives: false,
    },
    Type {
        name: "azuread_application_owner",
        reads: &[],
        follows: &["application_id", "owner_object_id"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "azuread_service_principal",
        reads: &[],
        follows: &["owners", "client_id", "object_id"],
        silent: &[
            "alternative_names",
            "app_role_ids",
            "feature_tags",
            "features",
            "homepage_url",
            "login_url",
            "notification_email_addresses",
            "oauth2_permission_scope_ids",
            "service_principal_names",
            "use_existing",
        ],
        gives: false,
    },
    Type { name: "azuread_service_principal_password", ..PASSWORD },
    Type { name: "azuread_application_password", ..PASSWORD },
    Type {
        name: "azuread_group",
        reads: &[],
        follows: &["members", "owners", "object_id"],
        silent: &["mail", "mail_nickname", "prevent_duplicate_names", "theme", "preferred_language", "proxy_addresses"],
        gives: false,
    },
    Type {
        name: "azuread_group_member",
        reads: &[],
        follows: &["group_object_id", "member_object_id"],
        silent: &[],
        gives: true,
    },
    Type {
        name: "azuread_conditional_access_policy",
        reads: &["conditions", "grant_controls", "state"],
        follows: &["object_id"],
        silent: &[],
        gives: false,
    },
    Type {
        name: "azurerm_user_assigned_identity",
        reads: &[],
        follows: &["principal_id", "client_id", "tenant_id"],
        silent: &[],
        gives: false,
    },
    Type { name: "azurerm_resource_group", reads: &[], follows: &[], silent: &["managed_by"], gives: false },
    Type {
        name: "azurerm_management_group",
        reads: &["subscription_ids", "parent_management_group_id"],
        follows: &["group_id"],
        silent: &["tenant_scoped_id"],
        gives: true,
    },
];

/// Whether the change is of a type that is read, and what of it is not compared.
pub(super) fn of(change: &IamChange, row: Option<&Row>) -> Option<Option<Reason>> {
    if change.origin != Origin::Resource {
        return None;
    }
    let name = change.row.type_name.as_str();
    match (TYPES.iter().find(|kind| kind.name == name), row) {
        (Some(kind), Some(row)) => Some(unread(kind, row).or_else(|| special(name, row))),
        (Some(_), None) => None,
        (None, _) => machine(change),
    }
}

/// The first attribute that the change sets and the collector does not read.
fn unread(kind: &Type, row: &Row) -> Option<Reason> {
    Some(match kind.unread(row, &SILENT)? {
        Unread::Attribute(attribute) => not_compared(attribute, kind.name),
        Unread::Unknown(attribute) => Reason {
            code: "unknown_value".into(),
            path: attribute.to_owned(),
            message: format!("`{attribute}` is known only after apply; apply in two steps"),
        },
    })
}

fn not_compared(attribute: &str, kind: &str) -> Reason {
    Reason {
        code: "not_compared".into(),
        path: attribute.to_owned(),
        message: format!("`{attribute}` of `{kind}` changes, and what it permits is not compared yet; read the change"),
    }
}

/// A machine, or whatever else carries an identity: the catalogue's other attributes say what it runs.
fn machine(change: &IamChange) -> Option<Option<Reason>> {
    let of_identity = |path: &str| path.starts_with("identity");
    if !change.facets.iter().any(|facet| of_identity(&facet.path)) {
        return None;
    }
    let changed = change.facets.iter().filter(|facet| facet.unknown || facet.before != facet.after);
    let mut other = changed.filter(|facet| !of_identity(&facet.path) && &*facet.purpose != "name");
    Some(other.next().map(|facet| not_compared(&facet.path, &change.row.type_name)))
}

/// What a type asks for beyond its attributes.
fn special(name: &str, row: &Row) -> Option<Reason> {
    let after = row.after.as_ref()?;
    let Some(before) = &row.before else {
        // The rules exist before the resource does.
        return (name == "azurerm_role_management_policy").then(|| Reason {
            code: "outside_plan".into(),
            path: "activation_rules".into(),
            message: "the rules that it replaces are not in the plan; read whether it asks for less".into(),
        });
    };
    let end = |object: &Object| object.get("end_date").text().and_then(scalar::date);
    let start =
        |object: &Object| object.get("schedule").items().first()?.get("start_date_time").text().and_then(scalar::date);
    match name {
        "azurerm_pim_eligible_role_assignment" | "azurerm_pim_active_role_assignment" => {
            let earlier = start(before).zip(start(after)).is_some_and(|(old, new)| new < old);
            earlier.then(|| not_compared("schedule", name))
        }
        "azuread_service_principal_password" | "azuread_application_password" => {
            let (old, new) = (end(before), end(after));
            let moved = before.get("end_date") != after.get("end_date")
                || before.get("end_date_relative") != after.get("end_date_relative");
            (moved && old.zip(new).is_none_or(|(old, new)| new > old)).then(|| not_compared("end_date", name))
        }
        "azurerm_key_vault_access_policy" if before.get("tenant_id") != after.get("tenant_id") => {
            Some(not_compared("tenant_id", name))
        }
        _ => None,
    }
}
