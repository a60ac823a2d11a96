package tollgate.gcp.permissions_management_test

import data.tollgate.gcp.permissions_management as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "google_project_iam_member", "before": before, "after": after})

member(role) := {"role": role, "member": "user:a", "project": "acme"}

test_fires_on_a_managing_role if {
	findings := rule.approve with input as row(member("roles/viewer"), member("roles/resourcemanager.projectIamAdmin"))
	findings == {{"msg": "`example.this`: `member` newly grants `roles/resourcemanager.projectIamAdmin` to `user:a`", "path": "member"}}
}

test_quiet_on_other_roles_and_removal if {
	count(rule.approve) == 0 with input as row(null, member("roles/run.invoker"))
	count(rule.approve) == 0 with input as row(member("roles/iam.securityAdmin"), null)
	count(rule.approve) == 0 with input as row(member("roles/iam.securityAdmin"), member("roles/iam.securityAdmin"))
}

test_unknown_role_is_left_to_not_compared if count(rule.approve) == 0 with input as row(null, member(fixture.unknown))
