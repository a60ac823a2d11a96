package tollgate.gcp.custom_role_permission

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-custom-role-permission",
	"title": "A custom role gains a permission that escalates",
	"description": "A custom role newly holds a permission with which its holders can raise their access: setting IAM policies, acting as or minting credentials of service accounts, editing roles or code that runs as somebody else.",
	"severity": "high",
	"remediation": "Leave the permission out, or split it into a role of its own that few hold.",
	"references": ["https://cloud.google.com/iam/docs/creating-custom-roles"],
	"platforms": ["gcp"],
	"kinds": ["role_definition"],
}

approve contains change.finding("permissions", sprintf("newly hold %s", [change.show_some(gained)])) if {
	access.undecided
	gained := permissions(change.after) - permissions(change.before)
	count(gained) > 0
}

# Those of a role that is switched off do nothing.
permissions(side) := {permission |
	change.field(side, "stage") != "DISABLED"
	change.field(side, "deleted") != true
	some permission in change.values(change.field(side, "permissions"))
	is_string(permission)
	gcp.raises(permission)
}
