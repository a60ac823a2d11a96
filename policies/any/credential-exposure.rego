package tollgate.any.credential_exposure

import data.tollgate.lib.access
import data.tollgate.lib.reach

metadata := {
	"id": "credential-exposure",
	"title": "Secrets, keys or tokens of others can be obtained",
	"description": "Somebody may newly read secrets, list keys, or run commands where others' tokens are. What those credentials open, their reader can open, and outside of this comparison.",
	"severity": "high",
	"remediation": "Grant access to the one secret; keep listing keys and running commands in others' workloads to operators.",
	"references": ["https://kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets", "https://cloud.google.com/secret-manager/docs/access-control", "https://learn.microsoft.com/azure/key-vault/general/rbac-guide"],
	"platforms": ["gcp", "azure", "kubernetes"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; reach.exposes_credentials(piece)]
	some finding in access.graded({"high": pieces}, "obtain secrets or tokens of others")
}
