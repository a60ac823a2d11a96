//! One organisation, before and after: who reaches a higher level, and by which change.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::Organization;
use super::grants::{self, LEVELS, World};
use super::row::{self, piece, reason};
use crate::access::NewAccess;
use crate::access::worlds::{Judged, Object, Row, Side, State};

/// Compares the organisation that some rows make.
pub(super) fn judge(state: &State, rows: &[usize], changes: &dyn Fn(&Row) -> Option<usize>, out: &mut Judged) {
    let renamed = renamed(state, rows);
    let before = World::build(state, rows, Side::Before, &renamed);
    let after = World::build(state, rows, Side::After, &BTreeMap::new());
    let rows: Vec<&Row> = rows.iter().filter_map(|at| state.rows.get(*at)).collect();
    for row in rows.iter().filter(|row| row.differs()) {
        if let Some(change) = changes(row) {
            row::of_row(row, &rows, change, &after, out);
        }
    }
    let objects = |side: Side| Organization::of(rows.iter().filter_map(move |row| row.object(side)));
    let replay = (objects(Side::Before), objects(Side::After));
    let mut addresses = BTreeMap::new();
    for row in rows.iter().filter(|row| row.differs()) {
        if let (Some(object), Some(change)) = (&row.after, row.change) {
            addresses.entry(&*object.address).or_insert(change);
        }
    }
    let judge = Judge { before, after, rows: &rows, addresses, renamed: &renamed, replay };
    judge.levels(out);
    judge.teams(out);
    judge.keys(changes, out);
}

/// What repositories of the before side are called now: one that is renamed by its new name, and one that makes room
/// for another by a name that nobody has.
fn renamed(state: &State, rows: &[usize]) -> BTreeMap<String, String> {
    let repositories = || {
        rows.iter().filter_map(|at| state.rows.get(*at)).filter_map(|row| {
            let name = |object: &Option<Object>| {
                let object = object.as_ref().filter(|object| &*object.type_name == "github_repository")?;
                object.get("name").text().map(str::to_lowercase)
            };
            (name(&row.before).is_some() || name(&row.after).is_some()).then(|| (name(&row.before), name(&row.after)))
        })
    };
    let taken: BTreeSet<String> = repositories().filter_map(|(_, new)| new).collect();
    let moved = |(old, new): (Option<String>, Option<String>)| match (old?, new) {
        (old, Some(new)) if old != new => Some((old, new)),
        (old, None) if taken.contains(&old) => Some((old.clone(), format!("{old} (removed)"))),
        _ => None,
    };
    repositories().filter_map(moved).collect()
}

struct Judge<'a> {
    before: World,
    after: World,
    rows: &'a [&'a Row],
    /// The changes by the addresses after them.
    addresses: BTreeMap<&'a str, usize>,
    renamed: &'a BTreeMap<String, String>,
    /// The second opinion on both sides.
    replay: (Organization, Organization),
}

