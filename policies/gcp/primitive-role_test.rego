package tollgate.gcp.primitive_role_test

import data.tollgate.gcp.primitive_role as rule
import data.tollgate.lib.fixture

member(role, who) := {"role": role, "member": who, "project": "acme"}

row(before, after) := fixture.text({"type": "google_project_iam_member", "before": before, "after": after})

policy(bindings) := {"policy_data": {"bindings": bindings}}

test_fires_on_owner if {
	findings := rule.approve with input as row(null, member("roles/owner", "user:a@example.com"))
	findings == {{
		"msg": "`example.this`: `member` newly grants `roles/owner` to `user:a@example.com`",
		"path": "member", "severity": "critical",
	}}
}

test_fires_on_a_stronger_role_and_on_another_project if {
	count(rule.approve) == 1 with input as row(member("roles/viewer", "user:a"), member("roles/editor", "user:a"))
	elsewhere := object.union(member("roles/editor", "user:a"), {"project": "other"})
	count(rule.approve) == 1 with input as row(member("roles/editor", "user:a"), elsewhere)
}

test_fires_on_a_binding_and_a_policy if {
	before := {"role": "roles/editor", "members": ["user:a"]}
	after := {"role": "roles/editor", "members": ["user:a", "user:b"]}
	findings := rule.approve with input as row(before, after)
	{finding.msg | some finding in findings} == {"`example.this`: `members` newly grants `roles/editor` to `user:b`"}
	documents := {"before": policy([]), "after": policy([after])}
	count(rule.approve) == 2 with input as fixture.text({"documents": documents})
}

test_fires_on_a_dropped_condition if {
	conditional := object.union(member("roles/owner", "user:a"), {"condition": [{"expression": "request.time < timestamp('2027-01-01T00:00:00Z')"}]})
	count(rule.approve) == 1 with input as row(conditional, member("roles/owner", "user:a"))
	count(rule.approve) == 0 with input as row(member("roles/owner", "user:a"), conditional)
}

test_fires_on_the_policy_data_source if {
	after := {"binding": [{"role": "roles/owner", "members": ["user:a"], "condition": []}]}
	count(rule.approve) == 1 with input as row(null, after)
}

test_quiet_on_removal_other_roles_and_no_change if {
	count(rule.approve) == 0 with input as row(member("roles/owner", "user:a"), null)
	count(rule.approve) == 0 with input as row(null, member("roles/run.invoker", "user:a"))
	count(rule.approve) == 0 with input as row(member("roles/owner", "user:a"), member("roles/owner", "user:a"))
	count(rule.approve) == 0 with input as row(member("roles/editor", "user:a"), member("roles/viewer", "user:a"))
	prefixed := object.union(member("roles/owner", "user:a"), {"project": "projects/acme"})
	count(rule.approve) == 0 with input as row(prefixed, member("roles/owner", "user:a"))
}

test_unknown_member_still_fires if {
	findings := rule.approve with input as row(null, member("roles/owner", fixture.unknown))
	{finding.msg | some finding in findings} == {"`example.this`: `member` newly grants `roles/owner` to (known after apply)"}
}

test_unknown_role_is_left_to_not_compared if count(rule.approve) == 0 with input as row(null, member(fixture.unknown, "user:a"))

test_fires_on_computed_access if {
	findings := rule.approve with input as fixture.computed({}, [fixture.piece("user:a", ["roles/editor"], ["write"], ["p"])])
	{finding.severity | some finding in findings} == {"high"}
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("user:a", ["roles/owner"], ["write"], ["p"])])
}
