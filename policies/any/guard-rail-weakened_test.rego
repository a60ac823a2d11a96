package tollgate.any.guard_rail_weakened_test

import data.tollgate.any.guard_rail_weakened
import data.tollgate.lib.fixture

rail := {"address": "aws_iam_policy.limit", "kind": "deny_statement", "effect": "removed", "explanation": "statement 0 denied s3:*"}

test_fires_on_a_weakened_guard_rail if {
	given := object.union(fixture.computed({}, []), {"guardrails": [rail]})
	findings := guard_rail_weakened.approve with input as given
	findings == {{"msg": "`example.this`: deny statement of `aws_iam_policy.limit` is removed: statement 0 denied s3:*"}}
}

test_quiet_without_one if count(guard_rail_weakened.approve) == 0 with input as fixture.computed({}, [])

test_unknown_guard_rail_is_left_to_other_rules if {
	count(guard_rail_weakened.approve) == 0 with input as fixture.possible({"unknown": ["policy"]}, "unknown_value")
}
