# What the comparison says, and whether there is one. A rule reads computed access where there is some, and the
# text of a document only while the change is not compared (`by_text`) or not decided (`undecided`).
package tollgate.lib.access

import data.tollgate.lib.change

by_text if "not_compared" in reason_codes

# The comparison has not settled all of it: what a document says by name still tells how bad it may be.
undecided if not is_new

undecided if count(input.access.reasons) > 0

# Guard rails are judged by text where the comparison is not decided and names none, and where they can have changed:
# one that merely leaves the state still stands.
guard_by_text if {
	undecided
	count(input.guardrails) == 0
	not change.left_behind
}

reason_codes := {code | code := input.access.reasons[_].code}

is_new if input.access.verdict == "new"

default new := []

new := input.access.new if is_new

# The access levels one piece of new access covers.
levels(piece) := {level | level := piece.action_levels[_].levels[_]}

# A statement of the change's own documents gives something: as the comparison says, or while there is none, as its
# words do.
gives(_) if by_text

gives(entry) if {
	some piece in new
	piece.statement.address == input.change.address
	piece.statement.path == entry.path
	piece.statement.index == entry.index
}

# A piece of new access in a message: who, what, where.
show(piece) := sprintf("`%s` can newly do %s on %s", [piece.principal, listed(piece.actions), listed(piece.resources)])

listed(words) := concat(", ", [sprintf("`%s`", [word]) | some word in words]) if count(words) <= 3

else := sprintf(
	"%s and %d more",
	[concat(", ", [sprintf("`%s`", [word]) | some word in array.slice(words, 0, 3)]), count(words) - 3],
)

# One finding for each statement among the pieces, however many principals gain by it. The text continues
# "lets WHO ...".
findings(pieces, text) := {finding |
	some statement in {piece.statement | some piece in pieces}
	who := {piece.principal | some piece in pieces; piece.statement == statement}
	finding := {
		"msg": sprintf("`%s`: %s newly lets %s %s", [input.change.address, place(statement), change.show_some(who), text]),
		"path": path(statement),
	}
}

# One finding for each place and severity among graded pieces, {severity: [piece]}: who gains, what it amounts to, and
# the widest of it as the statement writes it.
graded(graded_pieces, text) := {object.union(at(statement), {"msg": msg, "severity": severity}) |
	some severity, all in graded_pieces
	some spot in {[piece.statement.address, piece.statement.path] | some piece in all}
	here := [piece | some piece in all; [piece.statement.address, piece.statement.path] == spot]
	statement := here[0].statement
	who := {piece.principal | some piece in here}
	msg := sprintf("`%s`: newly lets %s %s%s: %s", [input.change.address, change.show_some(who), text, by(statement), what(here)])
}

what(pieces) := sprintf("%s on %s%s", [listed(pieces[0].actions), listed(pieces[0].resources), more(count(pieces) - 1)])

more(0) := ""

more(n) := sprintf(", and %d more", [n]) if n > 0

by(statement) := "" if statement.address in ["", input.change.address]

else := sprintf(" by `%s`", [statement.address])

at(statement) := {} if path(statement) == ""

else := {"path": path(statement)}

# A statement is named by its position; one that stands elsewhere in the plan, by its address too.
place(statement) := sprintf("`%s` statement %d", [statement.path, statement.index]) if {
	statement.address == input.change.address
}

else := sprintf("`%s` (`%s` statement %d)", [statement.address, statement.path, statement.index])

path(statement) := statement.path if statement.address == input.change.address

else := ""
