package tollgate.kubernetes.wildcard_rule

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.kubernetes
import data.tollgate.lib.reach

metadata := {
	"id": "kubernetes-wildcard-rule",
	"title": "A role allows all verbs or all resources",
	"description": "A role newly has a wildcard for verbs, resources or API groups. It covers escalation, secrets and everything that is added to the cluster later.",
	"severity": "high",
	"remediation": "List groups, resources and verbs.",
	"references": ["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#least-privilege"],
	"platforms": ["kubernetes"],
}

approve contains change.severe("rule", severity, sprintf("newly allows %s", [change.show_some(shown)])) if {
	access.undecided
	wild := {permission | some permission in kubernetes.new_permissions; "*" in [permission.verb, permission.resource]}
	count(wild) > 0
	shown := {sprintf("%s on %s", [permission.verb, permission.resource]) | some permission in wild}
	severity := grade(wild)
}

grade(wild) := "critical" if {
	some permission in wild
	permission.verb == "*"
	permission.resource == "*"
}

else := "high"

approve contains change.finding("rule", sprintf("newly allows %s in every API group", [change.show_some(shown)])) if {
	access.undecided
	wild := {permission |
		some permission in kubernetes.new_permissions
		permission.group == "*"
		not "*" in [permission.verb, permission.resource]
	}
	count(wild) > 0
	shown := {sprintf("%s on %s", [permission.verb, permission.resource]) | some permission in wild}
}

# Administration is what `admin-grant` speaks of; what is left is wide in one direction.
approve contains finding if {
	pieces := [piece | some piece in access.new; wide(piece); not reach.administers(piece)]
	some finding in access.graded({"high": pieces}, "take all verbs, or act on all resources")
}

wide(piece) if "kubernetes:*" in reach.newly(piece)

wide(piece) if {
	some resource in piece.resources
	regex.match(`^\*(\.|$)|\.\*$`, resource)
}
