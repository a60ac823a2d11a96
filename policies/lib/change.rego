# What every rule asks of a change: its two sides, the values of its facets, and how a finding is worded.
package tollgate.lib.change

default before := {}

before := input.change.before if is_object(input.change.before)

default after := {}

after := input.change.after if is_object(input.change.after)

# There is an object once the plan is applied; without one nothing can be granted.
remains if is_object(input.change.after)

created if {
	remains
	not is_object(input.change.before)
}

# The object is destroyed.
gone if {
	not remains
	not left_behind
}

# The object leaves the state and stays in the cloud: what it grants or denies goes on.
left_behind if {
	not remains
	"forget" in input.change.actions
}

marker(value) := value["$tollgate"] if is_object(value)

unknown(value) if marker(value) == "unknown"

# A value as a list: nothing for null, a set or list as it is, anything else alone. Never iterates a marker.
values(value) := [] if value == null

else := value if is_array(value)

else := [entry | some entry in value] if is_set(value)

else := [value]

# A member of an object; null where there is none, or no object.
field(side, name) := object.get(side, name, null) if is_object(side)

else := null

# The first element of a nested block (Terraform shows a block as a list), or the object itself.
block(value) := value[0] if {
	is_array(value)
	is_object(value[0])
}

else := value if is_object(value)

else := {}

# A value in a message.
show(value) := "(known after apply)" if unknown(value)

else := "(sensitive)" if marker(value) == "sensitive"

else := sprintf("`%s`", [value]) if is_string(value)

else := sprintf("`%s`", [json.marshal(value)])

# A value inside a phrase that is quoted as a whole.
word(value) := value if is_string(value)

else := "(known after apply)" if unknown(value)

else := json.marshal(value)

# A few values in a message, in order, the rest as a number.
show_some(set) := text if {
	shown := sort([show(value) | some value in set])
	count(shown) <= 3
	text := concat(", ", shown)
}

else := text if {
	shown := sort([show(value) | some value in set])
	text := sprintf("%s and %d more", [concat(", ", array.slice(shown, 0, 3)), count(shown) - 3])
}

before_of(purpose) := {value |
	facet := input.change.facets[_]
	facet.purpose == purpose
	some value in values(facet.before)
}

after_of(purpose) := {value |
	remains
	facet := input.change.facets[_]
	facet.purpose == purpose
	some value in after_values(facet)
}

# A value that is known only after apply is one more value.
after_values(facet) := [{"$tollgate": "unknown"}] if {
	facet.unknown
	facet.after == null
}

else := values(facet.after)

gained(purpose) := after_of(purpose) - before_of(purpose)

lost(purpose) := before_of(purpose) - after_of(purpose)

# The first path of a purpose, for the finding's place.
path_of(purpose) := path if {
	paths := [facet.path | facet := input.change.facets[_]; facet.purpose == purpose]
	path := paths[0]
}

else := ""

# A finding: the address and the attribute stand in the message, because a message is also shown alone.
finding(path, text) := {"msg": sprintf("`%s`: %s", [input.change.address, text])} if path == ""

else := {"msg": sprintf("`%s`: `%s` %s", [input.change.address, path, text]), "path": path}

severe(path, severity, text) := object.union(finding(path, text), {"severity": severity})
