# Azure role assignments as text: a role's name from its name or id, and what is new against the row before.
package tollgate.lib.azure

import data.tollgate.lib.azure_tier0
import data.tollgate.lib.change

# The roles that hand out roles.
grants_roles := {"Owner", "User Access Administrator", "Role Based Access Control Administrator"}

# The name of an assignment's role; the id's last part where it is no built-in role of the list.
role(side) := name if {
	name := change.field(side, "role_definition_name")
	is_string(name)
	name != ""
}

else := name if name := azure_tier0.builtin_roles[guid(change.field(side, "role_definition_id"))]

else := id if id := guid(change.field(side, "role_definition_id"))

guid(id) := lower(regex.replace(id, `^.*/`, "")) if is_string(id)

privileged(name) if name in grants_roles

privileged(name) if name in {known | some known in azure_tier0.builtin_roles}

# The same role for the same principal, at this scope or above, under this condition or none.
assigned_before if {
	same_assignment
	change.field(change.before, "condition") in [null, "", change.field(change.after, "condition")]
}

same_assignment if {
	role(change.before) == role(change.after)
	change.field(change.before, "principal_id") == change.field(change.after, "principal_id")
	within(change.field(change.before, "scope"), change.field(change.after, "scope"))
}

only_condition_rewritten if {
	same_assignment
	not change.field(change.before, "condition") in [null, ""]
	not change.field(change.after, "condition") in [null, ""]
}

within(outer, inner) if outer == inner

within(outer, inner) if {
	is_string(outer)
	is_string(inner)
	startswith(lower(inner), sprintf("%s/", [lower(outer)]))
}

# An operation that assigns a role, as a witness names it.
assigns_roles(operation) if lower(operation) == "microsoft.authorization/roleassignments/write"

# Operation patterns with which their holder changes who may do what.
manages(pattern) if {
	text := lower(pattern)
	startswith(text, "microsoft.authorization/")
	not endswith(text, "/read")
}

# Operation patterns with which their holder becomes a managed identity.
becomes(pattern) if regex.match(`^microsoft\.managedidentity/userassignedidentities/(.*/)?(\*|\*/action|assign/\*|assign/action|federatedidentitycredentials/(\*|write))$`, lower(pattern))

# Operation patterns that return keys, tokens or secrets.
hands_out_credentials(pattern) if regex.match(`/(list[a-z]*keys?|listcredentials?|listaccount?sas|listsecrets|listclusteradmincredential|getsecret|decrypt|unwrapkey|generateuserdelegationkey|listcallbackurl)(/action)?$`, lower(pattern))

hands_out_credentials(pattern) if regex.match(`^microsoft\.keyvault/vaults/(\*|secrets/(\*|.*/action))$`, lower(pattern))
