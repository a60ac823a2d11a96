package tollgate.github.environment_weakened_test

import data.tollgate.github.environment_weakened as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "github_repository_environment", "kind": "boundary_or_guardrail", "before": before, "after": after})

reviewers(users) := {"reviewers": [{"users": users, "teams": null}]}

test_fires_on_removed_reviewers if {
	findings := rule.approve with input as row(reviewers([1, 2]), {"reviewers": []})
	findings == {{"msg": "`example.this`: `reviewers` are no longer asked", "path": "reviewers"}}
}

test_fires_on_other_reviewers if {
	findings := rule.approve with input as row(reviewers([1]), reviewers([1, 2]))
	findings == {{"msg": "`example.this`: `reviewers` newly include `user 2`", "path": "reviewers"}}
}

test_fires_on_lower_limits if {
	count(rule.approve) == 1 with input as row({"wait_timer": 30}, {"wait_timer": 10})
	count(rule.approve) == 1 with input as row({"prevent_self_review": true}, {"prevent_self_review": false})
	count(rule.approve) == 1 with input as row({"deployment_branch_policy": [{"protected_branches": true}]}, {"deployment_branch_policy": []})
}

test_quiet_on_tightening_removal_and_no_change if {
	count(rule.approve) == 0 with input as row(reviewers([1, 2]), reviewers([2]))
	count(rule.approve) == 0 with input as row({"wait_timer": 10}, {"wait_timer": 30})
	count(rule.approve) == 0 with input as row({"wait_timer": 0}, {"wait_timer": null})
	count(rule.approve) == 0 with input as row({"can_admins_bypass": true}, {"can_admins_bypass": false})
	count(rule.approve) == 0 with input as row(reviewers([1]), null)
	count(rule.approve) == 0 with input as row(null, reviewers([1]))
}

test_unknown_setting_may_be_lower if {
	count(rule.approve) == 1 with input as row({"wait_timer": 30}, {"wait_timer": fixture.unknown})
}
