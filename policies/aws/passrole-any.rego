package tollgate.aws.passrole_any

import data.tollgate.lib.access
import data.tollgate.lib.aws

metadata := {
	"id": "aws-passrole-any",
	"title": "Any role may be passed to a service",
	"description": "iam:PassRole is newly allowed on every role. Whoever may also start a machine, a function or a job takes over the strongest role that the service may use.",
	"severity": "high",
	"remediation": "Name the roles that may be passed, and the service, by a condition on iam:PassedToService.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_definition", "trust_policy", "role_binding"],
}

approve contains finding if {
	pieces := [piece |
		some piece in access.new
		passes([lower(action) | some action in piece.actions])
		any_role(piece.resources)
	]
	some finding in access.findings(pieces, "pass any role to a service (iam:PassRole)")
}

# All of IAM includes it; every action at all is the rule `aws-administrator-grant`'s.
passes(actions) if {
	some action in actions
	action != "*"
	aws.covers(action, "iam:passrole")
}

any_role(resources) if {
	some resource in resources
	wide(resource)
}

wide(resource) if resource == "*"

wide(resource) if regex.match(`^arn:[^:]*:iam::[^:]*:(role/)?\*$`, resource)
