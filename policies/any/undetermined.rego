package tollgate.any.undetermined

import data.tollgate.lib.change

metadata := {
	"id": "undetermined",
	"title": "New access cannot be excluded",
	"description": "The comparison ran and could not prove that nothing is newly permitted: a value is known only after apply, two readings of the platform's rules differ, or a budget ran out. Each reason is a finding. What belongs to no change is an undetermined entry of the plan, which asks approval by itself.",
	"severity": "medium",
	"remediation": "Make the value known (create what it refers to first, or write it out), or approve with the worst case in mind.",
	"references": ["https://developer.hashicorp.com/terraform/language/expressions/references#values-not-yet-known"],
	"verdicts": ["possible"],
}

approve contains change.finding(reason.path, text) if {
	some reason in reasons
	text := sprintf("leaves access undetermined (%s): %s", [reason.code, reason.message])
}

# A verdict without any reason is a gap of its own.
approve contains change.finding("", "new access cannot be excluded, and no reason is given") if {
	input.access.verdict == "possible"
	count(input.access.reasons) == 0
}

# The rule `not-compared` speaks for its own code, and the plan's undetermined entries for theirs.
reasons := {reason |
	input.access.verdict == "possible"
	reason := input.access.reasons[_]
	reason.code != "not_compared"
	not [input.change.address, reason.code] in shown_elsewhere
}

shown_elsewhere := {[entry.address, entry.code] | entry := input.plan.undetermined[_]}
