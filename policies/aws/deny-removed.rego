package tollgate.aws.deny_removed

import data.tollgate.lib.access
import data.tollgate.lib.aws_text

metadata := {
	"id": "aws-deny-removed",
	"title": "A deny statement is removed or denies less",
	"description": "A policy loses an explicit deny, or the deny covers fewer actions, resources, principals or circumstances. Whatever it held back comes into force, without any new allow in the plan. This holds for identity, resource and organisation policies alike.",
	"severity": "high",
	"remediation": "Keep the deny statement, or have its owner agree to the narrower one.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"],
	"platforms": ["aws"],
	"needs": ["doubt"],
}

approve contains aws_text.finding(entry, "denied and no longer denies as much") if {
	access.guard_by_text
	some entry in lost
	not still_denied(entry.is)
}

# Deny statements that are not there word for word any more.
lost := [entry |
	some entry in aws_text.before_statements
	aws_text.denies(entry.is)
	not aws_text.unreadable(entry.path)
	not entry.is in {kept.is | some kept in aws_text.after_statements}
]

# Each pair of an action and a resource is denied by some statement of the new document, as widely as before.
still_denied(statement) if {
	every action in aws_text.actions(statement) {
		every resource in aws_text.resources(statement) { denied_after(action, resource, statement) }
	}
	count(aws_text.actions(statement)) > 0
	not statement.NotResource
}

# A statement that names exceptions: the same ones, or fewer.
still_denied(statement) if {
	some kept in aws_text.after_statements
	aws_text.denies(kept.is)
	count(aws_text.not_actions(kept.is) - aws_text.not_actions(statement)) == 0
	count(aws_text.not_resources(kept.is) - aws_text.not_resources(statement)) == 0
	count(aws_text.actions(statement) - aws_text.actions(kept.is)) == 0
	count(listed_resources(statement) - listed_resources(kept.is)) == 0
	form(kept.is) == form(statement)
	as_many_principals(kept.is, statement)
	aws_text.asks_no_more(kept.is, statement)
}

denied_after(action, resource, statement) if {
	some kept in aws_text.after_statements
	aws_text.denies(kept.is)
	aws_text.action_in(kept.is, action)
	aws_text.resource_in(kept.is, resource)
	as_many_principals(kept.is, statement)
	aws_text.asks_no_more(kept.is, statement)
}

listed_resources(statement) := {resource | resource := statement.Resource[_]}

form(statement) := {member | statement[member]; member in {"Action", "NotAction", "Resource", "NotResource"}}

as_many_principals(kept, statement) if {
	not aws_text.names_principals(kept)
	not aws_text.names_principals(statement)
}

as_many_principals(kept, _) if "*" in aws_text.principals(kept)

as_many_principals(kept, statement) if {
	kept.Principal
	statement.Principal
	count(aws_text.principals(statement) - aws_text.principals(kept)) == 0
}

# Under NotPrincipal more names deny fewer.
as_many_principals(kept, statement) if {
	statement.NotPrincipal
	count(excepted(kept) - excepted(statement)) == 0
	kept.NotPrincipal
}

excepted(statement) := {id | id := statement.NotPrincipal[_][_]}
