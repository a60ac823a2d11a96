package tollgate.any.credential_created

import data.tollgate.lib.change

metadata := {
	"id": "credential-created",
	"title": "A long-lived credential is created or activated",
	"description": "A key, password or token that stands until somebody revokes it. It works from anywhere, is copied into state and logs, and outlives the change that made it. Secrets that identify nobody (a stored parameter, a database's first password) are not meant.",
	"severity": "high",
	"remediation": "Use short-lived credentials (roles, workload identity federation). Where a key must be, give it an expiry and an owner.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-workloads-use-roles"],
	"kinds": ["credential"],
}

# Types whose creation is a new way to authenticate as somebody.
types := {
	"aws_iam_access_key", "aws_iam_user_login_profile", "aws_iam_service_specific_credential", "aws_iam_signing_certificate",
	"aws_iam_user_ssh_key", "aws_lightsail_bucket_access_key", "aws_grafana_workspace_api_key",
	"aws_grafana_workspace_service_account_token", "aws_transfer_ssh_key",
	"google_service_account_key", "google_storage_hmac_key", "google_apikeys_key", "google_iam_oauth_client_credential",
	"google_iam_workforce_pool_provider_key", "google_os_login_ssh_public_key",
	"azuread_application_certificate", "azuread_application_password", "azuread_service_principal_certificate",
	"azuread_service_principal_password", "azurerm_container_registry_token_password", "azurerm_automation_webhook",
	"kubernetes_certificate_signing_request", "kubernetes_certificate_signing_request_v1",
	"github_repository_deploy_key", "github_user_ssh_key",
	"gitlab_deploy_key", "gitlab_group_access_token", "gitlab_group_deploy_token", "gitlab_personal_access_token",
	"gitlab_group_service_account_access_token", "gitlab_project_access_token", "gitlab_project_deploy_token",
	"gitlab_user_impersonation_token", "gitlab_user_sshkey", "gitlab_cluster_agent_token", "gitlab_pipeline_trigger",
	"datadog_api_key", "datadog_application_key", "datadog_service_access_token", "datadog_service_account_application_key",
	"argocd_account_token", "argocd_project_token", "cloudflare_account_token", "cloudflare_api_token",
	"cloudflare_zero_trust_access_service_token", "confluent_api_key", "databricks_obo_token",
	"databricks_service_principal_secret", "databricks_token", "elasticstack_elasticsearch_security_api_key",
	"grafana_cloud_access_policy_token", "grafana_service_account_token", "hcp_consul_cluster_root_token",
	"hcp_service_principal_key", "hcp_vault_cluster_admin_token", "mongodbatlas_api_key", "mongodbatlas_project_api_key",
	"mongodbatlas_project_service_account_secret", "mongodbatlas_service_account_secret", "nomad_acl_token", "okta_api_token",
	"consul_acl_token", "spacelift_api_key", "tfe_agent_token", "tfe_audit_trail_token", "tfe_organization_token",
	"tfe_scim_token", "tfe_team_token", "vault_approle_auth_backend_role_secret_id", "vault_token",
	"vault_userpass_auth_backend_user",
}

approve contains change.finding("", sprintf("creates a long-lived credential (`%s`)%s", [input.change.type, holder])) if {
	input.change.type in types
	"create" in input.change.actions
	not born_inactive
}

# An access key made active again works like a new one.
approve contains change.finding("status", "activates a long-lived credential") if {
	input.change.type == "aws_iam_access_key"
	not change.created
	change.field(change.before, "status") == "Inactive"
	change.remains
	change.field(change.after, "status") != "Inactive"
}

# A Kubernetes secret of this type is filled with a token that does not expire.
approve contains change.finding("type", "creates a service account token that does not expire") if {
	input.change.type in {"kubernetes_secret", "kubernetes_secret_v1"}
	"create" in input.change.actions
	change.field(change.after, "type") == "kubernetes.io/service-account-token"
}

born_inactive if change.field(change.after, "status") == "Inactive"

default holder := ""

holder := sprintf(" for %s", [change.show_some(change.after_of("principal"))]) if count(change.after_of("principal")) > 0
