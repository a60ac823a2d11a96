package tollgate.any.code_with_role

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "code-with-role",
	"title": "Code runs with another role, or other code with the same role",
	"description": "Whoever decides what code runs on a machine, function or job has what its role may do. The rule reports compute that gets a role, account or identity it did not have, and new code under a role that stays.",
	"severity": "medium",
	"remediation": "Check that the code's owners may have what the role may do; give the workload a role of its own.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"],
	"purposes": ["pass_role"],
}

# A role that is known to be another one. It may permit no more than the old one; the comparison tells.
approve contains change.finding(change.path_of("pass_role"), text) if {
	access.is_new
	text := gained_text
}

warn contains change.finding(change.path_of("pass_role"), text) if {
	not access.is_new
	text := gained_text
}

gained_text := sprintf("newly runs with %s", [change.show_some(roles)]) if {
	roles := real(change.after_of("pass_role")) - real(change.before_of("pass_role"))
	count(roles) > 0
}

# Other code under a role: what runs is not part of the comparison.
warn contains change.finding(change.path_of("code"), sprintf("changes what runs with %s", [change.show_some(roles)])) if {
	not change.created
	count(change.gained("code")) > 0
	roles := real(change.after_of("pass_role") & change.before_of("pass_role"))
	count(roles) > 0
}

# Values that name a role; a Kubernetes service account carries its cloud role in an annotation.
real(set) := {name |
	some value in set
	some name in roles_in(value)
	not name in ["", "None", "NONE", "default", false]
}

roles_in(value) := [value] if not is_object(value)

else := [value] if change.unknown(value)

else := [role | some key in annotations; role := value[key]]

annotations := ["eks.amazonaws.com/role-arn", "iam.gke.io/gcp-service-account", "azure.workload.identity/client-id"]
