package tollgate.any.new_access_test

import data.tollgate.any.new_access
import data.tollgate.lib.fixture

read := fixture.piece("arn:aws:iam::111122223333:role/ci", ["s3:GetObject"], ["read"], ["arn:aws:s3:::logs/*"])

test_fires_on_new_access if {
	findings := new_access.approve with input as fixture.computed({}, [read])
	findings == {{"msg": "`example.this`: `arn:aws:iam::111122223333:role/ci` can newly do `s3:GetObject` on `arn:aws:s3:::logs/*`"}}
}

test_fires_once_for_many_pieces if {
	findings := new_access.approve with input as fixture.computed({}, [read, read, read])
	count(findings) == 1
	some finding in findings
	endswith(finding.msg, "; and 2 more")
}

test_fires_on_the_verdict_alone if count(new_access.approve) == 1 with input as fixture.computed({}, [])

test_quiet_on_no_new_access if {
	given := object.union(fixture.base, {"access": {"verdict": "none", "reasons": []}})
	count(new_access.approve) == 0 with input as given
}

test_unknown_is_left_to_other_rules if {
	count(new_access.approve) == 0 with input as fixture.text({"unknown": ["policy"]})
	count(new_access.approve) == 0 with input as fixture.possible({}, "unknown_value")
}
