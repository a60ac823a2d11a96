//! Who may do what on which repository, on one side.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::worlds::{Object, Side, State, Val};

/// Permission levels of a repository; each includes the ones before it.
pub(super) const LEVELS: &[&str] = &["pull", "triage", "push", "maintain", "admin"];

/// One grant: where it stands, and its level; `None` for one that has no place in the order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grant {
    pub(super) address: String,
    pub(super) level: Option<usize>,
    pub(super) word: String,
}

/// One side.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    /// By repository (`*` for all) and principal.
    pub(super) grants: BTreeMap<(String, String), Vec<Grant>>,
    /// Members of teams: user and team, with the row's address and whether he manages members.
    pub(super) members: BTreeMap<(String, String), (String, bool)>,
    parents: BTreeMap<String, String>,
    /// What a team is called, to the name that stands for it here.
    teams: BTreeMap<String, String>,
    pub(super) owners: BTreeMap<String, String>,
}

impl World {
    pub(super) fn build(state: &State, side: Side) -> Self {
        let mut world = Self::default();
        let objects: Vec<&Object> = state.rows.iter().filter_map(|row| row.object(side)).collect();
        for object in objects.iter().filter(|object| &*object.type_name == "github_team") {
            let names: Vec<String> =
                ["slug", "id", "node_id"].iter().filter_map(|key| object.get(key).name()).collect();
            // A hole is unique; the slug reads best.
            if let Some(first) = names.first() {
                for name in &names {
                    world.teams.insert(name.clone(), first.clone());
                }
            }
        }
        for object in &objects {
            world.add(object);
        }
        world
    }

    fn team(&self, value: &Val) -> Option<String> {
        let name = match value {
            Val::Number(number) => number.clone(),
            other => other.name()?,
        };
        Some(self.teams.get(&name).cloned().unwrap_or(name))
    }

    fn grant(&mut self, object: &Object, repository: &Val, principal: String, level: &Val, default: &str) {
        let Some(repository) = repository.name() else { return };
        let word = level.name().unwrap_or_else(|| default.to_owned());
        let level = match word.as_str() {
            "read" => Some(0),
            "write" => Some(2),
            other => LEVELS.iter().position(|level| *level == other),
        };
        let repository = repository.rsplit('/').next().unwrap_or_default().to_lowercase();
        let grant = Grant { address: object.address.to_string(), level, word };
        self.grants.entry((repository, principal)).or_default().push(grant);
    }

    fn add(&mut self, object: &Object) {
        let get = |key: &str| object.get(key);
        let user = |value: &Val| value.name().map(|name| format!("user:{}", name.to_lowercase()));
        match &*object.type_name {
            "github_repository_collaborator" => {
                if let Some(user) = user(get("username")) {
                    self.grant(object, get("repository"), user, get("permission"), "push");
                }
            }
            "github_repository_collaborators" => {
                for entry in get("user").items() {
                    if let Some(user) = user(entry.get("username")) {
                        self.grant(object, get("repository"), user, entry.get("permission"), "push");
                    }
                }
                for entry in get("team").items() {
                    if let Some(team) = self.team(entry.get("team_id")) {
                        let who = format!("team:{team}");
                        self.grant(object, get("repository"), who, entry.get("permission"), "push");
                    }
                }
            }
            "github_team_repository" => {
                if let Some(team) = self.team(get("team_id")) {
                    self.grant(object, get("repository"), format!("team:{team}"), get("permission"), "pull");
                }
            }
            "github_repository" => match get("visibility").text() {
                Some("public") => self.grant(object, get("name"), "*".into(), &Val::Null, "pull"),
                Some("internal") => self.grant(object, get("name"), "org-members".into(), &Val::Null, "pull"),
                _ => {}
            },
            "github_organization_settings" => {
                let base = get("default_repository_permission");
                if base.text() != Some("none") {
                    self.grant(object, &Val::Text("*".into()), "org-members".into(), base, "read");
                }
            }
            "github_repository_deploy_key" => {
                let level = if get("read_only").flag() == Some(false) { "push" } else { "pull" };
                let title = get("title").name().unwrap_or_default();
                self.grant(object, get("repository"), format!("deploy-key:{title}"), &Val::Null, level);
            }
            "github_workflow_repository_permissions" => {
                let level = get("default_workflow_permissions");
                let repository = get("repository").name().unwrap_or_default();
                self.grant(object, get("repository"), format!("workflow:{repository}"), level, "read");
            }
            "github_actions_organization_workflow_permissions" => {
                let level = get("default_workflow_permissions");
                self.grant(object, &Val::Text("*".into()), "workflow:*".into(), level, "read");
            }
            "github_team" => {
                let name = ["slug", "id"].iter().find_map(|key| object.get(key).name());
                if let (Some(team), Some(parent)) = (name, self.team(get("parent_team_id"))) {
                    self.parents.insert(team, parent);
                }
            }
            "github_team_membership" => {
                if let (Some(user), Some(team)) = (user(get("username")), self.team(get("team_id"))) {
                    let manages = get("role").text() == Some("maintainer");
                    self.members.insert((user, team), (object.address.to_string(), manages));
                }
            }
            "github_team_members" => {
                for entry in get("members").items() {
                    if let (Some(user), Some(team)) = (user(entry.get("username")), self.team(get("team_id"))) {
                        let manages = entry.get("role").text() == Some("maintainer");
                        self.members.insert((user, team), (object.address.to_string(), manages));
                    }
                }
            }
            "github_membership" if get("role").text() == Some("admin") => {
                if let Some(user) = user(get("username")) {
                    self.owners.insert(user, object.address.to_string());
                }
            }
            _ => {}
        }
    }

    /// The names under which somebody gets grants: himself, his teams, and their parents.
    pub(super) fn names(&self, who: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([who.to_owned()]);
        let mut open: Vec<String> =
            self.members.keys().filter(|(user, _)| user == who).map(|(_, team)| team.clone()).collect();
        open.extend(who.strip_prefix("team:").map(str::to_owned));
        while let Some(team) = open.pop() {
            let inserted = names.insert(format!("team:{team}"));
            if (inserted || who == format!("team:{team}"))
                && let Some(parent) = self.parents.get(&team)
                && !names.contains(&format!("team:{parent}"))
            {
                open.push(parent.clone());
            }
        }
        names
    }

    /// The highest level that somebody has on a repository, above none at 0; and unordered grants by their word.
    pub(super) fn level(&self, repository: &str, who: &str) -> (usize, BTreeSet<String>) {
        let mut highest = 0;
        let mut words = BTreeSet::new();
        for name in self.names(who).into_iter().chain(["*".to_owned()]) {
            for place in [repository, "*"] {
                for grant in self.grants.get(&(place.to_owned(), name.clone())).into_iter().flatten() {
                    match grant.level {
                        Some(level) => highest = highest.max(level + 1),
                        None => drop(words.insert(grant.word.clone())),
                    }
                }
            }
        }
        (highest, words)
    }
}
