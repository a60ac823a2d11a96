# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.wildcard_action

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, sprintf("newly allows %s", [access.listed(sort(wide))])) if {
	access.by_text
	some entry in aws_text.gaining_identity
	wide := aws_text.added(entry, wild(entry.is))
	count(wide) > 0
}

approve contains aws_text.finding(entry, sprintf("newly allows everything but %s", [access.listed(sort(excluded))])) if {
	access.by_text
	some entry in aws_text.gaining_identity
	excluded := aws_text.not_actions(entry.is)
	count(excluded) > 0
	not excluded_before(entry.is)
}

# Every action on every resource is the rule `aws-administrator-grant`'s.
wild(statement) := whole(aws_text.actions(statement)) | {action |
	some action in aws_text.actions(statement)
	action == "*"
	not "*" in aws_text.resources(statement)
}

# The old document allowed at least as much: it left out no more, or it allowed everything.
excluded_before(statement) if {
	some old in aws_text.before_statements
	aws_text.allows(old.is)
	old.is.NotAction
	kept := {pattern | some pattern in aws_text.not_actions(old.is); not aws_text.matches_any(aws_text.not_actions(statement), pattern)}
	count(kept) == 0
	every resource in aws_text.resources(statement) { aws_text.resource_in(old.is, resource) }
	aws_text.asks_no_more(old.is, statement)
}

excluded_before(statement) if {
	every resource in aws_text.resources(statement) { aws_text.allowed_before("*", resource, statement) }
}
