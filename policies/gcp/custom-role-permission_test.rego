package tollgate.gcp.custom_role_permission_test

import data.tollgate.gcp.custom_role_permission as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "google_project_iam_custom_role", "kind": "role_definition", "before": before, "after": after})

role(permissions, stage) := {"permissions": permissions, "stage": stage}

test_fires_on_an_escalating_permission if {
	findings := rule.approve with input as row(role(["run.services.get"], "GA"), role(["run.services.get", "iam.serviceAccounts.actAs"], "GA"))
	findings == {{"msg": "`example.this`: `permissions` newly hold `iam.serviceAccounts.actAs`", "path": "permissions"}}
	count(rule.approve) == 1 with input as row(null, role(["resourcemanager.projects.setIamPolicy"], "GA"))
}

test_fires_when_the_role_is_switched_on if {
	count(rule.approve) == 1 with input as row(role(["iam.roles.update"], "DISABLED"), role(["iam.roles.update"], "GA"))
}

test_quiet_on_other_permissions_and_removal if {
	count(rule.approve) == 0 with input as row(role([], "GA"), role(["run.services.get"], "GA"))
	count(rule.approve) == 0 with input as row(role(["iam.roles.update"], "GA"), role([], "GA"))
	count(rule.approve) == 0 with input as row(role(["iam.roles.update"], "GA"), null)
	count(rule.approve) == 0 with input as row(role([], "DISABLED"), role(["iam.roles.update"], "DISABLED"))
}

test_unknown_permissions_are_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(role([], "GA"), role(fixture.unknown, "GA"))
}
