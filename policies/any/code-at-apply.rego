package tollgate.any.code_at_apply

import data.tollgate.lib.change

metadata := {
	"id": "code-at-apply",
	"title": "The apply itself runs code",
	"description": "A provisioner, an action, or a program that a data source or a resource starts runs during the apply, with the credentials of the apply. What it does is not in the plan, so nothing in the plan bounds it.",
	"severity": "high",
	"remediation": "Move the command out of Terraform, or read it and everything it loads, and approve exactly this plan.",
	"references": ["https://developer.hashicorp.com/terraform/language/provisioners"],
	"kinds": ["code_execution"],
}

# Everything but a managed resource runs when the plan is applied; a resource's code usually runs later.
origins := {
	"provisioner": "runs a provisioner",
	"action": "invokes an action that runs code",
	"data": "runs a program when it is read",
	"ephemeral": "runs a program when it is opened",
	"module_call": "loads its code from a source that can change",
	"provider_config": "runs a program when the provider starts",
}

# Resources that run a statement or a command at apply.
runners := {
	"shell_script", "snowflake_execute", "aws_redshiftdata_statement", "google_sql_provision_script", "tfe_workspace_run",
	"spacelift_run", "google_config_deployment", "aws_lambda_invocation", "azurerm_resource_deployment_script_azure_cli",
	"azurerm_resource_deployment_script_azure_power_shell", "terracurl_request", "kubernetes_job", "kubernetes_job_v1",
}

approve contains change.finding(change.path_of("code"), sprintf("%s during apply", [origins[input.change.origin]])) if {
	input.change.kind == "code_execution"
}

approve contains change.finding(change.path_of("code"), sprintf("(`%s`) runs code during apply", [input.change.type])) if {
	input.change.origin == "resource"
	input.change.type in runners
	change.remains
}
