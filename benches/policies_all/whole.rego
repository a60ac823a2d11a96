package main

# Looks at every row, so none can be left out.
deny contains sprintf("%d rows are deleted", [n]) if {
	n := count([rc | some rc in input.resource_changes; not rc.change.actions == ["no-op"]; rc.change.actions[_] == "delete"])
	n > 0
}

warn contains sprintf("%s has no team", [rc.address]) if {
	some rc in input.resource_changes
	rc.change.actions[_] != "no-op"
	not rc.change.after.tags.team
}
