package tollgate.gcp.impersonation

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-impersonation",
	"title": "Service accounts can be impersonated",
	"description": "Somebody may newly act as a service account: mint its tokens or keys, sign as it, or run code under it. What the account may do, its impersonator may do. On a project it holds for every account of the project.",
	"severity": "high",
	"remediation": "Grant the role on the one service account, not on the project; prefer workload identity with a pinned subject.",
	"references": ["https://cloud.google.com/iam/docs/service-account-impersonation"],
	"platforms": ["gcp"],
}

approve contains change.finding(grant.path, sprintf("newly grants `%s` to %s", [grant.role, change.show(grant.member)])) if {
	access.undecided
	some grant in gcp.new_grants
	grant.role in gcp.impersonates
}
