package tollgate.any.not_compared_test

import data.tollgate.any.not_compared
import data.tollgate.lib.fixture

test_fires_on_a_change_that_is_not_compared if {
	findings := not_compared.approve with input as fixture.text({"type": "aws_iam_policy", "kind": "identity_policy"})
	findings == {{"msg": "`example.this`: what this update of `aws_iam_policy` (identity_policy) newly permits is not compared"}}
}

test_fires_on_removal_that_can_elevate if {
	change := {"actions": ["delete"], "after": null, "removal_elevates": true}
	count(not_compared.approve) == 1 with input as fixture.text(change)
}

test_fires_on_forget_and_on_replacement if {
	count(not_compared.approve) == 1 with input as fixture.text({"actions": ["forget"], "after": null})
	count(not_compared.approve) == 1 with input as fixture.text({"actions": ["delete", "create"]})
}

test_quiet_on_harmless_removal if {
	count(not_compared.approve) == 0 with input as fixture.text({"actions": ["delete"], "after": null})
}

test_quiet_when_compared if {
	count(not_compared.approve) == 0 with input as fixture.computed({}, [])
	count(not_compared.approve) == 0 with input as fixture.possible({}, "unknown_value")
}

test_unknown_attributes_are_named if {
	findings := not_compared.approve with input as fixture.text({"unknown": ["policy"]})
	some finding in findings
	endswith(finding.msg, "; known only after apply: `policy`")
}
