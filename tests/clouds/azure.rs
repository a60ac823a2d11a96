//! Azure and Entra, type by type.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::{Plan, with};
use super::table::{self, Case};

const SUB: &str = "/subscriptions/22222222-3333-4444-8555-666666666666";
const OWNER: &str = "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const VAULT_USER: &str = "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6";
const MFA: &str = "mfa";

fn vault() -> String {
    format!("{SUB}/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v")
}

fn account() -> String {
    format!("{SUB}/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/s")
}

fn identity() -> String {
    format!("{SUB}/resourceGroups/r/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i")
}

fn assignment(principal: &str, role: &str, scope: &str) -> Value {
    json!({"principal_id": principal, "role_definition_id": format!("{SUB}{role}"), "role_definition_name": "",
        "scope": scope, "condition": null, "condition_version": null, "description": ""})
}

/// Grants that make what the types restrain worth something.
fn world() -> Plan {
    Plan::default()
        .stays("azurerm_role_assignment.ann", assignment("ann", OWNER, SUB))
        .stays("azurerm_role_assignment.identity", assignment("identity", OWNER, SUB))
        .stays("azurerm_role_assignment.app", assignment("service", OWNER, SUB))
        .stays("azurerm_role_assignment.group", assignment("group", OWNER, SUB))
        .stays("azurerm_role_assignment.reader", assignment("bob", VAULT_USER, SUB))
        .stays("azurerm_role_assignment.custom", assignment("eve", "/roleDefinitions/own", SUB))
        .stays("azurerm_user_assigned_identity.i", json!({"id": identity(), "principal_id": "identity"}))
        .stays("azuread_application.app", json!({"id": "/applications/app", "client_id": "client", "owners": []}))
        .stays("azuread_service_principal.app", json!({"object_id": "service", "client_id": "client", "owners": []}))
        .stays(
            "azurerm_pim_eligible_role_assignment.cyd",
            json!({"principal_id": "cyd", "role_definition_id": format!("{SUB}{OWNER}"), "scope": SUB, "schedule": []}),
        )
}

