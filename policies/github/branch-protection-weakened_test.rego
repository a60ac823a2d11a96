package tollgate.github.branch_protection_weakened_test

import data.tollgate.github.branch_protection_weakened as rule
import data.tollgate.lib.fixture

row(type, before, after) := fixture.text({"type": type, "kind": "boundary_or_guardrail", "before": before, "after": after})

protection(before, after) := row("github_branch_protection", before, after)

ruleset(before, after) := row("github_repository_ruleset", before, after)

reviews(number) := {"required_pull_request_reviews": [{"required_approving_review_count": number, "require_code_owner_reviews": null}]}

owners(flag) := {"required_pull_request_reviews": [{"require_code_owner_reviews": flag}]}

checks(contexts) := {"required_status_checks": [{"contexts": contexts, "strict": true}]}

actors(list) := {"enforcement": "active", "bypass_actors": list}

refs(include, exclude) := {"conditions": [{"ref_name": [{"include": include, "exclude": exclude}]}]}

rules(block) := {"rules": [block]}

everybody := {"actor_id": 2, "actor_type": "RepositoryRole"}

test_fires_on_fewer_reviews if {
	findings := rule.approve with input as protection(reviews(2), reviews(1))
	findings == {{
		"msg": "`example.this`: `required_pull_request_reviews` asks for less than before",
		"path": "required_pull_request_reviews",
	}}
	count(rule.approve) >= 1 with input as protection(reviews(2), {"required_pull_request_reviews": []})
	count(rule.approve) == 1 with input as protection(owners(true), owners(false))
}

test_fires_on_several_demands_at_once if {
	before := {"required_pull_request_reviews": [{"required_approving_review_count": 2, "require_code_owner_reviews": true}]}
	after := {"required_pull_request_reviews": [{"required_approving_review_count": 1, "require_code_owner_reviews": false}]}
	count(rule.approve) == 1 with input as protection(before, after)
}

test_fires_on_settings_and_pattern if {
	findings := rule.approve with input as protection({"allows_force_pushes": false}, {"allows_force_pushes": true})
	findings == {{"msg": "`example.this`: `allows_force_pushes` was `false` and is `true`", "path": "allows_force_pushes"}}
	count(rule.approve) == 1 with input as protection({"pattern": "release*"}, {"pattern": "release"})
}

test_fires_on_a_dropped_check if {
	findings := rule.approve with input as protection(checks(["ci", "tollgate"]), checks(["ci"]))
	findings == {{"msg": "`example.this`: `required_status_checks` no longer require `tollgate`", "path": "required_status_checks"}}
	before := rules({"required_status_checks": [{"required_check": [{"context": "tollgate"}]}]})
	after := rules({"required_status_checks": [{"required_check": [{"context": "ci"}]}]})
	count(rule.approve) == 1 with input as ruleset(before, after)
}

test_fires_on_people_around_it if {
	findings := rule.approve with input as ruleset(actors([]), actors([everybody]))
	findings == {{"msg": "`example.this`: `bypass_actors` newly let `RepositoryRole 2` around the protection", "path": "bypass_actors"}}
	count(rule.approve) == 1 with input as protection({"force_push_bypassers": []}, {"force_push_bypassers": ["/alice"]})
	count(rule.approve) == 1 with input as protection({"restrict_pushes": [{"push_allowances": []}]}, {"restrict_pushes": [{"push_allowances": ["/alice"]}]})
	count(rule.approve) == 1 with input as protection(
		{"required_pull_request_reviews": [{"pull_request_bypassers": []}]},
		{"required_pull_request_reviews": [{"pull_request_bypassers": ["/alice"]}]},
	)
}

test_fires_on_a_ruleset_that_holds_less if {
	count(rule.approve) == 1 with input as ruleset({"enforcement": "active"}, {"enforcement": "evaluate"})
	count(rule.approve) == 1 with input as ruleset(refs(["a", "b"], []), refs(["a"], []))
	count(rule.approve) == 1 with input as ruleset(refs(["a"], []), refs(["a"], ["b"]))
	count(rule.approve) == 1 with input as ruleset(rules({"deletion": true}), rules({"deletion": false}))
	count(rule.approve) == 1 with input as ruleset(rules({"pull_request": [{"x": 1}]}), rules({"pull_request": []}))
}

test_fires_on_removal if {
	count(rule.approve) == 1 with input as protection(reviews(1), null)
	count(rule.approve) == 1 with input as ruleset({"enforcement": "active"}, null)
	count(rule.approve) == 0 with input as ruleset({"enforcement": "disabled"}, null)
}

test_quiet_on_tightening if {
	count(rule.approve) == 0 with input as protection(reviews(1), reviews(2))
	count(rule.approve) == 0 with input as protection(owners(false), owners(true))
	count(rule.approve) == 0 with input as protection({"enforce_admins": false}, {"enforce_admins": true})
	count(rule.approve) == 0 with input as protection(checks(["ci"]), checks(["ci", "lint"]))
	count(rule.approve) == 0 with input as protection({"restrict_pushes": []}, {"restrict_pushes": [{"push_allowances": ["/alice"]}]})
	count(rule.approve) == 0 with input as ruleset(actors([everybody]), actors([]))
	count(rule.approve) == 0 with input as ruleset(refs(["a"], ["c"]), refs(["a", "b"], []))
	count(rule.approve) == 0 with input as ruleset({"enforcement": "disabled"}, {"enforcement": "active"})
	count(rule.approve) == 0 with input as protection(null, reviews(1))
}

test_quiet_where_access_is_computed if {
	given := fixture.computed({"type": "github_branch_protection", "before": reviews(2), "after": reviews(1)}, [])
	count(rule.approve) == 0 with input as given
}

test_unknown_demand_may_be_less if {
	count(rule.approve) == 1 with input as protection(reviews(2), reviews(fixture.unknown))
	count(rule.approve) == 1 with input as protection({"enforce_admins": true}, {"enforce_admins": fixture.unknown})
}
