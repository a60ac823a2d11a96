package tollgate.any.undetermined_test

import data.tollgate.any.undetermined
import data.tollgate.lib.fixture

test_fires_for_each_reason if {
	findings := undetermined.approve with input as fixture.possible({}, "budget")
	findings == {{"msg": "`example.this`: `policy` leaves access undetermined (budget): cannot be told", "path": "policy"}}
}

test_fires_without_a_reason if {
	given := object.union(fixture.base, {"access": {"reasons": []}})
	count(undetermined.approve) == 1 with input as given
}

test_quiet_when_not_compared_says_it if count(undetermined.approve) == 0 with input as fixture.text({})

test_quiet_on_new_access if count(undetermined.approve) == 0 with input as fixture.computed({}, [])

test_quiet_when_the_plan_shows_the_same_entry if {
	entry := {"address": "example.this", "code": "budget", "message": "budget"}
	given := object.union(fixture.possible({}, "budget"), {"plan": {"undetermined": [entry]}})
	count(undetermined.approve) == 0 with input as given
}

test_unknown_value_is_a_reason if {
	findings := undetermined.approve with input as fixture.possible({"unknown": ["policy"]}, "unknown_value")
	count(findings) == 1
}
