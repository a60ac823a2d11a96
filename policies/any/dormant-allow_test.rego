package tollgate.any.dormant_allow_test

import data.tollgate.any.dormant_allow as rule
import data.tollgate.lib.fixture

rail := {"address": "aws_iam_policy.limit", "kind": "deny_statement", "effect": "removed", "explanation": "statement 0 denied s3:*"}

piece(address) := object.union(
	fixture.piece("arn:aws:iam::111122223333:role/app", ["s3:*"], ["read"], ["*"]),
	{"statement": {"address": address, "path": "policy", "index": 0, "sid": null}},
)

railed(change, address) := object.union(fixture.computed(change, [piece(address)]), {"guardrails": [rail]})

allow := {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["*"]}

deny := {"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}

message(address) := sprintf(
	"`example.this`: statement 0 of `%s`, which stood before, newly comes into force for `arn:aws:iam::111122223333:role/app`",
	[address],
)

test_fires_on_a_grant_of_another_resource if {
	findings := rule.approve with input as railed({}, "aws_iam_role_policy.app")
	findings == {{"msg": message("aws_iam_role_policy.app")}}
}

test_fires_on_a_grant_beside_a_lost_denial if {
	findings := rule.approve with input as railed(fixture.documents("policy", [deny, allow], [allow]), "example.this")
	findings == {{"msg": message("example.this")}}
}

test_quiet_on_a_new_grant if {
	count(rule.approve) == 0 with input as railed(fixture.documents("policy", [deny], [allow]), "example.this")
	count(rule.approve) == 0 with input as fixture.computed({}, [piece("aws_iam_policy.other")])
}

test_unknown_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"unknown": ["policy"]}, "unknown_value")
}
