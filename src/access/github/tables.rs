//! The types of GitHub that are read, and what their attributes mean.

use super::guard::Way;
use crate::access::worlds::Type;

/// Attributes that bear on no access wherever they stand.
pub(super) const SILENT: &[&str] = &["id", "etag", "node_id"];

const fn grant(
    name: &'static str,
    reads: &'static [&'static str],
    follows: &'static [&'static str],
    silent: &'static [&'static str],
) -> Type {
    Type { name, reads, follows, silent, gives: true }
}

/// Types whose grants the worlds read. What names a repository or team tells objects apart also while it is known only
/// after apply; a level does not. The other attributes of a repository stand in [`GUARDS`].
pub(super) const GRANTS: &[Type] = &[
    grant(
        "github_repository_collaborator",
        &["username", "permission"],
        &["repository"],
        &["permission_diff_suppression", "invitation_id"],
    ),
    grant("github_repository_collaborators", &["user", "team"], &["repository"], &["invitation_ids", "ignore_team"]),
    grant("github_team_repository", &["permission"], &["repository", "team_id", "team_slug"], &["repository_id"]),
    // Who made the team is in it, if it says so: the one who applies.
    grant(
        "github_team",
        &["parent_team_id"],
        &["name", "slug"],
        &[
            "description",
            "privacy",
            "notification_setting",
            "create_default_maintainer",
            "members_count",
            "parent_team_read_id",
            "parent_team_read_slug",
        ],
    ),
    grant("github_team_membership", &["username", "role"], &["team_id"], &[]),
    grant("github_team_members", &["members"], &["team_id"], &[]),
    grant("github_membership", &["username", "role"], &[], &["downgrade_on_destroy"]),
    Type { name: "github_repository", reads: &["visibility", "archived"], follows: &[], silent: &[], gives: false },
    grant("github_repository_deploy_key", &["read_only"], &["repository", "title", "key"], &["repository_id"]),
];

/// Types that hold values and give no access by them.
pub(super) const STILL: &[&str] = &[
    "github_actions_secret",
    "github_actions_environment_secret",
    "github_dependabot_secret",
    "github_codespaces_secret",
    "github_repository_webhook",
    "github_organization_webhook",
];

/// The attributes of a guard rail, and in which direction each restrains.
pub(super) type Table = &'static [(&'static str, Way)];

/// Guard rails: the type, what it is, what is newly permitted where it holds back less, and its attributes.
pub(super) const GUARDS: &[(&str, &str, &str, Table)] = &[
    ("github_repository", "repository", "repo:push", REPOSITORY),
    ("github_branch_protection", "branch_protection", "branch:push", BRANCH),
    ("github_branch_protection_v3", "branch_protection", "branch:push", BRANCH),
    ("github_repository_ruleset", "ruleset", "branch:push", RULESET),
    ("github_organization_ruleset", "ruleset", "branch:push", RULESET),
    ("github_repository_environment", "environment", "actions:deploy", ENVIRONMENT),
    ("github_actions_organization_permissions", "actions_policy", "actions:use", ACTIONS),
    ("github_actions_repository_permissions", "actions_policy", "actions:use", ACTIONS),
    ("github_actions_repository_access_level", "actions_policy", "actions:reuse", ACTIONS),
    ("github_workflow_repository_permissions", "actions_policy", "repo:push", WORKFLOW),
    ("github_actions_organization_workflow_permissions", "actions_policy", "repo:push", WORKFLOW),
    ("github_organization_settings", "organization", "repo:create", ORGANIZATION),
];

const REPOSITORY: &[(&str, Way)] = &[
    ("allow_forking", Way::Down),
    ("web_commit_signoff_required", Way::Up),
    ("security_and_analysis", Way::Where),
    ("advanced_security", Way::Where),
    ("code_security", Way::Where),
    ("secret_scanning", Way::Where),
    ("secret_scanning_push_protection", Way::Where),
    ("secret_scanning_ai_detection", Way::Where),
    ("secret_scanning_non_provider_patterns", Way::Where),
    ("status", Way::Order(&["enabled", "disabled"])),
    // The worlds read these.
    ("name", Way::Beside),
    ("visibility", Way::Beside),
    ("private", Way::Beside),
    ("archived", Way::Beside),
    ("pages", Way::Beside),
    // Texts, topics, features, merge settings, and what the provider reads.
    ("id", Way::Beside),
    ("etag", Way::Beside),
    ("node_id", Way::Beside),
    ("repo_id", Way::Beside),
    ("full_name", Way::Beside),
    ("html_url", Way::Beside),
    ("git_clone_url", Way::Beside),
    ("http_clone_url", Way::Beside),
    ("ssh_clone_url", Way::Beside),
    ("svn_url", Way::Beside),
    ("primary_language", Way::Beside),
    ("description", Way::Beside),
    ("homepage_url", Way::Beside),
    ("topics", Way::Beside),
    ("has_issues", Way::Beside),
    ("has_discussions", Way::Beside),
    ("has_projects", Way::Beside),
    ("has_downloads", Way::Beside),
    ("has_wiki", Way::Beside),
    ("is_template", Way::Beside),
    ("allow_merge_commit", Way::Beside),
    ("allow_squash_merge", Way::Beside),
    ("allow_rebase_merge", Way::Beside),
    ("allow_auto_merge", Way::Beside),
    ("allow_update_branch", Way::Beside),
    ("squash_merge_commit_title", Way::Beside),
    ("squash_merge_commit_message", Way::Beside),
    ("merge_commit_title", Way::Beside),
    ("merge_commit_message", Way::Beside),
    ("delete_branch_on_merge", Way::Beside),
    ("auto_init", Way::Beside),
    ("license_template", Way::Beside),
    ("gitignore_template", Way::Beside),
    ("archive_on_destroy", Way::Beside),
    ("vulnerability_alerts", Way::Beside),
    ("ignore_vulnerability_alerts_during_read", Way::Beside),
];

