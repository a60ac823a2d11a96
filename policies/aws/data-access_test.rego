package tollgate.aws.data_access_test

import data.tollgate.aws.data_access as rule
import data.tollgate.lib.fixture

test_fires_for_each_level if {
	findings := rule.warn with input as fixture.computed({}, [fixture.piece("a", ["s3:*"], ["list", "read", "write"], ["*"])])
	{finding.msg | some finding in findings} == {
		"`example.this`: `policy` statement 0 newly lets `a` read data",
		"`example.this`: `policy` statement 0 newly lets `a` change or delete data",
	}
}

test_quiet_on_listing if {
	count(rule.warn) == 0 with input as fixture.computed({}, [fixture.piece("a", ["s3:ListBucket"], ["list"], ["*"])])
}

test_unknown_is_left_to_other_rules if count(rule.warn) == 0 with input as fixture.text({"unknown": ["policy"]})
