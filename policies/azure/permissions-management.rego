package tollgate.azure.permissions_management

import data.tollgate.lib.access

metadata := {
	"id": "azure-permissions-management",
	"title": "Permissions management is granted",
	"description": "Somebody may newly change who may do what on Azure: write role assignments or definitions, or anything else under Microsoft.Authorization. Such a holder can raise the own access.",
	"severity": "high",
	"remediation": "Keep role assignments with the pipeline's identity, or limit the roles that may be granted by a condition.",
	"references": ["https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview"],
	"platforms": ["azure"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; "permissions" in access.levels(piece)]
	some finding in access.findings(pieces, "manage permissions")
}
