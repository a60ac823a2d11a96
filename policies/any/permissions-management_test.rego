package tollgate.any.permissions_management_test

import data.tollgate.any.permissions_management as rule
import data.tollgate.lib.fixture

severities(platform, piece) := {finding.severity | some finding in findings} if {
	findings := rule.approve with input as fixture.computed({"platform": platform}, [piece])
}

test_fires_on_each_platform if {
	severities("gcp", fixture.piece("user:a", ["roles/resourcemanager.projectIamAdmin"], ["permissions"], ["p"])) == {"high"}
	severities("gcp", fixture.piece("user:a", ["storage.buckets.setIamPolicy"], ["permissions"], ["p"])) == {"high"}
	severities("gcp", fixture.piece("user:a", ["iam.roles.update"], ["write"], ["p"])) == {"high"}
	severities("azure", elsewhere(["Microsoft.Authorization/*/write"])) == {"high"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:bind"], ["permissions"], ["clusterroles.rbac.authorization.k8s.io"])) == {"critical"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:patch"], ["write"], ["certificatesigningrequests.certificates.k8s.io/approval"])) == {"critical"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:create"], ["write", "permissions"], ["rolebindings.rbac.authorization.k8s.io"])) == {"high"}
	severities("github", fixture.piece("user:a", ["team:manage-members"], ["permissions"], ["dev"])) == {"medium"}
}

# A witness of another operation than the one that assigns roles.
elsewhere(actions) := object.union(fixture.piece("a", actions, ["permissions"], ["/"]), {"witness": {"action": "microsoft.authorization/locks/write"}})

test_quiet_on_others if {
	severities("gcp", fixture.piece("user:a", ["storage.objects.get"], ["read"], ["p"])) == set()
	severities("gcp", fixture.piece("user:a", ["roles/owner", "resourcemanager.projects.setIamPolicy"], ["permissions"], ["p"])) == set()
	severities("azure", elsewhere(["Microsoft.Authorization/*/read"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:impersonate"], ["permissions"], ["users"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:update"], ["write"], ["deployments.apps"])) == set()
	severities("github", fixture.piece("user:a", ["repo:admin"], ["permissions"], ["app"])) == set()
}

test_unknown_role_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"platform": "kubernetes", "unknown": ["rule"]}, "unknown_value")
}