fn sign_in() -> Value {
    json!({"display_name": "p", "state": "enabled", "session_controls": [],
        "grant_controls": [{"operator": "OR", "built_in_controls": [MFA], "custom_authentication_factors": [],
            "terms_of_use": [], "authentication_strength_policy_id": null}],
        "conditions": [{"client_app_types": ["all"], "platforms": [], "locations": [], "client_applications": [],
            "users": [{"included_users": ["All"], "excluded_users": [], "included_groups": [], "excluded_groups": [],
                "included_roles": [], "excluded_roles": [], "included_guests_or_external_users": [],
                "excluded_guests_or_external_users": []}],
            "applications": [{"included_applications": ["All"], "excluded_applications": [],
                "included_user_actions": [], "filter": []}]}]})
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let custom = json!({"role_definition_id": "own", "name": "own", "scope": SUB, "assignable_scopes": [SUB],
        "permissions": [{"actions": ["*/read"], "not_actions": ["Microsoft.Compute/*/read"],
            "data_actions": ["Microsoft.Storage/*/read"], "not_data_actions": ["*/blobs/read"]}]});
    let keys = json!({"id": vault(), "name": "v", "tags": {}, "rbac_authorization_enabled": false,
        "public_network_access_enabled": true, "enabled_for_deployment": false,
        "enabled_for_template_deployment": false, "enabled_for_disk_encryption": false,
        "purge_protection_enabled": true,
        "network_acls": [{"default_action": "Deny", "bypass": "None", "ip_rules": ["10.0.0.0/8"],
            "virtual_network_subnet_ids": []}],
        "access_policy": [{"object_id": "dan", "application_id": "client", "tenant_id": "t",
            "secret_permissions": ["Get"], "key_permissions": [], "certificate_permissions": [],
            "storage_permissions": []}]});
    let guests = with(
        &with(&sign_in(), "conditions.0.users.0.included_users", json!([])),
        "conditions.0.users.0.included_guests_or_external_users",
        json!([{"guest_or_external_user_types": ["b2bCollaborationGuest"]}]),
    );
    let actions = with(
        &with(&sign_in(), "conditions.0.applications.0.included_applications", json!([])),
        "conditions.0.applications.0.included_user_actions",
        json!(["urn:user:registersecurityinfo"]),
    );
    let workloads = with(
        &with(&sign_in(), "conditions.0.users.0.included_users", json!(["None"])),
        "conditions.0.client_applications",
        json!([{"included_service_principals": ["service"]}]),
    );
    let roles = with(
        &with(&sign_in(), "conditions.0.users.0.included_users", json!([])),
        "conditions.0.users.0.included_roles",
        json!(["62e90394-69f5-4237-9190-012177145e10"]),
    );
    vec![
        Case {
            address: "azurerm_role_assignment.changed",
            base: with(
                &assignment("zoe", VAULT_USER, &format!("{SUB}/resourceGroups/r")),
                "condition",
                json!("@Resource[a:b] StringEquals 'x'"),
            ),
            raises: vec![
                ("principal_id", json!("yan")),
                ("scope", json!(SUB)),
                ("scope", json!("/providers/Microsoft.Management/managementGroups/m")),
                ("role_definition_id", json!(format!("{SUB}{OWNER}"))),
                ("role_definition_id", json!("/roleDefinitions/unheard")),
                ("condition", json!(null)),
                ("condition", json!("@Resource[a:b] StringEquals 'y'")),
                ("condition", json!("@Resource[a:b] StringEqualsIgnoreCase 'x'")),
                ("condition", json!("@Resource[a:b] StringEquals @Principal[c:d]")),
                ("condition", json!("@Resource[a:b] NumericEquals 1")),
                ("delegated_managed_identity_resource_id", json!(identity())),
            ],
            silent: vec![
                ("description", json!("d")),
                ("condition_version", json!("2.0")),
                ("scope", json!(format!("{SUB}/RESOURCEGROUPS/R"))),
            ],
        },
        // Two ids that end alike: the provider's own form names the scope behind the id.
        Case {
            address: "azurerm_role_assignment.changed",
            base: assignment("zoe", &format!("/roleDefinitions/one|{SUB}"), SUB),
            raises: vec![("role_definition_id", json!(format!("/roleDefinitions/two|{SUB}")))],
            silent: vec![],
        },
        Case {
            address: "azurerm_role_definition.own",
            base: custom,
            raises: vec![
                ("permissions.0.actions", json!(["*"])),
                ("permissions.0.not_actions", json!([])),
                ("permissions.0.data_actions", json!(["*"])),
                ("permissions.0.not_data_actions", json!([])),
            ],
            silent: vec![
                ("permissions", json!([])),
                ("assignable_scopes", json!(["/"])),
                ("permissions.0.actions", json!(["*/READ"])),
            ],
        },
        Case {
            address: "azurerm_pim_eligible_role_assignment.changed",
            base: json!({"principal_id": "zoe", "role_definition_id": format!("{SUB}{VAULT_USER}"), "scope": SUB,
                "justification": "", "schedule": [{"start_date_time": "2026-01-01T00:00:00Z",
                    "expiration": [{"end_date_time": "2026-06-01T00:00:00Z", "duration_days": 0}]}]}),
            raises: vec![
                ("principal_id", json!("yan")),
                ("role_definition_id", json!(format!("{SUB}{OWNER}"))),
                ("scope", json!("/")),
                ("schedule", json!([])),
                ("schedule.0.expiration.0.end_date_time", json!("2027-06-01T00:00:00Z")),
                ("schedule.0.expiration.0.end_date_time", json!(null)),
                ("schedule.0.start_date_time", json!("2025-01-01T00:00:00Z")),
                ("condition", json!("true")),
            ],
            silent: vec![
                ("justification", json!("j")),
                ("schedule.0.expiration.0.end_date_time", json!("2026-05-01T00:00:00Z")),
            ],
        },
        Case {
            address: "azurerm_pim_active_role_assignment.changed",
            base: json!({"principal_id": "zoe", "role_definition_id": format!("{SUB}{VAULT_USER}"), "scope": SUB,
                "schedule": [{"expiration": [{"duration_days": 10}]}]}),
            raises: vec![
                ("schedule.0.expiration.0.duration_days", json!(100)),
                ("schedule.0.expiration", json!([])),
                ("schedule", json!([])),
            ],
            silent: vec![],
        },
        Case {
            address: "azurerm_role_management_policy.p",
            base: json!({"scope": SUB, "role_definition_id": format!("{SUB}{OWNER}"),
                "active_assignment_rules": [{"expiration_required": true, "expire_after": "P15D"}],
                "eligible_assignment_rules": [{"expiration_required": true}],
                "activation_rules": [{"require_approval": true, "require_multifactor_authentication": true,
                    "maximum_duration": "PT2H", "required_conditional_access_authentication_context": "c1",
                    "approval_stage": [{"primary_approver": [{"object_id": "ann"}]}]}]}),
            raises: vec![
                ("activation_rules", json!([])),
                ("activation_rules.0.require_approval", json!(false)),
                ("activation_rules.0.require_multifactor_authentication", json!(false)),
                ("activation_rules.0.maximum_duration", json!("PT8H")),
                ("activation_rules.0.required_conditional_access_authentication_context", json!("")),
                ("activation_rules.0.approval_stage.0.primary_approver.0.object_id", json!("cyd")),
                ("active_assignment_rules.0.expiration_required", json!(false)),
                ("eligible_assignment_rules.0.expiration_required", json!(false)),
                ("scope", json!("/subscriptions/other")),
            ],
            silent: vec![("activation_rules.0.maximum_duration", json!("PT1H"))],
        },
        Case {
            address: "azurerm_key_vault.v",
            base: keys.clone(),
            raises: vec![
                ("access_policy.0.object_id", json!("fay")),
                ("access_policy.0.application_id", json!("")),
                ("access_policy.0.application_id", json!("other")),
                ("access_policy.0.secret_permissions", json!(["Get", "Set"])),
                ("access_policy.0.key_permissions", json!(["Get"])),
                ("access_policy.0.certificate_permissions", json!(["Get"])),
                ("access_policy.0.storage_permissions", json!(["Get"])),
                ("rbac_authorization_enabled", json!(true)),
                ("enabled_for_deployment", json!(true)),
                ("enabled_for_template_deployment", json!(true)),
                ("enabled_for_disk_encryption", json!(true)),
                ("network_acls", json!([])),
                ("network_acls.0.default_action", json!("Allow")),
                ("network_acls.0.bypass", json!("AzureServices")),
                ("network_acls.0.ip_rules", json!(["0.0.0.0/0"])),
                ("network_acls.0.virtual_network_subnet_ids", json!(["subnet"])),
                ("purge_protection_enabled", json!(false)),
            ],
            silent: vec![
                ("tags", json!({"a": "b"})),
                ("access_policy", json!([])),
                ("access_policy.0.secret_permissions", json!(["get"])),
                ("network_acls.0.ip_rules", json!([])),
            ],
        },
        Case {
            address: "azurerm_key_vault.v",
            base: with(&keys, "public_network_access_enabled", json!(false)),
            raises: vec![("public_network_access_enabled", json!(true))],
            silent: vec![("network_acls.0.default_action", json!("Allow"))],
        },
        // Who has a secret by role has it by policy: the switch gives nothing to whom the policy named.
        Case {
            address: "azurerm_key_vault.v",
            base: with(
                &with(&keys, "access_policy.0.application_id", json!("")),
                "access_policy.0.object_id",
                json!("bob"),
            ),
            raises: vec![("rbac_authorization_enabled", json!(true))],
            silent: vec![],
        },
        Case {
            address: "azurerm_key_vault_access_policy.p",
            base: json!({"key_vault_id": vault(), "object_id": "dan", "application_id": "client", "tenant_id": "t",
                "secret_permissions": ["Get"], "key_permissions": [], "certificate_permissions": [],
                "storage_permissions": []}),
            raises: vec![
                ("key_vault_id", json!("/other")),
                ("object_id", json!("fay")),
                ("application_id", json!("")),
                ("tenant_id", json!("u")),
                ("secret_permissions", json!(["All"])),
                ("key_permissions", json!(["Get"])),
                ("certificate_permissions", json!(["Get"])),
                ("storage_permissions", json!(["Get"])),
            ],
            silent: vec![("secret_permissions", json!([]))],
        },
        Case {
            address: "azurerm_federated_identity_credential.f",
            base: json!({"parent_id": identity(), "issuer": "https://token.actions.githubusercontent.com",
                "subject": "repo:a/b:ref:refs/heads/main", "audience": ["api://AzureADTokenExchange"]}),
            raises: vec![
                ("issuer", json!("https://gitlab.com")),
                ("subject", json!("repo:a/b:pull_request")),
                ("audience", json!(["other"])),
                ("parent_id", json!("/other")),
            ],
            silent: vec![],
        },
        Case {
            address: "azuread_application_federated_identity_credential.f",
            base: json!({"application_id": "/applications/app", "issuer": "https://gitlab.com", "subject": "s",
                "audiences": ["api://AzureADTokenExchange"], "description": ""}),
            raises: vec![
                ("issuer", json!("https://evil.example")),
                ("subject", json!("t")),
                ("audiences", json!(["other"])),
                ("application_id", json!("/applications/other")),
            ],
            silent: vec![("description", json!("d"))],
        },
        Case {
            address: "azurerm_storage_container.c",
            base: json!({"id": format!("{}/blobServices/default/containers/c", account()), "name": "c",
                "storage_account_id": account(), "container_access_type": "private", "metadata": {}}),
            raises: vec![("container_access_type", json!("blob")), ("container_access_type", json!("container"))],
            silent: vec![("metadata", json!({"a": "b"}))],
        },
        Case {
            address: "azurerm_storage_account.s",
            base: json!({"id": account(), "name": "s", "shared_access_key_enabled": false, "tags": {},
                "allow_nested_items_to_be_public": false, "public_network_access_enabled": false,
                "default_to_oauth_authentication": true, "local_user_enabled": false, "sftp_enabled": false,
                "cross_tenant_replication_enabled": false, "sas_policy": [{"expiration_period": "1"}],
                "azure_files_authentication": [], "https_traffic_only_enabled": true, "static_website": [],
                "network_rules": [{"default_action": "Deny", "bypass": ["None"], "ip_rules": []}],
                "customer_managed_key": [{"key_vault_key_id": "k"}], "immutability_policy": [{"state": "Locked"}]}),
            raises: vec![
                ("shared_access_key_enabled", json!(true)),
                ("public_network_access_enabled", json!(true)),
                ("default_to_oauth_authentication", json!(false)),
                ("local_user_enabled", json!(true)),
                ("sftp_enabled", json!(true)),
                ("cross_tenant_replication_enabled", json!(true)),
                ("sas_policy", json!([])),
                ("azure_files_authentication", json!([{"directory_type": "AADKERB"}])),
                ("https_traffic_only_enabled", json!(false)),
                ("static_website", json!([{"index_document": "i"}])),
                ("network_rules", json!([])),
                ("network_rules.0.default_action", json!("Allow")),
                ("customer_managed_key", json!([])),
                ("immutability_policy", json!([])),
                ("identity", json!([{"type": "UserAssigned", "identity_ids": [identity()]}])),
            ],
            silent: vec![("tags", json!({"a": "b"}))],
        },
        Case {
            address: "azurerm_management_lock.l",
            base: json!({"name": "l", "scope": SUB, "lock_level": "ReadOnly", "notes": ""}),
            raises: vec![("lock_level", json!("CanNotDelete")), ("scope", json!(format!("{SUB}/resourceGroups/r")))],
            silent: vec![("notes", json!("n"))],
        },
        Case {
            address: "azurerm_management_group_policy_assignment.p",
            base: json!({"management_group_id": "/providers/Microsoft.Management/managementGroups/m", "enforce": true,
                "policy_definition_id": "/deny", "not_scopes": [], "parameters": "", "overrides": [],
                "resource_selectors": [], "description": ""}),
            raises: vec![
                ("enforce", json!(false)),
                ("policy_definition_id", json!("/other")),
                ("management_group_id", json!("/providers/Microsoft.Management/managementGroups/n")),
                ("not_scopes", json!([SUB])),
                ("parameters", json!("{\"effect\": {\"value\": \"Audit\"}}")),
                ("overrides", json!([{"value": "Disabled"}])),
                ("resource_selectors", json!([{"name": "n"}])),
            ],
            silent: vec![("description", json!("d"))],
        },
        Case {
            address: "azuread_directory_role_assignment.r",
            base: json!({"role_id": "role", "principal_object_id": "ann", "directory_scope_id": null,
                "app_scope_id": "/app"}),
            raises: vec![
                ("role_id", json!("other")),
                ("principal_object_id", json!("bob")),
                ("app_scope_id", json!("/")),
                ("app_scope_id", json!("/other")),
                ("app_scope_id", json!(null)),
                ("directory_scope_id", json!("/")),
            ],
            silent: vec![],
        },
        Case {
            address: "azuread_app_role_assignment.r",
            base: json!({"app_role_id": "role", "principal_object_id": "ann", "resource_object_id": "graph"}),
            raises: vec![
                ("app_role_id", json!("other")),
                ("principal_object_id", json!("bob")),
                ("resource_object_id", json!("other")),
            ],
            silent: vec![],
        },
        Case {
            address: "azuread_application.app",
            base: json!({"id": "/applications/app", "client_id": "client", "owners": [], "notes": "",
                "identifier_uris": [], "sign_in_audience": "AzureADMyOrg", "web": [{"redirect_uris": ["https://a"]}],
                "single_page_application": [], "public_client": [], "fallback_public_client_enabled": false,
                "app_role": [], "api": [], "password": [], "group_membership_claims": [], "optional_claims": [],
                "required_resource_access": []}),
            raises: vec![
                ("owners", json!(["zoe"])),
                ("identifier_uris", json!(["api://x"])),
                ("sign_in_audience", json!("AzureADMultipleOrgs")),
                ("web.0.redirect_uris", json!(["https://a", "https://evil.example"])),
                ("single_page_application", json!([{"redirect_uris": ["https://b/"]}])),
                ("public_client", json!([{"redirect_uris": ["http://localhost"]}])),
                ("fallback_public_client_enabled", json!(true)),
                ("app_role", json!([{"value": "admin"}])),
                ("api", json!([{"known_client_applications": ["x"]}])),
                ("password", json!([{"display_name": "p"}])),
                ("group_membership_claims", json!(["All"])),
                ("optional_claims", json!([{"access_token": [{"name": "x"}]}])),
            ],
            silent: vec![("notes", json!("n")), ("required_resource_access", json!([{"resource_app_id": "graph"}]))],
        },
        Case {
            address: "azuread_application_owner.o",
            base: json!({"application_id": "/applications/app", "owner_object_id": "zoe"}),
            raises: vec![("owner_object_id", json!("yan")), ("application_id", json!("/applications/other"))],
            silent: vec![],
        },
        Case {
            address: "azuread_service_principal.app",
            base: json!({"object_id": "service", "client_id": "client", "owners": [], "account_enabled": false,
                "app_role_assignment_required": true, "notes": ""}),
            raises: vec![
                ("owners", json!(["zoe"])),
                ("account_enabled", json!(true)),
                ("app_role_assignment_required", json!(false)),
            ],
            silent: vec![("notes", json!("n"))],
        },
        Case {
            address: "azuread_service_principal_password.p",
            base: json!({"service_principal_id": "/servicePrincipals/service", "end_date": "2026-01-01T00:00:00Z"}),
            raises: vec![
                ("service_principal_id", json!("/servicePrincipals/identity")),
                ("end_date", json!("2027-01-01T00:00:00Z")),
                ("end_date", json!(null)),
            ],
            silent: vec![("end_date", json!("2025-01-01T00:00:00Z"))],
        },
        Case {
            address: "azuread_application_password.p",
            base: json!({"application_id": "/applications/app", "end_date": "2026-01-01T00:00:00Z"}),
            raises: vec![("application_id", json!("/applications/other")), ("end_date", json!("2027-01-01T00:00:00Z"))],
            silent: vec![("end_date", json!("2025-01-01T00:00:00Z"))],
        },
        Case {
            address: "azuread_group.g",
            base: json!({"object_id": "group", "members": ["ann"], "owners": [], "dynamic_membership": [],
                "types": [], "visibility": "Private", "assignable_to_role": false, "security_enabled": true,
                "description": ""}),
            raises: vec![
                ("members", json!(["ann", "zoe"])),
                ("owners", json!(["zoe"])),
                ("dynamic_membership", json!([{"enabled": true, "rule": "true"}])),
                ("types", json!(["DynamicMembership"])),
                ("visibility", json!("Public")),
                ("assignable_to_role", json!(true)),
            ],
            silent: vec![("description", json!("d")), ("members", json!([]))],
        },
        Case {
            address: "azuread_group_member.m",
            base: json!({"group_object_id": "group", "member_object_id": "ann"}),
            raises: vec![("member_object_id", json!("zoe"))],
            silent: vec![],
        },
        Case {
            address: "azuread_conditional_access_policy.p",
            base: sign_in(),
            raises: vec![
                ("state", json!("disabled")),
                ("state", json!("enabledForReportingButNotEnforced")),
                ("grant_controls", json!([])),
                ("grant_controls.0.built_in_controls", json!([])),
                ("grant_controls.0.built_in_controls", json!(["compliantDevice"])),
                ("grant_controls.0.built_in_controls", json!([MFA, "compliantDevice"])),
                ("conditions", json!([])),
                ("conditions.0.users.0.included_users", json!(["ann"])),
                ("conditions.0.users.0.excluded_users", json!(["ann"])),
                ("conditions.0.users.0.excluded_groups", json!(["other"])),
                ("conditions.0.users.0.excluded_roles", json!(["role"])),
                (
                    "conditions.0.users.0.excluded_guests_or_external_users",
                    json!([{"guest_or_external_user_types": ["internalGuest"]}]),
                ),
                ("conditions.0.applications.0.included_applications", json!(["app"])),
                ("conditions.0.applications.0.excluded_applications", json!(["app"])),
                ("conditions.0.applications.0.filter", json!([{"mode": "exclude", "rule": "x"}])),
                ("conditions.0.platforms", json!([{"included_platforms": ["iOS"]}])),
                ("conditions.0.locations", json!([{"included_locations": ["All"], "excluded_locations": ["l"]}])),
                ("conditions.0.client_app_types", json!(["browser"])),
                ("conditions.0.sign_in_risk_levels", json!(["high"])),
                ("conditions.0.devices", json!([{"filter": [{"mode": "exclude", "rule": "x"}]}])),
                ("session_controls", json!([{"disable_resilience_defaults": true}])),
            ],
            silent: vec![("display_name", json!("q"))],
        },
        Case {
            address: "azuread_conditional_access_policy.guests",
            base: guests,
            raises: vec![("state", json!("disabled")), ("grant_controls", json!([]))],
            silent: vec![],
        },
        Case {
            address: "azuread_conditional_access_policy.actions",
            base: actions,
            raises: vec![
                ("state", json!("disabled")),
                ("conditions.0.applications.0.included_user_actions", json!([])),
                ("conditions.0.applications", json!([{"included_applications": ["All"], "included_user_actions": []}])),
            ],
            silent: vec![],
        },
        Case {
            address: "azuread_conditional_access_policy.workloads",
            base: workloads,
            raises: vec![("state", json!("disabled")), ("conditions.0.client_applications", json!([]))],
            silent: vec![],
        },
        Case {
            address: "azuread_conditional_access_policy.roles",
            base: roles,
            raises: vec![("state", json!("disabled")), ("conditions.0.users.0.included_roles", json!([]))],
            silent: vec![],
        },
        Case {
            address: "azurerm_management_group.m",
            base: json!({"id": "/providers/Microsoft.Management/managementGroups/m", "subscription_ids": [],
                "parent_management_group_id": "", "display_name": "m"}),
            raises: vec![],
            silent: vec![("display_name", json!("n"))],
        },
        Case {
            address: "azurerm_linux_virtual_machine.vm",
            base: json!({"id": format!("{SUB}/vm"), "name": "vm", "size": "a", "custom_data": null, "user_data": null,
                "admin_password": null, "admin_ssh_key": [], "identity": [{"type": "SystemAssigned", "identity_ids": [],
                "principal_id": "machine"}]}),
            raises: vec![
                ("identity.0.identity_ids", json!([identity()])),
                ("identity.0.identity_ids", json!(["/elsewhere"])),
                ("custom_data", json!("x")),
                ("user_data", json!("x")),
                ("admin_password", json!("x")),
                ("admin_ssh_key", json!([{"public_key": "x"}])),
            ],
            silent: vec![("size", json!("b"))],
        },
    ]
}

