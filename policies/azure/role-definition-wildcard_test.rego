package tollgate.azure.role_definition_wildcard_test

import data.tollgate.azure.role_definition_wildcard as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azurerm_role_definition", "kind": "role_definition", "before": before, "after": after})

role(actions, not_actions) := {"permissions": [{"actions": actions, "not_actions": not_actions, "data_actions": null}]}

test_fires_on_everything if {
	findings := rule.approve with input as row(null, role(["*"], []))
	findings == {{"msg": "`example.this`: `permissions` newly allow `*`", "path": "permissions", "severity": "critical"}}
}

test_fires_on_role_management if {
	every action in ["Microsoft.Authorization/*/write", "Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/*", "*/write"] {
		count(rule.approve) == 1 with input as row(role(["Microsoft.Resources/*"], []), role(["Microsoft.Resources/*", action], []))
	}
}

test_fires_on_fewer_exceptions if {
	before := role(["*"], ["Microsoft.Authorization/*/write", "Microsoft.Network/*"])
	findings := rule.approve with input as row(before, role(["*"], ["Microsoft.Network/*"]))
	findings == {{"msg": "`example.this`: `permissions` no longer leave out `microsoft.authorization/*/write`", "path": "permissions"}}
}

test_quiet_on_ordinary_actions_narrowing_and_removal if {
	count(rule.approve) == 0 with input as row(null, role(["Microsoft.Compute/*/read", "Microsoft.Authorization/*/read"], []))
	count(rule.approve) == 0 with input as row(role(["*"], []), role(["Microsoft.Authorization/*"], []))
	count(rule.approve) == 0 with input as row(role(["*"], []), role(["*"], ["Microsoft.Authorization/*/write"]))
	count(rule.approve) == 0 with input as row(role(["*"], []), null)
	count(rule.approve) == 0 with input as row(role(["*/WRITE"], null), role(["*/write"], []))
}

test_unknown_actions_are_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, role(fixture.unknown, []))
	count(rule.approve) == 0 with input as row(null, {"permissions": fixture.unknown})
}
