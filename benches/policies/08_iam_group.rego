package main

# aws_iam_group: created or changed, and what its document allows.
deny_iamgroup contains msg if {
	some rc in input.resource_changes
	rc.type == "aws_iam_group"
	some action in rc.change.actions
	action in {"create", "update"}
	document := json.unmarshal(rc.change.after.policy)
	some statement in document.Statement
	statement.Effect == "Allow"
	some allowed in [a | a := statement.Action; is_string(a)]
	endswith(allowed, "*")
	msg := sprintf("%s allows %s", [rc.address, allowed])
}

warn_iamgroup contains msg if {
	rc := input.resource_changes[_]
	rc.type == "aws_iam_group"
	rc.change.actions[_] == "delete"
	msg := sprintf("%s is deleted", [rc.address])
}
