package tollgate.github.admin_grant_test

import data.tollgate.github.admin_grant as rule
import data.tollgate.lib.fixture

row(type, before, after) := fixture.text({"type": type, "kind": "role_binding", "before": before, "after": after})

collaborator(permission) := {"repository": "app", "username": "alice", "permission": permission}

list(users) := {"repository": "app", "user": users, "team": []}

test_fires_on_a_repository_admin if {
	findings := rule.approve with input as row("github_repository_collaborator", collaborator("push"), collaborator("admin"))
	findings == {{"msg": "`example.this`: `permission` newly gives `admin` to `alice`", "path": "permission", "severity": "high"}}
}

test_fires_on_a_team_and_on_a_list if {
	team := {"repository": "app", "team_id": "7", "permission": "maintain"}
	findings := rule.approve with input as row("github_team_repository", null, team)
	{finding.severity | some finding in findings} == {"medium"}
	before := list([{"username": "alice", "permission": "admin"}])
	after := list([{"username": "alice", "permission": "admin"}, {"username": "bob", "permission": "admin"}])
	count(rule.approve) == 1 with input as row("github_repository_collaborators", before, after)
}

test_fires_on_an_owner_and_a_maintainer if {
	member := {"username": "alice", "role": "member"}
	findings := rule.approve with input as row("github_membership", member, {"username": "alice", "role": "admin"})
	findings == {{"msg": "`example.this`: `role` newly makes `alice` an owner of the organisation", "path": "role", "severity": "critical"}}
	maintainer := {"username": "alice", "role": "maintainer", "team_id": "7"}
	count(rule.approve) == 1 with input as row("github_team_membership", null, maintainer)
}

test_fires_on_the_base_permission if {
	before := {"default_repository_permission": "read"}
	count(rule.approve) == 1 with input as row("github_organization_settings", before, {"default_repository_permission": "write"})
	count(rule.approve) == 1 with input as row("github_organization_settings", {}, {"default_repository_permission": "admin"})
}

test_quiet_on_lower_permissions_removal_and_no_change if {
	count(rule.approve) == 0 with input as row("github_repository_collaborator", collaborator("admin"), collaborator("push"))
	count(rule.approve) == 0 with input as row("github_repository_collaborator", collaborator("admin"), null)
	count(rule.approve) == 0 with input as row("github_repository_collaborator", collaborator("admin"), collaborator("admin"))
	count(rule.approve) == 0 with input as row("github_repository_collaborator", null, collaborator("push"))
	count(rule.approve) == 0 with input as row("github_membership", null, {"username": "alice", "role": "member"})
	owner := {"username": "alice", "role": "admin"}
	count(rule.approve) == 0 with input as row("github_membership", owner, owner)
	count(rule.approve) == 0 with input as row("github_organization_settings", {"default_repository_permission": "write"}, {"default_repository_permission": "read"})
}

test_unknown_user_still_fires if {
	after := {"repository": "app", "username": fixture.unknown, "permission": "admin"}
	count(rule.approve) == 1 with input as row("github_repository_collaborator", null, after)
}

test_unknown_permission_is_left_to_not_compared if {
	count(rule.approve) == 0 with input as row("github_repository_collaborator", null, collaborator(fixture.unknown))
	count(rule.approve) == 0 with input as row("github_organization_settings", {}, {"default_repository_permission": fixture.unknown})
}
