//! Approver rules: whom a plan asks for.

use tollgate::approval::{CodeOwners, Person, Role, RoleLevel, State, UserId};
use tollgate::policy::{Level, Severity};

use crate::world::{ALICE, BOB, CAROL, World, finding};

fn team(world: &mut World, id: u64, team: &str) {
    let person = world
        .snapshot
        .people
        .entry(UserId(id))
        .or_insert_with(|| Person { role: Role { level: RoleLevel::Read, custom: None }, teams: Default::default() });
    person.teams.insert(team.into());
}

#[test]
fn all_of_needs_a_person_for_each() {
    let mut world = World::new()
        .rules("[[rules]]\nname = \"both\"\nrequires = { all_of = [\"team:org/security\", \"team:org/platform\"] }");
    team(&mut world, ALICE, "org/security");
    team(&mut world, ALICE, "org/platform");
    team(&mut world, BOB, "org/security");
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Partial, "one person fills one place");
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100), "Bob for security, Alice for platform");
}

#[test]
fn k_of_n_counts_different_people() {
    let mut world = World::new()
        .rules("[[rules]]\nname = \"two\"\nrequires = { count = 2, any_of = [\"user:2\", \"user:3\", \"user:4\"] }");
    world.approve(ALICE, "30m", 60);
    world.approve(ALICE, "30m", 61);
    assert_eq!(world.state(100), State::Partial);
    world.approve(CAROL, "30m", 70);
    assert!(world.is_open(100));
}

#[test]
fn several_rules_must_all_be_satisfied() {
    let mut world = World::new().rules(
        "
        [[rules]]
        name = \"maintainers\"
        requires = { any_of = [\"role:maintain\"] }
        [[rules]]
        name = \"critical\"
        when = { severity = [\"critical\", \"high\"] }
        requires = { any_of = [\"user:bob\"] }",
    );
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Partial);
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100));
}

#[test]
fn a_finding_that_no_rule_covers_cannot_be_approved() {
    let toml = "
        [[rules]]
        name = \"low\"
        when = { severity = [\"low\"] }
        requires = { any_of = [\"role:maintain\"] }";
    let mut world = World::new()
        .rules(toml)
        .findings(&[finding("a", Severity::Low, Level::Approve), finding("b", Severity::High, Level::Approve)]);
    world.approve(ALICE, "30m", 60);
    let judgement = world.judge(100);
    assert_eq!(*judgement.state(), State::Partial);
    assert_eq!(judgement.uncovered[0].rule, "b");
}

#[test]
fn a_finding_names_the_group_it_wants() {
    let toml = "
        [[rules]]
        name = \"maintainers\"
        when = { severity = [\"high\"] }
        requires = { any_of = [\"role:maintain\"] }
        [[rules]]
        name = \"dba\"
        when = { rules = [\"never\"] }
        requires = { any_of = [\"user:bob\"] }";
    let mut asked = finding("x", Severity::High, Level::Approve);
    asked.approvers = Some("dba".into());
    let mut world = World::new().rules(toml).findings(&[asked.clone()]);
    world.approve(ALICE, "30m", 60);
    assert!(!world.is_open(100), "maintainers are not who was asked for");
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100));
    asked.approvers = Some("nobody-defines-this".into());
    let mut world = World::new().rules(toml).findings(&[asked]);
    world.approve(ALICE, "30m", 60);
    world.approve(BOB, "30m", 70);
    assert!(!world.is_open(100), "a group that does not exist");
}

#[test]
fn a_rule_about_paths_applies_with_them_and_covers_nothing() {
    let toml = "
        [[rules]]
        name = \"maintainers\"
        when = { severity = [\"high\"] }
        requires = { any_of = [\"role:maintain\"] }
        [[rules]]
        name = \"prod\"
        when = { paths = [\"envs/prod/**\"] }
        requires = { any_of = [\"user:bob\"] }";
    let mut world = World::new().rules(toml);
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Partial);
    world.snapshot.changed_files = vec!["envs/dev/main.tf".into()];
    assert!(world.is_open(100));
    let only_paths = "
        [[rules]]
        name = \"prod\"
        when = { paths = [\"envs/prod/**\"] }
        requires = { any_of = [\"role:maintain\"] }";
    let mut world = World::new().rules(only_paths);
    world.approve(ALICE, "30m", 60);
    assert!(!world.is_open(100));
}

#[test]
fn a_code_owner_owns_every_file_the_rule_is_about() {
    let toml = "
        [[rules]]
        name = \"owners\"
        requires = { any_of = [\"codeowner\"] }";
    let mut world = World::new().rules(toml);
    world.snapshot.code_owners = CodeOwners::parse("envs/ @alice\nenvs/dev/ @org/dev\n");
    world.approve(ALICE, "30m", 60);
    assert!(world.is_open(100));
    world.snapshot.changed_files.push("envs/dev/main.tf".into());
    assert!(!world.is_open(100));
    team(&mut world, ALICE, "org/dev");
    assert!(world.is_open(100));
    world.snapshot.changed_files.clear();
    assert!(!world.is_open(100), "nobody owns nothing");
}

#[test]
fn a_role_is_at_least_what_is_asked() {
    for (level, open) in [(RoleLevel::Write, false), (RoleLevel::Maintain, true), (RoleLevel::Admin, true)] {
        let mut world = World::new();
        world.snapshot.people.get_mut(&UserId(ALICE)).unwrap().role.level = level;
        world.approve(ALICE, "30m", 60);
        assert_eq!(world.is_open(100), open, "{level:?}");
    }
}
