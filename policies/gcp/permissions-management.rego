package tollgate.gcp.permissions_management

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-permissions-management",
	"title": "A role that manages permissions is granted",
	"description": "Somebody newly gets a role with which access can be granted: setting IAM policies, editing roles, pools, deny or organisation policies. Its holder can raise the own access to anything in the role's scope.",
	"severity": "high",
	"remediation": "Keep such roles with the pipeline's service account; limit them by a condition on the roles that may be granted.",
	"references": ["https://cloud.google.com/iam/docs/setting-limits-on-granting-roles"],
	"platforms": ["gcp"],
}

approve contains change.finding(grant.path, sprintf("newly grants `%s` to %s", [grant.role, change.show(grant.member)])) if {
	access.undecided
	some grant in gcp.new_grants
	grant.role in gcp.manages_permissions
}
