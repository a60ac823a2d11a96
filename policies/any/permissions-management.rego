package tollgate.any.permissions_management

import data.tollgate.lib.access
import data.tollgate.lib.reach

metadata := {
	"id": "permissions-management",
	"title": "Permissions management is granted",
	"description": "Somebody may newly change who may do what: set IAM policies, assign or define roles, escalate or bind roles in a cluster, approve certificates, manage a team's members. Such a holder can raise the own access.",
	"severity": "high",
	"remediation": "Keep permissions management with the pipeline's identity; limit the roles that may be granted by a condition or by resourceNames.",
	"references": ["https://cloud.google.com/iam/docs/setting-limits-on-granting-roles", "https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview", "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks"],
	"platforms": ["gcp", "azure", "kubernetes", "github"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := {severity: found |
		some severity in {"critical", "high", "medium"}
		found := [piece | some piece in access.new; reach.manages_permissions(piece) == severity]
	}
	some finding in access.graded(pieces, "manage permissions")
}
