package tollgate.aws.wildcard_resource_test

import data.tollgate.aws.wildcard_resource as rule
import data.tollgate.lib.fixture

allow(actions, resources) := {"Effect": "Allow", "Action": actions, "Resource": resources}

except(resources) := {"Effect": "Allow", "Action": ["s3:PutObject"], "NotResource": resources}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_every_resource if {
	findings := rule.approve with input as policy([allow(["s3:PutObject"], ["arn:aws:s3:::a/*"])], [allow(["s3:PutObject"], ["*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows `s3:putobject` on every resource", "path": "policy"}}
}

test_fires_on_not_resource if {
	count(rule.approve) == 1 with input as policy([except(["arn:aws:s3:::a", "arn:aws:s3:::b"])], [except(["arn:aws:s3:::a"])])
}

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["s3:PutObject"], ["write"], ["*"])])
}

test_quiet_on_describing if count(rule.approve) == 0 with input as policy([], [allow(["ec2:Describe*", "s3:ListAllMyBuckets"], ["*"])])

test_quiet_on_narrowing if {
	count(rule.approve) == 0 with input as policy([allow(["s3:PutObject"], ["*"])], [allow(["s3:PutObject"], ["arn:aws:s3:::a/*"])])
	count(rule.approve) == 0 with input as policy([allow(["s3:*"], ["*"])], [allow(["s3:PutObject"], ["*"])])
	count(rule.approve) == 0 with input as policy([except(["arn:aws:s3:::a"])], [except(["arn:aws:s3:::a", "arn:aws:s3:::b"])])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:GetObject"], ["read"], ["*"])])
}

test_unknown_document_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"]})
	count(rule.approve) == 0 with input as policy([], [allow(["s3:PutObject"], [fixture.unknown])])
}
