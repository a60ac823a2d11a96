# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.cross_account_principal

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.aws_text
import data.tollgate.lib.change

approve contains aws_text.finding(entry, sprintf("newly lets in %s of another account", [change.show_some(who)])) if {
	some [entry, newly] in gained
	who := {principal | some principal in newly; foreign(principal)}
	count(who) > 0
}

# A role's new trust in an account that may or may not be the own one.
warn contains aws_text.finding(entry, sprintf("newly lets in %s; the plan does not show the own account", [change.show_some(newly)])) if {
	some [entry, newly] in gained
	count(aws.own_accounts) == 0
}

gained := {[entry, newly] |
	access.by_text
	some entry in aws_text.gaining_resource
	newly := {principal |
		some principal in aws_text.principals(entry.is)
		aws.account(principal)
		not named_before(principal, entry.is)
	}
	count(newly) > 0
}

# The principal, or its whole account, or everyone, was let in for the same before.
named_before(principal, statement) if {
	some old in aws_text.before_statements
	aws_text.allows(old.is)
	some wide in aws_text.principals(old.is)
	wide in [principal, sprintf("arn:aws:iam::%s:root", [aws.account(principal)]), "*"]
	every action in aws_text.reach(statement) { aws_text.action_in(old.is, action) }
	every resource in aws_text.resources(statement) { aws_text.resource_in(old.is, resource) }
	aws_text.asks_no_more(old.is, statement)
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
