//! GitHub against a second evaluator: small organisations are judged by the engine and by brute force over every
//! person, team, repository and level; and cases that were once judged wrong.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/brute.rs"]
mod brute;
#[path = "support/sides.rs"]
mod sides;

use std::collections::BTreeMap;
use std::sync::Arc;

use brute::Brute;
use proptest::prelude::*;
use serde_json::{Value, json};
use sides::{Resource, judged};
use tollgate::access::github::evaluate::Organization;
use tollgate::access::worlds::{Object, Val};
use tollgate::access::{Verdict, Witness};

fn resource(kind: &str, name: &str, values: Value) -> Resource {
    Resource { provider: Some("github"), ..Resource::new(kind, name, values) }
}

fn verdict(old: &[Resource], new: &[Resource]) -> Verdict {
    judged(old, new, &[]).verdict
}

fn repository(label: &str, name: &str, visibility: &str, archived: bool) -> Resource {
    resource("github_repository", label, json!({"name": name, "visibility": visibility, "archived": archived}))
}

fn collaborator(label: &str, on: &str, user: &str, level: &str) -> Resource {
    let values = json!({"repository": on, "username": user, "permission": level});
    resource("github_repository_collaborator", label, values)
}

fn member(user: &str, role: &str) -> Resource {
    resource("github_membership", user, json!({"username": user, "role": role}))
}

// Cases.

#[test]
fn a_repository_of_another_owner_is_another_repository() {
    let of = |label: &str, provider: &'static str| Resource {
        provider: Some(provider),
        ..collaborator(label, "app", "ann", "admin")
    };
    let both = [of("one", "github.one"), of("two", "github.two")];
    assert_eq!(verdict(&[of("one", "github.one")], &both), Verdict::Possible);
    let again = [of("one", "github.one"), of("two", "github.one")];
    assert_eq!(verdict(&[of("one", "github.one")], &again), Verdict::None);
}

#[test]
fn a_renamed_repository_keeps_its_people_and_takes_nobody_elses() {
    let with = |name: &str| [repository("a", name, "private", false), collaborator("c", name, "ann", "admin")];
    assert_eq!(verdict(&with("app"), &with("shop")), Verdict::None);
    let old = [
        repository("a", "app", "private", false),
        repository("b", "shop", "private", false),
        collaborator("c", "shop", "ann", "admin"),
    ];
    let new = [repository("a", "shop", "private", false), collaborator("c", "shop", "ann", "admin")];
    assert_eq!(verdict(&old, &new), Verdict::New);
}

#[test]
fn out_of_the_archive_people_can_write_again() {
    let with = |archived: bool| [repository("a", "app", "private", archived), collaborator("c", "app", "ann", "push")];
    assert_eq!(verdict(&with(true), &with(false)), Verdict::New);
    assert_eq!(verdict(&with(false), &with(true)), Verdict::None);
}

#[test]
fn out_of_the_archive_the_base_permission_counts_again() {
    let base = resource("github_organization_settings", "o", json!({"default_repository_permission": "write"}));
    let with = |archived: bool| [base.clone(), repository("a", "app", "private", archived)];
    assert_eq!(verdict(&with(true), &with(false)), Verdict::New);
}

#[test]
fn one_who_is_put_into_a_team_twice_manages_it_where_one_says_so() {
    let joined = |label: &str, role: &str| {
        resource("github_team_membership", label, json!({"team_id": "core", "username": "ann", "role": role}))
    };
    let both = [joined("a", "maintainer"), joined("b", "member")];
    assert_eq!(verdict(&[joined("b", "member")], &both), Verdict::New);
}

#[test]
fn the_older_word_for_public_counts() {
    let with = |private: bool| resource("github_repository", "a", json!({"name": "app", "private": private}));
    assert_eq!(verdict(&[with(true)], &[with(false)]), Verdict::New);
    assert_eq!(verdict(&[with(false)], &[with(true)]), Verdict::None);
}

#[test]
fn members_and_owners_have_what_they_have_already() {
    let base = resource("github_organization_settings", "o", json!({"default_repository_permission": "write"}));
    let given = |role: &str, level: &str| {
        let old = [base.clone(), member("ann", role)];
        verdict(&old, &[old.to_vec(), vec![collaborator("c", "app", "ann", level)]].concat())
    };
    assert_eq!(given("member", "pull"), Verdict::None);
    assert_eq!(given("member", "admin"), Verdict::New);
    assert_eq!(given("admin", "admin"), Verdict::None);
}

