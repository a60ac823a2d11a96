package tollgate.azure.entra_role_test

import data.tollgate.azure.entra_role as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azuread_directory_role_assignment", "kind": "role_binding", "before": before, "after": after})

role(id) := {"role_id": id, "principal_object_id": "p", "directory_scope_id": "/"}

global := "62e90394-69f5-4237-9190-012177145e10"

test_fires_on_global_administrator if {
	findings := rule.approve with input as row(null, role(global))
	findings == {{
		"msg": "`example.this`: `role_id` newly assigns the directory role `Global Administrator` to `p`",
		"path": "role_id", "severity": "critical",
	}}
}

test_fires_on_other_roles_by_weight if {
	helpdesk := rule.approve with input as row(null, role("729827e3-9c14-49f7-bb1b-9608f156bbb8"))
	{finding.severity | some finding in helpdesk} == {"high"}
	other := rule.approve with input as row(null, role("11111111-2222-4333-8444-555555555555"))
	{finding.severity | some finding in other} == {"medium"}
}

test_fires_on_a_wider_scope if {
	unit := object.union(role(global), {"directory_scope_id": "/administrativeUnits/u"})
	count(rule.approve) == 1 with input as row(unit, role(global))
	count(rule.approve) == 0 with input as row(role(global), unit)
}

test_quiet_on_removal_and_no_change if {
	count(rule.approve) == 0 with input as row(role(global), null)
	count(rule.approve) == 0 with input as row(role(global), role(global))
	count(rule.approve) == 0 with input as fixture.text({"type": "azuread_group", "after": role(global)})
}

test_unknown_role_and_principal_still_fire if {
	findings := rule.approve with input as row(null, {"role_id": fixture.unknown})
	{finding.msg | some finding in findings} == {"`example.this`: `role_id` newly assigns the directory role `(known after apply)` to `null`"}
}
