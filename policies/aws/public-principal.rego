package tollgate.aws.public_principal

import data.tollgate.lib.access
import data.tollgate.lib.aws
import data.tollgate.lib.change

metadata := {
	"id": "aws-public-principal",
	"title": "Everyone is let in",
	"description": "A resource or a role newly trusts everyone (`*`, or all but a few), without a condition that names an organisation, account, network or source. The change is blocked where everyone may take every action, or may assume the role, without any condition: nobody means that.",
	"severity": "critical",
	"remediation": "Name the principals; for an organisation add aws:PrincipalOrgID, for a service aws:SourceArn or aws:SourceAccount.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous"],
	"platforms": ["aws"],
}

# What nobody means: everyone, without a condition, may do everything or become the role.
boundless := {"*", "s3:*", "sqs:*", "sns:*", "kms:*", "secretsmanager:*", "ecr:*", "lambda:*", "sts:*", "sts:assumerole"}

deny contains finding if {
	pieces := [piece | some piece in open_pieces; unbounded(piece)]
	some finding in access.findings(pieces, "take every action, without any condition")
}

approve contains finding if {
	pieces := [piece | some piece in open_pieces; not unbounded(piece)]
	some finding in access.findings(pieces, "in")
}

# Everyone gains, and no condition holds it within an organisation, account, network or named caller.
open_pieces := [piece | some piece in access.new; piece.principal == "*"; not held(piece)]

# Conditions stand in a piece as `StringEquals aws:PrincipalOrgID [o-1]`.
held(piece) if {
	some condition in piece.conditions
	words := split(condition, " ")
	lower(words[1]) in aws.limiting_keys
	aws.positive(lower(words[0]))
	not contains(condition, "[*]")
}

unbounded(piece) if {
	count(piece.conditions) == 0
	count({lower(action) | some action in piece.actions} & boundless) > 0
}

# Canned access lists.
approve contains change.finding("acl", sprintf("is newly %s", [change.show(acl)])) if {
	change.remains
	acl := change.field(change.after, "acl")
	acl in {"public-read", "public-read-write", "authenticated-read"}
	not change.field(change.before, "acl") in [acl, "public-read-write"]
}

# A function's address that asks nobody for a signature.
approve contains change.finding("authorization_type", "newly lets everyone call the function") if {
	input.change.type == "aws_lambda_function_url"
	change.remains
	change.field(change.after, "authorization_type") == "NONE"
	change.field(change.before, "authorization_type") != "NONE"
}
