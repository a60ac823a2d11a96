package tollgate.kubernetes.cluster_admin

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.kubernetes

metadata := {
	"id": "kubernetes-cluster-admin",
	"title": "Cluster administration is granted",
	"description": "Somebody is newly bound to the role cluster-admin, or put into the group system:masters, which no rule restrains. In a namespace, cluster-admin is everything in that namespace.",
	"severity": "critical",
	"remediation": "Bind a role with the verbs and resources that are needed; keep system:masters for break-glass.",
	"references": ["https://kubernetes.io/docs/concepts/security/rbac-good-practices/"],
	"platforms": ["kubernetes"],
}

approve contains change.severe("role_ref", severity, sprintf("newly binds cluster-admin to %s%s", [kubernetes.who(gained), where])) if {
	access.undecided
	kubernetes.role_ref(change.after).name == "cluster-admin"
	gained := {subject | some subject in kubernetes.new_subjects; subject.name != "system:masters"}
	count(gained) > 0
}

default severity := "critical"

severity := "high" if namespace != null

namespace := kubernetes.place(change.after)

default where := ""

where := sprintf(" in namespace %s", [change.show(namespace)]) if namespace != null

# The group is all-powerful by itself, so any binding that names somebody else is beside the point; a new member counts.
approve contains change.finding("data", sprintf("newly puts %s into system:masters", [change.show_some(gained)])) if {
	access.undecided
	gained := masters(change.after) - masters(change.before)
	count(gained) > 0
}

# Principals that the map aws-auth puts into the group.
masters(side) := {principal |
	data_ := kubernetes.part(side, "data", "data")
	some key in ["mapRoles", "mapUsers"]
	text := change.field(data_, key)
	is_string(text)
	yaml.is_valid(text)
	some entry in change.values(yaml.unmarshal(text))
	"system:masters" in change.values(change.field(entry, "groups"))
	some name in ["rolearn", "userarn"]
	principal := change.field(entry, name)
	is_string(principal)
}
