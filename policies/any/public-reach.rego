package tollgate.any.public_reach

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp
import data.tollgate.lib.reach

metadata := {
	"id": "public-reach",
	"title": "Everyone can newly reach something",
	"description": "The comparison found a request that everybody may newly make: anybody on the internet, or anybody with some account of the platform. The change is blocked where everybody could administer something, manage permissions or become somebody else; nobody means that.",
	"severity": "high",
	"remediation": "Name who needs it: a group, a domain, a service account. Serve public content from a place of its own.",
	"references": ["https://cloud.google.com/iam/docs/principals-overview#all-users", "https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent", "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings"],
	"platforms": ["gcp", "azure", "kubernetes", "github"],
	"verdicts": ["new"],
}

deny contains finding if {
	pieces := [piece | some piece in access.new; reach.public(piece); never_meant(piece)]
	some finding in access.graded({"critical": pieces}, "in, with more than anybody means to give everyone")
}

approve contains finding if {
	pieces := [piece | some piece in access.new; reach.public(piece); not never_meant(piece)]
	some finding in access.graded({severity: pieces}, "in")
}

never_meant(piece) if reach.administers(piece)

never_meant(piece) if reach.manages_permissions(piece)

never_meant(piece) if reach.impersonates(piece)

never_meant(piece) if {
	reach.platform == "gcp"
	some role in piece.actions
	gcp.powerful(role)
}

# A repository that starts public has no history to show.
default severity := "high"

severity := "low" if {
	reach.platform == "github"
	change.created
}
