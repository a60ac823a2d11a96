package tollgate.kubernetes.privileged_pod_test

import data.tollgate.kubernetes.privileged_pod as rule
import data.tollgate.lib.fixture

path := "spec[0].template[0].spec[0].container[0].security_context[0].privileged"

row(before, after) := fixture.text({"type": "kubernetes_deployment_v1", "kind": "code_execution", "facets": [fixture.facet("flag", path, before, after)]})

test_fires_on_a_privileged_container if {
	findings := rule.approve with input as row(null, true)
	findings == {{"msg": sprintf("`example.this`: `%s` is newly true", [path]), "path": path}}
}

test_quiet_on_no_change_and_lowering if {
	count(rule.approve) == 0 with input as row(true, true)
	count(rule.approve) == 0 with input as row(true, false)
}

test_unknown_setting_is_left_to_not_compared if count(rule.approve) == 0 with input as row(false, fixture.unknown)

test_fires_on_computed_access if {
	piece := fixture.piece("Workload:a/Pod/b", ["node:root"], ["permissions"], ["nodes"])
	count(rule.approve) == 1 with input as fixture.computed({}, [piece])
}
