package tollgate.aws.organization_policy_detached_test

import data.tollgate.aws.organization_policy_detached as rule
import data.tollgate.lib.fixture

attachment(before, after) := {"type": "aws_organizations_policy_attachment", "before": before, "after": after}

here := {"policy_id": "p-1", "target_id": "111122223333"}

test_fires_on_detachment if {
	findings := rule.approve with input as fixture.text(attachment(here, null))
	findings == {{"msg": "`example.this`: `target_id` `111122223333` no longer has `p-1` attached", "path": "target_id"}}
}

test_fires_on_another_policy_or_target if {
	count(rule.approve) == 1 with input as fixture.text(attachment(here, object.union(here, {"policy_id": "p-2"})))
	count(rule.approve) == 1 with input as fixture.text(attachment(here, object.union(here, {"target_id": "ou-1"})))
}

test_fires_on_a_moved_account if {
	change := {"type": "aws_organizations_account", "before": {"parent_id": "ou-prod"}, "after": {"parent_id": "ou-lab"}}
	count(rule.approve) == 1 with input as fixture.text(change)
}

test_quiet_on_attachment_and_no_change if {
	count(rule.approve) == 0 with input as fixture.text(attachment(null, here))
	count(rule.approve) == 0 with input as fixture.text(attachment(here, here))
}

test_unknown_target_counts_as_another if {
	count(rule.approve) == 1 with input as fixture.text(attachment(here, object.union(here, {"target_id": fixture.unknown})))
}
