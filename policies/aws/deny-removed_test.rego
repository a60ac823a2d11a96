package tollgate.aws.deny_removed_test

import data.tollgate.aws.deny_removed as rule
import data.tollgate.lib.fixture

deny(actions, resources) := {"Effect": "Deny", "Action": actions, "Resource": resources}

region(values) := {
	"Effect": "Deny", "NotAction": ["iam:*"], "Resource": ["*"],
	"Condition": {"StringNotEquals": {"aws:RequestedRegion": values}},
}

but(resources) := {"Effect": "Deny", "Action": ["s3:*"], "NotResource": resources}

besides(users) := {"Effect": "Deny", "NotPrincipal": {"AWS": users}, "Action": ["s3:*"], "Resource": ["*"]}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

test_fires_on_a_removed_statement if {
	findings := rule.approve with input as policy([object.union(deny(["s3:*"], ["*"]), {"Sid": "NoS3"})], [])
	findings == {{"msg": "`example.this`: `policy` statement 0 (`NoS3`) denied and no longer denies as much", "path": "policy"}}
}

test_fires_on_a_deleted_policy if {
	documents := {"documents": {"before": {"policy": {"Statement": [deny(["s3:*"], ["*"])]}}, "after": {}}, "after": null}
	count(rule.approve) == 1 with input as fixture.text(documents)
}

test_fires_on_fewer_actions_or_resources if {
	count(rule.approve) == 1 with input as policy([deny(["s3:*", "ec2:*"], ["*"])], [deny(["s3:*"], ["*"])])
	count(rule.approve) == 1 with input as policy([deny(["s3:*"], ["*"])], [deny(["s3:*"], ["arn:aws:s3:::a/*"])])
}

test_fires_on_more_exceptions if {
	count(rule.approve) == 1 with input as policy([region(["eu-west-1"])], [region(["eu-west-1", "us-east-1"])])
	count(rule.approve) == 1 with input as policy([but(["a"])], [but(["a", "b"])])
	count(rule.approve) == 1 with input as policy([besides(["u"])], [besides(["u", "v"])])
}

test_fires_on_a_new_condition if {
	conditional := object.union(deny(["s3:*"], ["*"]), {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}})
	count(rule.approve) == 1 with input as policy([deny(["s3:*"], ["*"])], [conditional])
}

test_fires_on_fewer_principals if {
	all := object.union(deny(["s3:*"], ["*"]), {"Principal": "*"})
	one := object.union(deny(["s3:*"], ["*"]), {"Principal": {"AWS": ["111122223333"]}})
	count(rule.approve) == 1 with input as policy([all], [one])
	count(rule.approve) == 0 with input as policy([one], [all])
}

test_quiet_on_wider_denies if {
	count(rule.approve) == 0 with input as policy([deny(["s3:Get*"], ["arn:aws:s3:::a/*"])], [deny(["s3:*"], ["*"])])
	count(rule.approve) == 0 with input as policy([region(["eu-west-1", "us-east-1"])], [region(["eu-west-1"])])
	count(rule.approve) == 0 with input as policy([but(["a", "b"])], [but(["a"])])
	count(rule.approve) == 0 with input as policy([besides(["u", "v"])], [besides(["u"])])
}

test_quiet_on_regrouping_and_addition if {
	whole := [deny(["s3:*", "ec2:*"], ["*"])]
	parts := [deny(["ec2:*"], ["*"]), deny(["s3:*"], ["*"])]
	count(rule.approve) == 0 with input as policy(whole, parts)
	count(rule.approve) == 0 with input as policy(parts, whole)
	count(rule.approve) == 0 with input as policy([], parts)
}

test_quiet_on_same_principals if {
	statement := object.union(deny(["s3:*"], ["*"]), {"Principal": {"AWS": ["111122223333"]}})
	count(rule.approve) == 0 with input as policy([statement], [object.union(statement, {"Sid": "Named"})])
}

test_quiet_where_the_policy_only_leaves_the_state if {
	documents := {"documents": {"before": {"policy": {"Statement": [deny(["s3:*"], ["*"])]}}, "after": {}}, "after": null, "actions": ["forget"]}
	count(rule.approve) == 0 with input as fixture.text(documents)
}

test_quiet_where_access_is_computed if {
	given := fixture.computed(fixture.documents("policy", [deny(["s3:*"], ["*"])], []), [])
	count(rule.approve) == 0 with input as given
}

test_unknown_document_is_left_to_not_compared if {
	documents := {"documents": {"before": {"policy": {"Statement": [deny(["s3:*"], ["*"])]}}, "after": {}}, "unknown": ["policy"]}
	count(rule.approve) == 0 with input as fixture.text(documents)
}
