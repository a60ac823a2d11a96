package tollgate.aws.cross_account_principal_test

import data.tollgate.aws.cross_account_principal as rule
import data.tollgate.lib.fixture

own := {"before": {"arn": "arn:aws:iam::111122223333:role/r"}, "after": {"arn": "arn:aws:iam::111122223333:role/r"}}

trust(who) := {"Effect": "Allow", "Principal": {"AWS": who}, "Action": ["sts:AssumeRole"]}

external := object.union(trust(["444455556666"]), {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}})

role(before, after) := fixture.text(object.union(own, fixture.documents("assume_role_policy", before, after)))

test_fires_on_another_account if {
	findings := rule.approve with input as role([trust(["111122223333"])], [trust(["111122223333", "444455556666"])])
	findings == {{
		"msg": "`example.this`: `assume_role_policy` statement 0 newly lets in `arn:aws:iam::444455556666:root` of another account",
		"path": "assume_role_policy",
	}}
}

test_fires_on_a_dropped_condition if count(rule.approve) == 1 with input as role([external], [trust(["444455556666"])])

test_fires_as_a_warning_where_the_own_account_is_not_shown if {
	given := fixture.text(fixture.documents("policy", [], [trust(["444455556666"])]))
	count(rule.warn) == 1 with input as given
	count(rule.approve) == 0 with input as given
}

test_fires_on_sharing if {
	change := {"kind": "resource_policy", "facets": [fixture.facet("principal", "account_id", null, "444455556666")]}
	count(rule.approve) == 1 with input as fixture.text(change)
}

test_fires_on_computed_access if {
	piece := fixture.piece("arn:aws:iam::444455556666:root", ["sts:AssumeRole"], ["write"], ["arn:aws:iam::111122223333:role/r"])
	count(rule.approve) == 1 with input as fixture.computed(own, [piece])
}

test_quiet_on_own_principals_and_services if {
	service := {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:AssumeRole"]}
	count(rule.approve | rule.warn) == 0 with input as role([], [trust(["arn:aws:iam::111122223333:role/ci"]), service])
}

test_quiet_on_narrowing_and_respelling if {
	named := trust(["arn:aws:iam::444455556666:role/ci"])
	count(rule.approve | rule.warn) == 0 with input as role([trust(["444455556666"])], [named])
	count(rule.approve | rule.warn) == 0 with input as role([trust(["444455556666"])], [trust(["arn:aws:iam::444455556666:root"])])
	count(rule.approve | rule.warn) == 0 with input as role([trust(["444455556666"])], [external])
	count(rule.approve | rule.warn) == 0 with input as role([trust(["444455556666"])], [])
}

test_unknown_principal_is_left_to_not_compared if {
	count(rule.approve | rule.warn) == 0 with input as role([], [trust([fixture.unknown])])
	count(rule.approve | rule.warn) == 0 with input as fixture.text({"unknown": ["assume_role_policy"]})
}

test_fires_on_computed_access_whose_witness_shows_the_account if {
	given := fixture.piece("arn:aws:iam::444455556666:user/x", ["s3:GetObject"], ["read"], ["*"])
	shown := object.union(given, {"witness": {"context": {"aws:resourceaccount": ["111122223333"]}}})
	count(rule.approve) == 1 with input as fixture.computed({}, [shown])
	count(rule.approve) == 0 with input as fixture.computed({}, [given])
	count(rule.warn) == 1 with input as fixture.computed({}, [given])
	count(rule.warn) == 0 with input as fixture.computed({}, [shown])
}
