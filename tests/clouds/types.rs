//! Types by which access comes in that the comparison does not read, or reads in part: made in an empty plan, none of
//! them is judged `none`.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::Plan;

fn silent(types: Vec<(&str, Value)>) -> Vec<&str> {
    let made = |(kind, values): &(&str, Value)| {
        Plan::default().changes(&format!("{kind}.x"), Value::Null, values.clone()).verdict() == Verdict::None
    };
    types.into_iter().filter(made).map(|(kind, _)| kind).collect()
}

const SUB: &str = "/subscriptions/22222222-3333-4444-8555-666666666666";

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn types_of_google_cloud() {
    let types = vec![
        ("google_project_iam_member", json!({"project": "acme", "role": "roles/viewer", "member": "allUsers"})),
        (
            "google_project_iam_binding",
            json!({"project": "acme", "role": "roles/iam.securityAdmin", "members": ["user:a@x.example"]}),
        ),
        (
            "google_project_iam_policy",
            json!({"project": "acme",
            "policy_data": "{\"bindings\":[{\"role\":\"roles/owner\",\"members\":[\"user:a@x.example\"]}]}"}),
        ),
        (
            "google_organization_iam_member",
            json!({"org_id": "1", "role": "organizations/1/roles/own", "member": "user:a@x.example"}),
        ),
        (
            "google_billing_account_iam_member",
            json!({"billing_account_id": "A", "role": "roles/billing.admin", "member": "user:a@x.example"}),
        ),
        (
            "google_service_account_iam_member",
            json!({"service_account_id": "projects/acme/serviceAccounts/r@acme.iam.gserviceaccount.com",
            "role": "roles/iam.workloadIdentityUser",
            "member": "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*"}),
        ),
        (
            "google_storage_bucket_iam_member",
            json!({"bucket": "b", "role": "roles/storage.objectViewer", "member": "allAuthenticatedUsers"}),
        ),
        (
            "google_iap_web_iam_member",
            json!({"project": "acme", "role": "roles/iap.httpsResourceAccessor", "member": "domain:x.example"}),
        ),
        (
            "google_tags_tag_binding",
            json!({"parent": "//cloudresourcemanager.googleapis.com/projects/1", "tag_value": "tagValues/1"}),
        ),
        (
            "google_tags_location_tag_binding",
            json!({"parent": "//run.googleapis.com/x", "tag_value": "tagValues/1", "location": "eu"}),
        ),
        ("google_compute_project_metadata", json!({"metadata": {"ssh-keys": "eve:ssh-rsa A"}})),
        ("google_compute_project_metadata_item", json!({"key": "ssh-keys", "value": "eve:ssh-rsa A"})),
        ("google_os_login_ssh_public_key", json!({"user": "u", "key": "ssh-rsa A"})),
        ("google_storage_hmac_key", json!({"service_account_email": "r@acme.iam.gserviceaccount.com"})),
        ("google_apikeys_key", json!({"name": "k", "project": "acme"})),
        ("google_service_account_key", json!({"service_account_id": "r@acme.iam.gserviceaccount.com"})),
        ("google_sql_user", json!({"name": "eve", "instance": "i", "password": "p"})),
        (
            "google_cloud_identity_group_membership",
            json!({"group": "groups/1",
            "preferred_member_key": [{"id": "eve@x.example"}], "roles": [{"name": "MEMBER"}]}),
        ),
        (
            "google_privileged_access_manager_entitlement",
            json!({"entitlement_id": "e", "parent": "projects/acme",
            "eligible_users": [{"principals": ["user:eve@x.example"]}]}),
        ),
        (
            "google_iam_workload_identity_pool_provider",
            json!({"workload_identity_pool_id": "ci",
            "workload_identity_pool_provider_id": "p", "project": "acme", "oidc": [{"issuer_uri": "https://evil.example"}]}),
        ),
        (
            "google_iam_workforce_pool_provider",
            json!({"workforce_pool_id": "w", "provider_id": "p", "location": "global"}),
        ),
        ("google_cloudbuild_trigger", json!({"service_account": "x", "filename": "f", "project": "acme"})),
        (
            "google_cloud_run_service",
            json!({"name": "s", "template": [{"spec": [{"service_account_name": "r@acme.iam.gserviceaccount.com"}]}]}),
        ),
        (
            "google_cloudfunctions_function",
            json!({"name": "f", "service_account_email": "r@acme.iam.gserviceaccount.com"}),
        ),
        ("google_container_cluster", json!({"name": "c", "enable_legacy_abac": true})),
        (
            "google_container_node_pool",
            json!({"name": "n", "node_config": [{"service_account": "r@acme.iam.gserviceaccount.com",
            "oauth_scopes": ["cloud-platform"]}]}),
        ),
        (
            "google_compute_instance",
            json!({"name": "v", "project": "acme", "metadata": {"startup-script": "x"},
            "service_account": [{"email": "r@acme.iam.gserviceaccount.com", "scopes": ["cloud-platform"]}]}),
        ),
        (
            "google_project_iam_audit_config",
            json!({"project": "acme", "service": "allServices",
            "audit_log_config": [{"log_type": "DATA_READ", "exempted_members": ["user:eve@x.example"]}]}),
        ),
        (
            "google_bigquery_dataset_access",
            json!({"dataset_id": "d", "project": "acme", "role": "READER", "special_group": "allAuthenticatedUsers"}),
        ),
        ("google_bigquery_connection", json!({"connection_id": "c", "aws": [{"access_role": [{"iam_role_id": "a"}]}]})),
        ("google_storage_object_acl", json!({"bucket": "b", "object": "o", "predefined_acl": "publicRead"})),
        (
            "google_pubsub_subscription",
            json!({"name": "s", "push_config": [{"push_endpoint": "https://evil.example",
            "oidc_token": [{"service_account_email": "r@acme.iam.gserviceaccount.com"}]}]}),
        ),
        (
            "google_cloud_scheduler_job",
            json!({"name": "j", "http_target": [{"uri": "https://evil.example",
            "oauth_token": [{"service_account_email": "r@acme.iam.gserviceaccount.com"}]}]}),
        ),
        ("google_deployment_manager_deployment", json!({"name": "d", "target": [{"config": [{"content": "x"}]}]})),
    ];
    assert_eq!(silent(types), ["google_project_iam_audit_config"], "who is not logged reads no more than before");
}

