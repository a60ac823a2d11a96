package tollgate.kubernetes.escalating_verb_test

import data.tollgate.kubernetes.escalating_verb as rule
import data.tollgate.lib.fixture

role(group, resources, verbs) := {"rule": [{"api_groups": [group], "resources": resources, "verbs": verbs}]}

named(names) := {"rule": [{"api_groups": [rbac], "resources": ["clusterroles"], "verbs": ["bind"], "resource_names": names}]}

rbac := "rbac.authorization.k8s.io"

row(before, after) := fixture.text({"type": "kubernetes_cluster_role_v1", "kind": "role_definition", "before": before, "after": after})

test_fires_on_escalate if {
	findings := rule.approve with input as row(role(rbac, ["roles"], ["get"]), role(rbac, ["roles"], ["get", "escalate"]))
	findings == {{"msg": "`example.this`: `rule` newly allows `escalate` on `rbac.authorization.k8s.io/roles`", "path": "rule"}}
}

test_fires_on_impersonate_and_kubelet if {
	count(rule.approve) == 1 with input as row(null, role("", ["groups"], ["impersonate"]))
	count(rule.approve) == 1 with input as row(null, role("", ["nodes/proxy"], ["get"]))
	count(rule.approve) == 1 with input as row(null, {"manifest": {"rules": [{"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]}]}})
}

test_fires_on_more_names if {
	count(rule.approve) == 1 with input as row(named(["view"]), named(["view", "edit"]))
	count(rule.approve) == 1 with input as row(named(["view"]), named([]))
	count(rule.approve) == 0 with input as row(named(["view", "edit"]), named(["view"]))
	count(rule.approve) == 0 with input as row(named([]), named(["view"]))
}

test_quiet_on_other_verbs_narrowing_and_removal if {
	count(rule.approve) == 0 with input as row(null, role("", ["pods"], ["get"]))
	count(rule.approve) == 0 with input as row(role(rbac, ["*"], ["*"]), role(rbac, ["roles"], ["escalate"]))
	count(rule.approve) == 0 with input as row(role(rbac, ["roles"], ["escalate"]), null)
	count(rule.approve) == 0 with input as row(role("", ["*/proxy"], ["get"]), role("", ["nodes/proxy"], ["get"]))
}

test_unknown_rule_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row(null, role(fixture.unknown, ["roles"], ["escalate"]))
}
