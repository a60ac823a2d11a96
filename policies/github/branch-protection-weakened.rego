package tollgate.github.branch_protection_weakened

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "github-branch-protection-weakened",
	"title": "A branch protection or ruleset is weakened",
	"description": "A protection is removed, disabled, covers fewer branches, asks for fewer reviews or checks, or lets more people around it. Whoever it held back can now change what is applied, this gate's own check included.",
	"severity": "high",
	"remediation": "Keep the protection; let the owners of the repository agree to the exception.",
	"references": ["https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches/about-protected-branches"],
	"platforms": ["github"],
	"kinds": ["boundary_or_guardrail"],
}

approve contains finding if {
	access.guard_by_text
	some finding in weakened
}

is_protection if startswith(input.change.type, "github_branch_protection")

is_ruleset if endswith(input.change.type, "_ruleset")

weakened contains change.finding("", "is removed, and protects nothing any more") if {
	protects
	change.gone
	not change.field(change.before, "enforcement") in ["disabled", "evaluate"]
}

protects if is_protection

protects if is_ruleset

# Settings of a protection, from safe to open.
safe := {
	"enforce_admins": true, "require_signed_commits": true, "require_conversation_resolution": true,
	"required_linear_history": true, "lock_branch": true, "allows_deletions": false, "allows_force_pushes": false,
	"blocks_creations": true,
}

weakened contains change.finding(name, sprintf("was `%v` and is %s", [wanted, change.show(new)])) if {
	is_protection
	change.remains
	some name, wanted in safe
	change.field(change.before, name) == wanted
	new := change.field(change.after, name)
	new != wanted
}

weakened contains change.finding("pattern", sprintf("covered %s and covers %s", [change.show(old), change.show(new)])) if {
	is_protection
	change.remains
	some name in ["pattern", "branch"]
	old := change.field(change.before, name)
	new := change.field(change.after, name)
	old != null
	old != new
}

# Blocks of requirements: gone, or with lower demands.
weakened contains change.finding(block, "are no longer required") if {
	is_protection
	change.remains
	some block in ["required_pull_request_reviews", "required_status_checks", "restrict_pushes", "restrictions"]
	count(change.values(change.field(change.before, block))) > 0
	count(change.values(change.field(change.after, block))) == 0
}

weakened contains change.finding(path, "asks for less than before") if {
	protects
	change.remains
	some [path, name, wanted] in demands(change.before)
	lower_than(change.field(demanding(change.after)[path], name), wanted)
}

# Numbers that may not fall and switches that may not be turned off: {[block, name, value]}.
demands(side) := {[path, name, value] |
	some path, block in demanding(side)
	some name, value in block
	name in {
		"required_approving_review_count", "require_code_owner_reviews", "require_code_owner_review", "dismiss_stale_reviews",
		"dismiss_stale_reviews_on_push", "require_last_push_approval", "strict", "strict_required_status_checks_policy",
		"required_review_thread_resolution",
	}
	not value in [null, false, 0]
}

# The blocks that hold them; a ruleset has them below `rules`.
demanding(side) := {
	"required_pull_request_reviews": change.block(change.field(side, "required_pull_request_reviews")),
	"required_status_checks": change.block(change.field(side, "required_status_checks")),
	"rules.pull_request": change.block(change.field(rules(side), "pull_request")),
	"rules.required_status_checks": change.block(change.field(rules(side), "required_status_checks")),
}

rules(side) := change.block(change.field(side, "rules"))

lower_than(new, old) if {
	is_number(old)
	not at_least(new, old)
}

lower_than(new, old) if {
	old == true
	new != true
}

at_least(new, old) if {
	is_number(new)
	new >= old
}

# Names: checks that are no longer required, people who may go around.
weakened contains change.finding(path, sprintf("no longer require %s", [change.show_some(missing)])) if {
	protects
	change.remains
	some path, names in checks(change.before)
	missing := names - object.get(checks(change.after), path, set())
	count(missing) > 0
}

checks(side) := {
	"required_status_checks": {name |
		some name in change.values(change.field(change.block(change.field(side, "required_status_checks")), "contexts"))
	} | {name |
		required := change.block(change.field(rules(side), "required_status_checks"))
		some check in change.values(change.field(required, "required_check"))
		name := change.field(check, "context")
	},
}

weakened contains change.finding(path, sprintf("newly let %s around the protection", [change.show_some(gained)])) if {
	protects
	change.remains
	not change.created
	some path, who in exempt(change.after)
	gained := who - object.get(exempt(change.before), path, set())
	count(gained) > 0
	still_limited(path)
}

# Names on an allow list only widen it where there was a list before.
still_limited(path) if not path in ["restrict_pushes"]

still_limited(path) if count(change.values(change.field(change.before, path))) > 0

exempt(side) := {
	"force_push_bypassers": {who | some who in change.values(change.field(side, "force_push_bypassers"))},
	"bypass_actors": {who |
		some actor in change.values(change.field(side, "bypass_actors"))
		who := sprintf("%v %v", [change.field(actor, "actor_type"), change.field(actor, "actor_id")])
	},
	"required_pull_request_reviews": {who |
		reviews := change.block(change.field(side, "required_pull_request_reviews"))
		some who in change.values(change.field(reviews, "pull_request_bypassers"))
	},
	"restrict_pushes": {who |
		pushes := change.block(change.field(side, "restrict_pushes"))
		some who in change.values(change.field(pushes, "push_allowances"))
	},
}

# Rulesets.
weakened contains change.finding("enforcement", sprintf("was `active` and is %s", [change.show(change.field(change.after, "enforcement"))])) if {
	is_ruleset
	change.remains
	change.field(change.before, "enforcement") == "active"
	change.field(change.after, "enforcement") != "active"
}

weakened contains change.finding("conditions", "cover fewer branches") if {
	is_ruleset
	change.remains
	fewer_refs
}

fewer_refs if count(refs(change.before, "include") - refs(change.after, "include")) > 0

fewer_refs if {
	not change.created
	count(refs(change.after, "exclude") - refs(change.before, "exclude")) > 0
}

refs(side, name) := {ref |
	conditions := change.block(change.field(side, "conditions"))
	some ref in change.values(change.field(change.block(change.field(conditions, "ref_name")), name))
}

weakened contains change.finding("rules", sprintf("no longer hold `%s`", [name])) if {
	is_ruleset
	change.remains
	some name, value in rules(change.before)
	holds(value)
	not holds(change.field(rules(change.after), name))
}

holds(value) if value == true

holds(value) if {
	is_array(value)
	count(value) > 0
}
