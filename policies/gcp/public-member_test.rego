package tollgate.gcp.public_member_test

import data.tollgate.gcp.public_member as rule
import data.tollgate.lib.fixture

member(role, who) := {"role": role, "member": who, "bucket": "assets"}

row(before, after) := fixture.text({"type": "google_storage_bucket_iam_member", "before": before, "after": after})

test_fires_on_everyone if {
	findings := rule.approve with input as row(null, member("roles/storage.objectViewer", "allUsers"))
	findings == {{"msg": "`example.this`: `member` newly grants `roles/storage.objectViewer` to `allUsers`", "path": "member"}}
	count(rule.deny) == 0 with input as row(null, member("roles/storage.objectViewer", "allUsers"))
}

test_fires_on_a_wider_everyone if {
	count(rule.approve) == 1 with input as row(member("r", "allAuthenticatedUsers"), member("r", "allUsers"))
}

test_fires_and_blocks_administration_for_everyone if {
	every role in ["roles/owner", "roles/editor", "roles/storage.admin", "roles/storage.legacyBucketAdmin"] {
		count(rule.deny) == 1 with input as row(null, member(role, "allUsers"))
	}
	findings := rule.deny with input as row(null, member("roles/owner", "allUsers"))
	{finding.severity | some finding in findings} == {"critical"}
}

test_fires_on_lists_and_datasets if {
	count(rule.approve) == 1 with input as row({"role_entity": []}, {"role_entity": ["READER:allUsers"]})
	count(rule.approve) == 1 with input as row({"access": []}, {"access": [{"role": "READER", "special_group": "allAuthenticatedUsers"}]})
	count(rule.deny) == 1 with input as row(null, {"entity": "allUsers", "role": "OWNER"})
	count(rule.approve) == 1 with input as row({}, {"invoker_iam_disabled": true})
}

test_quiet_on_narrowing_and_removal if {
	count(rule.approve | rule.deny) == 0 with input as row(member("r", "allUsers"), member("r", "domain:example.com"))
	count(rule.approve | rule.deny) == 0 with input as row(member("r", "allUsers"), null)
	count(rule.approve | rule.deny) == 0 with input as row(member("r", "allUsers"), member("r", "allUsers"))
	count(rule.approve | rule.deny) == 0 with input as row({"role_entity": ["READER:allUsers"]}, {"role_entity": []})
}

test_unknown_member_is_left_to_not_compared if {
	count(rule.approve | rule.deny) == 0 with input as row(null, member("roles/owner", fixture.unknown))
}

test_unknown_role_for_everyone_fires if {
	count(rule.approve) == 1 with input as row(null, member(fixture.unknown, "allUsers"))
}
