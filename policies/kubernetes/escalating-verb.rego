package tollgate.kubernetes.escalating_verb

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.kubernetes

metadata := {
	"id": "kubernetes-escalating-verb",
	"title": "A role allows escalate, bind, impersonate or what amounts to it",
	"description": "A role newly lets its holders write roles wider than their own (escalate), bind roles they do not hold (bind), act as others (impersonate), approve certificates, change admission webhooks, or reach the kubelet. Each leads to the whole cluster.",
	"severity": "critical",
	"remediation": "Leave the verb out; where it must be, limit it by resourceNames.",
	"references": ["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks"],
	"platforms": ["kubernetes"],
}

rbac := "rbac.authorization.k8s.io"

admission := "admissionregistration.k8s.io"

# Group, resource, verb.
escalating := [
	[rbac, "roles", "escalate"], [rbac, "clusterroles", "escalate"], [rbac, "roles", "bind"], [rbac, "clusterroles", "bind"],
	["", "users", "impersonate"], ["", "groups", "impersonate"], ["", "serviceaccounts", "impersonate"],
	["authentication.k8s.io", "uids", "impersonate"],
	["certificates.k8s.io", "certificatesigningrequests/approval", "update"],
	["certificates.k8s.io", "certificatesigningrequests/approval", "patch"],
	["", "nodes/proxy", "get"], ["", "nodes/proxy", "create"],
	[admission, "mutatingwebhookconfigurations", "create"], [admission, "mutatingwebhookconfigurations", "update"],
	[admission, "mutatingwebhookconfigurations", "patch"],
]

approve contains change.finding("rule", sprintf("newly allows %s", [concat(", ", sort(shown))])) if {
	access.undecided
	shown := {kubernetes.show(permission) |
		some permission in kubernetes.new_permissions
		not "*" in [permission.verb, permission.resource]
		some [group, resource, verb] in escalating
		kubernetes.matches(permission, group, resource, verb)
	}
	count(shown) > 0
}
