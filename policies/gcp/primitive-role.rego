package tollgate.gcp.primitive_role

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-primitive-role",
	"title": "A basic role is granted",
	"description": "Owner, Editor or Viewer, the roles from before IAM, are newly granted. Owner manages permissions, Editor changes nearly everything and runs code as the default service accounts, Viewer reads nearly all data: in every service, now and later.",
	"severity": "critical",
	"remediation": "Grant predefined or custom roles for what is needed, on the resource that needs it.",
	"references": ["https://cloud.google.com/iam/docs/roles-overview#basic"],
	"platforms": ["gcp"],
}

severities := {
	"roles/owner": "critical", "roles/editor": "high", "roles/viewer": "medium",
	"roles/admin": "critical", "roles/writer": "high", "roles/reader": "medium",
}

approve contains change.severe(grant.path, severity, sprintf("newly grants `%s` to %s", [grant.role, change.show(grant.member)])) if {
	access.undecided
	some grant in gcp.new_grants
	severity := severities[grant.role]
}

# By computed access; `admin-grant` speaks of owners.
approve contains finding if {
	pieces := {severity: found |
		some severity in {"high", "medium"}
		found := [piece | some piece in access.new; some role in piece.actions; severities[role] == severity]
	}
	some finding in access.graded(pieces, "have a basic role")
}
