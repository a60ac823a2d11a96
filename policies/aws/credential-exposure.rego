package tollgate.aws.credential_exposure

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.aws_sensitive

metadata := {
	"id": "aws-credential-exposure",
	"title": "Credentials of others can be obtained",
	"description": "Somebody may newly obtain a credential or what works like one: create access keys or console passwords, take a role, read secrets, log in to databases and machines. The access behind the credential is theirs then.",
	"severity": "high",
	"remediation": "Name the roles, secrets and users the action is needed on.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-users-federation-idp"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_definition", "trust_policy", "role_binding", "group_membership"],
}

approve contains finding if {
	pieces := [piece |
		some piece in access.new
		aws.reaches_any(piece.actions, aws_sensitive.credential_exposure, aws_sensitive.credential_services)
		not "*" in piece.actions
	]
	some finding in access.findings(pieces, "obtain credentials")
}
