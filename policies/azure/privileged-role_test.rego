package tollgate.azure.privileged_role_test

import data.tollgate.azure.privileged_role as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azurerm_role_assignment", "kind": "role_binding", "before": before, "after": after})

group := "/subscriptions/s/resourceGroups/app"

named(role) := {"role_definition_name": role, "principal_id": "p", "scope": group}

owner_id := "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

by_id := {"role_definition_id": owner_id, "principal_id": "p", "scope": group}

conditional := object.union(named("Owner"), {"condition": "@Request[x]"})

test_fires_on_owner_by_name_and_by_id if {
	findings := rule.approve with input as row(null, named("Owner"))
	findings == {{
		"msg": "`example.this`: `role_definition_name` newly assigns `Owner` to `p` at `/subscriptions/s/resourceGroups/app`",
		"path": "role_definition_name", "severity": "critical",
	}}
	by_id_findings := rule.approve with input as row(null, by_id)
	{finding.path | some finding in by_id_findings} == {"role_definition_id"}
}

test_fires_on_contributor_as_high if {
	findings := rule.approve with input as row(named("Reader"), named("Contributor"))
	{finding.severity | some finding in findings} == {"high"}
}

test_fires_on_a_wider_scope_and_another_principal if {
	count(rule.approve) == 1 with input as row(named("Owner"), object.union(named("Owner"), {"scope": "/subscriptions/s"}))
	count(rule.approve) == 1 with input as row(named("Owner"), object.union(named("Owner"), {"principal_id": "q"}))
}

test_fires_on_a_dropped_condition if {
	findings := rule.approve with input as row(conditional, named("Owner"))
	some finding in findings
	endswith(finding.msg, " without the condition it had")
}

test_fires_as_a_warning_on_a_rewritten_condition if {
	other := object.union(named("Owner"), {"condition": "@Request[y]"})
	findings := rule.warn with input as row(conditional, other)
	findings == {{"msg": "`example.this`: `condition` of `Owner` for `p` is rewritten", "path": "condition"}}
	count(rule.approve) == 0 with input as row(conditional, other)
	count(rule.warn) == 0 with input as row(conditional, conditional)
}

test_quiet_on_other_roles_narrowing_and_removal if {
	count(rule.approve) == 0 with input as row(null, named("Reader"))
	count(rule.approve) == 0 with input as row(named("Owner"), object.union(named("Owner"), {"scope": sprintf("%s/providers/x", [group])}))
	count(rule.approve) == 0 with input as row(named("Owner"), conditional)
	count(rule.approve) == 0 with input as row(by_id, named("Owner"))
	count(rule.approve) == 0 with input as row(named("Owner"), null)
	count(rule.approve) == 0 with input as row(named("Owner"), named("Owner"))
}

test_quiet_on_a_custom_role if {
	custom := {"role_definition_id": "/roleDefinitions/11111111-2222-4333-8444-555555555555", "principal_id": "p", "scope": group}
	count(rule.approve) == 0 with input as row(null, custom)
}

test_unknown_principal_still_fires if {
	findings := rule.approve with input as row(null, object.union(named("Owner"), {"principal_id": fixture.unknown}))
	{finding.msg | some finding in findings} == {
		"`example.this`: `role_definition_name` newly assigns `Owner` to (known after apply) at `/subscriptions/s/resourceGroups/app`",
	}
}

test_unknown_role_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, {"role_definition_id": fixture.unknown, "principal_id": "p", "scope": group})
}

test_quiet_where_computed_access_tells_it if {
	change := {"platform": "azure", "before": null, "after": {"principal_id": "p", "scope": "/s", "role_definition_name": "Owner"}}
	count(rule.approve) == 0 with input as fixture.computed(change, [fixture.piece("p", ["Microsoft.Authorization/roleAssignments/write"], ["permissions"], ["/s"])])
	count(rule.approve) == 1 with input as fixture.computed(change, [fixture.piece("p", ["*/read"], ["read"], ["/s"])])
}
