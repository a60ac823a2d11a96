//! A second evaluator: whether an organisation of a plan's side permits one request.
//!
//! It shares no code with the comparison. It goes through the resources and asks of each whether it gives this
//! principal this level (GitHub documentation, "Repository roles for an organization", "About teams", "Roles in an
//! organization", "Archiving repositories").

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::access::Witness;
use crate::access::worlds::{Object, Piece, Val};

/// The resources of an organisation, by type.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    objects: HashMap<String, Vec<Value>>,
}

impl Organization {
    /// The organisation that resources of Terraform describe.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Self {
        let mut it = Self::default();
        for object in objects {
            it.objects.entry(object.type_name.to_string()).or_default().push(plain(&object.values));
        }
        it
    }

    /// Whether the request of a witness is permitted.
    #[must_use]
    pub fn allows(&self, witness: &Witness) -> bool {
        let (who, on) = (witness.principal.as_str(), witness.resource.as_str());
        match witness.action.as_str() {
            "org:owner" => self.owns(who),
            "team:manage-members" => self.teams_of(who, true).iter().any(|team| self.same_team(team, on)),
            action => match action.strip_prefix("repo:").and_then(rank) {
                Some(wanted) => self.reaches(who, on, wanted),
                None => false,
            },
        }
    }

    fn each(&self, name: &'static str) -> impl Iterator<Item = &Value> {
        self.objects.get(name).into_iter().flatten()
    }

    fn owns(&self, who: &str) -> bool {
        self.each("github_membership").any(|it| is_user(it, who) && text(it, "role") == "admin")
    }

    fn reaches(&self, who: &str, repository: &str, wanted: usize) -> bool {
        if self.owns(who) {
            return true;
        }
        let archived =
            self.each("github_repository").any(|it| is(it, "name", repository) && it["archived"] == json!(true));
        let given = |level: usize| level >= wanted && (!archived || level == 4 || wanted == 0);
        self.each("github_repository_collaborator")
            .any(|it| is(it, "repository", repository) && is_user(it, who) && level(it, "push").is_some_and(given))
            || self.each("github_repository_collaborators").any(|it| {
                let users = list(&it["user"]).any(|user| is_user(user, who) && level(user, "push").is_some_and(given));
                let teams = || {
                    list(&it["team"])
                        .any(|team| self.in_team(who, &team["team_id"]) && level(team, "push").is_some_and(given))
                };
                is(it, "repository", repository) && (users || teams())
            })
            || self.each("github_team_repository").any(|it| {
                is(it, "repository", repository)
                    && self.in_team(who, &it["team_id"])
                    && level(it, "pull").is_some_and(given)
            })
            || self.each("github_repository").any(|it| {
                let visible = text(it, "visibility");
                let public = visible == "public" || (visible.is_empty() && it["private"] == json!(false));
                is(it, "name", repository)
                    && (public || (visible == "internal" && self.in_organization(who)))
                    && given(0)
            })
            || self.each("github_organization_settings").any(|it| {
                let base = match text(it, "default_repository_permission") {
                    "" => rank("read"),
                    word => rank(word),
                };
                self.in_organization(who) && base.is_some_and(given)
            })
            || self.each("github_repository_deploy_key").any(|it| {
                let key = format!("deploy-key:{}", text(it, "title"));
                is(it, "repository", repository)
                    && who == key
                    && given(if it["read_only"] == json!(false) { 2 } else { 0 })
            })
            || self.each("github_workflow_repository_permissions").any(|it| {
                let writes = text(it, "default_workflow_permissions") == "write";
                let own = who == format!("workflow:{}", text(it, "repository"));
                is(it, "repository", repository) && own && given(if writes { 2 } else { 0 })
            })
            || self.each("github_actions_organization_workflow_permissions").any(|it| {
                let writes = text(it, "default_workflow_permissions") == "write";
                who == "workflow:*" && given(if writes { 2 } else { 0 })
            })
    }

    fn in_organization(&self, who: &str) -> bool {
        who == "org-members" || self.each("github_membership").any(|it| is_user(it, who))
    }

    /// The teams that a user is put into, or of which he manages the members.
    fn teams_of(&self, who: &str, manages: bool) -> Vec<String> {
        let right = |it: &Value| !manages || text(it, "role") == "maintainer";
        let one = self
            .each("github_team_membership")
            .filter(|it| is_user(it, who) && right(it))
            .map(|it| name(&it["team_id"]));
        let many = self
            .each("github_team_members")
            .filter(|it| list(&it["members"]).any(|one| is_user(one, who) && right(one)));
        one.chain(many.map(|it| name(&it["team_id"]))).collect()
    }

    /// Whether somebody is in a team, or in one below it: a team has what its parents have.
    fn in_team(&self, who: &str, team: &Value) -> bool {
        let mut open = self.teams_of(who, false);
        open.extend(who.strip_prefix("team:").map(str::to_owned));
        let mut seen: Vec<String> = Vec::new();
        while let Some(one) = open.pop() {
            if seen.contains(&one) {
                continue;
            }
            if self.same_team(&one, &name(team)) {
                return true;
            }
            let above = self.each("github_team").filter(|it| called(it, &one)).map(|it| name(&it["parent_team_id"]));
            open.extend(above.filter(|parent| !parent.is_empty()));
            seen.push(one);
        }
        false
    }

    fn same_team(&self, one: &str, other: &str) -> bool {
        !one.is_empty()
            && (one == other || self.each("github_team").any(|team| called(team, one) && called(team, other)))
    }
}

fn called(team: &Value, by: &str) -> bool {
    let slug = name(&team["slug"]);
    // GitHub makes the slug of the name.
    let made = || text(team, "name").to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "-");
    let unknown = slug.is_empty() || slug.starts_with("${");
    ["slug", "id", "node_id"].iter().any(|key| name(&team[*key]) == by) || (unknown && !by.is_empty() && made() == by)
}

fn is_user(entry: &Value, who: &str) -> bool {
    let user = text(entry, "username");
    !user.is_empty() && who == format!("user:{}", user.to_lowercase())
}

fn is(object: &Value, attribute: &str, repository: &str) -> bool {
    let name = text(object, attribute).to_lowercase();
    name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name) == repository
}

/// A level in the order of the roles; custom roles have no place in it.
fn rank(word: &str) -> Option<usize> {
    match word {
        "pull" | "read" => Some(0),
        "triage" => Some(1),
        "push" | "write" => Some(2),
        "maintain" => Some(3),
        "admin" => Some(4),
        _ => None,
    }
}

/// The level of a grant; one without a word has the default.
fn level(grant: &Value, default: &str) -> Option<usize> {
    rank(Some(text(grant, "permission")).filter(|word| !word.is_empty()).unwrap_or(default))
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

fn name(value: &Value) -> String {
    value.as_str().map(str::to_owned).unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A value as JSON; numbers as text, and what is known only after apply by its name in `${...}`.
fn plain(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(it) => json!(it),
        Val::Number(it) => json!(it),
        Val::Text(it) => json!(it.as_ref()),
        Val::List(items) => Value::Array(items.iter().map(plain).collect()),
        Val::Map(members) => members.iter().map(|(key, value)| (key.to_string(), plain(value))).collect(),
        Val::Hole(hole) => json!(format!("${{{}}}", hole.id)),
        Val::Partial(pieces) => {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.to_string(),
                Piece::Hole(hole) => format!("${{{}}}", hole.id),
            };
            json!(pieces.iter().map(piece).collect::<String>())
        }
    }
}
