package tollgate.azure.role_definition_wildcard

import data.tollgate.lib.change

metadata := {
	"id": "azure-role-definition-wildcard",
	"title": "A custom role allows everything, or managing roles",
	"description": "A role definition newly allows all actions, all writes, or actions on role assignments and definitions. Whoever holds the role can give itself any other.",
	"severity": "high",
	"remediation": "List the operations that are needed; keep Microsoft.Authorization writes out.",
	"references": ["https://learn.microsoft.com/azure/role-based-access-control/custom-roles"],
	"platforms": ["azure"],
	"kinds": ["role_definition"],
}

approve contains change.severe("permissions", severity, sprintf("newly allow %s", [change.show_some(gained)])) if {
	change.remains
	gained := sweeping(change.after) - sweeping(change.before)
	count(gained) > 0
	not "*" in sweeping(change.before)
	severity := grade(gained)
}

# Operations that a NotActions entry used to take out of a sweeping pattern.
approve contains change.finding("permissions", sprintf("no longer leave out %s", [change.show_some(lost)])) if {
	change.remains
	lost := left_out(change.before) - left_out(change.after)
	count(lost) > 0
	count(sweeping(change.after)) > 0
}

grade(gained) := "critical" if "*" in gained

else := "high"

sweeping(side) := {lower(action) |
	some action in operations(side, ["actions", "data_actions"])
	is_string(action)
	manages(lower(action))
}

left_out(side) := {lower(action) |
	some action in operations(side, ["not_actions", "not_data_actions"])
	is_string(action)
}

operations(side, names) := {action |
	some block in change.values(change.field(side, "permissions"))
	some name in names
	some action in change.values(change.field(block, name))
}

manages(action) if action in {"*", "*/write", "*/action", "microsoft.*"}

manages(action) if regex.match(`^microsoft\.authorization/(\*|(\*|roleassignments|roledefinitions|roleeligibilityschedulerequests|roleassignmentschedulerequests|elevateaccess)/(\*|write|action))$`, action)
