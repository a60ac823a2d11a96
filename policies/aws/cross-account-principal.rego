package tollgate.aws.cross_account_principal

import data.tollgate.lib.access
import data.tollgate.lib.aws

metadata := {
	"id": "aws-cross-account-principal",
	"title": "Another account is let in",
	"description": "A role or a resource newly trusts a principal of another account, or trusts it under weaker conditions. Who may act there is decided by that account's administrators. Where the plan does not show the own account, naming any account is a warning.",
	"severity": "high",
	"remediation": "Name roles instead of whole accounts, and ask for sts:ExternalId or aws:PrincipalOrgID.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html"],
	"platforms": ["aws"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; foreign(piece.principal)]
	some finding in access.findings(pieces, "in from another account")
}

warn contains finding if {
	pieces := [piece |
		some piece in access.new
		aws.account(piece.principal)
		aws.account(piece.principal) != unshown
		count(own) == 0
		not input.change.kind in {"identity_policy", "role_binding", "group_membership", "code_execution"}
	]
	some finding in access.findings(pieces, "in; the plan does not show the own account")
}

# Stands for the own account where no ARN of the plan shows it.
unshown := "000000000000"

foreign(principal) if {
	count(own) > 0
	not aws.account(principal) in own
	aws.account(principal)
}

# The own account, by the change's ARN or by the request that proves new access.
own := aws.own_accounts | {id | some piece in access.new; some id in piece.witness.context["aws:resourceaccount"]}
