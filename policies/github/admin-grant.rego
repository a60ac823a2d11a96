package tollgate.github.admin_grant

import data.tollgate.lib.access
import data.tollgate.lib.change

metadata := {
	"id": "github-admin-grant",
	"title": "Administration of a repository or the organisation is granted",
	"description": "Somebody newly administers a repository (and can lift its protections), owns the organisation (and can do anything in it), or all members get more on every repository. What is merged is what is applied, so these are keys to the infrastructure.",
	"severity": "high",
	"remediation": "Grant push or maintain to a team; keep the number of owners small.",
	"references": ["https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization"],
	"platforms": ["github"],
	"kinds": ["role_binding", "group_membership", "boundary_or_guardrail"],
}

# Collaborators and teams: {who, permission, path}.
approve contains change.severe(grant.path, severity, sprintf("newly gives %s to %s", [change.show(grant.permission), change.show(grant.who)])) if {
	access.undecided
	some grant in grants(change.after) - grants(change.before)
	severity := severities[grant.permission]
}

severities := {"admin": "high", "maintain": "medium"}

grants(side) := {grant |
	some name in ["username", "team_id", "team_slug"]
	who := change.field(side, name)
	who != null
	grant := {"who": who, "permission": change.field(side, "permission"), "path": "permission", "on": change.field(side, "repository")}
} | {grant |
	some list in ["user", "team"]
	some block in change.values(change.field(side, list))
	some name in ["username", "team_id"]
	who := change.field(block, name)
	who != null
	grant := {"who": who, "permission": change.field(block, "permission"), "path": list, "on": change.field(side, "repository")}
}

# Owners of the organisation, and maintainers of a team.
approve contains change.severe("role", severity, sprintf("newly makes %s %s", [change.show(change.field(change.after, "username")), words])) if {
	access.undecided
	change.remains
	role := change.field(change.after, "role")
	some [type, wanted, words, severity] in [
		["github_membership", "admin", "an owner of the organisation", "critical"],
		["github_team_membership", "maintainer", "a maintainer of the team", "medium"],
	]
	input.change.type == type
	role == wanted
	not same(["role", "username", "team_id"])
}

same(names) if {
	not change.created
	every name in names { change.field(change.before, name) == change.field(change.after, name) }
}

ranks := {"none": 0, "read": 1, "write": 2, "admin": 3}

approve contains change.finding("default_repository_permission", sprintf("is raised from `%s` to `%s`", [old, new])) if {
	access.undecided
	input.change.type == "github_organization_settings"
	new := change.field(change.after, "default_repository_permission")
	old := object.get({null: "read"}, change.field(change.before, "default_repository_permission"), change.field(change.before, "default_repository_permission"))
	ranks[new] > ranks[old]
}
