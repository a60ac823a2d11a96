package tollgate.any.impersonation

import data.tollgate.lib.access
import data.tollgate.lib.reach

metadata := {
	"id": "impersonation",
	"title": "Somebody else's identity can be taken",
	"description": "Somebody may newly act as another identity: mint tokens or keys of service accounts, run code as them, impersonate users of a cluster, attach a managed identity, or take a cloud role through a Kubernetes service account. What the identity may do, its impersonator may do.",
	"severity": "high",
	"remediation": "Grant it on the one identity, not on the project, subscription or cluster; prefer federation with a pinned subject.",
	"references": ["https://cloud.google.com/iam/docs/service-account-impersonation", "https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/"],
	"platforms": ["gcp", "azure", "kubernetes"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := {severity: found |
		some severity in {"critical", "high"}
		found := [piece | some piece in access.new; reach.impersonates(piece) == severity]
	}
	some finding in access.graded(pieces, "act as another identity")
}
