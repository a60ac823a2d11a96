package tollgate.any.code_at_apply_test

import data.tollgate.any.code_at_apply
import data.tollgate.lib.fixture

provisioner(facets) := fixture.text({"type": "provisioner:local-exec", "kind": "code_execution", "origin": "provisioner", "facets": facets})

test_fires_on_a_provisioner if {
	findings := code_at_apply.approve with input as provisioner([fixture.facet("code", "command", null, "make deploy")])
	findings == {{"msg": "`example.this`: `command` runs a provisioner during apply", "path": "command"}}
}

test_fires_on_a_program_of_a_data_source if {
	change := {"type": "external", "kind": "code_execution", "origin": "data", "actions": ["read"]}
	count(code_at_apply.approve) == 1 with input as fixture.text(change)
}

test_fires_on_a_resource_that_runs_a_statement if {
	change := {"type": "snowflake_execute", "kind": "code_execution", "origin": "resource", "actions": ["create"]}
	count(code_at_apply.approve) == 1 with input as fixture.text(change)
}

test_quiet_on_an_ordinary_machine if {
	change := {"type": "aws_instance", "kind": "code_execution", "origin": "resource"}
	count(code_at_apply.approve) == 0 with input as fixture.text(change)
}

test_quiet_on_removal if {
	change := {"type": "snowflake_execute", "origin": "resource", "kind": "code_execution", "actions": ["delete"], "after": null}
	count(code_at_apply.approve) == 0 with input as fixture.text(change)
}

test_unknown_command_still_fires if {
	facet := fixture.facet("code", "command", null, fixture.unknown)
	count(code_at_apply.approve) == 1 with input as provisioner([facet])
}
