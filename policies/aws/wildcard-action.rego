package tollgate.aws.wildcard_action

import data.tollgate.lib.access

metadata := {
	"id": "aws-wildcard-action",
	"title": "An identity policy allows a whole service",
	"description": "A statement newly allows every action of a service, or everything but a list (NotAction). It covers permissions management and destructive actions of the service, and whatever AWS adds to it later.",
	"severity": "medium",
	"remediation": "List the actions that are needed; replace NotAction by Action.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_definition", "trust_policy", "role_binding"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; count(whole(piece.actions)) > 0; not "*" in piece.actions]
	some finding in access.findings(pieces, "take every action of a service")
}

whole(actions) := {action | some action in actions; regex.match(`^([A-Za-z0-9-]+:\*$|NotAction )`, action)}
