package tollgate.kubernetes.credential_exposure_test

import data.tollgate.kubernetes.credential_exposure as rule
import data.tollgate.lib.fixture

role(resources, verbs) := {"rule": [{"api_groups": [""], "resources": resources, "verbs": verbs}]}

row(before, after) := fixture.text({"type": "kubernetes_role_v1", "kind": "role_definition", "before": before, "after": after})

test_fires_on_secrets if {
	findings := rule.approve with input as row(role(["pods"], ["list"]), role(["pods", "secrets"], ["list"]))
	findings == {{"msg": "`example.this`: `rule` newly allows `list` on `secrets`", "path": "rule"}}
	count(rule.approve) == 1 with input as row(null, role(["pods/exec"], ["create"]))
}

test_quiet_on_other_resources_narrowing_and_removal if {
	count(rule.approve) == 0 with input as row(null, role(["pods"], ["list"]))
	count(rule.approve) == 0 with input as row(role(["secrets"], ["get", "list"]), role(["secrets"], ["get"]))
	count(rule.approve) == 0 with input as row(role(["secrets"], ["get"]), null)
}

test_unknown_rule_is_left_to_not_compared if count(rule.approve) == 0 with input as row(null, {"rule": fixture.unknown})
