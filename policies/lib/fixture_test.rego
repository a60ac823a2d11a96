# Inputs for the rules' own tests: a change as the rule input page describes it, with what a test gives over it.
package tollgate.lib.fixture

base := {
	"version": 1,
	"change": {
		"address": "example.this", "previous_address": null, "deposed": null, "type": "example", "provider": "hashicorp/example",
		"platform": "other", "kind": "other", "origin": "resource", "actions": ["update"], "before": {}, "after": {},
		"documents": {"before": {}, "after": {}}, "unreadable": [], "unknown": [], "facets": [],
		"authoritative": false, "removal_elevates": false, "location": null,
	},
	"access": {
		"verdict": "possible", "new": [], "removed": [],
		"reasons": [{"code": "not_compared", "path": "", "message": "not compared yet"}],
	},
	"guardrails": [], "escalations": [], "principal": null, "expires_at": null,
	"plan": {"id": "plan.json", "terraform_version": "1.11.4", "complete": true, "errored": false, "rows": 1, "iam_changes": 1, "undetermined": []},
	"context": {"actor": null, "forge": null, "branch": null, "environment": null, "now": "2026-01-01T00:00:00Z"},
}

unknown := {"$tollgate": "unknown"}

# A change that is not compared yet.
text(change) := object.union(base, {"change": change})

# A change with computed new access.
computed(change, new) := object.union(base, {"change": change, "access": {"verdict": "new", "reasons": [], "new": new}})

# A change whose access cannot be told, with one reason.
possible(change, code) := object.union(base, {
	"change": change,
	"access": {"verdict": "possible", "reasons": [{"code": code, "path": "policy", "message": "cannot be told"}]},
})

# A piece of new access.
piece(principal, actions, levels, resources) := {
	"principal": principal, "actions": actions, "resources": resources, "conditions": [], "explanation": "",
	"action_levels": [{"action": action, "levels": levels} | some action in actions],
	"statement": {"address": "example.this", "path": "policy", "index": 0, "sid": null},
	"witness": {"principal": principal, "action": actions[0], "resource": resources[0], "context": {}},
}

# Two sides of one attribute's document.
documents(path, before, after) := {"documents": {
	"before": {path: {"Version": "2012-10-17", "Statement": before}},
	"after": {path: {"Version": "2012-10-17", "Statement": after}},
}}

# A facet; one that is known only after apply has no value after.
facet(purpose, path, before, after) := {"purpose": purpose, "path": path, "before": before, "after": null, "unknown": true} if {
	after == unknown
}

else := {"purpose": purpose, "path": path, "before": before, "after": after, "unknown": false}
