package tollgate.github.actions_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "github-actions-weakened",
	"title": "Workflows may do or use more",
	"description": "Workflow tokens newly write by default or approve pull requests, or workflows may newly use actions of anybody. A workflow's token and secrets are what its actions' authors can reach.",
	"severity": "high",
	"remediation": "Leave the default token at read and raise it in single workflows; list the allowed actions, pinned by commit.",
	"references": ["https://docs.github.com/actions/security-for-github-actions/security-guides/security-hardening-for-github-actions"],
	"platforms": ["github"],
	"kinds": ["boundary_or_guardrail"],
}

approve contains finding if {
	access.guard_by_text
	startswith(input.change.type, "github_")
	change.remains
	some finding in weakened
}

weakened contains change.finding("default_workflow_permissions", "newly lets workflow tokens write") if {
	change.field(change.after, "default_workflow_permissions") == "write"
	change.field(change.before, "default_workflow_permissions") != "write"
}

weakened contains change.finding(name, "newly lets workflows approve pull requests") if {
	name := "can_approve_pull_request_reviews"
	change.field(change.after, name) == true
	change.field(change.before, name) != true
}

ranks := {"local_only": 0, "selected": 1, "all": 2}

weakened contains change.finding("allowed_actions", sprintf("is widened from `%s` to `%s`", [old, new])) if {
	old := change.field(change.before, "allowed_actions")
	new := change.field(change.after, "allowed_actions")
	ranks[new] > ranks[old]
}

weakened contains change.finding("allowed_actions_config", sprintf("newly allows %s", [change.show_some(gained)])) if {
	gained := patterns(change.after) - patterns(change.before)
	count(gained) > 0
	change.field(change.before, "allowed_actions") == "selected"
}

patterns(side) := {pattern |
	block := change.block(change.field(side, "allowed_actions_config"))
	some pattern in change.values(change.field(block, "patterns_allowed"))
}

weakened contains change.finding("sha_pinning_required", "was `true` and no longer is") if {
	change.field(change.before, "sha_pinning_required") == true
	change.field(change.after, "sha_pinning_required") != true
}
