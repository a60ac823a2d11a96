package tollgate.kubernetes.credential_exposure

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.kubernetes

metadata := {
	"id": "kubernetes-credential-exposure",
	"title": "Secrets or tokens of others can be obtained",
	"description": "A role newly lets its holders read secrets (list and watch show contents too), mint tokens of service accounts, or run commands in others' pods, where those pods' tokens and identities are.",
	"severity": "high",
	"remediation": "Name the secrets by resourceNames with get only; keep exec and token minting to operators.",
	"references": ["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets"],
	"platforms": ["kubernetes"],
}

exposing := [
	["", "secrets", "get"], ["", "secrets", "list"], ["", "secrets", "watch"], ["", "serviceaccounts/token", "create"],
	["", "pods/exec", "create"], ["", "pods/exec", "get"], ["", "pods/attach", "create"], ["", "pods/attach", "get"],
	["", "pods/ephemeralcontainers", "update"], ["", "pods/ephemeralcontainers", "patch"],
]

approve contains change.finding("rule", sprintf("newly allows %s", [concat(", ", sort(shown))])) if {
	access.undecided
	shown := {kubernetes.show(permission) |
		some permission in kubernetes.new_permissions
		not "*" in [permission.verb, permission.resource]
		some [group, resource, verb] in exposing
		kubernetes.matches(permission, group, resource, verb)
	}
	count(shown) > 0
}
