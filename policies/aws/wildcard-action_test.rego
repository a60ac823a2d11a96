package tollgate.aws.wildcard_action_test

import data.tollgate.aws.wildcard_action as rule
import data.tollgate.lib.fixture

allow(actions, resources) := {"Effect": "Allow", "Action": actions, "Resource": resources}

except(actions) := {"Effect": "Allow", "NotAction": actions, "Resource": ["*"]}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_a_whole_service if {
	findings := rule.approve with input as policy([allow(["s3:Get*"], ["*"])], [allow(["s3:*", "ec2:*"], ["*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows `ec2:*`, `s3:*`", "path": "policy"}}
}

test_fires_on_everything_within_a_resource if {
	count(rule.approve) == 1 with input as policy([], [allow(["*"], ["arn:aws:s3:::logs/*"])])
}

test_fires_on_wider_resources if {
	count(rule.approve) == 1 with input as policy([allow(["s3:*"], ["arn:aws:s3:::a/*"])], [allow(["s3:*"], ["arn:aws:s3:::*"])])
}

test_fires_on_not_action if {
	findings := rule.approve with input as policy([except(["iam:*", "account:*"])], [except(["account:*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows everything but `account:*`", "path": "policy"}}
}

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["s3:*"], ["read", "write"], ["*"])])
}

test_quiet_on_narrowing if {
	count(rule.approve) == 0 with input as policy([allow(["*"], ["*"])], [allow(["s3:*"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["s3:*"], ["arn:aws:s3:::a*"])], [allow(["s3:*"], ["arn:aws:s3:::a/x*"])])
	count(rule.approve) == 0 with input as policy([except(["iam:*"])], [except(["iam:*", "account:*"])])
	count(rule.approve) == 0 with input as policy([except(["iam:*"])], [allow(["s3:*"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["*"], ["*"])], [except(["iam:*"])])
}

test_quiet_on_split_statements if {
	before := [allow(["s3:*", "ec2:*"], ["*"])]
	after := [allow(["s3:*"], ["*"]), allow(["EC2:*"], ["*"])]
	count(rule.approve) == 0 with input as policy(before, after)
}

test_quiet_on_deny_and_on_part_of_a_service if {
	deny := {"Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}
	count(rule.approve) == 0 with input as policy([], [deny, allow(["s3:Get*"], ["*"])])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:Get*"], ["read"], ["*"])])
}

test_unknown_document_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"]})
}

test_unknown_resource_in_a_statement if {
	count(rule.approve) == 0 with input as policy([], [allow(["s3:Get*"], [fixture.unknown])])
	count(rule.approve) == 0 with input as policy([allow(["s3:*"], ["*"])], [allow(["s3:*"], [fixture.unknown])])
}
