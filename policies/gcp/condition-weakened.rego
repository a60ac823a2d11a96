package tollgate.gcp.condition_weakened

import data.tollgate.lib.change
import data.tollgate.lib.gcp

metadata := {
	"id": "gcp-condition-weakened",
	"title": "A grant loses its condition or ends later",
	"description": "A role that was granted under a condition is granted without it, or a grant that was to end at a time ends later or never. Temporary access becomes standing access this way.",
	"severity": "medium",
	"remediation": "Keep the condition; renew temporary access by a new grant with a new end.",
	"references": ["https://cloud.google.com/iam/docs/configuring-temporary-access"],
	"platforms": ["gcp"],
}

approve contains change.finding("condition", sprintf("of `%s` for %s is dropped", [grant.role, change.show(grant.member)])) if {
	some [old, grant] in rewritten
	count(grant.conditions) == 0
	is_string(grant.role)
}

approve contains change.finding("condition", sprintf("of `%s` for %s ends at %s instead of %s", [grant.role, change.show(grant.member), new_end, old_end])) if {
	some [old, grant] in rewritten
	count(grant.conditions) > 0
	is_string(grant.role)
	old_end := end(old.conditions)
	new_end := end_or_never(grant.conditions)
	later(new_end, old_end)
}

# Grants whose role and member stood before, under other conditions.
rewritten := {[old, grant] |
	some grant in gcp.new_grants
	some old in gcp.before_grants
	old.role == grant.role
	old.member == grant.member
	old.scope == grant.scope
	count(old.conditions) > 0
}

# The time before which a request has to come; the only form that is understood.
end(conditions) := max({time |
	some expression in conditions
	is_string(expression)
	some found in regex.find_all_string_submatch_n(`request\.time *<=? *timestamp\(["']([0-9TZ:.-]+)["']\)`, expression, -1)
	time := found[1]
})

end_or_never(conditions) := time if time := end(conditions)

else := "no time"

later(new, _) if new == "no time"

later(new, old) if {
	new != "no time"
	new > old
}
