package tollgate.aws.deny_removed

import data.tollgate.lib.access
import data.tollgate.lib.aws

metadata := {
	"id": "aws-deny-removed",
	"title": "A deny statement is removed or denies less",
	"description": "A policy loses an explicit deny, or the deny covers fewer actions, resources, principals or circumstances. Whatever it held back comes into force, without any new allow in the plan. This holds for identity, resource and organisation policies alike.",
	"severity": "high",
	"remediation": "Keep the deny statement, or have its owner agree to the narrower one.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"],
	"platforms": ["aws"],
}

approve contains aws.finding(entry, "denied and no longer denies as much") if {
	access.guard_by_text
	some entry in lost
	not still_denied(entry.is)
}

# Deny statements that are not there word for word any more.
lost := [entry |
	some entry in aws.before_statements
	aws.denies(entry.is)
	not aws.unreadable(entry.path)
	not entry.is in {kept.is | some kept in aws.after_statements}
]

# Each pair of an action and a resource is denied by some statement of the new document, as widely as before.
still_denied(statement) if {
	every action in aws.actions(statement) {
		every resource in aws.resources(statement) { denied_after(action, resource, statement) }
	}
	count(aws.actions(statement)) > 0
	not statement.NotResource
}

# A statement that names exceptions: the same ones, or fewer.
still_denied(statement) if {
	some kept in aws.after_statements
	aws.denies(kept.is)
	count(aws.not_actions(kept.is) - aws.not_actions(statement)) == 0
	count(aws.not_resources(kept.is) - aws.not_resources(statement)) == 0
	count(aws.actions(statement) - aws.actions(kept.is)) == 0
	count(listed_resources(statement) - listed_resources(kept.is)) == 0
	form(kept.is) == form(statement)
	as_many_principals(kept.is, statement)
	aws.asks_no_more(kept.is, statement)
}

denied_after(action, resource, statement) if {
	some kept in aws.after_statements
	aws.denies(kept.is)
	aws.action_in(kept.is, action)
	aws.resource_in(kept.is, resource)
	as_many_principals(kept.is, statement)
	aws.asks_no_more(kept.is, statement)
}

listed_resources(statement) := {resource | resource := statement.Resource[_]}

form(statement) := {member | statement[member]; member in {"Action", "NotAction", "Resource", "NotResource"}}

as_many_principals(kept, statement) if {
	not aws.names_principals(kept)
	not aws.names_principals(statement)
}

as_many_principals(kept, _) if "*" in aws.principals(kept)

as_many_principals(kept, statement) if {
	kept.Principal
	statement.Principal
	count(aws.principals(statement) - aws.principals(kept)) == 0
}

# Under NotPrincipal more names deny fewer.
as_many_principals(kept, statement) if {
	statement.NotPrincipal
	count(excepted(kept) - excepted(statement)) == 0
	kept.NotPrincipal
}

excepted(statement) := {id | id := statement.NotPrincipal[_][_]}