fn plan(case: &Case) -> Plan {
    // What stands in the world already is replaced by the case.
    world().without(case.address)
}

#[test]
fn what_bears_on_access_never_goes_unsaid() {
    table::never_unsaid(&cases(), plan);
}

#[test]
fn what_bears_on_nothing_is_silent() {
    table::silent(&cases(), plan);
}

#[test]
fn what_becomes_unknown_is_not_excluded() {
    table::unknown_is_not_excluded(&cases(), plan);
}

/// A role of the plan that is called like a built-in one is not that role.
#[test]
fn a_role_is_not_taken_for_another_of_its_name() {
    let own = json!({"role_definition_id": "x", "name": "team/Owner", "scope": SUB,
        "permissions": [{"actions": ["*/read"], "not_actions": [], "data_actions": [], "not_data_actions": []}]});
    let mut reader = assignment("zoe", "", SUB);
    reader["role_definition_id"] = json!(null);
    reader["role_definition_name"] = json!("Reader");
    let owner = with(&reader, "role_definition_name", json!("Owner"));
    let plan = world().stays("azurerm_role_definition.x", own).changes("azurerm_role_assignment.z", reader, owner);
    assert_eq!(plan.verdict(), Verdict::New);
}

/// Rules of activation that appear in the plan replace rules that are not in it.
#[test]
fn rules_of_activation_replace_others() {
    let policy = json!({"scope": SUB, "role_definition_id": format!("{SUB}{OWNER}"), "activation_rules": []});
    assert_ne!(world().changes("azurerm_role_management_policy.p", Value::Null, policy).verdict(), Verdict::None);
}

