package tollgate.any.expiry_extended

import data.tollgate.lib.change

metadata := {
	"id": "expiry-extended",
	"title": "A grant's expiry is removed or moved to a later time",
	"description": "Access that was to end, or a credential or session that was to be short, now lasts longer or forever. Temporary access that is extended in passing is how standing access comes about.",
	"severity": "medium",
	"verdicts": ["none", "possible", "new"],
	"remediation": "Let the grant end and ask for a new one, or name the reason for the longer time.",
	"references": ["https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure"],
	"purposes": ["expiry"],
}

# A grant that ended at some time and now ends at none.
approve contains change.finding(facet.path, sprintf("no longer ends (before: %s)", [change.show(facet.before)])) if {
	some facet in expiries
	set_to_something(facet.before)
	not set_to_something(facet.after)
	not facet.unknown
	not ends_another_way(facet)
}

# Later, longer, or no longer required to end.
approve contains change.finding(facet.path, sprintf("is extended from %s to %s", [change.show(facet.before), change.show(facet.after)])) if {
	some facet in expiries
	later(facet.before, facet.after)
}

approve contains change.finding(facet.path, sprintf("ended at %s and now ends at a time known only after apply", [change.show(facet.before)])) if {
	some facet in expiries
	set_to_something(facet.before)
	facet.unknown
}

expiries := [facet | change.remains; not change.created; facet := input.change.facets[_]; facet.purpose == "expiry"]

set_to_something(value) if {
	value != null
	not value in ["", 0, "0", false, []]
}

# The same block gives its end in another unit now.
ends_another_way(facet) if {
	other := input.change.facets[_]
	other.purpose == "expiry"
	other.path != facet.path
	set_to_something(other.after)
	not set_to_something(other.before)
}

later(before, after) if {
	is_number(before)
	is_number(after)
	before > 0
	after > before
}

# RFC 3339 in one zone sorts as text; `Z` only, other zones are compared as times.
later(before, after) if time_of(after) > time_of(before)

later(before, after) if seconds(after) > seconds(before)

time_of(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(`^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$`, text)
	not regex.match(`^[0-9]{4}-(02-(29|30|31)|(04|06|09|11)-31)`, text)
}

# ISO 8601 durations such as `PT8H` and `P30D`, and Go ones such as `8h`.
seconds(text) := total if {
	is_string(text)
	regex.match(`^P([0-9]{1,9}D)?(T([0-9]{1,9}H)?([0-9]{1,9}M)?([0-9]{1,9}S)?)?$`, text)
	parts := regex.find_n(`[0-9]+[DHMS]`, text, -1)
	total := sum([seconds_of(part) | some part in parts])
}

seconds_of(part) := to_number(trim_right(part, "DHMS")) * units[substring(part, count(part) - 1, 1)]

units := {"D": 86400, "H": 3600, "M": 60, "S": 1}
