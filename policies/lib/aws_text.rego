# AWS policy documents as text: which statements a change adds, and whether the old document covered them.
# Deliberately simple (whole patterns, trailing `*`): exact inclusion is the access engine's work.
package tollgate.lib.aws_text

import data.tollgate.lib.aws
import data.tollgate.lib.change
import data.tollgate.lib.network

statements(side) := [entry |
	document := input.change.documents[side][path]
	statement := document.Statement[index]
	is_object(statement)
	entry := {"path": path, "index": index, "is": statement}
]

before_statements := statements("before")

after_statements := statements("after")

# Statements of the after side that the before side does not hold word for word.
changed_statements := [entry |
	some entry in after_statements
	not entry.is in {old.is | some old in before_statements}
]

allows(statement) if statement.Effect == "Allow"

denies(statement) if statement.Effect == "Deny"

# A statement of a resource or trust policy names principals, one of an identity policy does not.
names_principals(statement) if statement.Principal

names_principals(statement) if statement.NotPrincipal

# Statements by which identities gain something, as far as the words tell.
gaining_identity := [entry |
	some entry in changed_statements
	allows(entry.is)
	not names_principals(entry.is)
]

gaining_resource := [entry |
	some entry in changed_statements
	allows(entry.is)
	names_principals(entry.is)
]

actions(statement) := {lower(action) | action := statement.Action[_]; is_string(action)}

not_actions(statement) := {lower(action) | action := statement.NotAction[_]; is_string(action)}

# The resource patterns. `*` stands for what is not listed: all but some (NotResource), and the document's own
# resource where the element is missing (trust policies).
resources(statement) := {known_or_some(resource) | resource := statement.Resource[_]} if statement.Resource

else := {"*"}

# A value that is known only after apply stands for some resource, which only `*` covers.
known_or_some(value) := value if is_string(value)

else := "(known after apply)"

not_resources(statement) := {resource | resource := statement.NotResource[_]; is_string(resource)}

matches_any(patterns, text) if {
	some pattern in patterns
	aws.covers(pattern, text)
}

# The actions a statement is about; all, where it only names exceptions.
reach(statement) := {"*"} if statement.NotAction

else := actions(statement)

# A statement matches an action, by Action or by NotAction.
action_in(statement, action) if matches_any(actions(statement), action)

action_in(statement, action) if {
	excluded := not_actions(statement)
	count(excluded) > 0
	not overlaps_any(excluded, action)
}

overlaps_any(patterns, text) if matches_any(patterns, text)

overlaps_any(patterns, text) if {
	some pattern in patterns
	aws.covers(text, pattern)
}

# A pattern that is not understood may overlap anything.
overlaps_any(patterns, _) if {
	some pattern in patterns
	regex.match(`[*?].`, pattern)
}

resource_in(statement, resource) if {
	not statement.NotResource
	matches_any(resources(statement), resource)
}

resource_in(statement, resource) if {
	statement.NotResource
	not overlaps_any(not_resources(statement), resource)
}

# Statement `wide` asks for nothing that statement `narrow` does not ask for.
asks_no_more(wide, narrow) if {
	demanded := [true |
		wanted := wide.Condition[operator][key]
		given := object.get(narrow, ["Condition", operator, key], null)
		not implied(operator, wanted, given)
	]
	count(demanded) == 0
}

# Fewer values are stricter; under a negated operator more values are.
implied(operator, wide, narrow) if {
	narrow != null
	not contains(lower(operator), "not")
	count(as_set(narrow) - as_set(wide)) == 0
}

implied(operator, wide, narrow) if {
	narrow != null
	contains(lower(operator), "not")
	count(as_set(wide) - as_set(narrow)) == 0
}

# Networks within networks, and times within times.
implied(operator, wide, narrow) if {
	lower(operator) == "ipaddress"
	outside := {part |
		some part in change.values(narrow)
		not within_some(change.values(wide), part)
	}
	narrow != null
	count(outside) == 0
}

implied(operator, wide, narrow) if {
	lower(operator) in {"datelessthan", "datelessthanequals"}
	earlier(narrow, wide)
}

implied(operator, wide, narrow) if {
	lower(operator) in {"dategreaterthan", "dategreaterthanequals"}
	earlier(wide, narrow)
}

within_some(wide, narrow) if {
	some outer in wide
	network.holds(outer, narrow)
}

# Both in one form, which sorts as text.
earlier(left, right) if {
	times := [time | some side in [left, right]; some time in change.values(side); regex.match(`^[0-9-]{10}T[0-9:]{8}Z$`, text_of(time))]
	count(times) == 2
	times[0] <= times[1]
}

text_of(value) := value if is_string(value)

else := ""

as_set(value) := {entry | some entry in change.values(value)}

# An identity statement of the before side already allowed this.
allowed_before(action, resource, statement) if {
	some old in before_statements
	allows(old.is)
	not names_principals(old.is)
	action_in(old.is, action)
	resource_in(old.is, resource)
	asks_no_more(old.is, statement)
}

# The (action pattern, resource) pairs a statement adds for the given action patterns.
added(entry, patterns) := {action |
	some action in patterns
	some resource in resources(entry.is)
	not allowed_before(action, resource, entry.is)
}

# Actions of `list` that the statement newly allows on some resource.
added_of(entry, list) := {action |
	some pattern in actions(entry.is)
	some action in aws.touched(pattern, list)
	some resource in resources(entry.is)
	not allowed_before(action, resource, entry.is)
}

# Principals of a statement as `TYPE:ID`; everyone is `*`. A bare account id is the account's root ARN.
principals(statement) := {"*"} if statement.Principal == "*"

else := {"*"} if "*" in change.values(object.get(statement, "Principal", null))

else := {id |
	entry := statement.Principal[type][_]
	is_string(entry)
	id := principal_id(type, entry)
}

principal_id(_, entry) := "*" if entry == "*"

else := sprintf("arn:aws:iam::%s:root", [entry]) if regex.match(`^[0-9]{12}$`, entry)

else := entry

# Everyone is allowed: `*`, or all but a few.
everyone(statement) if "*" in principals(statement)

everyone(statement) if statement.NotPrincipal

limited(statement) if {
	wanted := statement.Condition[operator][key]
	lower(key) in aws.limiting_keys
	aws.positive(lower(operator))
	not "*" in change.values(wanted)
}

open_to_everyone(statement) if {
	allows(statement)
	everyone(statement)
	not limited(statement)
}

# A document that is known only after apply, at its path or above.
unreadable(path) if startswith(path, input.change.unknown[_])

unreadable(path) if path in {p | p := input.change.unreadable[_]}

finding(entry, text) := change.finding(entry.path, sprintf("%s %s", [place(entry), text]))

place(entry) := sprintf("statement %d (`%s`)", [entry.index, entry.is.Sid]) if is_string(entry.is.Sid)

else := sprintf("statement %d", [entry.index])