#[test]
fn types_of_azure() {
    let role = format!("{SUB}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
    let types = vec![
        ("azurerm_role_assignment", json!({"scope": SUB, "role_definition_id": role, "principal_id": "eve"})),
        (
            "azurerm_pim_eligible_role_assignment",
            json!({"scope": SUB, "role_definition_id": role, "principal_id": "eve"}),
        ),
        (
            "azurerm_pim_active_role_assignment",
            json!({"scope": SUB, "role_definition_id": role, "principal_id": "eve"}),
        ),
        ("azurerm_lighthouse_assignment", json!({"scope": SUB, "lighthouse_definition_id": "d"})),
        (
            "azurerm_lighthouse_definition",
            json!({"scope": SUB, "authorization": [{"principal_id": "eve", "role_definition_id": "r"}]}),
        ),
        (
            "azurerm_subscription_policy_exemption",
            json!({"subscription_id": SUB, "policy_assignment_id": "p", "exemption_category": "Waiver"}),
        ),
        (
            "azurerm_resource_policy_exemption",
            json!({"resource_id": SUB, "policy_assignment_id": "p", "exemption_category": "Waiver"}),
        ),
        (
            "azurerm_key_vault_access_policy",
            json!({"key_vault_id": "v", "object_id": "eve", "tenant_id": "t", "secret_permissions": ["Get"]}),
        ),
        (
            "azurerm_virtual_machine_extension",
            json!({"virtual_machine_id": "v", "publisher": "p", "type": "CustomScript", "settings": "{}"}),
        ),
        ("azurerm_virtual_machine_run_command", json!({"virtual_machine_id": "v", "source": [{"script": "x"}]})),
        ("azurerm_automation_runbook", json!({"automation_account_name": "a", "content": "x"})),
        (
            "azurerm_federated_identity_credential",
            json!({"parent_id": "i", "issuer": "https://token.actions.githubusercontent.com",
            "subject": "repo:evil/x:ref:refs/heads/main", "audience": ["api://AzureADTokenExchange"]}),
        ),
        (
            "azurerm_management_group_subscription_association",
            json!({"management_group_id": "m", "subscription_id": SUB}),
        ),
        (
            "azurerm_cosmosdb_sql_role_assignment",
            json!({"account_name": "c", "role_definition_id": "r", "principal_id": "eve", "scope": "s"}),
        ),
        ("azurerm_container_registry_token", json!({"container_registry_name": "c", "scope_map_id": "s"})),
        ("azurerm_mssql_server", json!({"name": "s", "azuread_administrator": [{"object_id": "eve"}]})),
        (
            "azurerm_mssql_firewall_rule",
            json!({"server_id": "s", "start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"}),
        ),
        ("azurerm_kubernetes_cluster", json!({"name": "k", "local_account_disabled": false})),
        ("azurerm_resource_group_template_deployment", json!({"resource_group_name": "r", "template_content": "{}"})),
        ("azurerm_storage_container", json!({"name": "c", "storage_account_id": "s", "container_access_type": "blob"})),
        (
            "azapi_resource",
            json!({"type": "Microsoft.Authorization/roleAssignments@2022-04-01", "parent_id": SUB,
            "body": {"properties": {"principalId": "eve", "roleDefinitionId": role}}}),
        ),
        ("azuread_application_owner", json!({"application_id": "/applications/a", "owner_object_id": "eve"})),
        ("azuread_application_password", json!({"application_id": "/applications/a"})),
        ("azuread_application_certificate", json!({"application_id": "/applications/a", "value": "x"})),
        ("azuread_service_principal_certificate", json!({"service_principal_id": "s", "value": "x"})),
        (
            "azuread_application_pre_authorized",
            json!({"application_id": "/applications/a", "authorized_client_id": "c", "permission_ids": ["p"]}),
        ),
        (
            "azuread_app_role_assignment",
            json!({"app_role_id": "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8",
            "principal_object_id": "eve", "resource_object_id": "graph"}),
        ),
        (
            "azuread_service_principal_delegated_permission_grant",
            json!({"service_principal_object_id": "s",
            "resource_service_principal_object_id": "g", "claim_values": ["Directory.ReadWrite.All"]}),
        ),
        (
            "azuread_directory_role_assignment",
            json!({"role_id": "62e90394-69f5-4237-9190-012177145e10", "principal_object_id": "eve"}),
        ),
        (
            "azuread_directory_role_eligibility_schedule_request",
            json!({"role_definition_id": "62e90394-69f5-4237-9190-012177145e10",
            "principal_id": "eve", "directory_scope_id": "/", "justification": "j"}),
        ),
        (
            "azuread_privileged_access_group_eligibility_schedule",
            json!({"group_id": "g", "principal_id": "eve", "assignment_type": "member"}),
        ),
        (
            "azuread_administrative_unit_role_member",
            json!({"role_object_id": "r", "administrative_unit_object_id": "u", "member_object_id": "eve"}),
        ),
        ("azuread_group_member", json!({"group_object_id": "g", "member_object_id": "eve"})),
        ("azuread_named_location", json!({"display_name": "n", "ip": [{"ip_ranges": ["0.0.0.0/1"], "trusted": true}]})),
        ("azuread_invitation", json!({"user_email_address": "eve@evil.example"})),
        ("azuread_user", json!({"user_principal_name": "eve@x.example", "password": "p"})),
        ("azuread_access_package_assignment_policy", json!({"access_package_id": "a", "display_name": "d"})),
    ];
    assert_eq!(silent(types), Vec::<&str>::new());
}
