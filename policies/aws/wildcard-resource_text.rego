# The words of the documents, where the comparison leaves doubt.
package tollgate.aws.wildcard_resource

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

approve contains aws_text.finding(entry, sprintf("newly allows %s on %s", [access.listed(sort(wide)), where])) if {
	access.by_text
	some entry in aws_text.gaining_identity
	where := everywhere(entry.is)
	wide := {action |
		some action in aws_text.actions(entry.is)
		not harmless(action)
		not aws_text.allowed_before(action, "*", entry.is)
	}
	count(wide) > 0
}

everywhere(statement) := "every resource but some" if {
	statement.NotResource
	not narrowed(statement)
}

else := "every resource" if {
	not statement.NotResource
	"*" in aws_text.resources(statement)
}

# The old statement left out no more resources.
narrowed(statement) if {
	some old in aws_text.before_statements
	aws_text.allows(old.is)
	old.is.NotResource
	count(aws_text.not_resources(old.is) - aws_text.not_resources(statement)) == 0
	every action in aws_text.actions(statement) { aws_text.action_in(old.is, action) }
	aws_text.asks_no_more(old.is, statement)
}

harmless(action) if regex.match(`^[a-z0-9-]+:(list|describe|get[a-z]*(list|status|version)|view|lookup|search)`, action)

# Every action on every resource is the rule `aws-administrator-grant`'s, a whole service `aws-wildcard-action`'s.
harmless(action) if regex.match(`^([a-z0-9-]+:)?\*$`, action)
