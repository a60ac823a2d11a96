package tollgate.any.credential_created_test

import data.tollgate.any.credential_created
import data.tollgate.lib.fixture

created(status, user) := {
	"type": "aws_iam_access_key", "kind": "credential", "actions": ["create"], "before": null,
	"after": {"user": user, "status": status}, "facets": [fixture.facet("principal", "user", null, user)],
}

switched(before, after) := {
	"type": "aws_iam_access_key", "kind": "credential", "actions": ["update"],
	"before": {"user": "ci", "status": before}, "after": {"user": "ci", "status": after},
}

test_fires_on_a_new_access_key if {
	findings := credential_created.approve with input as fixture.text(created("Active", "ci"))
	findings == {{"msg": "`example.this`: creates a long-lived credential (`aws_iam_access_key`) for `ci`"}}
}

test_fires_on_activation if count(credential_created.approve) == 1 with input as fixture.text(switched("Inactive", "Active"))

test_fires_on_a_service_account_token if {
	change := {
		"type": "kubernetes_secret_v1", "kind": "credential", "actions": ["create"], "before": null,
		"after": {"type": "kubernetes.io/service-account-token"},
	}
	count(credential_created.approve) == 1 with input as fixture.text(change)
}

test_quiet_on_deactivation_and_removal if {
	count(credential_created.approve) == 0 with input as fixture.text(switched("Active", "Inactive"))
	count(credential_created.approve) == 0 with input as fixture.text(object.union(switched("Inactive", null), {"after": null, "actions": ["delete"]}))
	count(credential_created.approve) == 0 with input as fixture.text(created("Inactive", "ci"))
}

test_quiet_on_a_stored_secret if {
	change := {"type": "aws_ssm_parameter", "kind": "credential", "actions": ["create"], "before": null}
	count(credential_created.approve) == 0 with input as fixture.text(change)
}

test_unknown_status_counts_as_active if {
	count(credential_created.approve) == 1 with input as fixture.text(created(fixture.unknown, fixture.unknown))
	count(credential_created.approve) == 1 with input as fixture.text(switched("Inactive", fixture.unknown))
}
