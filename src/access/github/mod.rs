//! Access on Github, before and after.
//!
//! Grants ([`grants`]) are levels in order: somebody gains where his highest level on a repository rises. Guard rails
//! ([`guard`]) are compared attribute by attribute; one that holds back less lets those through who may push.

mod grants;
mod guard;

use std::collections::{BTreeMap, BTreeSet};

use crate::access::worlds::{Judged, Object, Platform, Row, Side, State, Val};
use crate::access::{ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, StatementRef, Witness};
use crate::iam::{self, IamChange};

use grants::{LEVELS, World};
use guard::{Outcome, Way};

/// GitHub.
#[derive(Clone, Copy, Debug)]
pub struct Github;

/// Types whose grants the worlds read, with the attributes that decide them.
const GRANTS: &[(&str, &[&str])] = &[
    ("github_repository_collaborator", &["repository", "username", "permission"]),
    ("github_repository_collaborators", &["repository", "user", "team"]),
    ("github_team_repository", &["repository", "team_id", "permission"]),
    ("github_team", &["parent_team_id"]),
    ("github_team_membership", &["team_id", "username", "role"]),
    ("github_team_members", &["team_id", "members"]),
    ("github_membership", &["username", "role"]),
    ("github_repository", &["visibility"]),
    ("github_repository_deploy_key", &["repository", "read_only"]),
];

/// Types that hold values and give no access by them.
const STILL: &[&str] = &[
    "github_actions_secret",
    "github_actions_environment_secret",
    "github_dependabot_secret",
    "github_codespaces_secret",
    "github_repository_webhook",
    "github_organization_webhook",
];

/// The attributes of a guard rail, and in which direction each restrains.
type Table = &'static [(&'static str, Way)];

/// Guard rails: the type, what it is, what is newly permitted where it holds back less, and its attributes.
const GUARDS: &[(&str, &str, &str, Table)] = &[
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
    ("github_organization_settings", "organization", "repo:push", ORGANIZATION),
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
    ("conditions", Way::Block),
    ("ref_name", Way::Block),
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
    ("reviewers", Way::Block),
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

impl Platform for Github {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Github
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let before = World::build(state, Side::Before);
        let after = World::build(state, Side::After);
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            let type_name = change.row.type_name.as_str();
            let read = GRANTS.iter().any(|(name, _)| *name == type_name)
                || GUARDS.iter().any(|(name, ..)| *name == type_name)
                || STILL.contains(&type_name)
                || is_template(type_name);
            if read {
                out.compared(at);
            }
        }
        for row in state.rows.iter().filter(|row| row.differs()) {
            if let Some(change) = row.change.filter(|at| changes.get(*at).is_some_and(|it| self.covers(it.platform))) {
                of_row(row, change, &after, out);
            }
        }
        let judge = Judge { before, after, state };
        judge.levels(out);
        judge.teams(out);
    }
}

fn is_template(type_name: &str) -> bool {
    type_name.ends_with("oidc_subject_claim_customization_template")
}

fn reason(code: &str, path: &str, message: String) -> Reason {
    Reason { code: code.into(), path: path.into(), message }
}

/// What a row says by itself: values that cannot be read, and guard rails.
fn of_row(row: &Row, change: usize, after: &World, out: &mut Judged) {
    let Some(object) = row.after.as_ref().or(row.before.as_ref()) else { return };
    let type_name = &*object.type_name;
    if is_template(type_name) {
        let text = "the subject of workflow tokens changes, and trust policies outside the plan decide what it opens; \
                    read the trust policies of the clouds that accept these tokens";
        out.possible(change, reason("outside_plan", "", text.to_owned()));
    }
    if let (Some((_, read)), Some(new)) = (GRANTS.iter().find(|(name, _)| *name == type_name), &row.after) {
        for attribute in *read {
            let value = new.get(attribute);
            // A name that is known only after apply still tells objects apart; a level does not.
            let decides = !matches!(*attribute, "repository" | "team_id") || matches!(value, Val::Partial(_));
            if decides && value.has_hole() && row.before.as_ref().is_none_or(|old| old.get(attribute) != value) {
                let text = format!("`{attribute}` is known only after apply; give it a value that the plan can show");
                out.possible(change, reason("unknown_value", attribute, text));
            }
        }
    }
    if type_name == "github_membership" && row.before.is_none() {
        let text = "a new member gets what the organisation gives to every member; read its base permission";
        out.possible(change, reason("outside_plan", "username", text.to_owned()));
    }
    if type_name == "github_repository_deploy_key"
        && let (Some(old), Some(new)) = (&row.before, &row.after)
        && old.get("key") != new.get("key")
    {
        let repository = new.get("repository").name().unwrap_or_default();
        let who = format!("deploy-key:{}", new.get("title").name().unwrap_or_default());
        let mut found = piece(&new.address, "key", &who, "repo:pull", &repository, format!("`{who}` is another key"));
        found.witness.context.insert("tollgate:credential".into(), vec![new.address.to_string()]);
        out.new_access(change, found);
    }
    guard(row, object, change, after, out);
}

