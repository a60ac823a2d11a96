package tollgate.azure.guard_rail_weakened_test

import data.tollgate.azure.guard_rail_weakened as rule
import data.tollgate.lib.fixture

row(type, before, after) := fixture.text({"type": type, "kind": "boundary_or_guardrail", "before": before, "after": after})

activation(approval, reason) := {"activation_rules": [{"require_approval": approval, "require_justification": reason}]}

test_fires_on_a_lock if {
	findings := rule.approve with input as row("azurerm_management_lock", {"lock_level": "CanNotDelete"}, null)
	findings == {{"msg": "`example.this`: `lock_level` is no longer `CanNotDelete`", "path": "lock_level"}}
	count(rule.approve) == 1 with input as row("azurerm_management_lock", {"lock_level": "ReadOnly"}, {"lock_level": "CanNotDelete"})
}

test_fires_on_conditional_access if {
	findings := rule.approve with input as row("azuread_conditional_access_policy", {"state": "enabled"}, {"state": "enabledForReportingButNotEnforced"})
	findings == {{"msg": "`example.this`: `state` was `enabled` and is `enabledForReportingButNotEnforced`", "path": "state"}}
	gone := rule.approve with input as row("azuread_conditional_access_policy", {"state": "enabled"}, null)
	gone == {{"msg": "`example.this`: `state` was `enabled` and is gone", "path": "state"}}
	facet := fixture.facet("condition", "conditions[0].users[0].excluded_users", ["a"], ["a", "b"])
	count(rule.approve) == 1 with input as fixture.text({"type": "azuread_conditional_access_policy", "facets": [facet]})
}

test_fires_on_a_policy if {
	assignment := "azurerm_subscription_policy_assignment"
	count(rule.approve) == 1 with input as row(assignment, {"enforce": true}, {"enforce": false})
	count(rule.approve) == 1 with input as row(assignment, {"not_scopes": []}, {"not_scopes": ["/x"]})
	count(rule.approve) == 1 with input as row("azurerm_resource_policy_exemption", null, {"name": "x"})
}

test_fires_on_activation_rules if {
	findings := rule.approve with input as row("azurerm_role_management_policy", activation(true, true), activation(false, true))
	findings == {{"msg": "`example.this`: `require_approval` was required and no longer is", "path": "require_approval"}}
}

test_fires_on_a_store if {
	count(rule.approve) == 1 with input as row("azurerm_storage_account", {"shared_access_key_enabled": false}, {"shared_access_key_enabled": true})
	closed := {"network_acls": [{"default_action": "Deny"}]}
	count(rule.approve) == 1 with input as row("azurerm_key_vault", closed, {"network_acls": [{"default_action": "Allow"}]})
}

test_quiet_on_tightening if {
	count(rule.approve) == 0 with input as row("azurerm_management_lock", {"lock_level": "CanNotDelete"}, {"lock_level": "ReadOnly"})
	count(rule.approve) == 0 with input as row("azuread_conditional_access_policy", {"state": "disabled"}, {"state": "enabled"})
	count(rule.approve) == 0 with input as row("azurerm_role_management_policy", activation(false, true), activation(true, false))
	count(rule.approve) == 0 with input as row("azurerm_storage_account", {"shared_access_key_enabled": true}, {"shared_access_key_enabled": false})
	count(rule.approve) == 0 with input as row("azurerm_subscription_policy_assignment", {"not_scopes": ["/x"]}, {"not_scopes": []})
	count(rule.approve) == 0 with input as row("azurerm_resource_policy_exemption", {"name": "x"}, null)
}

test_quiet_where_access_is_computed if {
	given := fixture.computed({"type": "azurerm_management_lock", "before": {"lock_level": "ReadOnly"}, "after": null}, [])
	count(rule.approve) == 0 with input as given
}

test_unknown_setting_may_be_off if {
	count(rule.approve) == 1 with input as row("azurerm_storage_account", {"shared_access_key_enabled": false}, {"shared_access_key_enabled": fixture.unknown})
}
