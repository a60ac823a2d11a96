//! Azure against a second evaluator: small worlds of assignments, roles, groups, conditions, locks and vaults are judged
//! by the engine and by brute force over every request that their words can make.
//!
//! The evaluator here reads the world's own description and shares nothing with the engine; its rules are those of
//! Microsoft Learn, "How Azure RBAC determines if a user has access to a resource" and "Lock your resources".

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

const PRINCIPALS: [&str; 3] = ["ann", "bob", "staff"];
const SCOPES: [&str; 4] = ["/subscriptions/s", "/subscriptions/s/resourceGroups/r", RING, VAULT];
const RING: &str = "/subscriptions/s/resourceGroups/R2";
const VAULT: &str = "/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v";
/// One of each kind that the patterns below tell apart.
const ACTIONS: [&str; 16] = [
    "c:Microsoft.Compute/virtualMachines/write",
    "c:Microsoft.Compute/virtualMachines/delete",
    "c:Microsoft.Compute/disks/write",
    "c:Microsoft.Compute/disks/read",
    "c:Microsoft.Compute/disks/beginGetAccess/action",
    "c:Microsoft.Compute/write",
    "c:Microsoft.Network/routeTables/write",
    "c:Microsoft.Network/routeTables/delete",
    "c:Microsoft.Network/routeTables/read",
    "c:Microsoft.Network/routeTables/join/action",
    "d:Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "d:Microsoft.KeyVault/vaults/secrets/setSecret/action",
    "d:Microsoft.KeyVault/vaults/secrets/read",
    "d:Microsoft.KeyVault/vaults/secrets/write",
    "d:Microsoft.KeyVault/vaults/keys/read",
    "d:Microsoft.Storage/storageAccounts/queueServices/queues/messages/read",
];
const ALLOWED: [&str; 4] = ["*", "Microsoft.Compute/*", "microsoft.compute/virtualmachines/WRITE", "*/delete"];
const LEFT_OUT: [Option<&str>; 3] = [None, Some("*/delete"), Some("Microsoft.Compute/*/write")];
const DATA: [Option<&str>; 3] = [None, Some("Microsoft.KeyVault/vaults/secrets/*"), Some("*/read")];
const CONDITIONS: [Option<&str>; 5] = [
    None,
    Some("@Resource[a:path] StringLike 'x*'"),
    Some("@Resource[a:path] StringEquals 'xy'"),
    Some("!(ActionMatches{'*/write'}) OR @Resource[a:path] StringNotEquals 'xy'"),
    Some("@Resource[a:path] StringEqualsIgnoreCase 'XY' AND NOT ActionMatches{'*/delete'}"),
];
const PATHS: [Option<&str>; 6] = [None, Some("x"), Some("xy"), Some("xY"), Some("XY"), Some("z")];

/// An assignment of a role of its own: principal, scope, actions, what is left out, data, condition.
type Grant = (usize, usize, usize, usize, usize, usize);

#[derive(Clone, Debug)]
struct World {
    grants: Vec<Grant>,
    /// Members of the group: each of ann and bob.
    staff: [bool; 2],
    /// Locks: scope, and whether it is read only.
    locks: Vec<(usize, bool)>,
    /// Whether the vault goes by roles, and whom its access policy names.
    by_roles: bool,
    policy: Option<usize>,
}

fn world() -> impl Strategy<Value = World> {
    let grant = (0..3usize, 0..SCOPES.len(), 0..ALLOWED.len(), 0..LEFT_OUT.len(), 0..DATA.len(), 0..CONDITIONS.len());
    let locks = proptest::collection::vec((0..SCOPES.len(), any::<bool>()), 0..2);
    let policy = proptest::option::of(0..2usize);
    (proptest::collection::vec(grant, 0..4), any::<[bool; 2]>(), locks, any::<bool>(), policy)
        .prop_map(|(grants, staff, locks, by_roles, policy)| World { grants, staff, locks, by_roles, policy })
}

fn rows(world: &World) -> Vec<Resource> {
    let members: Vec<&str> = (0..2).filter(|at| world.staff[*at]).map(|at| PRINCIPALS[at]).collect();
    let list = |text: Option<&'static str>| text.into_iter().collect::<Vec<_>>();
    let policies: Vec<Value> = world
        .policy
        .iter()
        .map(|who| json!({"object_id": PRINCIPALS[*who], "secret_permissions": ["Get"], "key_permissions": []}))
        .collect();
    let mut rows = vec![
        Resource::new("azuread_group", "g", json!({"object_id": "staff", "members": members, "owners": []})),
        Resource::new(
            "azurerm_key_vault",
            "v",
            json!({"id": VAULT, "rbac_authorization_enabled": world.by_roles, "access_policy": policies,
                "network_acls": []}),
        ),
    ];
    for (at, (who, scope, allowed, left_out, data, condition)) in world.grants.iter().enumerate() {
        let role = json!({"role_definition_id": format!("role{at}"), "name": format!("role {at}"), "permissions": [{
            "actions": [ALLOWED[*allowed]], "not_actions": list(LEFT_OUT[*left_out]),
            "data_actions": list(DATA[*data]), "not_data_actions": []}]});
        rows.push(Resource::new("azurerm_role_definition", &format!("r{at}"), role));
        let grant = json!({"principal_id": PRINCIPALS[*who], "scope": SCOPES[*scope],
            "role_definition_id": format!("/roleDefinitions/role{at}"), "condition": CONDITIONS[*condition]});
        rows.push(Resource::new("azurerm_role_assignment", &format!("a{at}"), grant));
    }
    for (at, (scope, read_only)) in world.locks.iter().enumerate() {
        let level = if *read_only { "ReadOnly" } else { "CanNotDelete" };
        let lock = json!({"name": format!("l{at}"), "scope": SCOPES[*scope], "lock_level": level});
        rows.push(Resource::new("azurerm_management_lock", &format!("l{at}"), lock));
    }
    rows
}

