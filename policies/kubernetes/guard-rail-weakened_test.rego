package tollgate.kubernetes.guard_rail_weakened_test

import data.tollgate.kubernetes.guard_rail_weakened as rule
import data.tollgate.lib.fixture

row(type, before, after) := fixture.text({"type": type, "kind": "boundary_or_guardrail", "before": before, "after": after})

namespace(level) := {"metadata": [{"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": level}}]}

webhook(policy) := {"webhook": [{"name": "w", "failure_policy": policy}]}

guard := "kubernetes_validating_webhook_configuration_v1"

test_fires_on_a_lower_level if {
	findings := rule.approve with input as row("kubernetes_namespace_v1", namespace("restricted"), namespace("baseline"))
	findings == {{"msg": "`example.this`: `metadata` enforced pod security `restricted` and now enforces baseline", "path": "metadata"}}
	none := rule.approve with input as row("kubernetes_namespace_v1", namespace("baseline"), {"metadata": [{"labels": null}]})
	none == {{"msg": "`example.this`: `metadata` enforced pod security `baseline` and now enforces none", "path": "metadata"}}
}

test_fires_on_a_webhook if {
	count(rule.approve) == 1 with input as row(guard, webhook("Fail"), webhook("Ignore"))
	count(rule.approve) == 1 with input as row(guard, webhook("Fail"), null)
}

test_quiet_on_tightening_and_no_change if {
	count(rule.approve) == 0 with input as row("kubernetes_namespace_v1", namespace("baseline"), namespace("restricted"))
	count(rule.approve) == 0 with input as row("kubernetes_namespace_v1", namespace("restricted"), namespace("restricted"))
	count(rule.approve) == 0 with input as row("kubernetes_namespace_v1", namespace("restricted"), null)
	count(rule.approve) == 0 with input as row(guard, webhook("Ignore"), webhook("Fail"))
}

test_quiet_where_access_is_computed if {
	given := fixture.computed({"type": guard, "before": webhook("Fail"), "after": null}, [])
	count(rule.approve) == 0 with input as given
}

test_unknown_level_enforces_nothing_known if {
	count(rule.approve) == 1 with input as row("kubernetes_namespace_v1", namespace("restricted"), namespace(fixture.unknown))
}