/// Who holds a key of an application that the plan does not show may do what the plan does not show.
#[test]
fn a_secret_of_an_unseen_application_is_not_excluded() {
    for (address, application) in
        [("azuread_application_password.p", "application_id"), ("azuread_application_owner.o", "application_id")]
    {
        let made = json!({application: "/applications/unseen", "owner_object_id": "zoe"});
        assert_ne!(world().changes(address, Value::Null, made).verdict(), Verdict::None, "{address}");
    }
}

/// Grants that are only written otherwise.
#[test]
fn the_same_grants_in_other_resources_are_silent() {
    let by_id = assignment("zoe", VAULT_USER, SUB);
    let mut by_name = assignment("zoe", "", SUB);
    by_name["role_definition_id"] = json!(null);
    by_name["role_definition_name"] = json!("Key Vault Secrets User");
    let moved = |to: &Value| {
        world()
            .changes("azurerm_role_assignment.z", by_id.clone(), Value::Null)
            .changes("azurerm_role_assignment.again", Value::Null, to.clone())
            .verdict()
    };
    assert_eq!(moved(&by_name), Verdict::None);
    assert_eq!(moved(&with(&by_id, "scope", json!(format!("{SUB}/resourceGroups/r")))), Verdict::None);
    assert_eq!(moved(&with(&by_id, "principal_id", json!("yan"))), Verdict::New);
    // The access policy of a vault, in the vault and by itself.
    let entry = json!({"object_id": "zoe", "application_id": "", "tenant_id": "t", "secret_permissions": ["Get"],
        "key_permissions": [], "certificate_permissions": [], "storage_permissions": []});
    let with_entries = |entries: Value| {
        json!({"id": vault(), "name": "v", "rbac_authorization_enabled": false, "network_acls": [],
            "access_policy": entries})
    };
    let mut own = entry.clone();
    own["key_vault_id"] = json!(vault());
    let split = |own: Value| {
        world()
            .without("azurerm_key_vault.v")
            .changes("azurerm_key_vault.v", with_entries(json!([entry])), with_entries(json!([])))
            .changes("azurerm_key_vault_access_policy.z", Value::Null, own)
            .verdict()
    };
    assert_eq!(split(own.clone()), Verdict::None);
    assert_eq!(split(with(&own, "secret_permissions", json!(["Get", "List"]))), Verdict::New);
}

