package tollgate.any.outside_organization

import data.tollgate.lib.access
import data.tollgate.lib.reach

metadata := {
	"id": "outside-organization",
	"title": "Somebody of another organisation is let in",
	"description": "New access goes to an identity that somebody else answers for: a federated identity, a consumer account, or, where a data document names the own domains and AWS accounts (`organization: {domains, aws_accounts}`), a principal of any other. Who stands behind it is decided elsewhere.",
	"severity": "high",
	"remediation": "Pin the federation to one repository, environment or subject; give partners an identity of the own organisation.",
	"references": ["https://cloud.google.com/iam/docs/workload-identity-federation", "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
	"platforms": ["gcp", "azure", "kubernetes"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := [piece | some piece in access.new; reach.outside(piece)]
	some finding in access.graded({"high": pieces}, "in from outside of the organisation")
}
