package tollgate.aws.wildcard_resource

import data.tollgate.lib.access
import data.tollgate.lib.aws

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

approve contains aws.finding(entry, sprintf("newly allows %s on %s", [access.listed(sort(wide)), where])) if {
	access.by_text
	some entry in aws.gaining_identity
	where := everywhere(entry.is)
	wide := {action |
		some action in aws.actions(entry.is)
		not harmless(action)
		not aws.allowed_before(action, "*", entry.is)
	}
	count(wide) > 0
}

everywhere(statement) := "every resource but some" if {
	statement.NotResource
	not narrowed(statement)
}

else := "every resource" if {
	not statement.NotResource
	"*" in aws.resources(statement)
}

# The old statement left out no more resources.
narrowed(statement) if {
	some old in aws.before_statements
	aws.allows(old.is)
	old.is.NotResource
	count(aws.not_resources(old.is) - aws.not_resources(statement)) == 0
	every action in aws.actions(statement) { aws.action_in(old.is, action) }
	aws.asks_no_more(old.is, statement)
}

harmless(action) if regex.match(`^[a-z0-9-]+:(list|describe|get[a-z]*(list|status|version)|view|lookup|search)`, action)

# Every action on every resource is the rule `aws-administrator-grant`'s, a whole service `aws-wildcard-action`'s.
harmless(action) if regex.match(`^([a-z0-9-]+:)?\*$`, action)
