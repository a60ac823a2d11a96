package tollgate.kubernetes.everyone_subject

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.kubernetes

metadata := {
	"id": "kubernetes-everyone-subject",
	"title": "A role is bound to everyone",
	"description": "A role is newly bound to all users, all service accounts, or callers without a login. The change is blocked where the role is cluster-admin: the cluster would belong to whoever reaches it.",
	"severity": "high",
	"remediation": "Bind the role to the group or service account that needs it.",
	"references": ["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings"],
	"platforms": ["kubernetes"],
}

everyone := {
	{"kind": "Group", "name": "system:authenticated"}, {"kind": "Group", "name": "system:unauthenticated"},
	{"kind": "Group", "name": "system:serviceaccounts"}, {"kind": "User", "name": "system:anonymous"},
}

open := {subject |
	some subject in kubernetes.new_subjects
	object.remove(subject, ["namespace"]) in everyone
}

deny contains change.severe("subject", "critical", sprintf("newly binds cluster-admin to %s", [kubernetes.who(open)])) if {
	access.undecided
	count(open) > 0
	role == "cluster-admin"
}

approve contains change.finding("subject", sprintf("newly binds role %s to %s", [change.show(role), kubernetes.who(open)])) if {
	access.undecided
	count(open) > 0
	role != "cluster-admin"
}

role := kubernetes.role_ref(change.after).name
