package tollgate.any.public_reach_test

import data.tollgate.any.public_reach as rule
import data.tollgate.lib.fixture

levels(platform, piece) := levels_of({"platform": platform}, piece)

levels_of(change, piece) := {["deny", finding.severity] | some finding in denied} | {["approve", finding.severity] | some finding in asked} if {
	given := fixture.computed(change, [piece])
	denied := rule.deny with input as given
	asked := rule.approve with input as given
}

test_fires_on_each_platform if {
	levels("gcp", fixture.piece("allUsers", ["roles/run.invoker"], ["write"], ["p"])) == {["approve", "high"]}
	levels("azure", fixture.piece("anonymous", ["x/read"], ["read"], ["/"])) == {["approve", "high"]}
	levels("kubernetes", fixture.piece("Group:system:authenticated", ["kubernetes:get"], ["read"], ["pods"])) == {["approve", "high"]}
	levels("github", fixture.piece("*", ["repo:pull"], ["read"], ["app"])) == {["approve", "high"]}
	levels_of({"platform": "github", "before": null}, fixture.piece("*", ["repo:pull"], ["read"], ["app"])) == {["approve", "low"]}
}

test_fires_and_blocks_what_nobody_means if {
	levels("gcp", fixture.piece("allUsers", ["roles/owner"], ["permissions"], ["p"])) == {["deny", "critical"]}
	levels("gcp", fixture.piece("allAuthenticatedUsers", ["roles/pubsub.admin"], ["write"], ["p"])) == {["deny", "critical"]}
	levels("gcp", fixture.piece("allUsers", ["iam.serviceAccounts.getAccessToken"], ["permissions"], ["p"])) == {["deny", "critical"]}
	levels("kubernetes", fixture.piece("Group:system:unauthenticated", ["kubernetes:*"], ["permissions"], ["*.*"])) == {["deny", "critical"]}
	levels("kubernetes", fixture.piece("User:system:anonymous", ["kubernetes:escalate"], ["permissions"], ["roles.rbac.authorization.k8s.io"])) == {["deny", "critical"]}
}

test_quiet_on_somebody if {
	levels("azure", fixture.piece("a", ["x/read"], ["read"], ["/"])) == set()
	levels("kubernetes", fixture.piece("Group:devs", ["kubernetes:*"], ["permissions"], ["*.*"])) == set()
	levels("aws", fixture.piece("allUsers", ["x"], ["read"], ["/"])) == set()
}

test_unknown_value_is_left_to_other_rules if {
	count(rule.approve) == 0 with input as fixture.text({"platform": "azure", "unknown": ["container_access_type"]})
	count(rule.deny) == 0 with input as fixture.text({"platform": "gcp", "unknown": ["member"]})
}
