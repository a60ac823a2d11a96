package tollgate.any.outside_organization_test

import data.tollgate.any.outside_organization as rule
import data.tollgate.lib.fixture

found(platform, principal) if count(rule.approve) == 1 with input as fixture.computed({"platform": platform}, [fixture.piece(principal, ["x"], ["read"], ["p"])])

own := {"domains": ["Example.com"], "aws_accounts": ["111122223333"]}

foreign(platform, principal) if {
	given := fixture.computed({"platform": platform}, [fixture.piece(principal, ["x"], ["read"], ["p"])])
	count(rule.approve) == 1 with input as given with data.organization as own
}

test_fires_on_identities_of_others if {
	found("gcp", "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/gh/*")
	found("gcp", "user:somebody@gmail.com")
	found("azure", "federated:https://token.actions.githubusercontent.com#repo:o/r:ref:refs/heads/main")
}

test_fires_on_what_is_not_the_own if {
	foreign("gcp", "user:somebody@partner.example")
	foreign("gcp", "domain:partner.example")
	foreign("kubernetes", "arn:aws:iam::999988887777:role/ci")
}

test_quiet_on_the_own_and_the_undeclared if {
	not foreign("gcp", "user:alice@example.com")
	not foreign("gcp", "domain:example.com")
	not foreign("kubernetes", "arn:aws:iam::111122223333:role/ci")
	not found("gcp", "user:somebody@partner.example")
	not found("kubernetes", "arn:aws:iam::999988887777:role/ci")
	not found("azure", "b0b00000-0000-4000-8000-000000000002")
}

test_unknown_member_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"platform": "gcp", "unknown": ["member"]}, "unknown_value")
}
