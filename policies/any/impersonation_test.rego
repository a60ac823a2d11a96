package tollgate.any.impersonation_test

import data.tollgate.any.impersonation as rule
import data.tollgate.lib.fixture

severities(platform, piece) := {finding.severity | some finding in findings} if {
	findings := rule.approve with input as fixture.computed({"platform": platform}, [piece])
}

test_fires_on_each_platform if {
	severities("gcp", fixture.piece("user:a", ["roles/iam.serviceAccountUser"], ["permissions"], ["p"])) == {"high"}
	severities("gcp", fixture.piece("user:a", ["iam.serviceAccounts.signJwt"], ["permissions"], ["p"])) == {"high"}
	severities("azure", fixture.piece("a", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], ["write"], ["/"])) == {"high"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:impersonate"], ["permissions"], ["users"])) == {"critical"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:create"], ["write"], ["serviceaccounts/token"])) == {"high"}
	severities("kubernetes", fixture.piece("ServiceAccount:a/b", ["sts:AssumeRoleWithWebIdentity"], ["permissions"], ["arn"])) == {"high"}
}

test_quiet_on_others if {
	severities("gcp", fixture.piece("user:a", ["iam.serviceAccounts.get"], ["read"], ["p"])) == set()
	severities("azure", fixture.piece("a", ["Microsoft.ManagedIdentity/userAssignedIdentities/read"], ["read"], ["/"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:get"], ["read"], ["serviceaccounts/token"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*"])) == set()
}

test_unknown_subject_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"platform": "gcp", "unknown": ["member"]}, "unknown_value")
}
