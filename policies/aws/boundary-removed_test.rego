package tollgate.aws.boundary_removed_test

import data.tollgate.aws.boundary_removed as rule
import data.tollgate.lib.fixture

boundary(before, after) := {"facets": [fixture.facet("boundary", "permissions_boundary", before, after)]}

test_fires_on_removal if {
	findings := rule.approve with input as fixture.text(boundary("arn:b", null))
	findings == {{"msg": "`example.this`: `permissions_boundary` no longer limits by `arn:b`", "path": "permissions_boundary"}}
	count(rule.approve) == 1 with input as fixture.text(boundary("arn:b", ""))
}

test_fires_on_a_removed_attachment if {
	change := object.union(boundary("arn:b", null), {"type": "aws_ssoadmin_permissions_boundary_attachment", "after": null})
	count(rule.approve) == 1 with input as fixture.text(change)
}

test_fires_as_a_warning_on_replacement if {
	findings := rule.warn with input as fixture.text(boundary("arn:b", "arn:c"))
	findings == {{"msg": "`example.this`: `permissions_boundary` limits by `arn:c` instead of `arn:b`", "path": "permissions_boundary"}}
	count(rule.approve) == 0 with input as fixture.text(boundary("arn:b", "arn:c"))
}

test_quiet_on_addition_same_and_removed_role if {
	count(rule.approve | rule.warn) == 0 with input as fixture.text(boundary(null, "arn:b"))
	count(rule.approve | rule.warn) == 0 with input as fixture.text(boundary("arn:b", "arn:b"))
	count(rule.approve | rule.warn) == 0 with input as fixture.text(object.union(boundary("arn:b", null), {"after": null}))
}

test_unknown_boundary_is_a_replacement if {
	facet := fixture.facet("boundary", "permissions_boundary", "arn:b", fixture.unknown)
	count(rule.warn) == 1 with input as fixture.text({"facets": [facet]})
	count(rule.approve) == 0 with input as fixture.text({"facets": [facet]})
}
