package tollgate.any.data_access_test

import data.tollgate.any.data_access as rule
import data.tollgate.lib.fixture

test_fires_once_for_each_level if {
	count(rule.warn) == 2 with input as fixture.computed({}, [fixture.piece("a", ["x"], ["read", "write"], ["/"])])
}

test_quiet_on_listing if {
	count(rule.warn) == 0 with input as fixture.computed({}, [fixture.piece("a", ["x"], ["list"], ["/"])])
}

test_unknown_value_says_nothing if count(rule.warn) == 0 with input as fixture.text({"unknown": ["role"]})