/// What a group may do that the plan does not grant is not in the plan.
#[test]
fn a_group_without_grants_is_not_excluded() {
    let joins = |group: &str| json!({"group_object_id": group, "member_object_id": "zoe"});
    let added = |group: &str| world().changes("azuread_group_member.m", Value::Null, joins(group)).verdict();
    assert_eq!(added("unseen"), Verdict::Possible);
    assert_eq!(added("group"), Verdict::New, "a group with a grant");
    let group = |members: Value| json!({"object_id": "idle", "members": members, "owners": [], "display_name": "g"});
    let changed = |old: Value, new: Value| world().changes("azuread_group.idle", group(old), group(new)).verdict();
    assert_eq!(changed(json!(["ann"]), json!(["ann", "zoe"])), Verdict::Possible);
    assert_eq!(changed(json!(["ann", "zoe"]), json!(["ann"])), Verdict::None);
    let made = world().unknown(
        "azuread_group.idle",
        Value::Null,
        json!({"members": ["ann"], "owners": [], "display_name": "g"}),
        json!({"object_id": true}),
    );
    assert_eq!(made.verdict(), Verdict::None, "a group that nobody grants anything");
}

/// A group from which the plan takes the last one it names stands for whoever else is in it, before as after.
#[test]
fn nobody_gains_where_the_last_one_leaves_a_group() {
    let owns = assignment("crew", OWNER, SUB);
    let group = |list: &str, people: Value| {
        with(&json!({"object_id": "crew", "members": [], "owners": [], "display_name": "g"}), list, people)
    };
    let plan = || Plan::default().stays("azurerm_role_assignment.a", owns.clone());
    for list in ["members", "owners"] {
        let left = plan().changes("azuread_group.g", group(list, json!(["ann"])), group(list, json!([])));
        assert_eq!(left.verdict(), Verdict::None, "{list}");
    }
    let member = json!({"group_object_id": "crew", "member_object_id": "ann"});
    assert_eq!(plan().changes("azuread_group_member.m", member.clone(), Value::Null).verdict(), Verdict::None);
    let granted = Plan::default().changes("azurerm_role_assignment.a", Value::Null, owns.clone());
    assert_eq!(granted.changes("azuread_group_member.m", member, Value::Null).verdict(), Verdict::New);
}

