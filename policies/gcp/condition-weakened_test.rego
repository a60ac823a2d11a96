package tollgate.gcp.condition_weakened_test

import data.tollgate.gcp.condition_weakened as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "google_project_iam_member", "before": before, "after": after})

plain := {"role": "roles/run.admin", "member": "user:a", "project": "acme", "condition": []}

until(time) := conditional(sprintf("request.time < timestamp(\"%s\")", [time]))

conditional(expression) := object.union(plain, {"condition": [{"expression": expression, "title": "t"}]})

test_fires_on_a_dropped_condition if {
	findings := rule.approve with input as row(until("2027-01-01T00:00:00Z"), plain)
	findings == {{"msg": "`example.this`: `condition` of `roles/run.admin` for `user:a` is dropped", "path": "condition"}}
}

test_fires_on_a_later_end if {
	findings := rule.approve with input as row(until("2027-01-01T00:00:00Z"), until("2027-12-31T00:00:00Z"))
	{finding.msg | some finding in findings} == {
		"`example.this`: `condition` of `roles/run.admin` for `user:a` ends at 2027-12-31T00:00:00Z instead of 2027-01-01T00:00:00Z",
	}
	count(rule.approve) == 1 with input as row(until("2027-01-01T00:00:00Z"), conditional("true"))
}

test_quiet_on_an_earlier_end_and_on_a_new_condition if {
	count(rule.approve) == 0 with input as row(until("2027-12-31T00:00:00Z"), until("2027-01-01T00:00:00Z"))
	count(rule.approve) == 0 with input as row(plain, until("2027-01-01T00:00:00Z"))
	count(rule.approve) == 0 with input as row(conditional("a || b"), conditional("b || a"))
	count(rule.approve) == 0 with input as row(until("2027-01-01T00:00:00Z"), null)
}

test_unknown_condition_may_end_never if {
	count(rule.approve) == 1 with input as row(until("2027-01-01T00:00:00Z"), conditional(fixture.unknown))
}
