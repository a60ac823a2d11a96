package tollgate.gcp.impersonation_test

import data.tollgate.gcp.impersonation as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "google_service_account_iam_member", "before": before, "after": after})

member(role, who) := {"role": role, "member": who, "service_account_id": "projects/acme/serviceAccounts/x"}

test_fires_on_impersonation if {
	findings := rule.approve with input as row(null, member("roles/iam.serviceAccountTokenCreator", "user:a"))
	findings == {{"msg": "`example.this`: `member` newly grants `roles/iam.serviceAccountTokenCreator` to `user:a`", "path": "member"}}
}

test_quiet_on_other_roles_and_removal if {
	count(rule.approve) == 0 with input as row(null, member("roles/iam.serviceAccountViewer", "user:a"))
	count(rule.approve) == 0 with input as row(member("roles/iam.serviceAccountUser", "user:a"), null)
}

test_unknown_member_still_fires if {
	count(rule.approve) == 1 with input as row(null, member("roles/iam.workloadIdentityUser", fixture.unknown))
}
