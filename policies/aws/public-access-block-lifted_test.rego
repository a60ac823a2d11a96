package tollgate.aws.public_access_block_lifted_test

import data.tollgate.aws.public_access_block_lifted as rule
import data.tollgate.lib.fixture

bucket(before, after) := fixture.text({"type": "aws_s3_bucket_public_access_block", "before": before, "after": after})

state(before, after) := fixture.text({
	"type": "aws_ebs_snapshot_block_public_access",
	"before": {"state": before}, "after": {"state": after},
})

test_fires_on_a_switch_turned_off if {
	findings := rule.approve with input as bucket({"restrict_public_buckets": true}, {"restrict_public_buckets": false})
	findings == {{"msg": "`example.this`: `restrict_public_buckets` was true and is `false`", "path": "restrict_public_buckets"}}
}

test_fires_on_removal if {
	findings := rule.approve with input as bucket({"block_public_acls": true}, null)
	findings == {{"msg": "`example.this`: `block_public_acls` was true and is gone", "path": "block_public_acls"}}
}

test_fires_on_a_weaker_state if {
	count(rule.approve) == 1 with input as state("block-all-sharing", "unblocked")
	count(rule.approve) == 1 with input as state("block-all-sharing", "block-new-sharing")
}

test_quiet_on_switching_on_and_no_change if {
	count(rule.approve) == 0 with input as bucket({"block_public_acls": false}, {"block_public_acls": true})
	count(rule.approve) == 0 with input as bucket({"block_public_acls": true}, {"block_public_acls": true})
	count(rule.approve) == 0 with input as state("unblocked", "block-all-sharing")
	count(rule.approve) == 0 with input as state("block-new-sharing", "block-all-sharing")
	count(rule.approve) == 0 with input as state("block-all-sharing", "block-all-sharing")
}

test_unknown_setting_may_be_off if {
	findings := rule.approve with input as bucket({"block_public_acls": true}, {"block_public_acls": fixture.unknown})
	findings == {{"msg": "`example.this`: `block_public_acls` was true and is (known after apply)", "path": "block_public_acls"}}
	count(rule.approve) == 1 with input as state("block-all-sharing", fixture.unknown)
}
