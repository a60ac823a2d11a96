package tollgate.any.outside_plan_test

import data.tollgate.any.outside_plan
import data.tollgate.lib.fixture

resting(verdict) := object.union(fixture.base, {"access": {
	"verdict": verdict,
	"reasons": [{"code": "outside_plan", "path": "policy", "message": "nobody in the plan gains by it"}],
}})

test_fires_on_a_verdict_that_rests_on_absence if {
	findings := outside_plan.warn with input as resting("none")
	findings == {{"msg": "`example.this`: `policy` rests on what the plan does not show: nobody in the plan gains by it", "path": "policy"}}
}

test_quiet_on_a_verdict_that_rests_on_nothing if {
	given := object.union(fixture.base, {"access": {"verdict": "none", "reasons": []}})
	count(outside_plan.warn) == 0 with input as given
}

test_unknown_is_left_to_other_rules if count(outside_plan.warn) == 0 with input as resting("possible")