fn guard(row: &Row, object: &Object, change: usize, after: &World, out: &mut Judged) {
    let Some((type_name, kind, action, table)) = GUARDS.iter().find(|(name, ..)| *name == &*object.type_name) else {
        return;
    };
    let named = ["repository", "repository_id", "branch", "pattern", "environment", "target"];
    let moved = |old: &Object, new: &Object| named.iter().find(|name| old.get(name) != new.get(name));
    let outcome = match (&row.before, &row.after) {
        (Some(old), Some(new)) => match moved(old, new) {
            Some(name) if new.get(name).has_hole() => Outcome::Unclear((*name).to_owned()),
            Some(name) if *name == "pattern" && covers(new.get(name), old.get(name)) => {
                guard::compare(&old.values, &new.values, table)
            }
            Some(name) => Outcome::Looser((*name).to_owned()),
            None => guard::compare(&old.values, &new.values, table),
        },
        (Some(_), None) => Outcome::Looser(String::new()),
        // A first protection restrains; an exact one can take the place of a stricter pattern, and settings that
        // were not in the plan can have been stricter.
        (None, Some(_)) if type_name.starts_with("github_branch_protection") => {
            Outcome::Unclear("it may take the place of another protection of the same branch".to_owned())
        }
        (None, Some(_)) if matches!(*kind, "ruleset" | "environment") => Outcome::Kept,
        _ => Outcome::Unclear("what held before is not in the plan".to_owned()),
    };
    match outcome {
        Outcome::Kept => {}
        Outcome::Unclear(what) => {
            let text = format!("this {kind} cannot be compared ({what}); read the change");
            out.possible(change, reason("unread_guardrail", &what, text));
        }
        Outcome::Looser(what) => {
            let removed = row.after.is_none();
            let address = object.address.to_string();
            let explanation = match removed {
                true => format!("a gate of the project, its {kind}, is removed"),
                false => format!("a gate of the project, its {kind}, holds back less: `{what}`"),
            };
            let effect = if removed { GuardrailEffect::Removed } else { GuardrailEffect::Weakened };
            out.guardrail(
                change,
                Guardrail { address, kind: (*kind).to_owned(), effect, explanation: explanation.clone() },
            );
            let place = |key: &str| object.get(key).name();
            let repository = place("repository").or_else(|| place("repository_id")).unwrap_or_else(|| "*".into());
            let action = match what.as_str() {
                "required_approving_review_count" | "contexts" | "required_status_checks" => "branch:merge",
                "allows_force_pushes" => "branch:force-push",
                _ => action,
            };
            let (who, resource) = match *kind {
                "actions_policy" => (format!("workflow:{repository}"), repository),
                "organization" => ("org-members".to_owned(), repository),
                _ => {
                    let part = place("pattern").or_else(|| place("branch")).or_else(|| place("environment"));
                    let mark = if *kind == "environment" { '#' } else { '@' };
                    let who = pusher(after, &repository);
                    (who, format!("{repository}{mark}{}", part.unwrap_or_else(|| "*".into())))
                }
            };
            out.new_access(change, piece(&object.address, &what, &who, action, &resource, explanation));
        }
    }
}

/// Somebody whom a guard rail holds back: one who may push.
fn pusher(after: &World, repository: &str) -> String {
    let pushes = |grants: &Vec<grants::Grant>| grants.iter().any(|grant| grant.level >= Some(2));
    let mut found: Vec<&(String, String)> =
        after.grants.iter().filter(|(_, grants)| pushes(grants)).map(|(key, _)| key).collect();
    found.sort_by_key(|(on, _)| on != repository);
    found.first().map_or_else(|| "whoever may push".to_owned(), |(_, who)| who.clone())
}

/// Whether a pattern of branches matches all that another does; only a trailing `*` is understood.
fn covers(large: &Val, small: &Val) -> bool {
    let (Some(large), Some(small)) = (large.text(), small.text()) else { return false };
    let prefix = large.strip_suffix('*');
    prefix.is_some_and(|prefix| {
        let plain = !prefix.contains(['*', '?', '[', '\\']);
        plain && small.strip_prefix(prefix).is_some_and(|rest| !rest.contains(['/', '[', '\\']))
    })
}

