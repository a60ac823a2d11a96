# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.public_principal

import data.tollgate.lib.access
import data.tollgate.lib.aws_text
import data.tollgate.lib.change

deny contains aws_text.finding(entry, sprintf("newly lets everyone take %s, without any condition", [access.listed(sort(wide))])) if {
	some [entry, newly] in opened
	not entry.is.Condition
	wide := newly & boundless
	count(wide) > 0
}

approve contains aws_text.finding(entry, sprintf("newly lets everyone take %s", [access.listed(sort(newly))])) if {
	some [entry, newly] in opened
	not never_meant(entry, newly)
}

never_meant(entry, newly) if {
	not entry.is.Condition
	count(newly & boundless) > 0
}

# Statements that open something, with the action patterns that were not open before.
opened := {[entry, newly] |
	some entry in aws_text.gaining_resource
	aws_text.open_to_everyone(entry.is)
	not_told(entry)
	newly := {action | some action in aws_text.reach(entry.is); not open_before(action, entry.is)}
	count(newly) > 0
}

# Not compared; or proved to give something new, to somebody who is named as one of everyone.
not_told(_) if access.by_text

not_told(entry) if {
	some piece in access.new
	piece.principal != "*"
	piece.statement.address == input.change.address
	piece.statement.path == entry.path
	piece.statement.index == entry.index
}

open_before(action, statement) if {
	some old in aws_text.before_statements
	aws_text.open_to_everyone(old.is)
	aws_text.action_in(old.is, action)
	every resource in aws_text.resources(statement) { aws_text.resource_in(old.is, resource) }
	aws_text.asks_no_more(old.is, statement)
}

# Grants that are a resource of their own (Lambda permissions, image and snapshot sharing).
approve contains change.finding(change.path_of("principal"), "newly lets everyone in") if {
	access.by_text
	change.remains
	public(change.after_of("principal"))
	not conditioned
	not as_public_before
}

public(principals) if count(principals & {"*", "all", "http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"}) > 0

conditioned if count({value | some value in change.after_of("condition"); not value in ["", false]}) > 0

conditioned if is_string(change.field(change.after, "principal_org_id"))

as_public_before if {
	public(change.before_of("principal"))
	count(change.lost("condition")) == 0
	count(change.gained("permission")) == 0
}
