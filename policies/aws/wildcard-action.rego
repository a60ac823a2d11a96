package tollgate.aws.wildcard_action

import data.tollgate.lib.access
import data.tollgate.lib.aws

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

approve contains aws.finding(entry, sprintf("newly allows %s", [access.listed(sort(wide))])) if {
	access.by_text
	some entry in aws.gaining_identity
	wide := aws.added(entry, wild(entry.is))
	count(wide) > 0
}

approve contains aws.finding(entry, sprintf("newly allows everything but %s", [access.listed(sort(excluded))])) if {
	access.by_text
	some entry in aws.gaining_identity
	excluded := aws.not_actions(entry.is)
	count(excluded) > 0
	not excluded_before(entry.is)
}

whole(actions) := {action | some action in actions; regex.match(`^([A-Za-z0-9-]+:\*$|NotAction )`, action)}

# Every action on every resource is the rule `aws-administrator-grant`'s.
wild(statement) := whole(aws.actions(statement)) | {action |
	some action in aws.actions(statement)
	action == "*"
	not "*" in aws.resources(statement)
}

# The old document allowed at least as much: it left out no more, or it allowed everything.
excluded_before(statement) if {
	some old in aws.before_statements
	aws.allows(old.is)
	old.is.NotAction
	kept := {pattern | some pattern in aws.not_actions(old.is); not aws.matches_any(aws.not_actions(statement), pattern)}
	count(kept) == 0
	every resource in aws.resources(statement) { aws.resource_in(old.is, resource) }
	aws.asks_no_more(old.is, statement)
}

excluded_before(statement) if {
	every resource in aws.resources(statement) { aws.allowed_before("*", resource, statement) }
}
