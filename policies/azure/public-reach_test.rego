package tollgate.azure.public_reach_test

import data.tollgate.azure.public_reach as rule
import data.tollgate.lib.fixture

test_fires_on_everyone if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("anonymous", ["x/read"], ["read"], ["/"])])
}

test_quiet_on_somebody if {
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["x/read"], ["read"], ["/"])])
}

test_unknown_value_is_left_to_not_compared if count(rule.approve) == 0 with input as fixture.text({"unknown": ["container_access_type"]})
