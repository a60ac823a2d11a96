package tollgate.kubernetes.wildcard_rule_test

import data.tollgate.kubernetes.wildcard_rule as rule
import data.tollgate.lib.fixture

role(groups, resources, verbs) := {"rule": [{"api_groups": groups, "resources": resources, "verbs": verbs}]}

row(before, after) := fixture.text({"type": "kubernetes_cluster_role_v1", "kind": "role_definition", "before": before, "after": after})

test_fires_on_everything if {
	findings := rule.approve with input as row(null, role(["*"], ["*"], ["*"]))
	findings == {{"msg": "`example.this`: `rule` newly allows `* on *`", "path": "rule", "severity": "critical"}}
}

test_fires_on_verbs_resources_and_groups if {
	verbs := rule.approve with input as row(role([""], ["pods"], ["get"]), role([""], ["pods"], ["*"]))
	{finding.severity | some finding in verbs} == {"high"}
	count(rule.approve) == 1 with input as row(null, role([""], ["*"], ["get"]))
	count(rule.approve) == 1 with input as row(role(["apps"], ["deployments"], ["get"]), role(["*"], ["deployments"], ["get"]))
}

test_quiet_on_listed_rules_and_narrowing if {
	count(rule.approve) == 0 with input as row(null, role([""], ["pods"], ["get", "list"]))
	count(rule.approve) == 0 with input as row(role(["*"], ["*"], ["*"]), role([""], ["*"], ["get"]))
	count(rule.approve) == 0 with input as row(role(["*"], ["*"], ["*"]), null)
	count(rule.approve) == 0 with input as row(role([""], ["*"], ["*"]), role([""], ["*"], ["*"]))
}

test_unknown_rule_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, role([""], ["pods"], fixture.unknown))
	count(rule.approve) == 0 with input as row(null, {"rule": fixture.unknown})
}

test_fires_on_computed_access if {
	fires := {["kubernetes:*"], ["kubernetes:get"]}
	every verbs in fires {
		count(rule.approve) == 1 with input as fixture.computed({"platform": "kubernetes"}, [fixture.piece("User:a", verbs, ["read"], ["*.apps"])])
	}
	count(rule.approve) == 1 with input as fixture.computed({"platform": "kubernetes"}, [fixture.piece("User:a", ["kubernetes:*"], ["read"], ["pods"])])
}

test_quiet_on_computed_administration if {
	count(rule.approve) == 0 with input as fixture.computed({"platform": "kubernetes"}, [fixture.piece("User:a", ["kubernetes:*"], ["permissions"], ["*.*"])])
	count(rule.approve) == 0 with input as fixture.computed({"platform": "kubernetes"}, [fixture.piece("User:a", ["kubernetes:get"], ["read"], ["pods"])])
}