fn piece(address: &str, path: &str, who: &str, action: &str, resource: &str, explanation: String) -> NewAccess {
    let levels = match action {
        "repo:pull" | "repo:triage" => vec!["read".to_owned()],
        "repo:admin" | "org:owner" | "team:manage-members" => vec!["write".to_owned(), "permissions".to_owned()],
        _ => vec!["write".to_owned()],
    };
    NewAccess {
        principal: who.to_owned(),
        actions: vec![action.to_owned()],
        action_levels: vec![ActionAccess { action: action.to_owned(), levels }],
        resources: vec![resource.to_owned()],
        conditions: Vec::new(),
        statement: StatementRef { address: address.to_owned(), path: path.to_owned(), index: 0, sid: None },
        witness: Witness {
            principal: who.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        },
        explanation,
    }
}

struct Judge<'a> {
    before: World,
    after: World,
    state: &'a State,
}

impl Judge<'_> {
    fn change_at(&self, address: &str) -> Option<usize> {
        let of = |row: &&Row| row.after.as_ref().is_some_and(|object| *object.address == *address);
        self.state.rows.iter().filter(|row| row.differs()).find(of).and_then(|row| row.change)
    }

    /// Whoever reaches a higher level on a repository.
    fn levels(&self, out: &mut Judged) {
        let users = self.after.members.keys().map(|(user, _)| user);
        let who: BTreeSet<&String> = self.after.grants.keys().map(|(_, who)| who).chain(users).collect();
        let repositories: BTreeSet<&String> = self.after.grants.keys().map(|(repository, _)| repository).collect();
        for who in who {
            for repository in &repositories {
                let (had, had_words) = self.before.level(repository, who);
                let (has, words) = self.after.level(repository, who);
                let unordered = words.difference(&had_words).next();
                if has <= had && unordered.is_none() {
                    continue;
                }
                for (change, address) in self.culprits(repository, who, had) {
                    if has > had {
                        let action = format!("repo:{}", LEVELS.get(has - 1).copied().unwrap_or("admin"));
                        let text = format!("`{who}` can now `{action}` on `{repository}`, by `{address}`");
                        out.new_access(change, piece(&address, "permission", who, &action, repository, text));
                    } else if let Some(word) = unordered {
                        let text = format!(
                            "`{word}` is a role of its own on `{repository}`, and what it permits is not in the plan"
                        );
                        out.possible(change, reason("outside_plan", "permission", text));
                    }
                }
            }
        }
    }

    /// The changes by which somebody has more than a level.
    fn culprits(&self, repository: &str, who: &str, had: usize) -> Vec<(usize, String)> {
        let names = self.after.names(who);
        let mut addresses: Vec<&String> = Vec::new();
        for name in names.iter().map(String::as_str).chain(["*"]) {
            for place in [repository, "*"] {
                let grants = self.after.grants.get(&(place.to_owned(), name.to_owned()));
                let more = |grant: &&grants::Grant| grant.level.is_none_or(|level| level + 1 > had);
                addresses.extend(grants.into_iter().flatten().filter(more).map(|grant| &grant.address));
            }
        }
        let own = self.after.members.iter().filter(|((user, _), _)| user == who).map(|(_, (address, _))| address);
        addresses.extend(own);
        let mut found: Vec<(usize, String)> =
            addresses.into_iter().filter_map(|address| Some((self.change_at(address)?, address.clone()))).collect();
        if found.is_empty() {
            // A team moved below another one, or something else that is not looked at by itself.
            let rows = self.state.rows.iter().filter(|row| row.differs());
            found.extend(rows.filter_map(|row| Some((row.change?, row.after.as_ref()?.address.to_string()))));
        }
        found
    }

    /// New owners, and new maintainers of teams.
    fn teams(&self, out: &mut Judged) {
        for (user, address) in self.after.owners.iter().filter(|(user, _)| !self.before.owners.contains_key(*user)) {
            if let Some(change) = self.change_at(address) {
                let text = format!("`{user}` becomes an owner of the organisation");
                out.new_access(change, piece(address, "role", user, "org:owner", "*", text));
            }
        }
        for ((user, team), (address, manages)) in &self.after.members {
            let old = self.before.members.get(&(user.clone(), team.clone()));
            let Some(change) = self.change_at(address) else { continue };
            if *manages && !old.is_some_and(|(_, managed)| *managed) {
                let text = format!("`{user}` can now change who is in team `{team}`");
                out.new_access(change, piece(address, "role", user, "team:manage-members", team, text));
            }
            let name = format!("team:{team}");
            let granted = self.after.grants.keys().any(|(_, who)| self.after.names(&name).contains(who));
            if old.is_none() && !granted {
                let text = format!("team `{team}` has no permission in the plan; read what it has elsewhere");
                out.possible(change, reason("outside_plan", "team_id", text));
            }
        }
    }
}
