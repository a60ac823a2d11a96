package tollgate.any.code_with_role_test

import data.tollgate.any.code_with_role
import data.tollgate.lib.fixture

machine(before, after) := {"type": "aws_instance", "kind": "code_execution", "facets": [
	fixture.facet("pass_role", "iam_instance_profile", before, after),
	fixture.facet("code", "user_data", "a", "a"),
]}

test_fires_on_another_role_with_new_access if {
	findings := code_with_role.approve with input as fixture.computed(machine("app", "admin"), [])
	findings == {{"msg": "`example.this`: `iam_instance_profile` newly runs with `admin`", "path": "iam_instance_profile"}}
}

test_fires_as_a_warning_while_not_compared if {
	count(code_with_role.warn) == 1 with input as fixture.text(machine("app", "admin"))
	count(code_with_role.approve) == 0 with input as fixture.text(machine("app", "admin"))
}

test_fires_on_new_code_under_a_role if {
	facets := [fixture.facet("pass_role", "role", "r", "r"), fixture.facet("code", "source_code_hash", "a", "b")]
	findings := code_with_role.warn with input as fixture.text({"facets": facets})
	findings == {{"msg": "`example.this`: `source_code_hash` changes what runs with `r`", "path": "source_code_hash"}}
}

test_fires_on_another_annotation if {
	irsa := "eks.amazonaws.com/role-arn"
	facet := fixture.facet("pass_role", "metadata[0].annotations", {irsa: "r1", "note": "a"}, {irsa: "r2", "note": "b"})
	findings := code_with_role.warn with input as fixture.text({"facets": [facet]})
	findings == {{"msg": "`example.this`: `metadata[0].annotations` newly runs with `r2`", "path": "metadata[0].annotations"}}
	other := fixture.facet("pass_role", "metadata[0].annotations", {irsa: "r1"}, {irsa: "r1", "note": "b"})
	count(code_with_role.warn) == 0 with input as fixture.text({"facets": [other]})
}

test_quiet_without_a_change_of_role if {
	count(code_with_role.warn) == 0 with input as fixture.text(machine("app", "app"))
	count(code_with_role.warn) == 0 with input as fixture.text(machine("app", null))
	count(code_with_role.approve) == 0 with input as fixture.computed(machine("app", ""), [])
}

test_quiet_on_removal if {
	change := object.union(machine("app", null), {"actions": ["delete"], "after": null})
	count(code_with_role.warn) == 0 with input as fixture.text(change)
}

test_unknown_role_is_another_role if {
	findings := code_with_role.warn with input as fixture.text(machine("app", fixture.unknown))
	findings == {{"msg": "`example.this`: `iam_instance_profile` newly runs with (known after apply)", "path": "iam_instance_profile"}}
}
