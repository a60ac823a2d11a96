//! GitHub, type by type.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::{Plan, with};
use super::table::{self, Case};

const KEY: &str = "github_repository_deploy_key.key";

/// An organisation with teams, people, and a repository that is guarded.
fn world() -> Plan {
    let team = |id: &str, name: &str| {
        json!({"id": id, "slug": name, "name": name, "parent_team_id": "", "ldap_dn": "", "privacy": "closed",
            "create_default_maintainer": false, "description": ""})
    };
    Plan::default()
        .stays("github_organization_settings.o", json!({"default_repository_permission": "none"}))
        .stays("github_team.core", team("10", "core"))
        .stays("github_team.crew", team("11", "crew"))
        .stays("github_membership.ann", json!({"username": "ann", "role": "member"}))
        .stays("github_membership.bob", json!({"username": "bob", "role": "member"}))
        .stays("github_team_membership.ann", json!({"username": "ann", "team_id": "10", "role": "member"}))
        .stays("github_team_repository.core", json!({"repository": "app", "team_id": "10", "permission": "push"}))
        .stays("github_repository.app", repository())
        .stays(KEY, key())
}

fn repository() -> Value {
    json!({"name": "app", "visibility": "private", "private": true, "archived": false, "description": "", "topics": [],
        "allow_forking": false, "web_commit_signoff_required": true, "default_branch": "main", "pages": [],
        "allow_merge_commit": true, "delete_branch_on_merge": false, "has_issues": false, "template": [],
        "security_and_analysis": [{"secret_scanning": [{"status": "enabled"}],
            "secret_scanning_push_protection": [{"status": "enabled"}]}]})
}

