package tollgate.azure.graph_permission

import data.tollgate.lib.azure_tier0
import data.tollgate.lib.change

metadata := {
	"id": "azure-graph-permission",
	"title": "An application gets a Graph permission that controls the tenant",
	"description": "A service principal is newly granted (with consent) a Microsoft Graph application permission with which it can assign roles, consent to further permissions, or take over applications, groups or users.",
	"severity": "critical",
	"remediation": "Ask for the narrowest permission; prefer delegated permissions or access to single resources.",
	"references": ["https://learn.microsoft.com/graph/permissions-reference"],
	"platforms": ["azure"],
}

approve contains change.finding("app_role_id", sprintf("newly grants `%s` to %s", [name, change.show(change.field(change.after, "principal_object_id"))])) if {
	input.change.type == "azuread_app_role_assignment"
	change.remains
	name := azure_tier0.graph_permissions[change.field(change.after, "app_role_id")]
	not same("app_role_id")
}

approve contains change.finding("app_role_id", sprintf("newly grants `%s` to %s", [name, change.show(change.field(change.after, "principal_object_id"))])) if {
	input.change.type == "azuread_app_role_assignment"
	change.remains
	name := azure_tier0.graph_permissions[change.field(change.after, "app_role_id")]
	not same("principal_object_id")
}

# Consent for everybody's delegated permissions.
approve contains change.severe("claim_values", "high", sprintf("newly consents to %s", [change.show_some(gained)])) if {
	input.change.type == "azuread_service_principal_delegated_permission_grant"
	change.remains
	gained := claims(change.after) - claims(change.before)
	count(gained) > 0
}

claims(side) := {claim |
	some claim in change.values(change.field(side, "claim_values"))
	claim in {name | some name in azure_tier0.graph_permissions}
}

same(name) if change.field(change.before, name) == change.field(change.after, name)
