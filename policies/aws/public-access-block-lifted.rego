package tollgate.aws.public_access_block_lifted

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "aws-public-access-block-lifted",
	"title": "A block of public access is lifted",
	"description": "A setting that keeps buckets, images, snapshots or networks from being public is switched off or removed. Policies and lists that were open all along come into force.",
	"severity": "high",
	"remediation": "Leave the block in place; serve public content through CloudFront.",
	"references": ["https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"],
	"platforms": ["aws"],
	"kinds": ["boundary_or_guardrail", "resource_policy"],
	"needs": ["doubt"],
}

switches := {
	"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets",
	"block_public_security_group_rules",
}

approve contains change.finding(name, sprintf("was true and is %s", [now(name)])) if {
	access.guard_by_text
	some name in switches
	change.field(change.before, name) == true
	change.field(change.after, name) != true
}

# States of the EC2, EBS and VPC settings, from open to closed.
open_states := {"unblocked", "off"}

approve contains change.finding(name, sprintf("was %s and is %s", [change.show(old), now(name)])) if {
	access.guard_by_text
	some [type, name] in [
		["aws_ec2_image_block_public_access", "state"],
		["aws_ebs_snapshot_block_public_access", "state"],
		["aws_vpc_block_public_access_options", "internet_gateway_block_mode"],
	]
	input.change.type == type
	old := change.field(change.before, name)
	is_string(old)
	not old in open_states
	weaker(change.field(change.after, name), old)
}

weaker(new, _) if not is_string(new)

weaker(new, _) if new in open_states

weaker(new, old) if [old, new] in [["block-all-sharing", "block-new-sharing"], ["block-bidirectional", "block-ingress"]]

now(name) := change.show(change.field(change.after, name)) if change.remains

else := "gone"