fn judged(before: &World, after: &World) -> PlanAccess {
    sides::judged(&rows(before), &rows(after), &[])
}

/// A request: who (0 ann, 1 bob, 2 the group itself, 3 nobody), action, resource (a scope or something in it), path.
type Request = (usize, usize, usize, usize);

const RESOURCES: [&str; 6] = [
    "/subscriptions/s",
    "/subscriptions/s/resourceGroups/r/providers/x/y",
    "/subscriptions/s/resourcegroups/r2/x",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.KeyVault/vaults/v/secrets/x",
    "/subscriptions/s/resourceGroups/r",
    "/subscriptions/other",
];

fn lies_in(scope: &str, resource: &str) -> bool {
    let (scope, resource) = (scope.to_lowercase(), resource.to_lowercase());
    resource == scope || resource.starts_with(&format!("{scope}/"))
}

fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let parts: Vec<&str> = pattern.split('*').collect();
    match parts.as_slice() {
        [whole] => *whole == text,
        [head, tail] => text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail),
        [head, middle, tail] => {
            text.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail)).is_some_and(|rest| rest.contains(middle))
        }
        _ => unreachable!(),
    }
}

fn holds(condition: usize, action: &str, path: Option<&str>) -> bool {
    let is = |text: &str| path == Some(text);
    match condition {
        0 => true,
        1 => path.is_some_and(|path| path.starts_with('x')),
        2 => is("xy"),
        3 => !action.ends_with("/write") || path.is_some_and(|path| path != "xy"),
        _ => path.is_some_and(|path| path.eq_ignore_ascii_case("xy")) && !action.ends_with("/delete"),
    }
}

/// Whether a request is permitted on a side. `open` says that nobody is in the group after the change, so that it stands
/// for whoever is in it outside of the plan.
fn permitted(world: &World, open: bool, (who, action, resource, path): Request) -> bool {
    let (plane, action) = ACTIONS[action].split_once(':').unwrap();
    let (resource, path) = (RESOURCES[resource], PATHS[path]);
    let open = open || world.staff == [false, false];
    let speaks = |principal: usize| match principal {
        2 => who < 2 && world.staff[who] || who == 2 && open,
        other => other == who,
    };
    let vault_data = plane == "d" && lies_in(VAULT, resource) && like("Microsoft.KeyVault/*", action);
    let granted = world.grants.iter().any(|(principal, scope, allowed, left_out, data, condition)| {
        let operation = match plane {
            "c" => like(ALLOWED[*allowed], action) && !LEFT_OUT[*left_out].is_some_and(|one| like(one, action)),
            _ => DATA[*data].is_some_and(|one| like(one, action)),
        };
        speaks(*principal)
            && lies_in(SCOPES[*scope], resource)
            && operation
            && holds(*condition, action, path)
            && (world.by_roles || !vault_data)
    });
    let by_policy = !world.by_roles
        && vault_data
        && action.eq_ignore_ascii_case("Microsoft.KeyVault/vaults/secrets/getSecret/action")
        && world.policy.is_some_and(|principal| principal == who);
    let locked = plane == "c"
        && world.locks.iter().any(|(scope, read_only)| {
            let refused = if *read_only { !action.ends_with("/read") } else { action.ends_with("/delete") };
            refused && lies_in(SCOPES[*scope], resource)
        });
    (granted || by_policy) && !locked
}

fn requests() -> impl Iterator<Item = Request> {
    (0..4).flat_map(|who| {
        (0..ACTIONS.len()).flat_map(move |action| {
            (0..RESOURCES.len()).flat_map(move |at| (0..PATHS.len()).map(move |path| (who, action, at, path)))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_is_new_where_nothing_changes(one in world()) {
        prop_assert_eq!(judged(&one, &one).verdict, Verdict::None);
    }

    #[test]
    fn taking_away_permits_nothing_new(one in world(), drop in 0..3usize) {
        let mut less = one.clone();
        match drop {
            0 => drop_last(&mut less.grants),
            at => less.staff[at - 1] = false,
        }
        prop_assert_eq!(judged(&one, &less).verdict, Verdict::None);
    }
}

fn drop_last<T>(list: &mut Vec<T>) {
    list.pop();
}

/// What a group may do that gets somebody new is only known of the grants of the plan.
fn undecided(before: &World, after: &World) -> Option<&'static str> {
    let joined = (0..2).any(|at| after.staff[at] && !before.staff[at]);
    let granted = after.grants.iter().any(|(principal, ..)| PRINCIPALS[*principal] == "staff");
    (joined && !granted).then_some("a group that is granted nothing gets a member")
}

#[test]
fn the_verdict_is_that_of_brute_force() {
    brute::agrees(64, (world(), world()), |(before, after)| {
        let open = after.staff == [false, false];
        let found = requests().find(|request| permitted(after, open, *request) && !permitted(before, open, *request));
        let found = found
            .map(|(who, action, at, path)| format!("{who} {} {} {:?}", ACTIONS[action], RESOURCES[at], PATHS[path]));
        (judged(before, after), Brute { found, undecided: undecided(before, after) })
    });
}