#[test]
fn a_new_member_gets_what_all_members_have() {
    let base = resource("github_organization_settings", "o", json!({"default_repository_permission": "read"}));
    assert_eq!(verdict(std::slice::from_ref(&base), &[base.clone(), member("ann", "member")]), Verdict::New);
    let internal = repository("a", "app", "internal", false);
    assert_eq!(verdict(std::slice::from_ref(&internal), &[internal.clone(), member("ann", "member")]), Verdict::New);
    assert_eq!(verdict(&[], &[member("ann", "member")]), Verdict::Possible);
}

#[test]
fn a_role_of_its_own_cannot_be_ordered() {
    let with = |level: &str| [collaborator("c", "app", "ann", level)];
    assert_eq!(verdict(&with("push"), &with("security-manager")), Verdict::Possible);
    assert_eq!(verdict(&with("security-manager"), &with("push")), Verdict::Possible);
    assert_eq!(verdict(&with("security-manager"), &with("security-manager")), Verdict::None);
}

#[test]
fn reviewers_that_are_all_gone_ask_nobody() {
    let with = |users: &[u32]| {
        let reviewers = json!([{"users": users, "teams": []}]);
        let values = json!({"repository": "app", "environment": "production", "reviewers": reviewers});
        [resource("github_repository_environment", "e", values)]
    };
    assert_eq!(verdict(&with(&[1, 2]), &with(&[])), Verdict::New);
    assert_eq!(verdict(&with(&[1, 2]), &with(&[1])), Verdict::None);
}

#[test]
fn a_ruleset_that_gets_conditions_may_hold_for_less() {
    let with = |conditions: Value| {
        let values = json!({"name": "main", "repository": "app", "target": "branch", "enforcement": "active",
            "conditions": conditions, "rules": [{"deletion": true}]});
        [resource("github_repository_ruleset", "r", values)]
    };
    let main = json!([{"ref_name": [{"include": ["refs/heads/main"], "exclude": []}]}]);
    assert_eq!(verdict(&with(json!([])), &with(main)), Verdict::Possible);
}

#[test]
fn pages_are_said_to_be_unread() {
    let with = |pages: Value| {
        [resource("github_repository", "a", json!({"name": "app", "visibility": "private", "pages": pages}))]
    };
    assert_eq!(verdict(&with(json!([])), &with(json!([{"build_type": "workflow"}]))), Verdict::Possible);
}

// Properties.

const LEVELS: [&str; 5] = ["pull", "triage", "push", "maintain", "admin"];
const USERS: [&str; 2] = ["ann", "bob"];
const REPOSITORIES: [&str; 2] = ["app", "lib"];

#[derive(Clone, Debug)]
struct World {
    /// User, repository, level.
    people: Vec<(usize, usize, usize)>,
    /// Team (the second is below the first), repository, level.
    teams: Vec<(usize, usize, usize)>,
    /// User, team, whether he manages it.
    members: Vec<(usize, usize, bool)>,
    /// Visibility of the first repository, and whether it is archived.
    shown: (usize, bool),
    base: usize,
    /// Whether the users are in the organisation, and the first owns it.
    joined: bool,
    owner: bool,
}

fn world() -> impl Strategy<Value = World> {
    let grants = || proptest::collection::vec((0..2usize, 0..2usize, 0..LEVELS.len()), 0..3);
    let members = proptest::collection::vec((0..2usize, 0..2usize, any::<bool>()), 0..3);
    (grants(), grants(), members, (0..3usize, any::<bool>()), 0..3usize, any::<bool>(), any::<bool>()).prop_map(
        |(people, teams, members, shown, base, joined, owner)| World {
            people,
            teams,
            members,
            shown,
            base,
            joined,
            owner,
        },
    )
}