fn key() -> Value {
    json!({"repository": "app", "title": "ci", "key": "ssh-ed25519 AAAA", "read_only": true})
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<Case> {
    let rule = |bypass: Value, rules: Value| {
        json!({"name": "main", "repository": "app", "target": "branch", "enforcement": "active",
            "bypass_actors": bypass, "rules": rules,
            "conditions": [{"ref_name": [{"include": ["refs/heads/main"], "exclude": ["refs/heads/x"]}]}]})
    };
    vec![
        Case {
            address: "github_repository.app",
            base: repository(),
            raises: vec![
                ("visibility", json!("public")),
                ("visibility", json!("internal")),
                ("allow_forking", json!(true)),
                ("web_commit_signoff_required", json!(false)),
                ("security_and_analysis.0.secret_scanning_push_protection.0.status", json!("disabled")),
                ("security_and_analysis", json!([])),
                ("default_branch", json!("wip")),
                ("pages", json!([{"build_type": "workflow"}])),
                ("template", json!([{"owner": "x", "repository": "y"}])),
                ("an_attribute_of_tomorrow", json!(true)),
            ],
            silent: vec![
                ("description", json!("d")),
                ("topics", json!(["a"])),
                ("allow_merge_commit", json!(false)),
                ("delete_branch_on_merge", json!(true)),
                ("has_issues", json!(true)),
                ("archived", json!(true)),
            ],
        },
        Case {
            address: "github_repository_collaborator.c",
            base: json!({"repository": "app", "username": "zoe", "permission": "pull", "permission_diff_suppression": false}),
            raises: vec![
                ("repository", json!("lib")),
                ("username", json!("yan")),
                ("permission", json!("push")),
                ("permission", json!("own-role")),
                ("an_attribute_of_tomorrow", json!(true)),
            ],
            silent: vec![("username", json!("ZOE")), ("permission_diff_suppression", json!(true))],
        },
        Case {
            address: "github_repository_collaborators.c",
            base: json!({"repository": "lib", "ignore_team": [], "user": [{"username": "zoe", "permission": "pull"}],
                "team": [{"team_id": "core", "permission": "pull"}]}),
            raises: vec![
                ("repository", json!("app")),
                ("user.0.permission", json!("admin")),
                ("user.0.username", json!("yan")),
                ("team.0.permission", json!("admin")),
                ("team.0.team_id", json!("crew")),
                ("team", json!([{"team_id": "core", "permission": "pull"}, {"team_id": "11"}])),
            ],
            silent: vec![("user", json!([])), ("team", json!([])), ("team.0.team_id", json!("10"))],
        },
        Case {
            address: "github_team_repository.core",
            base: json!({"repository": "app", "team_id": "10", "permission": "push"}),
            raises: vec![
                ("repository", json!("lib")),
                ("team_id", json!("11")),
                ("permission", json!("maintain")),
                ("permission", json!("own-role")),
            ],
            silent: vec![("team_id", json!("core")), ("permission", json!("pull")), ("permission", json!("write"))],
        },
        Case {
            address: "github_team.crew",
            base: json!({"id": "11", "slug": "crew", "name": "crew", "parent_team_id": "", "ldap_dn": "",
                "privacy": "closed", "create_default_maintainer": false, "description": ""}),
            raises: vec![
                ("parent_team_id", json!("10")),
                ("parent_team_id", json!("core")),
                ("ldap_dn", json!("cn=everybody")),
                ("an_attribute_of_tomorrow", json!(true)),
            ],
            silent: vec![("privacy", json!("secret")), ("description", json!("d"))],
        },
        Case {
            address: "github_team_membership.ann",
            base: json!({"username": "ann", "team_id": "11", "role": "member"}),
            raises: vec![("username", json!("bob")), ("team_id", json!("10")), ("role", json!("maintainer"))],
            silent: vec![("username", json!("Ann"))],
        },
        Case {
            address: "github_team_members.core",
            base: json!({"team_id": "10", "members": [{"username": "ann", "role": "member"}]}),
            raises: vec![
                ("members", json!([{"username": "ann", "role": "member"}, {"username": "bob", "role": "member"}])),
                ("members.0.username", json!("bob")),
                ("members.0.role", json!("maintainer")),
            ],
            silent: vec![("members", json!([]))],
        },
        Case {
            address: "github_membership.bob",
            base: json!({"username": "bob", "role": "member", "downgrade_on_destroy": false}),
            raises: vec![("username", json!("zoe")), ("role", json!("admin"))],
            silent: vec![("downgrade_on_destroy", json!(true))],
        },
        Case {
            address: KEY,
            base: key(),
            raises: vec![("repository", json!("lib")), ("key", json!("ssh-ed25519 BBBB")), ("read_only", json!(false))],
            silent: vec![],
        },
        Case {
            address: "github_branch_protection.main",
            base: json!({"repository_id": "app", "pattern": "main", "enforce_admins": true, "allows_deletions": false,
                "allows_force_pushes": false, "force_push_bypassers": [], "lock_branch": false,
                "require_signed_commits": true, "required_linear_history": true,
                "require_conversation_resolution": true,
                "required_status_checks": [{"strict": true, "contexts": ["ci"]}],
                "restrict_pushes": [{"blocks_creations": true, "push_allowances": ["/ann"]}],
                "required_pull_request_reviews": [{"required_approving_review_count": 2, "dismiss_stale_reviews": true,
                    "require_code_owner_reviews": true, "require_last_push_approval": true,
                    "restrict_dismissals": true, "dismissal_restrictions": ["/ann"], "pull_request_bypassers": []}]}),
            raises: vec![
                ("pattern", json!("other")),
                ("repository_id", json!("lib")),
                ("enforce_admins", json!(false)),
                ("allows_deletions", json!(true)),
                ("allows_force_pushes", json!(true)),
                ("force_push_bypassers", json!(["/bob"])),
                ("require_signed_commits", json!(false)),
                ("required_linear_history", json!(false)),
                ("require_conversation_resolution", json!(false)),
                ("required_status_checks", json!([])),
                ("required_status_checks.0.contexts", json!([])),
                ("required_status_checks.0.strict", json!(false)),
                ("restrict_pushes", json!([])),
                ("restrict_pushes.0.push_allowances", json!(["/ann", "/bob"])),
                ("restrict_pushes.0.blocks_creations", json!(false)),
                ("required_pull_request_reviews", json!([])),
                ("required_pull_request_reviews.0.required_approving_review_count", json!(1)),
                ("required_pull_request_reviews.0.dismiss_stale_reviews", json!(false)),
                ("required_pull_request_reviews.0.require_code_owner_reviews", json!(false)),
                ("required_pull_request_reviews.0.require_last_push_approval", json!(false)),
                ("required_pull_request_reviews.0.restrict_dismissals", json!(false)),
                ("required_pull_request_reviews.0.dismissal_restrictions", json!([])),
                ("required_pull_request_reviews.0.pull_request_bypassers", json!(["/bob"])),
                ("an_attribute_of_tomorrow", json!(true)),
            ],
            silent: vec![
                ("lock_branch", json!(true)),
                ("required_pull_request_reviews.0.required_approving_review_count", json!(3)),
                ("restrict_pushes.0.push_allowances", json!([])),
                ("required_status_checks.0.contexts", json!(["ci", "lint"])),
            ],
        },
        Case {
            address: "github_repository_ruleset.main",
            base: rule(
                json!([]),
                json!([{"deletion": true, "pull_request": [{"required_approving_review_count": 1}],
                "required_status_checks": [{"required_check": [{"context": "ci", "integration_id": 1}]}]}]),
            ),
            raises: vec![
                ("enforcement", json!("evaluate")),
                ("enforcement", json!("disabled")),
                ("bypass_actors", json!([{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}])),
                ("rules.0.deletion", json!(false)),
                ("rules.0.pull_request", json!([])),
                ("rules.0.pull_request.0.required_approving_review_count", json!(0)),
                ("rules.0.required_status_checks", json!([])),
                ("rules.0.required_status_checks.0.required_check.0.integration_id", json!(2)),
                ("rules.0.merge_queue", json!([{"max_entries_to_build": 1}])),
                ("conditions.0.ref_name.0.include", json!(["refs/heads/other"])),
                ("conditions.0.ref_name.0.exclude", json!(["refs/heads/x", "refs/heads/main"])),
                ("target", json!("tag")),
                ("repository", json!("lib")),
            ],
            silent: vec![
                ("name", json!("m")),
                ("rules.0.creation", json!(true)),
                ("conditions.0.ref_name.0.include", json!(["refs/heads/main", "refs/heads/b"])),
                ("conditions.0.ref_name.0.exclude", json!([])),
            ],
        },
        Case {
            address: "github_repository_environment.prod",
            base: json!({"repository": "app", "environment": "prod", "wait_timer": 30, "can_admins_bypass": false,
                "prevent_self_review": true, "reviewers": [{"teams": [10], "users": []}],
                "deployment_branch_policy": [{"protected_branches": true, "custom_branch_policies": false}]}),
            raises: vec![
                ("environment", json!("other")),
                ("repository", json!("lib")),
                ("wait_timer", json!(0)),
                ("can_admins_bypass", json!(true)),
                ("prevent_self_review", json!(false)),
                ("reviewers", json!([])),
                ("reviewers.0.teams", json!([])),
                ("reviewers.0.users", json!([7])),
                ("deployment_branch_policy", json!([])),
                ("deployment_branch_policy.0", json!({"protected_branches": false, "custom_branch_policies": true})),
            ],
            silent: vec![("wait_timer", json!(60))],
        },
        Case {
            address: "github_actions_repository_permissions.app",
            base: json!({"repository": "app", "enabled": false, "allowed_actions": "selected",
                "sha_pinning_required": true, "allowed_actions_config": [{"github_owned_allowed": false,
                    "verified_allowed": false, "patterns_allowed": ["acme/*"]}]}),
            raises: vec![
                ("enabled", json!(true)),
                ("allowed_actions", json!("all")),
                ("sha_pinning_required", json!(false)),
                ("allowed_actions_config", json!([])),
                ("allowed_actions_config.0.github_owned_allowed", json!(true)),
                ("allowed_actions_config.0.verified_allowed", json!(true)),
                ("allowed_actions_config.0.patterns_allowed", json!(["acme/*", "evil/*"])),
            ],
            silent: vec![("allowed_actions", json!("local_only"))],
        },
        Case {
            address: "github_workflow_repository_permissions.app",
            base: json!({"repository": "app", "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": false}),
            raises: vec![
                ("default_workflow_permissions", json!("write")),
                ("can_approve_pull_request_reviews", json!(true)),
            ],
            silent: vec![],
        },
    ]
}

fn plan(case: &Case) -> Plan {
    world().without(case.address)
}

#[test]
fn what_bears_on_access_never_goes_unsaid() {
    table::never_unsaid(&cases(), plan);
}

#[test]
fn what_bears_on_nothing_is_silent() {
    table::silent(&cases(), plan);
}

#[test]
fn what_becomes_unknown_is_not_excluded() {
    table::unknown_is_not_excluded(&cases(), plan);
}

/// A type that is not compared is never judged `none`, neither made nor changed.
#[test]
fn types_that_are_not_compared_are_not_excluded() {
    let types = [
        ("github_actions_organization_secret", json!({"visibility": "all", "selected_repository_ids": []})),
        (
            "github_actions_organization_secret_repositories",
            json!({"secret_name": "s", "selected_repository_ids": [1]}),
        ),
        ("github_actions_organization_secret_repository", json!({"secret_name": "s", "repository_id": 1})),
        ("github_actions_runner_group", json!({"visibility": "all", "allows_public_repositories": true})),
        ("github_app_installation_repository", json!({"installation_id": "1", "repository": "app"})),
        ("github_app_installation_repositories", json!({"installation_id": "1", "selected_repositories": ["app"]})),
        ("github_branch_default", json!({"repository": "app", "branch": "wip"})),
        ("github_emu_group_mapping", json!({"team_slug": "core", "group_id": 1})),
        ("github_enterprise_organization", json!({"name": "acme", "admin_logins": ["zoe"]})),
        ("github_organization_custom_role", json!({"name": "r", "base_role": "read", "permissions": ["x"]})),
        ("github_organization_role_team", json!({"role_id": 1, "team_slug": "core"})),
        ("github_organization_role_user", json!({"role_id": 1, "login": "zoe"})),
        ("github_organization_security_manager", json!({"team_slug": "core"})),
        (
            "github_repository_deployment_branch_policy",
            json!({"repository": "app", "environment_name": "prod", "name": "*"}),
        ),
        (
            "github_repository_environment_deployment_policy",
            json!({"repository": "app", "environment": "prod", "branch_pattern": "*"}),
        ),
        ("github_repository_file", json!({"repository": "app", "file": ".github/CODEOWNERS", "content": "* @zoe"})),
        ("github_team_sync_group_mapping", json!({"team_slug": "core", "group": [{"group_id": "1"}]})),
        ("github_actions_organization_permissions", json!({"allowed_actions": "all", "enabled_repositories": "all"})),
        (
            "github_actions_repository_oidc_subject_claim_customization_template",
            json!({"repository": "app", "use_default": false, "include_claim_keys": ["actor"]}),
        ),
    ];
    for (kind, values) in types {
        let found = world().changes(&format!("{kind}.x"), Value::Null, values).verdict();
        assert_ne!(found, Verdict::None, "{kind}");
    }
}

/// A key under the name of another one is another credential, wherever it stands.
#[test]
fn a_deploy_key_takes_the_name_of_another() {
    let other = with(&key(), "key", json!("ssh-ed25519 EVIL"));
    let taken = |new: Value| {
        world().without(KEY).changes(KEY, key(), Value::Null).changes(
            "github_repository_deploy_key.other",
            Value::Null,
            new,
        )
    };
    assert_eq!(taken(other).verdict(), Verdict::New);
    assert_eq!(taken(key()).verdict(), Verdict::None, "the same key under another address");
}

/// Grants by a team's name are those of whoever has the name.
#[test]
fn a_team_that_takes_anothers_name_takes_its_grants() {
    let team = |id: &str, name: &str| json!({"id": id, "slug": name, "name": name, "parent_team_id": ""});
    let base = || {
        Plan::default()
            .stays("github_team_repository.g", json!({"repository": "app", "team_id": "core", "permission": "admin"}))
            .stays("github_team_membership.zoe", json!({"username": "zoe", "team_id": "11", "role": "member"}))
    };
    let renamed = |id: &str, name: &str| json!({"id": id, "name": name, "parent_team_id": ""});
    let swapped = base()
        .unknown("github_team.a", team("10", "core"), renamed("10", "old"), json!({"slug": true}))
        .unknown("github_team.b", team("11", "crew"), renamed("11", "core"), json!({"slug": true}));
    assert_ne!(swapped.verdict(), Verdict::None);
    let gone = base().changes("github_team.a", team("10", "core"), Value::Null).unknown(
        "github_team.b",
        team("11", "crew"),
        renamed("11", "core"),
        json!({"slug": true}),
    );
    assert_ne!(gone.verdict(), Verdict::None);
    let alone = Plan::default()
        .stays("github_team_repository.g", json!({"repository": "app", "team_id": "10", "permission": "admin"}))
        .stays("github_team_membership.zoe", json!({"username": "zoe", "team_id": "10", "role": "member"}))
        .unknown("github_team.a", team("10", "core"), renamed("10", "Core Team"), json!({"slug": true}));
    assert_eq!(alone.verdict(), Verdict::None, "another name and the same people");
}

/// A protection that is first in the plan restrains; a second one may take the place of a stricter one.
#[test]
fn a_first_protection_restrains() {
    let address = "github_branch_protection.new";
    let new = json!({"repository_id": "app", "pattern": "main", "enforce_admins": true});
    assert_eq!(world().changes(address, Value::Null, new.clone()).verdict(), Verdict::None);
    let old = json!({"repository_id": "app", "pattern": "*", "enforce_admins": true, "lock_branch": true});
    let both = world().stays("github_branch_protection.old", old).changes(address, Value::Null, new);
    assert_eq!(both.verdict(), Verdict::Possible);
}

/// A new repository of which the plan does not say who sees it is public.
#[test]
fn a_repository_that_says_nothing_is_not_private() {
    let made = Plan::default().unknown(
        "github_repository.new",
        Value::Null,
        json!({"name": "new"}),
        json!({"visibility": true, "private": true}),
    );
    assert_ne!(made.verdict(), Verdict::None);
}
