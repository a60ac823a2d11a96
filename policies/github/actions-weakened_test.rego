package tollgate.github.actions_weakened_test

import data.tollgate.github.actions_weakened as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "github_actions_repository_permissions", "kind": "boundary_or_guardrail", "before": before, "after": after})

selected(patterns) := {"allowed_actions": "selected", "allowed_actions_config": [{"patterns_allowed": patterns}]}

test_fires_on_a_writing_token if {
	findings := rule.approve with input as row({"default_workflow_permissions": "read"}, {"default_workflow_permissions": "write"})
	findings == {{"msg": "`example.this`: `default_workflow_permissions` newly lets workflow tokens write", "path": "default_workflow_permissions"}}
	count(rule.approve) == 1 with input as row({}, {"can_approve_pull_request_reviews": true})
}

test_fires_on_more_actions if {
	count(rule.approve) == 1 with input as row({"allowed_actions": "selected"}, {"allowed_actions": "all"})
	count(rule.approve) == 1 with input as row(selected(["acme/*"]), selected(["acme/*", "*"]))
	count(rule.approve) == 1 with input as row({"sha_pinning_required": true}, {"sha_pinning_required": false})
}

test_quiet_on_tightening_removal_and_no_change if {
	count(rule.approve) == 0 with input as row({"default_workflow_permissions": "write"}, {"default_workflow_permissions": "read"})
	count(rule.approve) == 0 with input as row({"allowed_actions": "all"}, selected(["acme/*"]))
	count(rule.approve) == 0 with input as row({"default_workflow_permissions": "write"}, null)
	count(rule.approve) == 0 with input as row(selected(["acme/*", "*"]), selected(["acme/*"]))
}

test_unknown_setting_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row({"allowed_actions": "selected"}, {"allowed_actions": fixture.unknown})
}
