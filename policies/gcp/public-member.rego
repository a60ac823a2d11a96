package tollgate.gcp.public_member

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-public-member",
	"title": "Everyone is granted a role",
	"description": "allUsers is everybody on the internet, allAuthenticatedUsers everybody with any Google account. The change is blocked where everyone would get a basic role or one that administers something; nobody means that.",
	"severity": "high",
	"remediation": "Grant the role to a group, a domain or a service account; serve public content through a load balancer.",
	"references": ["https://cloud.google.com/iam/docs/principals-overview#all-users"],
	"platforms": ["gcp"],
}

deny contains change.severe(grant.path, "critical", text(grant)) if {
	some grant in public
	gcp.powerful(grant.role)
}

approve contains change.finding(grant.path, text(grant)) if {
	some grant in public
	not gcp.powerful(grant.role)
}

public := {grant | access.undecided; some grant in gcp.new_grants; is_string(grant.member); grant.member in gcp.everyone}

text(grant) := sprintf("newly grants %s to `%s`", [change.show(grant.role), grant.member])

# Cloud Run without a check of the caller.
approve contains change.finding("invoker_iam_disabled", "newly lets everyone call the service") if {
	change.field(change.after, "invoker_iam_disabled") == true
	change.field(change.before, "invoker_iam_disabled") != true
}
