package tollgate.aws.permissions_management_test

import data.tollgate.aws.permissions_management as rule
import data.tollgate.lib.fixture

allow(actions, resources) := {"Effect": "Allow", "Action": actions, "Resource": resources}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_a_listed_action if {
	findings := rule.approve with input as policy([], [allow(["iam:PutRolePolicy", "s3:GetObject"], ["*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows `iam:putrolepolicy`", "path": "policy"}}
}

test_fires_on_a_pattern if {
	findings := rule.approve with input as policy([], [allow(["organizations:*"], ["*"])])
	some finding in findings
	endswith(finding.msg, "`organizations:attachpolicy`, `organizations:deletepolicy`, `organizations:detachpolicy` and 2 more")
}

test_fires_on_wider_resources if {
	count(rule.approve) == 1 with input as policy([allow(["kms:CreateGrant"], ["k1"])], [allow(["kms:CreateGrant"], ["k1", "k2"])])
}

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["iam:Put*"], ["permissions"], ["*"])])
}

test_quiet_on_other_actions_and_narrowing if {
	count(rule.approve) == 0 with input as policy([], [allow(["s3:GetObject", "iam:Get*"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["iam:*"], ["*"])], [allow(["iam:PutRolePolicy"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["iam:PutRolePolicy"], ["*"])], [])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:GetObject"], ["read"], ["*"])])
}

test_unknown_document_is_left_to_not_compared if count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"]})

test_unknown_resource_counts if {
	count(rule.approve) == 1 with input as policy([], [allow(["iam:PutRolePolicy"], [fixture.unknown])])
	count(rule.approve) == 0 with input as policy([allow(["iam:PutRolePolicy"], ["*"])], [allow(["iam:PutRolePolicy"], [fixture.unknown])])
}
