package tollgate.aws.organization_policy_detached

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "aws-organization-policy-detached",
	"title": "An organisation policy stops applying to a target",
	"description": "A service or resource control policy is detached from an account, unit or root, or an account moves to another unit. Its limits hold nobody there any more.",
	"severity": "high",
	"remediation": "Attach the replacement first; have the owner of the organisation agree.",
	"references": ["https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_attach.html"],
	"platforms": ["aws"],
	"kinds": ["boundary_or_guardrail", "network_of_trust"],
	"needs": ["doubt"],
}

approve contains change.finding("target_id", sprintf("%s no longer has %s attached", [change.show(target), change.show(policy)])) if {
	access.guard_by_text
	input.change.type == "aws_organizations_policy_attachment"
	target := change.field(change.before, "target_id")
	policy := change.field(change.before, "policy_id")
	not same(["target_id", "policy_id"])
	target != null
}

approve contains change.finding("parent_id", sprintf("moves from %s to %s", [change.show(old), change.show(new)])) if {
	access.guard_by_text
	input.change.type in {"aws_organizations_account", "aws_organizations_organizational_unit"}
	change.remains
	old := change.field(change.before, "parent_id")
	new := change.field(change.after, "parent_id")
	old != null
	old != new
}

same(names) if {
	change.remains
	every name in names { change.field(change.before, name) == change.field(change.after, name) }
}
