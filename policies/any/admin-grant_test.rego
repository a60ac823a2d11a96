package tollgate.any.admin_grant_test

import data.tollgate.any.admin_grant as rule
import data.tollgate.lib.fixture

severities(platform, piece) := {finding.severity | some finding in findings} if {
	findings := rule.approve with input as fixture.computed({"platform": platform}, [piece])
}

test_fires_on_each_platform if {
	severities("gcp", fixture.piece("user:a", ["roles/owner"], ["permissions"], ["p"])) == {"critical"}
	severities("azure", fixture.piece("a", ["Microsoft.Authorization/roleAssignments/write"], ["permissions"], ["/"])) == {"critical"}
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*"])) == {"critical"}
	severities("kubernetes", in_namespace) == {"high"}
	severities("github", fixture.piece("user:a", ["org:owner"], ["permissions"], ["*"])) == {"critical"}
	severities("github", fixture.piece("user:a", ["repo:admin"], ["permissions"], ["app"])) == {"high"}
	severities("github", fixture.piece("user:a", ["repo:maintain"], ["write"], ["app"])) == {"medium"}
	severities("github", fixture.piece("org-members", ["repo:push"], ["write"], ["*"])) == {"high"}
}

in_namespace := object.union(
	fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*"]),
	{"conditions": ["namespace = shop"]},
)

test_quiet_on_less if {
	severities("gcp", fixture.piece("user:a", ["roles/run.admin"], ["permissions"], ["p"])) == set()
	severities("azure", fixture.piece("a", ["*"], ["permissions"], ["/"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:get"], ["read"], ["*.*"])) == set()
	severities("kubernetes", fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["/metrics"])) == set()
	severities("kubernetes", named) == set()
	severities("github", fixture.piece("user:a", ["repo:push"], ["write"], ["app"])) == set()
	severities("github", fixture.piece("org-members", ["repo:pull"], ["read"], ["app"])) == set()
}

named := object.union(
	fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*"]),
	{"conditions": ["name in x", "namespace = shop"]},
)

test_unknown_role_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.possible({"platform": "gcp", "unknown": ["role"]}, "unknown_value")
}
