package tollgate.aws.public_principal_test

import data.tollgate.aws.public_principal as rule
import data.tollgate.lib.fixture

everyone(actions) := {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": ["arn:aws:s3:::a/*"]}

if_org := {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}

if_tls := {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}

policy(before, after) := fixture.text(fixture.documents("policy", before, after))

lambda(principal, source) := fixture.text({"type": "aws_lambda_permission", "facets": [
	fixture.facet("principal", "principal", null, principal),
	fixture.facet("condition", "source_arn", null, source),
]})

test_fires_on_an_open_statement if {
	findings := rule.approve with input as policy([], [everyone(["s3:GetObject"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly lets everyone take `s3:getobject`", "path": "policy"}}
	count(rule.deny) == 0 with input as policy([], [everyone(["s3:GetObject"])])
}

test_fires_and_blocks_where_everyone_may_do_everything if {
	findings := rule.deny with input as policy([], [everyone(["s3:*"])])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly lets everyone take `s3:*`, without any condition", "path": "policy"}}
	count(rule.approve) == 0 with input as policy([], [everyone(["s3:*"])])
}

test_fires_and_blocks_a_role_for_everyone if {
	trust := {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["sts:AssumeRole"]}
	count(rule.deny) == 1 with input as fixture.text(fixture.documents("assume_role_policy", [], [trust]))
}

test_fires_on_a_weak_condition if {
	weak := object.union(everyone(["s3:*"]), if_tls)
	count(rule.approve) == 1 with input as policy([], [weak])
	count(rule.deny) == 0 with input as policy([], [weak])
	any_org := object.union(everyone(["s3:*"]), {"Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}})
	count(rule.approve) == 1 with input as policy([], [any_org])
}

test_fires_on_a_dropped_condition if {
	count(rule.approve) == 1 with input as policy([object.union(everyone(["s3:GetObject"]), if_org)], [everyone(["s3:GetObject"])])
}

test_fires_on_all_but_some if {
	but := {"Effect": "Allow", "NotPrincipal": {"AWS": ["111122223333"]}, "Action": ["s3:GetObject"], "Resource": ["*"]}
	count(rule.approve) == 1 with input as policy([], [but])
}

test_fires_on_an_open_permission if {
	count(rule.approve) == 1 with input as lambda("*", null)
	count(rule.approve) == 1 with input as fixture.text({"after": {"acl": "public-read"}})
	url := {"type": "aws_lambda_function_url", "after": {"authorization_type": "NONE"}}
	count(rule.approve) == 1 with input as fixture.text(url)
}

test_fires_on_computed_access if {
	piece := fixture.piece("*", ["s3:GetObject"], ["read"], ["arn:aws:s3:::a/*"])
	count(rule.approve) == 1 with input as fixture.computed({}, [piece])
	all := fixture.piece("*", ["s3:*"], ["write"], ["arn:aws:s3:::a/*"])
	count(rule.deny) == 1 with input as fixture.computed({}, [all])
	limited := object.union(all, {"conditions": ["Bool aws:SecureTransport true"]})
	count(rule.approve) == 1 with input as fixture.computed({}, [limited])
}

test_quiet_on_limits_removal_and_no_change if {
	count(rule.approve | rule.deny) == 0 with input as policy([], [object.union(everyone(["s3:*"]), if_org)])
	count(rule.approve | rule.deny) == 0 with input as policy([everyone(["s3:*"])], [])
	count(rule.approve | rule.deny) == 0 with input as policy([everyone(["s3:*"])], [everyone(["s3:GetObject"])])
	count(rule.approve | rule.deny) == 0 with input as policy([everyone(["s3:*"])], [object.union(everyone(["s3:*"]), if_tls)])
	count(rule.approve | rule.deny) == 0 with input as lambda("*", "arn:aws:s3:::a")
	count(rule.approve | rule.deny) == 0 with input as fixture.text({"before": {"acl": "public-read-write"}, "after": {"acl": "public-read"}})
}

test_quiet_on_an_organisation_and_on_the_same_permission if {
	organisation := object.union(lambda("*", null), {"change": {"after": {"principal_org_id": "o-1"}}})
	count(rule.approve) == 0 with input as organisation
	same := fixture.text({"facets": [fixture.facet("principal", "principal", "*", "*")]})
	count(rule.approve) == 0 with input as same
}

test_quiet_on_deny if {
	deny := object.union(everyone(["s3:*"]), {"Effect": "Deny"})
	count(rule.approve | rule.deny) == 0 with input as policy([], [deny])
}

test_unknown_principal_is_left_to_not_compared if {
	count(rule.approve | rule.deny) == 0 with input as lambda(fixture.unknown, null)
	count(rule.approve | rule.deny) == 0 with input as fixture.text({"unknown": ["policy"]})
}

test_fires_where_the_comparison_names_one_of_everyone if {
	change := fixture.documents("policy", [], [everyone(["s3:*"])])
	piece := fixture.piece("arn:aws:iam::000000000000:user/x", ["s3:*"], ["write"], ["arn:aws:s3:::a/*"])
	count(rule.deny) == 1 with input as fixture.computed(change, [piece])
	elsewhere := object.union(piece, {"statement": {"index": 1}})
	count(rule.deny) == 0 with input as fixture.computed(change, [elsewhere])
}

test_quiet_on_computed_access_within_an_organisation if {
	given := object.union(
		fixture.piece("*", ["s3:GetObject"], ["read"], ["*"]),
		{"conditions": ["StringEquals aws:PrincipalOrgID [o-1]"]},
	)
	count(rule.approve) == 0 with input as fixture.computed({}, [given])
	any_org := object.union(given, {"conditions": ["StringLike aws:PrincipalOrgID [*]"]})
	count(rule.approve) == 1 with input as fixture.computed({}, [any_org])
}
