package tollgate.any.outside_plan

import data.tollgate.lib.change

metadata := {
	"id": "outside-plan",
	"title": "The verdict rests on what the plan does not show",
	"description": "Nobody in the plan gains access, but what the change widens may be attached to somebody outside the plan. It informs; `[world] open = true` makes such a verdict undetermined, which asks approval.",
	"severity": "info",
	"remediation": "Check who has the object outside this plan, or open the world in the configuration.",
	"references": ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"],
	"verdicts": ["none"],
	"needs": ["reasons"],
}

warn contains change.finding(reason.path, sprintf("rests on what the plan does not show: %s", [reason.message])) if {
	input.access.verdict == "none"
	reason := input.access.reasons[_]
	reason.code == "outside_plan"
}
