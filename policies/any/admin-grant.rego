package tollgate.any.admin_grant

import data.tollgate.lib.access
import data.tollgate.lib.reach

metadata := {
	"id": "admin-grant",
	"title": "Administration is granted",
	"description": "Somebody can newly administer a project, subscription, cluster, namespace, repository or organisation: owner, role assignment, every verb on every resource. By the computed access, so it holds for grants through groups, nested roles and wildcards as for those by name.",
	"severity": "critical",
	"remediation": "Grant what is needed where it is needed; keep administration to few, and to a break-glass identity.",
	"references": ["https://csrc.nist.gov/glossary/term/least_privilege"],
	"platforms": ["gcp", "azure", "kubernetes", "github"],
	"verdicts": ["new"],
}

approve contains finding if {
	pieces := {severity: found |
		some severity in {"critical", "high", "medium"}
		found := [piece | some piece in access.new; reach.administers(piece) == severity]
	}
	some finding in access.graded(pieces, "administer")
}
