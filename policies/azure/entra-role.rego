package tollgate.azure.entra_role

import data.tollgate.lib.azure_tier0
import data.tollgate.lib.change

metadata := {
	"id": "azure-entra-role",
	"title": "A directory role is assigned",
	"description": "Somebody newly gets an Entra directory role. The administrators of identities, credentials and applications reach every other role from there; Global Administrator, Privileged Role Administrator and Privileged Authentication Administrator do at once.",
	"severity": "critical",
	"remediation": "Make the assignment eligible through Privileged Identity Management, or scope it to an administrative unit.",
	"references": ["https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"],
	"platforms": ["azure"],
}

types := {
	"azuread_directory_role_assignment", "azuread_directory_role_eligibility_schedule_request", "azuread_directory_role_member",
}

direct := {"Global Administrator", "Privileged Role Administrator", "Privileged Authentication Administrator"}

approve contains change.severe(path, grade(name), sprintf("newly assigns the directory role `%s` to %s", [name, change.show(who)])) if {
	input.change.type in types
	change.remains
	some path in ["role_id", "role_definition_id", "role_object_id"]
	role := change.field(change.after, path)
	role != null
	who := principal(change.after)
	not held_before(path, role, who)
	name := named(role)
}

named(role) := name if name := azure_tier0.entra_roles[role]

else := role if is_string(role)

else := "(known after apply)"

grade(name) := "critical" if name in direct

else := "high" if name in {known | some known in azure_tier0.entra_roles}

else := "medium"

principal(side) := values[0] if {
	names := ["principal_object_id", "principal_id", "member_object_id"]
	values := [value | some name in names; value := change.field(side, name); value != null]
	count(values) > 0
}

else := null

held_before(path, role, who) if {
	change.field(change.before, path) == role
	principal(change.before) == who
	change.field(change.before, "directory_scope_id") in [null, "", "/", change.field(change.after, "directory_scope_id")]
}
