package tollgate.aws.permissions_management

import data.tollgate.lib.access

metadata := {
	"id": "aws-permissions-management",
	"title": "Permissions management is granted",
	"description": "Somebody may newly change who may do what: attach or write policies, edit trust, keys' and buckets' policies, organisation policies or group membership. Most of these actions let their holder raise the own access.",
	"severity": "high",
	"remediation": "Keep permissions management with the pipeline's role, limit it by a permissions boundary and by resource.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_definition", "trust_policy", "role_binding", "group_membership"],
}

approve contains finding if {
	pieces := [piece |
		some piece in access.new
		"permissions" in access.levels(piece)
		not "*" in piece.actions
	]
	some finding in access.findings(pieces, "manage permissions")
}
