package tollgate.gcp.guard_rail_weakened_test

import data.tollgate.gcp.guard_rail_weakened as rule
import data.tollgate.lib.fixture

row(type, before, after) := fixture.text({"type": type, "kind": "boundary_or_guardrail", "before": before, "after": after})

deny(permissions, exceptions) := {"rules": [{"deny_rule": [{
	"denied_permissions": permissions, "denied_principals": ["principalSet://goog/public:all"],
	"exception_permissions": null, "exception_principals": exceptions, "denial_condition": [],
}]}]}

both := ["iam.googleapis.com/serviceAccountKeys.create", "iam.googleapis.com/roles.update"]

constraint(enforce) := {"spec": [{"rules": [{"enforce": enforce, "values": []}]}]}

values(allowed, denied) := {"spec": [{"rules": [{"values": [{"allowed_values": allowed, "denied_values": denied}]}]}]}

level(networks) := {"basic": [{"conditions": [{"ip_subnetworks": networks}]}]}

test_fires_on_a_deny_policy_that_denies_less if {
	findings := rule.approve with input as row("google_iam_deny_policy", deny(both, []), deny(both, ["principal://x"]))
	findings == {{"msg": "`example.this`: `rules` no longer deny as much", "path": "rules"}}
	count(rule.approve) == 1 with input as row("google_iam_deny_policy", deny(both, []), deny([both[0]], []))
	count(rule.approve) == 1 with input as row("google_iam_deny_policy", deny(both, []), null)
}

test_fires_on_an_organisation_policy if {
	count(rule.approve) == 1 with input as row("google_org_policy_policy", constraint("TRUE"), constraint("FALSE"))
	count(rule.approve) == 1 with input as row("google_org_policy_policy", values(["a"], []), values(["a", "b"], []))
	count(rule.approve) == 1 with input as row("google_org_policy_policy", values([], ["a"]), values([], []))
	count(rule.approve) >= 1 with input as row("google_org_policy_policy", constraint(true), null)
}

test_fires_on_a_bucket_setting if {
	count(rule.approve) == 1 with input as row("google_storage_bucket", {"public_access_prevention": "enforced"}, {"public_access_prevention": "inherited"})
	count(rule.approve) == 1 with input as row("google_storage_bucket", {"uniform_bucket_level_access": true}, {"uniform_bucket_level_access": false})
}

test_fires_on_an_access_level if {
	findings := rule.approve with input as row("google_access_context_manager_access_level", level(["10.0.0.0/8"]), level(["10.0.0.0/8", "0.0.0.0/0"]))
	findings == {{"msg": "`example.this`: `basic` newly admits `0.0.0.0/0`", "path": "basic"}}
}

test_quiet_on_tightening if {
	count(rule.approve) == 0 with input as row("google_iam_deny_policy", deny([both[0]], ["principal://x"]), deny(both, []))
	count(rule.approve) == 0 with input as row("google_org_policy_policy", constraint("FALSE"), constraint("TRUE"))
	count(rule.approve) == 0 with input as row("google_org_policy_policy", constraint("TRUE"), constraint("TRUE"))
	count(rule.approve) == 0 with input as row("google_org_policy_policy", values(["a", "b"], []), values(["a"], ["c"]))
	count(rule.approve) == 0 with input as row("google_storage_bucket", {"uniform_bucket_level_access": false}, {"uniform_bucket_level_access": true})
	count(rule.approve) == 0 with input as row("google_access_context_manager_access_level", level(["a", "b"]), level(["a"]))
	count(rule.approve) == 0 with input as row("google_access_context_manager_access_level", level(["10.0.0.0/24"]), level(["10.0.0.0/25", "10.0.0.128/25"]))
}

test_quiet_where_access_is_computed if {
	change := {"type": "google_iam_deny_policy", "before": deny(both, []), "after": null}
	count(rule.approve) == 0 with input as fixture.computed(change, [])
}

test_unknown_exception_is_an_exception if {
	count(rule.approve) == 1 with input as row("google_iam_deny_policy", deny(both, []), deny(both, [fixture.unknown]))
}