fn resources(world: &World) -> Vec<Resource> {
    let visibility = ["private", "internal", "public"].into_iter().nth(world.shown.0).unwrap();
    let mut all = vec![
        repository("app", "app", visibility, world.shown.1),
        resource("github_team", "t0", json!({"id": "10", "slug": "core", "parent_team_id": ""})),
        resource("github_team", "t1", json!({"id": "11", "slug": "crew", "parent_team_id": "10"})),
    ];
    let base = ["none", "read", "write"].into_iter().nth(world.base).unwrap();
    all.push(resource("github_organization_settings", "o", json!({"default_repository_permission": base})));
    if world.joined {
        for (at, user) in USERS.into_iter().enumerate() {
            all.push(member(user, if world.owner && at == 0 { "admin" } else { "member" }));
        }
    }
    let level = |at: usize| LEVELS.into_iter().nth(at).unwrap();
    let on = |at: usize| REPOSITORIES.into_iter().nth(at).unwrap();
    let user = |at: usize| USERS.into_iter().nth(at).unwrap();
    let team = |at: usize| if at == 0 { "core" } else { "11" };
    for (at, (who, repository, granted)) in world.people.iter().enumerate() {
        all.push(collaborator(&format!("c{at}"), on(*repository), user(*who), level(*granted)));
    }
    for (at, (who, repository, granted)) in world.teams.iter().enumerate() {
        let values = json!({"repository": on(*repository), "team_id": team(*who), "permission": level(*granted)});
        all.push(resource("github_team_repository", &format!("g{at}"), values));
    }
    for (at, (who, of, manages)) in world.members.iter().enumerate() {
        let role = if *manages { "maintainer" } else { "member" };
        let values = json!({"team_id": team(*of), "username": user(*who), "role": role});
        all.push(resource("github_team_membership", &format!("m{at}"), values));
    }
    all
}

fn organization(world: &World) -> Organization {
    let objects: Vec<Object> = resources(world)
        .iter()
        .map(|resource| Object {
            address: format!("{}.{}", resource.kind, resource.name).into(),
            type_name: Arc::from(resource.kind.as_str()),
            values: Val::known(&resource.values).into(),
        })
        .collect();
    Organization::of(&objects)
}

fn requests() -> Vec<Witness> {
    let one = |who: &str, action: String, on: &str| Witness {
        principal: who.into(),
        action,
        resource: on.into(),
        context: BTreeMap::new(),
    };
    let mut all = Vec::new();
    for who in ["user:ann", "user:bob", "team:core", "team:crew", "org-members", "*"] {
        for level in LEVELS {
            // `*` stands for the repositories that nobody names, which a base permission reaches.
            all.extend(REPOSITORIES.iter().chain(&["*"]).map(|on| one(who, format!("repo:{level}"), on)));
        }
        all.push(one(who, "org:owner".into(), "*"));
        all.extend(["core", "crew"].map(|team| one(who, "team:manage-members".into(), team)));
    }
    all
}

/// The same organisation with another of its parts.
fn pair() -> impl Strategy<Value = (World, World)> {
    (world(), world(), 0..7u8).prop_map(|(old, other, part)| {
        let mut new = old.clone();
        match part {
            0 => new.people = other.people,
            1 => new.teams = other.teams,
            2 => new.members = other.members,
            3 => new.shown = other.shown,
            4 => new.base = other.base,
            5 => (new.joined, new.owner) = (other.joined, other.owner),
            _ => new = other,
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_where_nothing_changes(world in world()) {
        prop_assert_eq!(verdict(&resources(&world), &resources(&world)), Verdict::None);
    }

    #[test]
    fn less_is_never_new(old in world(), drop in 0..4u8) {
        let mut new = old.clone();
        match drop {
            0 => drop_last(&mut new.people),
            1 => drop_last(&mut new.teams),
            2 => drop_last(&mut new.members),
            _ => (new.shown.0, new.base) = (0, 0),
        }
        prop_assert_eq!(verdict(&resources(&old), &resources(&new)), Verdict::None);
    }
}

/// What organisations and teams give that the plan does not show.
fn undecided(old: &World, new: &World) -> Option<&'static str> {
    if new.joined && !old.joined {
        return Some("what the organisation gives to a member is not all in the plan");
    }
    // The second team has what the first one has.
    let granted = |team: usize| new.teams.iter().any(|(who, ..)| *who == 0 || *who == team);
    let joins = |(who, team, _): &(usize, usize, bool)| {
        !granted(*team) && !old.members.iter().any(|(one, of, _)| (one, of) == (who, team))
    };
    new.members.iter().any(joins).then_some("a team that is granted nothing gets a member")
}

#[test]
fn the_verdict_is_that_of_brute_force() {
    brute::agrees(128, pair(), |(old, new)| {
        let access = judged(&resources(old), &resources(new), &[]);
        let (before, after) = (organization(old), organization(new));
        let found = requests().into_iter().find(|request| after.allows(request) && !before.allows(request));
        for piece in access.changes.iter().flat_map(|change| &change.new) {
            assert!(after.allows(&piece.witness) && !before.allows(&piece.witness), "{:?}", piece.witness);
        }
        (access, Brute { found: found.map(|request| format!("{request:?}")), undecided: undecided(old, new) })
    });
}

fn drop_last<T>(list: &mut Vec<T>) {
    list.pop();
}
