package tollgate.aws.administrator_grant

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.change

metadata := {
	"id": "aws-administrator-grant",
	"title": "Administrator access is granted",
	"description": "Somebody can newly do everything in the account: a statement that allows every action on every resource, or a managed policy such as AdministratorAccess. Everything else in the account's permissions means nothing for that principal.",
	"severity": "critical",
	"remediation": "Grant the actions and resources that are needed; keep administrator access to a break-glass role.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege"],
	"platforms": ["aws"],
	"kinds": ["identity_policy", "role_binding", "role_definition", "trust_policy", "group_membership", "code_execution"],
}

approve contains finding if some finding in access.findings(pieces, "take every action on every resource")

pieces := [piece |
	some piece in access.new
	"*" in piece.actions
	"*" in piece.resources
]

# The names of managed policies say as much as their documents.
approve contains change.finding(facet.path, sprintf("newly attaches %s%s", [change.show(arn), holders])) if {
	some [facet, arn] in attached
	aws.policy_name(arn) in aws.administrator_policies
}

approve contains change.severe(facet.path, "high", sprintf("newly attaches %s%s", [change.show(arn), holders])) if {
	some [facet, arn] in attached
	aws.policy_name(arn) in aws.power_policies
}

attached := {[facet, arn] |
	count(pieces) == 0
	change.remains
	facet := input.change.facets[_]
	facet.purpose == "policy_arn"
	some arn in change.values(facet.after)
	reaches_further(arn)
}

# The policy is new here, or somebody else gets it.
reaches_further(arn) if not arn in change.before_of("policy_arn")

reaches_further(_) if count(change.gained("principal")) > 0

default holders := ""

holders := sprintf(" to %s", [change.show_some(change.after_of("principal"))]) if count(change.after_of("principal")) > 0
