package tollgate.azure.guard_rail_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "azure-guard-rail-weakened",
	"title": "A lock, policy, conditional access or activation rule is weakened",
	"description": "Something that restricts others is removed, reports only, gains exceptions, or asks for less: management locks, policy assignments and exemptions, conditional access, rules for activating privileged roles, network and key restrictions of stores.",
	"severity": "high",
	"remediation": "Keep the restriction, or have its owner agree to the exception and give it an end.",
	"references": ["https://learn.microsoft.com/azure/governance/policy/concepts/assignment-structure#enforcement-mode"],
	"platforms": ["azure"],
	"kinds": ["boundary_or_guardrail", "resource_policy"],
}

approve contains finding if {
	access.guard_by_text
	some finding in weakened
}

# Locks and conditional access that go away, or hold less.
weakened contains change.finding("lock_level", sprintf("is no longer %s", [change.show(old)])) if {
	input.change.type == "azurerm_management_lock"
	old := change.field(change.before, "lock_level")
	old != null
	not as_locked(old, change.field(change.after, "lock_level"))
}

as_locked(old, new) if old == new

as_locked(_, new) if new == "ReadOnly"

weakened contains change.finding("state", sprintf("was `enabled` and is %s", [now("state")])) if {
	input.change.type == "azuread_conditional_access_policy"
	change.field(change.before, "state") == "enabled"
	change.field(change.after, "state") != "enabled"
}

weakened contains change.finding("conditions", sprintf("newly leave out %s", [change.show_some(gained)])) if {
	input.change.type == "azuread_conditional_access_policy"
	change.remains
	gained := excluded(input.change.facets, "after") - excluded(input.change.facets, "before")
	count(gained) > 0
	not change.created
}

excluded(facets, side) := {value |
	facet := facets[_]
	contains(facet.path, ".excluded_")
	some value in change.values(facet[side])
}

# Policies that only report, or hold fewer.
weakened contains change.finding("enforce", sprintf("was `true` and is %s", [now("enforce")])) if {
	endswith(input.change.type, "_policy_assignment")
	change.remains
	change.field(change.before, "enforce") == true
	change.field(change.after, "enforce") != true
}

weakened contains change.finding("not_scopes", sprintf("newly leave out %s", [change.show_some(gained)])) if {
	endswith(input.change.type, "_policy_assignment")
	gained := strings(change.after, "not_scopes") - strings(change.before, "not_scopes")
	count(gained) > 0
	not change.created
}

strings(side, name) := {value | some value in change.values(change.field(side, name))}

weakened contains change.finding("", "newly exempts from a policy") if {
	endswith(input.change.type, "_policy_exemption")
	change.created
}

# Rules for activating or assigning a privileged role.
weakened contains change.finding(name, "was required and no longer is") if {
	input.change.type in {"azurerm_role_management_policy", "azuread_group_role_management_policy"}
	some name in [
		"require_approval", "require_multifactor_authentication", "require_justification", "require_ticket_info",
		"required_conditional_access_authentication_context", "expiration_required",
	]
	some rules in ["activation_rules", "active_assignment_rules", "eligible_assignment_rules"]
	wanted(change.field(change.block(change.field(change.before, rules)), name))
	not wanted(change.field(change.block(change.field(change.after, rules)), name))
	not only_justification(name)
}

wanted(value) if not value in [null, false, ""]

# A reason that nobody checks holds nobody back while something else does.
only_justification(name) if {
	name == "require_justification"
	rules := change.block(change.field(change.after, "activation_rules"))
	change.field(rules, "require_approval") == true
}

# Switches of stores, from safe to open.
switches := {
	"shared_access_key_enabled": false, "public_network_access_enabled": false, "local_user_enabled": false,
	"cross_tenant_replication_enabled": false, "purge_protection_enabled": true, "admin_enabled": false,
	"local_authentication_disabled": true, "local_account_disabled": true,
}

weakened contains change.finding(name, sprintf("was `%v` and is %s", [safe, now(name)])) if {
	some name, safe in switches
	change.remains
	change.field(change.before, name) == safe
	change.field(change.after, name) != safe
}

weakened contains change.finding(path, "was `Deny` and no longer is") if {
	change.remains
	some path in ["network_acls", "network_rules"]
	change.field(change.block(change.field(change.before, path)), "default_action") == "Deny"
	change.field(change.block(change.field(change.after, path)), "default_action") != "Deny"
}

now(name) := change.show(change.field(change.after, name)) if change.remains

else := "gone"
