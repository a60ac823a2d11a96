//! Google Cloud against a second evaluator: small worlds of grants, custom roles, conditions and denials are judged
//! by the engine and by brute force over every request that their words can make.
//!
//! The evaluator here reads the world's own description and shares nothing with the engine; its rules are those of
//! <https://cloud.google.com/iam/docs/policies> and <https://cloud.google.com/iam/docs/deny-overview>.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::access::{PlanAccess, Verdict, worlds};
use tollgate::iam::Interest;
use tollgate::plan::{self, Keep};

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

fn rows(world: &World) -> Vec<(String, String, Value)> {
    let mut rows = vec![
        ("google_project".into(), "p".into(), json!({"project_id": "p", "folder_id": "1", "number": "10"})),
        ("google_storage_bucket".into(), "b".into(), json!({"name": "b", "project": "p", "project_number": 10})),
    ];
    for (at, (member, bits, place, condition)) in world.grants.iter().enumerate() {
        let permissions: Vec<&str> = (0..3).filter(|bit| bits & (1 << bit) != 0).map(|bit| PERMISSIONS[bit]).collect();
        let role = json!({"project": "p", "role_id": format!("r{at}"), "stage": "GA", "permissions": permissions});
        rows.push(("google_project_iam_custom_role".into(), format!("r{at}"), role));
        let mut grant = json!({"member": MEMBERS[*member], "role": format!("projects/p/roles/r{at}"),
            "condition": expression(*condition)});
        let (kind, attribute, value) = [
            ("google_folder_iam_member", "folder", "folders/1"),
            ("google_project_iam_member", "project", "p"),
            ("google_storage_bucket_iam_member", "bucket", "b"),
        ][*place];
        grant[attribute] = json!(value);
        rows.push((kind.into(), format!("g{at}"), grant));
    }
    for (at, (permission, exempt)) in world.denials.iter().enumerate() {
        let (service, rest) = PERMISSIONS[*permission].split_once('.').unwrap();
        let exempt: Vec<String> =
            exempt.iter().map(|who| MEMBERS[*who].replace("user:", "principal://goog/subject/")).collect();
        let rule = json!({"denied_principals": ["principalSet://goog/public:all"], "exception_principals": exempt,
            "denied_permissions": [format!("{service}.googleapis.com/{rest}")]});
        let policy = json!({"parent": "cloudresourcemanager.googleapis.com%2Fprojects%2Fp", "name": format!("d{at}"),
            "rules": [{"deny_rule": [rule]}]});
        rows.push(("google_iam_deny_policy".into(), format!("d{at}"), policy));
    }
    rows
}

fn judged(before: &World, after: &World) -> PlanAccess {
    let (old, new) = (rows(before), rows(after));
    let mut addresses: Vec<(&str, &str)> = old.iter().chain(&new).map(|(t, n, _)| (t.as_str(), n.as_str())).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let changes: Vec<Value> = addresses
        .iter()
        .map(|(kind, name)| {
            let find = |rows: &[(String, String, Value)]| {
                rows.iter().find(|(t, n, _)| t == kind && n == name).map_or(Value::Null, |row| row.2.clone())
            };
            let (before, after) = (find(&old), find(&new));
            let actions = match (before.is_null(), after.is_null()) {
                (true, _) => "create",
                (_, true) => "delete",
                _ if before == after => "no-op",
                _ => "update",
            };
            json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
                "provider_name": "registry.terraform.io/hashicorp/google",
                "change": {"actions": [actions], "before": before, "after": after, "after_unknown": {},
                    "before_sensitive": {}, "after_sensitive": {}}})
        })
        .collect();
    let text = json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
        "errored": false, "resource_changes": changes, "configuration": {"root_module": {}}})
    .to_string();
    let interest = Interest::default();
    let kept = |head: &plan::RowHead<'_>| interest.row(head);
    let plan = plan::read(text.as_bytes(), &Keep::nothing().rows(&kept)).unwrap().plans.remove(0);
    worlds::compare(&plan, &interest.recognise(&plan))
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

    #[test]
    fn the_verdict_is_that_of_brute_force(before in world(), after in world()) {
        let found = requests().find(|request| permitted(&after, *request) && !permitted(&before, *request));
        let expected = if found.is_some() { Verdict::New } else { Verdict::None };
        prop_assert_eq!(judged(&before, &after).verdict, expected, "{:?}", found);
    }
}
