package tollgate.aws.passrole_any_test

import data.tollgate.aws.passrole_any as rule
import data.tollgate.lib.fixture

allow(actions, resources) := {"Effect": "Allow", "Action": actions, "Resource": resources}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_every_role if {
	findings := rule.approve with input as policy([allow(["iam:PassRole"], ["arn:aws:iam::1:role/app"])], [allow(["iam:PassRole"], ["*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly allows iam:PassRole on any role", "path": "policy"}}
}

test_fires_on_patterns if {
	count(rule.approve) == 1 with input as policy([], [allow(["iam:Pass*"], ["arn:aws:iam::111122223333:role/*"])])
	count(rule.approve) == 1 with input as policy([], [allow(["iam:*"], ["*"])])
}

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["iam:PassRole"], ["permissions"], ["*"])])
}

test_quiet_on_named_roles_and_narrowing if {
	count(rule.approve) == 0 with input as policy([], [allow(["iam:PassRole"], ["arn:aws:iam::1:role/app-*"])])
	count(rule.approve) == 0 with input as policy([allow(["iam:PassRole"], ["*"])], [allow(["iam:PassRole"], ["arn:aws:iam::1:role/*"])])
	count(rule.approve) == 0 with input as policy([allow(["iam:*"], ["*"])], [allow(["iam:PassRole"], ["*"])])
	count(rule.approve) == 0 with input as policy([allow(["iam:PassRole"], ["*"])], [])
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:*"], ["read"], ["*"])])
}

test_unknown_role_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as policy([], [allow(["iam:PassRole"], [fixture.unknown])])
	count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"]})
}