#[test]
fn an_assignment_for_some_time_is_compared_by_its_end() {
    let lasts = |start: Value, days: u32, hours: u32| {
        let end = json!([{"duration_days": days, "duration_hours": hours, "end_date_time": ""}]);
        json!({"principal_id": "ann", "scope": SUB, "role_definition_id": format!("{SUB}{OWNER}"),
            "schedule": [{"start_date_time": start, "expiration": end}], "ticket": [], "justification": "j"})
    };
    for start in [json!("2026-01-01T00:00:00Z"), Value::Null] {
        let run = |old: (u32, u32), new: (u32, u32)| {
            let [old, new] = [old, new].map(|(days, hours)| lasts(start.clone(), days, hours));
            Plan::default().changes("azurerm_pim_eligible_role_assignment.e", old, new).verdict()
        };
        assert_eq!(run((30, 0), (0, 48)), Verdict::None);
        assert_eq!(run((0, 48), (2, 0)), Verdict::None);
        assert_eq!(run((0, 48), (30, 0)), Verdict::New);
        assert_eq!(run((30, 0), (0, 0)), Verdict::New, "without an end");
    }
}

#[test]
fn a_restriction_lifted_from_nobody_is_said_to_be() {
    let lock = json!({"name": "l", "scope": SUB, "lock_level": "ReadOnly", "notes": ""});
    let (access, _) = Plan::default().changes("azurerm_management_lock.l", lock.clone(), Value::Null).judged();
    assert_eq!(access.verdict, Verdict::None);
    assert!(access.changes[0].reasons.iter().any(|reason| reason.code == "outside_plan"));
    let weaker = with(&lock, "lock_level", json!("CanNotDelete"));
    let (access, _) = Plan::default().changes("azurerm_management_lock.l", weaker, lock).judged();
    assert!(access.changes[0].reasons.is_empty(), "a stricter lock");
}

