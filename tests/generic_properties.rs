//! The generic compiler against a second evaluator: small worlds of grants, written down as plain sets of facts and
//! compared by set difference. The evaluator reads the world's own description and shares nothing with the engine.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/brute.rs"]
mod brute;
#[path = "support/sides.rs"]
mod sides;

use std::collections::BTreeSet;

use brute::Brute;
use proptest::prelude::*;
use serde_json::{Value, json};
use sides::Resource;
use tollgate::access::{PlanAccess, Verdict};

const WHO: [&str; 3] = ["ann", "bob", "eve"];
const PRIVILEGES: [&str; 3] = ["SELECT", "MODIFY", "ALL_PRIVILEGES"];
const LEVELS: [&str; 5] = ["guest", "reporter", "developer", "maintainer", "owner"];
const ROLES: [&str; 4] = ["r1", "r2", "r3", "r4"];

/// One resource of a world, of one of three types.
#[derive(Clone, Debug, PartialEq)]
enum Thing {
    /// `databricks_grants`: a catalog; principals with their privileges as bits.
    Grants(usize, Vec<(usize, u8)>),
    /// `gitlab_project_membership`: project, user, level.
    Member(usize, usize, usize),
    /// `auth0_user_roles`: user, roles as bits.
    Roles(usize, u8),
}

/// A world: what stands at each address, if anything.
type World = Vec<Option<Thing>>;

fn thing() -> impl Strategy<Value = Thing> {
    let pair = (0..WHO.len(), 1u8..8);
    prop_oneof![
        (0..2usize, proptest::collection::vec(pair, 1..3)).prop_map(|(catalog, grants)| Thing::Grants(catalog, grants)),
        (0..2usize, 0..WHO.len(), 0..LEVELS.len()).prop_map(|(project, who, level)| Thing::Member(project, who, level)),
        (0..WHO.len(), 1u8..16).prop_map(|(who, roles)| Thing::Roles(who, roles)),
    ]
}

fn world() -> impl Strategy<Value = World> {
    proptest::collection::vec(proptest::option::weighted(0.7, thing()), 4)
}

fn bits<'w>(words: &'w [&'w str], bits: u8) -> Vec<&'w str> {
    words.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, word)| *word).collect()
}

fn of_type(thing: &Thing) -> &'static str {
    match thing {
        Thing::Grants(..) => "databricks_grants",
        Thing::Member(..) => "gitlab_project_membership",
        Thing::Roles(..) => "auth0_user_roles",
    }
}

fn written(thing: &Thing) -> Value {
    match thing {
        Thing::Grants(catalog, grants) => {
            let grant = grants.iter().filter_map(|(who, privileges)| {
                Some(json!({"principal": WHO.get(*who)?, "privileges": bits(&PRIVILEGES, *privileges)}))
            });
            json!({"catalog": format!("c{catalog}"), "grant": grant.collect::<Vec<_>>()})
        }
        Thing::Member(project, who, level) => {
            json!({"project": format!("p{project}"), "user_id": who, "access_level": LEVELS.get(*level)})
        }
        Thing::Roles(who, roles) => json!({"user_id": WHO.get(*who), "roles": bits(&ROLES, *roles)}),
    }
}

/// Everything that a world permits, one fact each. A level has those below it.
fn facts(world: &World) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for thing in world.iter().flatten() {
        match thing {
            Thing::Grants(catalog, grants) => {
                for (who, privileges) in grants {
                    facts.extend(bits(&PRIVILEGES, *privileges).iter().map(|it| format!("grant {catalog} {who} {it}")));
                }
            }
            Thing::Member(project, who, level) => {
                facts.extend((0..=*level).map(|below| format!("member {project} {who} {below}")));
            }
            Thing::Roles(who, roles) => facts.extend(bits(&ROLES, *roles).iter().map(|it| format!("role {who} {it}"))),
        }
    }
    facts
}

