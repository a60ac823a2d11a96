package tollgate.azure.privileged_role

import data.tollgate.lib.access
import data.tollgate.lib.azure
import data.tollgate.lib.change
import data.tollgate.lib.reach

metadata := {
	"id": "azure-privileged-role",
	"title": "A privileged Azure role is assigned",
	"description": "Somebody newly gets Owner, User Access Administrator or Role Based Access Control Administrator (critical: they assign roles, also to themselves), or another built-in role that leads to the identities in its scope, such as Contributor (high). Eligible assignments count: activating one is the holder's own step.",
	"severity": "critical",
	"remediation": "Assign the narrowest role at the narrowest scope; constrain role administrators by a condition.",
	"references": ["https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged"],
	"platforms": ["azure"],
}

approve contains change.severe(path, severity, text) if {
	change.remains
	not told_by_access
	role := azure.role(change.after)
	azure.privileged(role)
	not azure.assigned_before
	not azure.only_condition_rewritten
	severity := grade(role)
	text := sprintf(
		"newly assigns `%s` to %s at %s%s",
		[role, change.show(principal), change.show(change.field(change.after, "scope")), condition],
	)
}

# Another condition in the place of one: whether it admits more is not in the words.
warn contains change.finding("condition", sprintf("of `%s` for %s is rewritten", [azure.role(change.after), change.show(principal)])) if {
	change.remains
	azure.privileged(azure.role(change.after))
	not azure.assigned_before
	azure.only_condition_rewritten
}

# A witness that assigns roles is what `admin-grant` reports.
told_by_access if {
	some piece in access.new
	reach.administers(piece)
}

grade(role) := "critical" if role in azure.grants_roles

else := "high"

path := "role_definition_name" if is_string(change.field(change.after, "role_definition_name"))

else := "role_definition_id"

principal := change.field(change.after, "principal_id")

default condition := ""

condition := " without the condition it had" if {
	not change.field(change.before, "condition") in [null, ""]
	change.field(change.after, "condition") in [null, ""]
}
