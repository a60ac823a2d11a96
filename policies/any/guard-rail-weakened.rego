package tollgate.any.guard_rail_weakened

metadata := {
	"id": "guard-rail-weakened",
	"title": "A guard rail is removed, weakened or bypassed",
	"description": "The comparison found that something that restricts others (a deny statement, a boundary, an organisation policy, a protection) is gone or restricts less, so that access which already stood behind it comes into force.",
	"severity": "high",
	"remediation": "Keep the guard rail, or have its owner agree to the new limits.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"],
	"needs": ["guardrails"],
}

approve contains {"msg": message} if {
	rail := input.guardrails[_]
	message := sprintf(
		"`%s`: %s of `%s` is %s: %s",
		[input.change.address, replace(rail.kind, "_", " "), rail.address, rail.effect, rail.explanation],
	)
}
