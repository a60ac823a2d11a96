//! Who may do what on which repository, on one side.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::worlds::{Object, Row, Side, State, Val};

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
    /// Who is in the organisation, with the row's address.
    pub(super) in_organization: BTreeMap<String, String>,
    /// Repositories that nobody can write to.
    pub(super) archived: BTreeSet<String>,
    /// The addresses of repositories.
    pub(super) repositories: BTreeMap<String, String>,
    /// What repositories are called here, where that is not their name on this side.
    renamed: BTreeMap<String, String>,
}

impl World {
    /// The organisation that some rows make on a side. `renamed` are names of repositories under which they are
    /// compared.
    pub(super) fn build(state: &State, rows: &[usize], side: Side, renamed: &BTreeMap<String, String>) -> Self {
        let mut world = Self { renamed: renamed.clone(), ..Self::default() };
        let rows: Vec<&Row> = rows.iter().filter_map(|at| state.rows.get(*at)).collect();
        let team = |object: &&Object| &*object.type_name == "github_team";
        let taken: BTreeSet<String> =
            rows.iter().filter_map(|row| row.after.as_ref().filter(team)).filter_map(called).collect();
        for row in &rows {
            let Some(object) = row.object(side).filter(team) else { continue };
            // A team keeps its people under another name; one that makes room for another is not the other one.
            let name = match row.after.as_ref().filter(team) {
                Some(after) => called(after),
                None => {
                    called(object).map(|name| if taken.contains(&name) { format!("{name} (removed)") } else { name })
                }
            };
            let Some(name) = name else { continue };
            let known = ["slug", "id", "node_id"].iter().filter_map(|key| object.get(key).name()).chain(called(object));
            for other in known {
                world.teams.insert(other, name.clone());
            }
        }
        let objects: Vec<&Object> = rows.iter().filter_map(|row| row.object(side)).collect();
        for object in &objects {
            world.add(object);
        }
        world
    }

    /// A repository by the name that stands for it: without the owner, in lower case, and as it is called now.
    pub(super) fn repository(&self, name: &str) -> String {
        let name = name.rsplit('/').next().unwrap_or_default().to_lowercase();
        self.renamed.get(&name).cloned().unwrap_or(name)
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
        let repository = self.repository(&repository);
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
            "github_repository" => {
                if let Some(name) = get("name").name() {
                    let name = self.repository(&name);
                    if get("archived").flag() == Some(true) {
                        self.archived.insert(name.clone());
                    }
                    self.repositories.insert(name, object.address.to_string());
                }
                match get("visibility").text() {
                    Some("public") => self.grant(object, get("name"), "*".into(), &Val::Null, "pull"),
                    Some("internal") => self.grant(object, get("name"), "org-members".into(), &Val::Null, "pull"),
                    // The older way to say it.
                    None if get("private").flag() == Some(false) => {
                        self.grant(object, get("name"), "*".into(), &Val::Null, "pull");
                    }
                    _ => {}
                }
            }
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
                let name = called(object).map(|name| self.teams.get(&name).cloned().unwrap_or(name));
                if let (Some(team), Some(parent)) = (name, self.team(get("parent_team_id"))) {
                    self.parents.insert(team, parent);
                }
            }
            "github_team_membership" => {
                if let (Some(user), Some(team)) = (user(get("username")), self.team(get("team_id"))) {
                    let manages = get("role").text() == Some("maintainer");
                    self.join(user, team, object, manages);
                }
            }
            "github_team_members" => {
                for entry in get("members").items() {
                    if let (Some(user), Some(team)) = (user(entry.get("username")), self.team(get("team_id"))) {
                        let manages = entry.get("role").text() == Some("maintainer");
                        self.join(user, team, object, manages);
                    }
                }
            }
            "github_membership" => {
                if let Some(user) = user(get("username")) {
                    if get("role").text() == Some("admin") {
                        self.owners.insert(user.clone(), object.address.to_string());
                    }
                    self.in_organization.insert(user, object.address.to_string());
                }
            }
            _ => {}
        }
    }

    /// Puts a user into a team. One who is put into it twice manages it where one of the two says so.
    fn join(&mut self, user: String, team: String, object: &Object, manages: bool) {
        let joined = self.members.entry((user, team)).or_insert_with(|| (object.address.to_string(), manages));
        if manages && !joined.1 {
            *joined = (object.address.to_string(), true);
        }
    }

    /// Teams below another one; they have what it has.
    pub(super) fn children(&self) -> impl Iterator<Item = &String> {
        self.parents.keys()
    }

    /// The teams that somebody is put into.
    pub(super) fn teams_of(&self, who: &str) -> impl Iterator<Item = (&(String, String), &(String, bool))> {
        self.members.range((who.to_owned(), String::new())..).take_while(move |((user, _), _)| user == who)
    }

    /// The names under which somebody gets grants: himself, his teams, and their parents.
    pub(super) fn names(&self, who: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::from([who.to_owned()]);
        if self.in_organization.contains_key(who) {
            names.insert("org-members".to_owned());
        }
        let mut open: Vec<String> = self.teams_of(who).map(|((_, team), _)| team.clone()).collect();
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

    /// The highest level that somebody of these names has on a repository, above none at 0; and unordered grants by
    /// their word.
    pub(super) fn level(&self, repository: &str, who: &str, names: &BTreeSet<String>) -> (usize, BTreeSet<String>) {
        let mut highest = 0;
        let mut words = BTreeSet::new();
        for name in names.iter().map(String::as_str).chain(["*"]) {
            for place in [repository, "*"] {
                for grant in self.grants.get(&(place.to_owned(), name.to_owned())).into_iter().flatten() {
                    match grant.level {
                        Some(level) => highest = highest.max(level + 1),
                        None => drop(words.insert(grant.word.clone())),
                    }
                }
            }
        }
        if self.owners.contains_key(who) {
            return (LEVELS.len(), BTreeSet::new());
        }
        // What is archived can be read; who administers it can take it out of the archive.
        if self.archived.contains(repository) && highest < LEVELS.len() {
            highest = highest.min(1);
        }
        (highest, words)
    }
}

/// What a team is called: its slug, which GitHub makes of the name.
pub(super) fn called(team: &Object) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
    let made = || team.get("name").text().map(|name| name.chars().map(plain).collect::<String>());
    team.get("slug").text().map(str::to_owned).or_else(made).or_else(|| team.get("id").name())
}
