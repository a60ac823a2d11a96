package tollgate.any.unranked_access_test

import data.tollgate.any.unranked_access
import data.tollgate.lib.fixture

piece := fixture.piece("ann", ["role:admin"], ["write", "permissions"], ["project p"])

test_fires_on_new_access_where_no_rule_knows_the_platform if {
	change := {"platform": "other", "type": "vault_token"}
	findings := unranked_access.approve with input as fixture.computed(change, [piece])
	findings == {{"msg": "`example.this`: `policy` statement 0 newly lets `ann` do what no rule ranks", "path": "policy"}}
	count(unranked_access.approve) == 1 with input as fixture.computed({"platform": "gitlab"}, [piece])
}

test_quiet_where_nothing_is_new if {
	count(unranked_access.approve) == 0 with input as fixture.text({"platform": "other"})
	count(unranked_access.approve) == 0 with input as fixture.possible({"platform": "other"}, "unordered")
}

test_unknown_principal_counts_as_somebody if {
	new := fixture.piece("${okta_user.x.id}", ["role:r"], ["write"], ["p"])
	count(unranked_access.approve) == 1 with input as fixture.computed({"platform": "other"}, [new])
}