impl Judge<'_> {
    fn change_at(&self, address: &str) -> Option<usize> {
        self.addresses.get(address).copied()
    }

    /// What a team was called before.
    fn formerly(&self, team: &str) -> String {
        let called = |object: &Option<Object>| {
            object.as_ref().filter(|object| &*object.type_name == "github_team").and_then(grants::called)
        };
        let row = self.rows.iter().find(|row| called(&row.after).as_deref() == Some(team));
        row.map_or_else(|| team.to_owned(), |row| called(&row.before).unwrap_or_else(|| format!("{team} (new)")))
    }

    /// New access, if the second evaluator agrees.
    fn checked(&self, change: usize, new: NewAccess, out: &mut Judged) {
        let mut then = new.witness.clone();
        if let Some((old, _)) = self.renamed.iter().find(|(_, name)| **name == then.resource) {
            then.resource.clone_from(old);
        }
        // A team's requests are those of the team that is called so now.
        if let Some(team) = then.principal.strip_prefix("team:") {
            then.principal = format!("team:{}", self.formerly(team));
        }
        if then.action == "team:manage-members" {
            then.resource = self.formerly(&then.resource);
        }
        if self.replay.1.allows(&new.witness) && !self.replay.0.allows(&then) {
            out.new_access(change, new);
            return;
        }
        let text = format!("a request was found but does not stand up when checked: {}", new.explanation);
        out.possible(change, reason("unconfirmed", "", text));
    }

    /// Whoever reaches a higher level on a repository.
    fn levels(&self, out: &mut Judged) {
        let users = self.after.members.keys().map(|(user, _)| user);
        let teams: Vec<String> = self.after.children().map(|team| format!("team:{team}")).collect();
        let named = self.after.grants.keys().map(|(_, who)| who);
        let joined = self.after.in_organization.keys();
        let who: BTreeSet<&String> = named.chain(users).chain(joined).chain(&teams).collect();
        let mut places: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (repository, who) in self.after.grants.keys() {
            places.entry(who).or_default().push(repository);
        }
        let all: BTreeSet<&String> =
            self.after.grants.keys().map(|(place, _)| place).chain(self.after.repositories.keys()).collect();
        let everywhere = "*".to_owned();
        // What an owner gains is said once.
        for who in who.into_iter().filter(|who| !self.after.owners.contains_key(*who)) {
            let names = (self.before.names(who), self.after.names(who));
            let level = |repository: &str| {
                (self.before.level(repository, who, &names.0), self.after.level(repository, who, &names.1))
            };
            // What a grant names; where there is a grant on all of them, also those in which it newly counts.
            let ((had, had_words), (has, words)) = level(&everywhere);
            let granted = names.1.iter().map(String::as_str).chain(["*"]);
            let granted = granted.filter_map(|name| places.get(name)).flatten().copied();
            let mut repositories: BTreeSet<&String> = granted.chain(&self.before.archived).collect();
            if has > had || words != had_words {
                repositories.extend(&all);
            }
            for repository in repositories {
                let ((had, had_words), (has, words)) = level(repository);
                let unordered = words.difference(&had_words).next();
                if has <= had && unordered.is_none() {
                    continue;
                }
                for (change, address) in self.culprits(repository, who, had) {
                    if has > had && !had_words.is_empty() {
                        let text = "a role of its own was held before, which may have permitted this; read the role";
                        out.possible(change, reason("outside_plan", "permission", text.to_owned()));
                    } else if has > had {
                        let action = format!("repo:{}", LEVELS.get(has - 1).copied().unwrap_or("admin"));
                        let text = format!("`{who}` can now `{action}` on `{repository}`, by `{address}`");
                        self.checked(change, piece(&address, "permission", who, &action, repository, text), out);
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
        addresses.extend(self.after.teams_of(who).map(|(_, (address, _))| address));
        addresses
            .extend(self.after.in_organization.get(who).filter(|_| !self.before.in_organization.contains_key(who)));
        if self.before.archived.contains(repository) {
            addresses.extend(self.after.repositories.get(repository));
        }
        let mut found: Vec<(usize, String)> =
            addresses.into_iter().filter_map(|address| Some((self.change_at(address)?, address.clone()))).collect();
        if found.is_empty() {
            // A team moved below another one, or something else that is not looked at by itself.
            let rows = self.rows.iter().filter(|row| row.differs());
            found.extend(rows.filter_map(|row| Some((row.change?, row.after.as_ref()?.address.to_string()))));
        }
        found
    }

    /// Deploy keys under a name that was there before: another key is another credential, wherever it stands.
    fn keys(&self, changes: &dyn Fn(&Row) -> Option<usize>, out: &mut Judged) {
        let key = |row: &'_ Row, side: Side| {
            let object = row.object(side).filter(|object| &*object.type_name == "github_repository_deploy_key")?;
            let world = if side == Side::Before { &self.before } else { &self.after };
            let repository = world.repository(&object.get("repository").name()?);
            Some((repository, object.get("title").name().unwrap_or_default(), object.get("key").clone()))
        };
        let old: Vec<_> = self.rows.iter().filter_map(|row| key(row, Side::Before)).collect();
        for row in self.rows.iter().filter(|row| row.differs()) {
            let (Some(change), Some(new), Some(object)) = (changes(row), key(row, Side::After), &row.after) else {
                continue;
            };
            let named = old.iter().any(|(repository, title, _)| (repository, title) == (&new.0, &new.1));
            if !named || old.contains(&new) {
                continue;
            }
            let who = format!("deploy-key:{}", new.1);
            let level = if object.get("read_only").flag() == Some(false) { "repo:push" } else { "repo:pull" };
            let text = format!("`{who}` is another key");
            let mut found = piece(&object.address, "key", &who, level, &new.0, text);
            found.witness.context.insert("tollgate:credential".into(), vec![object.address.to_string()]);
            out.new_access(change, found);
        }
    }

    /// New owners, and new maintainers of teams.
    fn teams(&self, out: &mut Judged) {
        for (user, address) in self.after.owners.iter().filter(|(user, _)| !self.before.owners.contains_key(*user)) {
            if let Some(change) = self.change_at(address) {
                let text = format!("`{user}` becomes an owner of the organisation");
                self.checked(change, piece(address, "role", user, "org:owner", "*", text), out);
            }
        }
        for (user, address) in &self.after.in_organization {
            let Some(change) = self.change_at(address).filter(|_| !self.before.in_organization.contains_key(user))
            else {
                continue;
            };
            let text = "a new member gets what the organisation gives to every member; read its base permission";
            out.possible(change, reason("outside_plan", "username", text.to_owned()));
        }
        for ((user, team), (address, manages)) in &self.after.members {
            let old = self.before.members.get(&(user.clone(), team.clone()));
            let Some(change) = self.change_at(address) else { continue };
            if *manages && !old.is_some_and(|(_, managed)| *managed) {
                let text = format!("`{user}` can now change who is in team `{team}`");
                self.checked(change, piece(address, "role", user, "team:manage-members", team, text), out);
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
