package tollgate.aws.credential_exposure_test

import data.tollgate.aws.credential_exposure as rule
import data.tollgate.lib.fixture

allow(actions, resources) := {"Effect": "Allow", "Action": actions, "Resource": resources}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_a_listed_action if {
	findings := rule.approve with input as policy([], [allow(["sts:AssumeRole"], ["*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows `sts:assumerole`", "path": "policy"}}
}

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["secretsmanager:Get*"], ["read"], ["*"])])
}

test_quiet_on_other_actions_and_narrowing if {
	count(rule.approve) == 0 with input as policy([], [allow(["s3:GetObject"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["sts:*"], ["*"])], [allow(["sts:AssumeRole"], ["arn:aws:iam::1:role/r"])])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:GetObject"], ["read"], ["*"])])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["*"], ["read"], ["*"])])
}

test_unknown_document_is_left_to_not_compared if count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"]})
