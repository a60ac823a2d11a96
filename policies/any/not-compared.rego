package tollgate.any.not_compared

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "not-compared",
	"title": "Access of this change is not compared",
	"description": "Tollgate recognises the change as one that can alter access, but does not compute yet what it newly permits. Nobody has shown that it is harmless, so somebody has to read it. A plain removal of a kind whose removal elevates nobody is let through.",
	"severity": "medium",
	"remediation": "Read the change, and approve it when its access is meant.",
	"references": ["https://developer.hashicorp.com/terraform/internals/json-format"],
	"verdicts": ["possible", "new"],
	"needs": ["doubt"],
}

approve contains change.finding("", text) if {
	access.by_text
	not harmless_removal
	text := sprintf(
		"what this %s of `%s` (%s) newly permits is not compared%s",
		[concat(" and ", input.change.actions), input.change.type, input.change.kind, late],
	)
}

harmless_removal if {
	input.change.actions == ["delete"]
	not input.change.removal_elevates
}

default late := ""

late := sprintf("; known only after apply: %s", [change.show_some({path | path := input.change.unknown[_]})]) if {
	count(input.change.unknown) > 0
}