/// Users who lose a role: what they get in its place cannot be told from it.
fn losers(before: &BTreeSet<String>, after: &BTreeSet<String>) -> BTreeSet<String> {
    let who = |fact: &String| fact.strip_prefix("role ").and_then(|rest| rest.split(' ').next()).map(str::to_owned);
    before.difference(after).filter_map(who).collect()
}

fn expected(before: &World, after: &World) -> Brute {
    let (before, after) = (facts(before), facts(after));
    let losers = losers(&before, &after);
    let swapped = |fact: &&&String| losers.iter().any(|who| fact.starts_with(&format!("role {who} ")));
    let (swapped, fresh): (Vec<&String>, Vec<&String>) = after.difference(&before).partition(|fact| swapped(&fact));
    let undecided = (!swapped.is_empty()).then_some("a role in place of another one cannot be ordered");
    Brute { found: fresh.first().map(|fact| (*fact).clone()), undecided }
}

/// An address holds one type: where the type differs between the sides, the old object goes and another comes.
fn judged(before: &World, after: &World) -> PlanAccess {
    let side = |world: &World| -> Vec<Resource> {
        let things = world.iter().enumerate().filter_map(|(at, thing)| Some((at, thing.as_ref()?)));
        things.map(|(at, thing)| Resource::new(of_type(thing), &format!("x{at}"), written(thing))).collect()
    };
    sides::judged(&side(before), &side(after), &[])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_is_new_where_nothing_changes(one in world()) {
        prop_assert_eq!(judged(&one, &one).verdict, Verdict::None);
    }

    #[test]
    fn taking_away_permits_nothing_new(one in world(), at in 0..4usize) {
        let mut less = one.clone();
        less[at] = None;
        prop_assert_eq!(judged(&one, &less).verdict, Verdict::None);
    }

    #[test]
    fn where_a_grant_stands_does_not_matter(one in world(), by in 1..4usize) {
        let mut turned = one.clone();
        turned.rotate_left(by);
        prop_assert_eq!(judged(&one, &turned).verdict, Verdict::None);
    }

    #[test]
    fn a_role_that_moves_to_another_object_is_not_lost(one in 0..WHO.len()) {
        let before = vec![Some(Thing::Roles(one, 6)), None, None, None];
        let after = vec![Some(Thing::Roles(one, 10)), None, None, Some(Thing::Roles(one, 12))];
        prop_assert_eq!(judged(&before, &after).verdict, Verdict::New);
    }

    /// Every witness is a fact of the world after that the world before does not have.
    #[test]
    fn every_witness_is_a_new_fact(before in world(), after in world()) {
        let fresh: BTreeSet<String> = facts(&after).difference(&facts(&before)).cloned().collect();
        for new in judged(&before, &after).changes.iter().flat_map(|access| &access.new) {
            let of = |key: &str| new.witness.context.get(key).and_then(|values| values.first()).cloned();
            let number = |text: Option<String>| WHO.iter().position(|who| text.as_deref() == Some(who));
            let fact = if let Some(catalog) = of("catalog") {
                let who = number(of("grant[*].principal")).unwrap();
                format!("grant {} {who} {}", catalog.trim_start_matches('c'), of("grant[*].privileges").unwrap())
            } else if let Some(project) = of("project") {
                let level = LEVELS.iter().position(|level| of("access_level").as_deref() == Some(level)).unwrap();
                format!("member {} {} {level}", project.trim_start_matches('p'), of("user_id").unwrap())
            } else {
                format!("role {} {}", number(of("user_id")).unwrap(), of("roles").unwrap())
            };
            prop_assert!(fresh.contains(&fact), "{} is not among {:?}", fact, fresh);
        }
    }
}

#[test]
fn the_verdict_is_that_of_plain_sets() {
    brute::agrees(128, (world(), world()), |(before, after)| (judged(before, after), expected(before, after)));
}
