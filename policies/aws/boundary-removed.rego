package tollgate.aws.boundary_removed

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "aws-boundary-removed",
	"title": "A permissions boundary is removed or replaced",
	"description": "A role, user or permission set loses its permissions boundary, so that everything its policies allow beyond the boundary comes into force. Another boundary in its place is a warning: whether it is wider is not in the change.",
	"severity": "high",
	"remediation": "Keep the boundary, or narrow the policies first.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"],
	"platforms": ["aws"],
	"purposes": ["boundary"],
	"needs": ["doubt"],
}

approve contains change.finding(facet.path, sprintf("no longer limits by %s", [change.show(facet.before)])) if {
	some facet in boundaries
	not set(facet.after)
	not facet.unknown
	change.remains
}

# The attachment of a boundary, as a resource of its own, goes away.
approve contains change.finding(facet.path, sprintf("no longer limits by %s", [change.show(facet.before)])) if {
	input.change.type == "aws_ssoadmin_permissions_boundary_attachment"
	change.gone
	some facet in boundaries
}

warn contains change.finding(facet.path, sprintf("limits by %s instead of %s", [replacement(facet), change.show(facet.before)])) if {
	some facet in boundaries
	change.remains
	facet.after != facet.before
	replaced(facet)
}

boundaries := [facet |
	access.guard_by_text
	facet := input.change.facets[_]
	facet.purpose == "boundary"
	set(facet.before)
]

set(value) if not value in [null, "", []]

replaced(facet) if set(facet.after)

replaced(facet) if facet.unknown

replacement(facet) := "(known after apply)" if facet.unknown

else := change.show(facet.after)
