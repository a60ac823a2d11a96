package tollgate.github.repository_public_test

import data.tollgate.github.repository_public as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "github_repository", "kind": "boundary_or_guardrail", "before": before, "after": after})

test_fires_on_publication if {
	findings := rule.approve with input as row({"visibility": "private"}, {"visibility": "public"})
	findings == {{"msg": "`example.this`: `visibility` was `private` and is `public`", "path": "visibility"}}
}

test_fires_as_a_warning_on_a_new_public_repository if {
	count(rule.warn) == 1 with input as row(null, {"visibility": "public"})
	count(rule.approve) == 0 with input as row(null, {"visibility": "public"})
}

test_quiet_on_closing_removal_and_no_change if {
	count(rule.approve) == 0 with input as row({"visibility": "public"}, {"visibility": "private"})
	count(rule.approve) == 0 with input as row({"visibility": "public"}, {"visibility": "public"})
	count(rule.approve) == 0 with input as row({"visibility": "public"}, null)
}

test_unknown_visibility_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row({"visibility": "private"}, {"visibility": fixture.unknown})
}
