package tollgate.aws.wildcard_resource

import data.tollgate.lib.access

metadata := {
	"id": "aws-wildcard-resource",
	"title": "An identity policy allows actions on every resource",
	"description": "A statement newly allows actions that change or read things on every resource of the account, or on all but a few (NotResource). Listing and describing is not meant: most of those actions know no resource.",
	"severity": "low",
	"remediation": "Name the resources, by ARN or by a prefix of their names; or limit them by a condition on tags.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_definition", "trust_policy", "role_binding"],
}

approve contains finding if {
	pieces := [piece |
		some piece in access.new
		some resource in piece.resources
		regex.match(`^(\*$|NotResource )`, resource)
		not "*" in piece.actions
		count(access.levels(piece) & {"write", "permissions"}) > 0
	]
	some finding in access.findings(pieces, "change things on every resource")
}
