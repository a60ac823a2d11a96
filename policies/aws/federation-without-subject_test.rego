package tollgate.aws.federation_without_subject_test

import data.tollgate.aws.federation_without_subject as rule
import data.tollgate.lib.fixture

github := "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"

trust(provider, condition) := {
	"Effect": "Allow", "Principal": {"Federated": [provider]},
	"Action": ["sts:AssumeRoleWithWebIdentity"], "Condition": condition,
}

sub(operator, value) := {operator: {"token.actions.githubusercontent.com:sub": value}}

audience := {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}

role(before, after) := fixture.text(fixture.documents("assume_role_policy", before, after))

test_fires_without_a_subject if {
	findings := rule.approve with input as role([], [trust(github, audience)])
	findings == {{
		"msg": sprintf("`example.this`: `assume_role_policy` statement 0 newly trusts `%s` without a condition on the subject", [github]),
		"path": "assume_role_policy",
	}}
}

test_fires_on_a_wide_subject if {
	good := trust(github, sub("StringEquals", "repo:acme/app:ref:refs/heads/main"))
	every value in ["repo:acme/*", "repo:acme*", "*", "repo:*:ref:refs/heads/main", "system:serviceaccount:*:app"] {
		count(rule.approve) == 1 with input as role([good], [trust(github, sub("StringLike", value))])
	}
}

test_fires_where_an_absent_subject_passes if {
	count(rule.approve) == 1 with input as role([], [trust(github, sub("StringLikeIfExists", "repo:acme/app:*"))])
	count(rule.approve) == 1 with input as role([], [trust(github, sub("ForAllValues:StringLike", "repo:acme/app:*"))])
}

test_quiet_on_a_pinned_subject if {
	count(rule.approve) == 0 with input as role([], [trust(github, sub("StringLike", ["repo:acme/app:*"]))])
	cognito := {"StringEquals": {"cognito-identity.amazonaws.com:aud": "pool"}}
	count(rule.approve) == 0 with input as role([], [trust("cognito-identity.amazonaws.com", cognito)])
	count(rule.approve) == 0 with input as role([], [trust("arn:aws:iam::111122223333:saml-provider/corp", {})])
}

test_quiet_on_tightening_and_removal if {
	wide := trust(github, sub("StringLike", "repo:acme/*"))
	tight := trust(github, sub("StringLike", "repo:acme/app:*"))
	both := trust(github, object.union(audience, sub("StringLike", "repo:acme/*")))
	count(rule.approve) == 0 with input as role([wide], [tight])
	count(rule.approve) == 0 with input as role([wide], [both])
	count(rule.approve) == 0 with input as role([wide], [])
}

test_unknown_subject_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as role([], [trust(github, sub("StringEquals", fixture.unknown))])
	count(rule.approve) == 0 with input as fixture.text({"unknown": ["assume_role_policy"]})
}

test_fires_on_computed_access if {
	statement := {"Effect": "Allow", "Action": ["sts:AssumeRoleWithWebIdentity"], "Principal": {"Federated": ["token.actions.githubusercontent.com"]}}
	piece := object.union(
		fixture.piece("token.actions.githubusercontent.com", ["sts:AssumeRoleWithWebIdentity"], ["write"], ["*"]),
		{"statement": {"address": "example.this", "path": "assume_role_policy", "index": 0, "sid": null}},
	)
	given := fixture.computed(fixture.documents("assume_role_policy", [], [statement]), [piece])
	count(rule.approve) == 1 with input as given
	elsewhere := fixture.computed(fixture.documents("assume_role_policy", [], [statement]), [fixture.piece("a", ["s3:*"], [], ["*"])])
	count(rule.approve) == 0 with input as elsewhere
}
