//! Which changes the collector reads, and which of their attributes.

use crate::access::Reason;
use crate::iam::{IamChange, Origin};

/// Types that the collector reads, with the attributes it reads.
const READ: &[(&str, &[&str])] = &[
    (
        "azurerm_role_assignment",
        &[
            "principal_id",
            "scope",
            "role_definition_id",
            "role_definition_name",
            "condition",
            "condition_version",
            "principal_type",
            "description",
            "skip_service_principal_aad_check",
        ],
    ),
    ("azurerm_role_definition", &["permissions", "assignable_scopes", "scope", "role_definition_id"]),
    ("azurerm_pim_eligible_role_assignment", PIM),
    ("azurerm_pim_active_role_assignment", PIM),
    ("azurerm_role_management_policy", &["activation_rules", "role_definition_id", "scope"]),
    (
        "azurerm_key_vault",
        &[
            "access_policy",
            "rbac_authorization_enabled",
            "enable_rbac_authorization",
            "network_acls",
            "public_network_access_enabled",
        ],
    ),
    (
        "azurerm_key_vault_access_policy",
        &[
            "key_vault_id",
            "object_id",
            "application_id",
            "secret_permissions",
            "key_permissions",
            "certificate_permissions",
            "storage_permissions",
            "tenant_id",
        ],
    ),
    ("azurerm_federated_identity_credential", FEDERATION),
    ("azuread_application_federated_identity_credential", FEDERATION),
    ("azurerm_storage_container", &["container_access_type", "storage_account_id", "storage_account_name"]),
    ("azurerm_storage_account", &["shared_access_key_enabled", "allow_nested_items_to_be_public", "identity"]),
    ("azurerm_management_lock", &["lock_level", "scope"]),
    ("azurerm_subscription_policy_assignment", POLICY),
    ("azurerm_resource_group_policy_assignment", POLICY),
    ("azurerm_management_group_policy_assignment", POLICY),
    ("azurerm_resource_policy_assignment", POLICY),
    ("azuread_directory_role_assignment", &["role_id", "principal_object_id", "directory_scope_id", "app_scope_id"]),
    ("azuread_app_role_assignment", &["app_role_id", "principal_object_id", "resource_object_id"]),
    ("azuread_application", &["owners", "required_resource_access"]),
    ("azuread_application_api_access", &["api_client_id", "role_ids", "scope_ids", "application_id"]),
    ("azuread_application_owner", &["application_id", "owner_object_id"]),
    ("azuread_service_principal", &["owners", "client_id"]),
    ("azuread_service_principal_password", &["service_principal_id", "value", "end_date", "start_date", "key_id"]),
    ("azuread_application_password", &["application_id", "value", "end_date", "start_date", "key_id"]),
    ("azuread_group", &["members", "owners"]),
    ("azuread_group_member", &["group_object_id", "member_object_id"]),
    ("azuread_conditional_access_policy", &["conditions", "grant_controls", "state"]),
    ("azurerm_user_assigned_identity", &[]),
    ("azurerm_resource_group", &[]),
    ("azurerm_management_group", &["subscription_ids", "parent_management_group_id"]),
];

const PIM: &[&str] = &["principal_id", "scope", "role_definition_id", "schedule", "justification", "ticket"];
const FEDERATION: &[&str] =
    &["issuer", "subject", "audience", "audiences", "parent_id", "user_assigned_identity_id", "application_id"];
const POLICY: &[&str] =
    &["enforce", "policy_definition_id", "subscription_id", "resource_group_id", "management_group_id", "resource_id"];

/// Attributes that say nothing while they are known only after apply.
const UNREADABLE: &[&str] = &[
    "access_policy",
    "network_acls",
    "members",
    "owners",
    "conditions",
    "grant_controls",
    "activation_rules",
    "lock_level",
    "enforce",
    "state",
    "secret_permissions",
    "key_permissions",
    "certificate_permissions",
    "storage_permissions",
    "subscription_ids",
];

/// Whether the change is of a type that is read, and what of it is not compared.
pub(super) fn of(change: &IamChange) -> Option<Option<Reason>> {
    if change.origin != Origin::Resource {
        return None;
    }
    let type_name = change.row.type_name.as_str();
    let read = READ.iter().find(|(name, _)| *name == type_name).map_or(&["identity"] as &[&str], |(_, read)| read);
    let known = READ.iter().any(|(name, _)| *name == type_name);
    let carries = change.facets.iter().any(|facet| facet.path.starts_with("identity"));
    if !known && !carries {
        return None;
    }
    let open = change.facets.iter().filter(|facet| facet.unknown || facet.before != facet.after).find(|facet| {
        let first = facet.path.split(['.', '[']).next().unwrap_or_default();
        (!read.contains(&first) && &*facet.purpose != "name") || (facet.unknown && UNREADABLE.contains(&first))
    });
    // What narrows an assigned policy is not read.
    let narrowed = ["not_scopes", "parameters", "overrides", "resource_selectors"].iter().find(|name| {
        let differs = change.row.before.get(**name) != change.row.after.get(**name);
        type_name.ends_with("_policy_assignment") && differs && !change.row.after.is_null()
    });
    if let Some(name) = narrowed {
        return Some(Some(Reason {
            code: "not_compared".into(),
            path: (*name).to_owned(),
            message: format!("`{name}` of `{type_name}` changes what the policy covers; read the change"),
        }));
    }
    Some(open.map(|facet| Reason {
        code: "not_compared".into(),
        path: facet.path.clone(),
        message: format!(
            "`{}` of `{type_name}` changes, and what it permits is not compared yet; read the change",
            facet.path
        ),
    }))
}
