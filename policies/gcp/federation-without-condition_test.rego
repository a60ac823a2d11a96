package tollgate.gcp.federation_without_condition_test

import data.tollgate.gcp.federation_without_condition as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "google_iam_workload_identity_pool_provider", "before": before, "after": after})

github(condition) := {"attribute_condition": condition, "oidc": [{"issuer_uri": "https://token.actions.githubusercontent.com"}]}

own(condition) := {"attribute_condition": condition, "oidc": [{"issuer_uri": "https://id.example.com"}]}

pool := "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github"

member(who) := {"role": "roles/iam.workloadIdentityUser", "member": concat("/", [pool, who])}

test_fires_on_an_open_provider if {
	findings := rule.approve with input as row(null, github(null))
	findings == {{
		"msg": "`example.this`: `attribute_condition` admits any token of `https://token.actions.githubusercontent.com`",
		"path": "attribute_condition",
	}}
	count(rule.approve) == 1 with input as row(github("assertion.repository_owner == 'acme'"), github(""))
}

test_fires_on_a_dropped_condition if count(rule.approve) == 1 with input as row(own("assertion.sub == 'ci'"), own(null))

test_fires_on_a_grant_to_a_whole_owner if {
	count(rule.approve) == 1 with input as row(member("attribute.repository/acme/shop"), member("attribute.repository_owner/acme"))
	count(rule.approve) == 1 with input as row(null, member("*"))
}

test_quiet_on_a_pinned_one if {
	count(rule.approve) == 0 with input as row(null, github("assertion.repository == 'acme/shop'"))
	count(rule.approve) == 0 with input as row(null, member("attribute.repository/acme/shop"))
	count(rule.approve) == 0 with input as row(null, own(null))
}

test_quiet_on_tightening_and_removal if {
	count(rule.approve) == 0 with input as row(github(null), github("assertion.repository == 'acme/shop'"))
	count(rule.approve) == 0 with input as row(github(null), null)
	count(rule.approve) == 0 with input as row(github(null), github(null))
	count(rule.approve) == 0 with input as row(member("*"), member("attribute.repository/acme/shop"))
}

test_unknown_condition_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(github("x"), github(fixture.unknown))
	unknown_issuer := {"attribute_condition": null, "oidc": fixture.unknown}
	count(rule.approve) == 0 with input as row(null, unknown_issuer)
}
