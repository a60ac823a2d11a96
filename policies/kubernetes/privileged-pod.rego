package tollgate.kubernetes.privileged_pod

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "kubernetes-privileged-pod",
	"title": "A workload becomes privileged",
	"description": "A pod newly runs a privileged container or in the node's namespaces. Its code is root on the node, and takes the tokens of every pod there.",
	"severity": "high",
	"remediation": "Drop the setting; grant single capabilities.",
	"references": ["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
	"platforms": ["kubernetes"],
	"kinds": ["code_execution", "role_binding", "other"],
}

approve contains change.finding(path, "is newly true") if some path in flags

flags := {facet.path |
	change.remains
	facet := input.change.facets[_]
	regex.match(`\.(privileged|host_network|host_pid|host_ipc)$`, facet.path)
	facet.after == true
	facet.before != true
}

# The comparison knows more ways to the node than one flag, such as a directory of the node.
approve contains finding if {
	count(flags) == 0
	pieces := [piece | some piece in access.new; "node:root" in piece.actions]
	some finding in access.graded({"high": pieces}, "take its node")
}
