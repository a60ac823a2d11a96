package tollgate.any.expiry_extended_test

import data.tollgate.any.expiry_extended
import data.tollgate.lib.fixture

ends(before, after) := fixture.text({"facets": [fixture.facet("expiry", "end", before, after)]})

test_fires_on_removed_expiry if {
	findings := expiry_extended.approve with input as ends("2026-02-01T00:00:00Z", null)
	findings == {{"msg": "`example.this`: `end` no longer ends (before: `2026-02-01T00:00:00Z`)", "path": "end"}}
}

test_fires_on_a_later_time if {
	count(expiry_extended.approve) == 1 with input as ends("2026-02-01T00:00:00Z", "2026-02-01T00:00:00-01:00")
	count(expiry_extended.approve) == 1 with input as ends("2027-03-31T00:00:00Z", "2028-03-31T00:00:00Z")
	count(expiry_extended.approve) == 1 with input as ends("PT8H", "P1D")
	count(expiry_extended.approve) == 1 with input as ends(3600, 43200)
	count(expiry_extended.approve) == 1 with input as ends(true, false)
}

test_quiet_on_an_earlier_time_or_none_before if {
	count(expiry_extended.approve) == 0 with input as ends("2026-02-01T00:00:00Z", "2026-01-31T00:00:00Z")
	count(expiry_extended.approve) == 0 with input as ends("P1D", "PT24H")
	count(expiry_extended.approve) == 0 with input as ends(43200, 3600)
	count(expiry_extended.approve) == 0 with input as ends(null, "2026-01-31T00:00:00Z")
	count(expiry_extended.approve) == 0 with input as ends("soon", "later")
}

test_quiet_on_another_unit if {
	facets := [fixture.facet("expiry", "days", 30, 0), fixture.facet("expiry", "end", null, "2026-01-31T00:00:00Z")]
	count(expiry_extended.approve) == 0 with input as fixture.text({"facets": facets})
}

test_quiet_on_removal_and_creation if {
	facets := [fixture.facet("expiry", "end", "2026-02-01T00:00:00Z", null)]
	count(expiry_extended.approve) == 0 with input as fixture.text({"after": null, "actions": ["delete"], "facets": facets})
	count(expiry_extended.approve) == 0 with input as fixture.text({"before": null, "actions": ["create"], "facets": facets})
}

test_unknown_end_fires if {
	facet := fixture.facet("expiry", "end", "2026-02-01T00:00:00Z", fixture.unknown)
	findings := expiry_extended.approve with input as fixture.text({"facets": [facet]})
	count(findings) == 1
}
