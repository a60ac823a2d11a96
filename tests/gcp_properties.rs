//! Google Cloud against a second evaluator: small worlds of grants, custom roles, conditions and denials are judged
//! by the engine and by brute force over every request that their words can make.
//!
//! The evaluator here reads the world's own description and shares nothing with the engine; its rules are those of
//! <https://cloud.google.com/iam/docs/policies> and <https://cloud.google.com/iam/docs/deny-overview>.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

#[path = "support/brute.rs"]
mod brute;
#[path = "support/sides.rs"]
mod sides;

use brute::Brute;
use proptest::prelude::*;
use serde_json::{Value, json};
use sides::Resource;
use tollgate::access::{PlanAccess, Verdict};

const MEMBERS: [&str; 5] =
    ["user:ann@one.example", "user:bob@two.example", "domain:one.example", "allAuthenticatedUsers", "allUsers"];
const PERMISSIONS: [&str; 3] = ["pubsub.topics.get", "pubsub.topics.publish", "storage.objects.get"];
const PREFIXES: [Option<&str>; 3] =
    [None, Some("projects/_/buckets/b/objects/a"), Some("projects/_/buckets/b/objects/a/b")];

/// A grant of a custom role: member, permissions as bits, place (0 folder, 1 project, 2 bucket), condition.
type Grant = (usize, u8, usize, usize);
/// A denial on the project: permission, exempt member.
type Denial = (usize, Option<usize>);

#[derive(Clone, Debug)]
struct World {
    grants: Vec<Grant>,
    denials: Vec<Denial>,
}

fn world() -> impl Strategy<Value = World> {
    let grant = (0..MEMBERS.len(), 1u8..8, 0..3usize, 0..PREFIXES.len());
    let denial = (0..PERMISSIONS.len(), proptest::option::of(0..2usize));
    (proptest::collection::vec(grant, 0..4), proptest::collection::vec(denial, 0..2))
        .prop_map(|(grants, denials)| World { grants, denials })
}

fn expression(condition: usize) -> Value {
    match PREFIXES[condition] {
        None => json!([]),
        Some(prefix) => json!([{"title": "t", "expression": format!("resource.name.startsWith(\"{prefix}\")")}]),
    }
}

fn rows(world: &World) -> Vec<Resource> {
    let mut rows = vec![
        Resource::new("google_project", "p", json!({"project_id": "p", "folder_id": "1", "number": "10"})),
        Resource::new("google_storage_bucket", "b", json!({"name": "b", "project": "p", "project_number": 10})),
    ];
    for (at, (member, bits, place, condition)) in world.grants.iter().enumerate() {
        let permissions: Vec<&str> = (0..3).filter(|bit| bits & (1 << bit) != 0).map(|bit| PERMISSIONS[bit]).collect();
        let role = json!({"project": "p", "role_id": format!("r{at}"), "stage": "GA", "permissions": permissions});
        rows.push(Resource::new("google_project_iam_custom_role", &format!("r{at}"), role));
        let mut grant = json!({"member": MEMBERS[*member], "role": format!("projects/p/roles/r{at}"),
            "condition": expression(*condition)});
        let (kind, attribute, value) = [
            ("google_folder_iam_member", "folder", "folders/1"),
            ("google_project_iam_member", "project", "p"),
            ("google_storage_bucket_iam_member", "bucket", "b"),
        ][*place];
        grant[attribute] = json!(value);
        rows.push(Resource::new(kind, &format!("g{at}"), grant));
    }
    for (at, (permission, exempt)) in world.denials.iter().enumerate() {
        let (service, rest) = PERMISSIONS[*permission].split_once('.').unwrap();
        let exempt: Vec<String> =
            exempt.iter().map(|who| MEMBERS[*who].replace("user:", "principal://goog/subject/")).collect();
        let rule = json!({"denied_principals": ["principalSet://goog/public:all"], "exception_principals": exempt,
            "denied_permissions": [format!("{service}.googleapis.com/{rest}")]});
        let policy = json!({"parent": "cloudresourcemanager.googleapis.com%2Fprojects%2Fp", "name": format!("d{at}"),
            "rules": [{"deny_rule": [rule]}]});
        rows.push(Resource::new("google_iam_deny_policy", &format!("d{at}"), policy));
    }
    rows
}

fn judged(before: &World, after: &World) -> PlanAccess {
    sides::judged(&rows(before), &rows(after), &[])
}

/// A request: who (0 ann, 1 bob, 2 an account elsewhere, 3 nobody, 4 somebody else at ann's domain), permission, place (0 the folder, 1 the project,
/// 2 the bucket), name of the object.
type Request = (usize, usize, usize, &'static str);

fn is_member(who: usize, member: usize) -> bool {
    match member {
        0 | 1 => who == member,
        2 => who == 0 || who == 4,
        3 => who != 3,
        _ => true,
    }
}

fn permitted(world: &World, (who, permission, place, name): Request) -> bool {
    let granted = world.grants.iter().any(|(member, bits, at, condition)| {
        is_member(who, *member)
            && bits & (1 << permission) != 0
            && *at <= place
            && PREFIXES[*condition].is_none_or(|prefix| name.starts_with(prefix))
    });
    let denied = place >= 1
        && world.denials.iter().any(|(denied, exempt)| *denied == permission && exempt.is_none_or(|it| it != who));
    granted && !denied
}

fn requests() -> impl Iterator<Item = Request> {
    let names = ["", "projects/_/buckets/b/objects/a", "projects/_/buckets/b/objects/a/b/c"];
    (0..5).flat_map(move |who| {
        (0..3).flat_map(move |p| (0..3).flat_map(move |at| names.into_iter().map(move |name| (who, p, at, name))))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_new_where_nothing_changes(one in world()) {
        prop_assert_eq!(judged(&one, &one).verdict, Verdict::None);
    }

    #[test]
    fn taking_grants_away_permits_nothing_new(one in world()) {
        let mut less = one.clone();
        less.grants.pop();
        prop_assert_eq!(judged(&one, &less).verdict, Verdict::None);
    }
}

#[test]
fn the_verdict_is_that_of_brute_force() {
    brute::agrees(96, (world(), world()), |(before, after)| {
        let found = requests().find(|request| permitted(after, *request) && !permitted(before, *request));
        (judged(before, after), Brute { found: found.map(|request| format!("{request:?}")), undecided: None })
    });
}
