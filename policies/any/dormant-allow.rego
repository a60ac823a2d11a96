package tollgate.any.dormant_allow

import data.tollgate.lib.access
import data.tollgate.lib.aws_text
import data.tollgate.lib.change

metadata := {
	"id": "dormant-allow",
	"title": "A grant that already stood comes into force",
	"description": "Nothing is granted anew: a grant that somebody held back (a deny statement, a boundary, an organisation policy, a condition) begins to permit, because the change takes away or weakens what held it back. The finding names the grant, which no diff of the change shows.",
	"severity": "high",
	"remediation": "Read the grant that wakes up; narrow it first, or keep what holds it back.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"],
	"verdicts": ["new"],
	"needs": ["guardrails"],
}

approve contains {"msg": message} if {
	count(input.guardrails) > 0
	some statement in {piece.statement | some piece in access.new; stood_before(piece.statement)}
	who := {piece.principal | some piece in access.new; piece.statement == statement}
	message := sprintf(
		"`%s`: statement %d of `%s`, which stood before, newly comes into force for %s",
		[input.change.address, statement.index, statement.address, change.show_some(who)],
	)
}

# The statement is another resource's, or the change leaves it as it was.
stood_before(statement) if {
	statement.address != ""
	statement.address != input.change.address
}

stood_before(statement) if {
	statement.address == input.change.address
	some entry in aws_text.after_statements
	entry.path == statement.path
	entry.index == statement.index
	entry.is in {old.is | some old in aws_text.before_statements}
}
