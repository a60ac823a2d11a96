package tollgate.aws.administrator_grant_test

import data.tollgate.aws.administrator_grant as rule
import data.tollgate.lib.fixture

all := {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}

mfa := object.union(all, {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})

read := {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

attachment(before, after) := fixture.text({"type": "aws_iam_role_policy_attachment", "facets": [
	fixture.facet("policy_arn", "policy_arn", before, after),
	fixture.facet("principal", "role", "ci", "ci"),
]})

administrator := "arn:aws:iam::aws:policy/AdministratorAccess"

test_fires_on_a_new_statement if {
	findings := rule.approve with input as policy([read], [read, object.union(all, {"Sid": "Admin"})])
	findings == {{"msg": "`example.this`: `policy` statement 1 (`Admin`) newly allows every action on every resource", "path": "policy"}}
}

test_fires_on_a_dropped_condition if count(rule.approve) == 1 with input as policy([mfa], [all])

test_fires_on_an_attachment if {
	findings := rule.approve with input as attachment(null, administrator)
	findings == {{
		"msg": "`example.this`: `policy_arn` newly attaches `arn:aws:iam::aws:policy/AdministratorAccess` to `ci`",
		"path": "policy_arn",
	}}
}

test_fires_on_nearly_everything_as_high if {
	findings := rule.approve with input as attachment(null, "arn:aws:iam::aws:policy/PowerUserAccess")
	{finding.severity | some finding in findings} == {"high"}
}

test_fires_when_somebody_else_gets_it if {
	change := {"facets": [
		fixture.facet("policy_arn", "policy_arn", administrator, administrator),
		fixture.facet("principal", "roles", ["a"], ["a", "b"]),
	]}
	count(rule.approve) == 1 with input as fixture.text(change)
}

test_fires_on_computed_access if {
	pieces := [fixture.piece(who, ["*"], ["permissions"], ["*"]) | some who in ["a", "b"]]
	findings := rule.approve with input as fixture.computed({}, pieces)
	findings == {{"msg": "`example.this`: `policy` statement 0 newly lets `a`, `b` take every action on every resource", "path": "policy"}}
}

test_fires_on_computed_access_through_another_row if {
	piece := object.union(fixture.piece("a", ["*"], ["permissions"], ["*"]), {"statement": {"address": "aws_iam_policy.all"}})
	findings := rule.approve with input as fixture.computed({}, [piece])
	findings == {{"msg": "`example.this`: `aws_iam_policy.all` (`policy` statement 0) newly lets `a` take every action on every resource", "path": ""}}
}

test_quiet_on_removal_narrowing_and_no_change if {
	count(rule.approve) == 0 with input as policy([all, read], [read])
	count(rule.approve) == 0 with input as policy([all], [mfa])
	count(rule.approve) == 0 with input as policy([all], [object.union(all, {"Sid": "Renamed"})])
	count(rule.approve) == 0 with input as attachment(administrator, null)
	count(rule.approve) == 0 with input as attachment(administrator, administrator)
}

test_quiet_on_other_computed_access if {
	piece := fixture.piece("a", ["s3:GetObject"], ["read"], ["*"])
	count(rule.approve) == 0 with input as fixture.computed(fixture.documents("policy", [read], [all]), [piece])
}

test_unknown_document_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as fixture.text({"unknown": ["policy"], "after": {"policy": fixture.unknown}})
	count(rule.approve) == 0 with input as attachment(null, fixture.unknown)
}
