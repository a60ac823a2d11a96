package tollgate.aws.cross_account_principal

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.change

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

approve contains aws.finding(entry, sprintf("newly lets in %s of another account", [change.show_some(who)])) if {
	some [entry, newly] in gained
	who := {principal | some principal in newly; foreign(principal)}
	count(who) > 0
}

# A role's new trust in an account that may or may not be the own one.
warn contains aws.finding(entry, sprintf("newly lets in %s; the plan does not show the own account", [change.show_some(newly)])) if {
	some [entry, newly] in gained
	count(aws.own_accounts) == 0
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

gained := {[entry, newly] |
	access.by_text
	some entry in aws.gaining_resource
	newly := {principal |
		some principal in aws.principals(entry.is)
		aws.account(principal)
		not named_before(principal, entry.is)
	}
	count(newly) > 0
}

# The principal, or its whole account, or everyone, was let in for the same before.
named_before(principal, statement) if {
	some old in aws.before_statements
	aws.allows(old.is)
	some wide in aws.principals(old.is)
	wide in [principal, sprintf("arn:aws:iam::%s:root", [aws.account(principal)]), "*"]
	every action in aws.reach(statement) { aws.action_in(old.is, action) }
	every resource in aws.resources(statement) { aws.resource_in(old.is, resource) }
	aws.asks_no_more(old.is, statement)
}

# Sharing by account number, as a resource of its own.
approve contains change.finding(facet.path, sprintf("newly shares with account %s", [change.show(account)])) if {
	access.by_text
	change.remains
	input.change.kind in {"resource_policy", "network_of_trust"}
	facet := input.change.facets[_]
	facet.purpose == "principal"
	some account in change.gained("principal")
	account in change.values(facet.after)
	is_string(account)
	regex.match(`^[0-9]{12}$`, account)
	not account in aws.own_accounts
}
