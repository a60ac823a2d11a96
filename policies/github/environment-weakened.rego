package tollgate.github.environment_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "github-environment-weakened",
	"title": "A deployment environment loses its reviewers or limits",
	"description": "An environment no longer asks for reviewers, waits less, or admits more branches. Its secrets and the cloud roles that trust it are then open to every workflow that may name it.",
	"severity": "high",
	"remediation": "Keep reviewers and branch limits on environments that reach production.",
	"references": ["https://docs.github.com/actions/deployment/targeting-different-environments/managing-environments-for-deployment"],
	"platforms": ["github"],
	"kinds": ["boundary_or_guardrail"],
}

approve contains finding if {
	access.guard_by_text
	input.change.type == "github_repository_environment"
	change.remains
	some finding in weakened
}

weakened contains change.finding("reviewers", "are no longer asked") if {
	count(reviewers(change.before)) > 0
	count(reviewers(change.after)) == 0
}

weakened contains change.finding("reviewers", sprintf("newly include %s", [change.show_some(gained)])) if {
	count(reviewers(change.before)) > 0
	gained := reviewers(change.after) - reviewers(change.before)
	count(gained) > 0
}

reviewers(side) := {who |
	block := change.block(change.field(side, "reviewers"))
	some list in ["users", "teams"]
	some id in change.values(change.field(block, list))
	who := sprintf("%s %v", [trim_suffix(list, "s"), id])
}

weakened contains change.finding("wait_timer", "is shortened") if {
	old := change.field(change.before, "wait_timer")
	is_number(old)
	not waits(change.field(change.after, "wait_timer"), old)
}

waits(new, old) if {
	is_number(new)
	new >= old
}

waits(new, old) if {
	new == null
	old == 0
}

weakened contains change.finding(name, sprintf("was `%v` and is %s", [wanted, change.show(new)])) if {
	some name, wanted in {"prevent_self_review": true, "can_admins_bypass": false}
	change.field(change.before, name) == wanted
	new := change.field(change.after, name)
	new != wanted
}

weakened contains change.finding("deployment_branch_policy", "no longer limits the branches") if {
	count(change.values(change.field(change.before, "deployment_branch_policy"))) > 0
	count(change.values(change.field(change.after, "deployment_branch_policy"))) == 0
}
