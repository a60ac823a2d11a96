package tollgate.azure.permissions_management_test

import data.tollgate.azure.permissions_management as rule
import data.tollgate.lib.fixture

test_fires_on_computed_access if {
	count(rule.approve) == 1 with input as fixture.computed({}, [fixture.piece("a", ["Microsoft.Authorization/*"], ["permissions"], ["/"])])
}

test_quiet_on_other_levels if {
	count(rule.approve) == 0 with input as fixture.computed({}, [fixture.piece("a", ["*/read"], ["read"], ["/"])])
}

test_unknown_value_is_left_to_not_compared if count(rule.approve) == 0 with input as fixture.text({"unknown": ["principal_id"]})