const BRANCH: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("etag", Way::Beside),
    ("repository", Way::Beside),
    ("repository_id", Way::Beside),
    ("branch", Way::Beside),
    ("pattern", Way::Beside),
    ("enforce_admins", Way::Up),
    ("require_signed_commits", Way::Up),
    ("required_linear_history", Way::Up),
    ("require_conversation_resolution", Way::Up),
    ("lock_branch", Way::Up),
    ("allows_force_pushes", Way::Down),
    ("allows_deletions", Way::Down),
    ("force_push_bypassers", Way::Down),
    ("required_status_checks", Way::Block),
    ("strict", Way::Up),
    ("contexts", Way::Up),
    ("checks", Way::Up),
    ("required_pull_request_reviews", Way::Block),
    ("required_approving_review_count", Way::Up),
    ("dismiss_stale_reviews", Way::Up),
    ("require_code_owner_reviews", Way::Up),
    ("require_last_push_approval", Way::Up),
    ("restrict_dismissals", Way::Up),
    ("dismissal_restrictions", Way::Only),
    ("pull_request_bypassers", Way::Down),
    ("restrict_pushes", Way::Block),
    ("blocks_creations", Way::Up),
    ("push_allowances", Way::Down),
    ("restrictions", Way::Block),
    ("users", Way::Down),
    ("teams", Way::Down),
    ("apps", Way::Down),
];

const RULESET: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("etag", Way::Beside),
    ("node_id", Way::Beside),
    ("ruleset_id", Way::Beside),
    ("name", Way::Beside),
    ("enforcement", Way::Order(&["active", "evaluate", "disabled"])),
    ("bypass_actors", Way::Down),
    ("conditions", Way::Where),
    ("ref_name", Way::Where),
    ("include", Way::Up),
    ("exclude", Way::Down),
    ("rules", Way::Block),
    ("creation", Way::Up),
    ("update", Way::Up),
    ("deletion", Way::Up),
    ("non_fast_forward", Way::Up),
    ("required_linear_history", Way::Up),
    ("required_signatures", Way::Up),
    ("pull_request", Way::Block),
    ("required_approving_review_count", Way::Up),
    ("dismiss_stale_reviews_on_push", Way::Up),
    ("require_code_owner_review", Way::Up),
    ("require_last_push_approval", Way::Up),
    ("required_review_thread_resolution", Way::Up),
    ("required_status_checks", Way::Block),
    ("strict_required_status_checks_policy", Way::Up),
    ("required_check", Way::Up),
    ("required_deployments", Way::Block),
    ("required_deployment_environments", Way::Up),
];

const ENVIRONMENT: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("wait_timer", Way::Up),
    ("can_admins_bypass", Way::Down),
    ("prevent_self_review", Way::Up),
    ("reviewers", Way::Reviewers),
    ("teams", Way::Down),
    ("users", Way::Down),
    ("deployment_branch_policy", Way::Block),
];

const ACTIONS: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("enabled", Way::Down),
    ("enabled_repositories", Way::Order(&["none", "selected", "all"])),
    ("allowed_actions", Way::Order(&["local_only", "selected", "all"])),
    ("allowed_actions_config", Way::Block),
    ("github_owned_allowed", Way::Down),
    ("verified_allowed", Way::Down),
    ("patterns_allowed", Way::Down),
    ("sha_pinning_required", Way::Up),
    ("access_level", Way::Order(&["none", "user", "organization", "enterprise"])),
];

const WORKFLOW: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("default_workflow_permissions", Way::Order(&["read", "write"])),
    ("can_approve_pull_request_reviews", Way::Down),
];

const ORGANIZATION: &[(&str, Way)] = &[
    ("id", Way::Beside),
    ("description", Way::Beside),
    ("billing_email", Way::Beside),
    ("email", Way::Beside),
    ("blog", Way::Beside),
    ("location", Way::Beside),
    ("company", Way::Beside),
    ("default_repository_permission", Way::Order(&["none", "read", "write", "admin"])),
    ("members_can_create_public_repositories", Way::Down),
    ("members_can_create_repositories", Way::Down),
    ("members_can_create_private_repositories", Way::Down),
    ("members_can_create_internal_repositories", Way::Down),
    ("members_can_fork_private_repositories", Way::Down),
    ("web_commit_signoff_required", Way::Up),
];