/// A role that goes leaves its holders with what nobody knows; other changes have no part in that.
#[test]
fn what_cannot_be_told_is_said_of_the_changes_that_bear_on_it() {
    let role = |id: &str, actions: Value| {
        json!({"role_definition_id": id, "name": id, "scope": "/subscriptions/s", "permissions": [{"actions": actions,
            "not_actions": [], "data_actions": [], "not_data_actions": []}]})
    };
    let grant = |id: &str| {
        json!({"principal_id": "ann", "scope": "/subscriptions/s", "condition": null,
            "role_definition_id": format!("/roleDefinitions/{id}")})
    };
    let wide = json!(["Microsoft.Compute/*/read", "Microsoft.Network/*"]);
    let plan = Plan::default()
        .stays("azurerm_role_assignment.a", grant("a"))
        .stays("azurerm_role_assignment.b", grant("b"))
        .changes("azurerm_role_definition.a", role("a", wide.clone()), Value::Null)
        .changes("azurerm_role_definition.b", role("b", wide), role("b", json!(["Microsoft.Compute/*/read"])));
    let (access, recognition) = plan.judged();
    let said = recognition.changes.iter().zip(&access.changes);
    let said: Vec<_> = said.map(|(change, it)| (change.row.address.as_str(), it.verdict)).collect();
    assert_eq!(said, [("azurerm_role_definition.a", Verdict::Possible), ("azurerm_role_definition.b", Verdict::None)]);
}
