package main

# aws_ecr_repository_policy: created or changed, and what its document allows.
deny_ecrrepositorypolicy contains msg if {
	some rc in input.resource_changes
	rc.type == "aws_ecr_repository_policy"
	some action in rc.change.actions
	action in {"create", "update"}
	document := json.unmarshal(rc.change.after.policy)
	some statement in document.Statement
	statement.Effect == "Allow"
	some allowed in [a | a := statement.Action; is_string(a)]
	endswith(allowed, "*")
	msg := sprintf("%s allows %s", [rc.address, allowed])
}

warn_ecrrepositorypolicy contains msg if {
	rc := input.resource_changes[_]
	rc.type == "aws_ecr_repository_policy"
	rc.change.actions[_] == "delete"
	msg := sprintf("%s is deleted", [rc.address])
}
