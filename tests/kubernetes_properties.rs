//! Kubernetes against a second evaluator: small worlds of roles, bindings, workloads and tokens are judged by the
//! engine and by brute force over every request that their words can make; and cases that were once judged wrong.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

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
use tollgate::access::kubernetes::evaluate::Cluster;
use tollgate::access::worlds::{Object, Val};
use tollgate::access::{Verdict, Witness};

fn resource(kind: &str, name: &str, values: Value) -> Resource {
    Resource { provider: Some("kubernetes"), ..Resource::new(kind, name, values) }
}

fn verdict(old: &[Resource], new: &[Resource]) -> Verdict {
    judged(old, new, &[]).verdict
}

fn role(name: &str, namespace: Option<&str>, rules: Value) -> Resource {
    let kind = if namespace.is_some() { "kubernetes_role_v1" } else { "kubernetes_cluster_role_v1" };
    resource(kind, name, json!({"metadata": [{"name": name, "namespace": namespace, "labels": {}}], "rule": rules}))
}

fn rule(verbs: &[&str], resources: &[&str], names: &[&str]) -> Value {
    json!({"api_groups": [""], "resources": resources, "verbs": verbs, "resource_names": names, "non_resource_urls": []})
}

fn binding(name: &str, namespace: Option<&str>, (kind, role): (&str, &str), subject: Value) -> Resource {
    let of = if namespace.is_some() { "kubernetes_role_binding_v1" } else { "kubernetes_cluster_role_binding_v1" };
    let reference = json!([{"api_group": "rbac.authorization.k8s.io", "kind": kind, "name": role}]);
    let metadata = json!([{"name": name, "namespace": namespace}]);
    resource(of, name, json!({"metadata": metadata, "role_ref": reference, "subject": [subject]}))
}

fn group(name: &str) -> Value {
    json!({"kind": "Group", "name": name, "namespace": ""})
}

fn yaml(name: &str, body: &Value, override_namespace: Option<&str>) -> Resource {
    let values = json!({"yaml_body": body.to_string(), "override_namespace": override_namespace});
    resource("kubectl_manifest", name, values)
}

const SECRETS: &[&str] = &["secrets"];

// Cases.

#[test]
fn what_is_granted_in_one_cluster_is_new_in_another() {
    let of = |name: &str, provider: &'static str| {
        let devs = binding("devs", None, ("ClusterRole", "edit"), group("devs"));
        Resource { name: name.to_owned(), provider: Some(provider), ..devs }
    };
    let staging = of("staging", "kubernetes.staging");
    let both = [staging.clone(), of("production", "kubernetes.production")];
    assert_eq!(verdict(std::slice::from_ref(&staging), &both), Verdict::Possible);
    let again = [staging.clone(), of("again", "kubernetes.staging")];
    assert_eq!(verdict(&[staging], &again), Verdict::None);
}

#[test]
fn an_overriding_namespace_is_where_the_object_is() {
    let body = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "devs", "namespace": "shop"},
        "roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "Group", "name": "devs"}]});
    let (old, new) = (yaml("b", &body, None), yaml("b", &body, Some("kube-system")));
    assert_eq!(verdict(std::slice::from_ref(&old), &[new]), Verdict::New);
    assert_eq!(verdict(&[old], &[yaml("b", &body, Some("shop"))]), Verdict::None);
}

#[test]
fn several_documents_are_not_passed_over() {
    let text = "kind: RoleBinding\nmetadata: {name: a}\n---\nkind: RoleBinding\nmetadata: {name: b}\n";
    let many = resource("kubectl_manifest", "many", json!({"yaml_body": text}));
    let list = resource("kubectl_manifest", "list", json!({"yaml_body": "kind: List\napiVersion: v1\nitems: []\n"}));
    let widened = |verbs: &[&str]| role("r", None, json!([rule(verbs, SECRETS, &[])]));
    for unread in [many, list] {
        let old = [unread.clone(), widened(&["get"])];
        assert_eq!(verdict(&old, &[unread.clone(), widened(&["get", "list"])]), Verdict::Possible);
        assert_eq!(verdict(&[], &[unread]), Verdict::Possible);
    }
}

#[test]
fn a_level_that_nobody_knows_is_the_strictest() {
    let shop = |level: &str| {
        let labels = json!({"pod-security.kubernetes.io/enforce": level});
        resource("kubernetes_namespace_v1", "shop", json!({"metadata": [{"name": "shop", "labels": labels}]}))
    };
    let devs = binding("devs", None, ("ClusterRole", "edit"), group("devs"));
    let old = [shop("restrictive"), devs.clone()];
    assert_eq!(verdict(&old, &[shop("privileged"), devs.clone()]), Verdict::New);
    assert_eq!(verdict(&[shop("privileged"), devs.clone()], &[shop("restrictive"), devs]), Verdict::None);
}

#[test]
fn an_older_version_of_a_level_may_ask_less() {
    let shop = |version: Option<&str>| {
        let mut labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
        if let Some(version) = version {
            labels["pod-security.kubernetes.io/enforce-version"] = json!(version);
        }
        resource("kubernetes_namespace_v1", "shop", json!({"metadata": [{"name": "shop", "labels": labels}]}))
    };
    assert_eq!(verdict(&[shop(None)], &[shop(Some("v1.19"))]), Verdict::Possible);
    assert_eq!(verdict(&[shop(Some("v1.30"))], &[shop(Some("latest"))]), Verdict::None);
    assert_eq!(verdict(&[shop(Some("latest"))], &[shop(None)]), Verdict::None);
}

#[test]
fn a_generated_name_is_a_name() {
    let body = json!({"kind": "ClusterRoleBinding", "metadata": {"generateName": "b-"},
        "roleRef": {"kind": "ClusterRole", "name": "edit"}, "subjects": [{"kind": "Group", "name": "devs"}]});
    let made = resource("kubernetes_manifest", "b", json!({"manifest": body, "object": null}));
    assert_eq!(verdict(&[], &[made]), Verdict::New);
}

#[test]
fn an_unknown_namespace_may_be_any() {
    let at = |namespace: Value| {
        let mut devs = binding("devs", Some("shop"), ("ClusterRole", "edit"), group("devs"));
        devs.values["metadata"][0]["namespace"] = namespace;
        devs
    };
    let mask = json!({"metadata": [{"namespace": true}]});
    let access = judged(&[], &[at(Value::Null)], &[("devs", mask)]);
    assert_ne!(access.verdict, Verdict::None);
    let reason = |access: &tollgate::access::PlanAccess| {
        access.changes[0].reasons.iter().any(|reason| reason.code == "unknown_value")
    };
    assert!(reason(&access));
}

#[test]
fn what_somebody_took_away_by_hand_is_given_back() {
    let body = |verbs: &[&str]| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"},
            "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": verbs}]})
    };
    let manifest = |live: &[&str]| {
        let values = json!({"manifest": body(&["get", "list"]), "object": body(live)});
        resource("kubernetes_manifest", "r", values)
    };
    let devs = binding("devs", None, ("ClusterRole", "r"), group("devs"));
    let old = [manifest(&["get"]), devs.clone()];
    assert_eq!(verdict(&old, &[manifest(&["get", "list"]), devs.clone()]), Verdict::New);
    let applied = |mark: &str| {
        let values = json!({"yaml_body": body(&["get"]).to_string(), "yaml_incluster": mark});
        resource("kubectl_manifest", "r", values)
    };
    assert_eq!(verdict(&[applied("a"), devs.clone()], &[applied("b"), devs]), Verdict::Possible);
}

#[test]
fn a_list_of_one_name_shows_the_object() {
    let named = |verbs: &[&str]| role("r", None, json!([rule(verbs, SECRETS, &["key"])]));
    let devs = binding("devs", None, ("ClusterRole", "r"), group("devs"));
    assert_eq!(verdict(&[named(&["update"]), devs.clone()], &[named(&["update", "list"]), devs.clone()]), Verdict::New);
    assert_eq!(verdict(&[named(&["update"]), devs.clone()], &[named(&["update", "create"]), devs]), Verdict::None);
}

#[test]
fn strangers_do_not_have_what_everybody_with_a_login_has() {
    let discovery = binding("d", None, ("ClusterRole", "system:discovery"), group("system:unauthenticated"));
    assert_eq!(verdict(&[], &[discovery]), Verdict::New);
    let known = binding("d", None, ("ClusterRole", "system:discovery"), group("devs"));
    assert_eq!(verdict(&[], &[known]), Verdict::None);
}

#[test]
fn a_resource_of_another_group_is_in_a_namespace() {
    let of = |verbs: &[&str]| json!([{"api_groups": ["example.com"], "resources": ["nodes"], "verbs": verbs, "resource_names": [], "non_resource_urls": []}]);
    let devs = binding("devs", Some("shop"), ("Role", "r"), group("devs"));
    let old = [role("r", Some("shop"), of(&["get"])), devs.clone()];
    assert_eq!(verdict(&old, &[role("r", Some("shop"), of(&["get", "list"])), devs]), Verdict::New);
}

#[test]
fn a_role_that_selects_by_expressions_takes_the_rules() {
    let all = |expression: Value| {
        let selectors = json!([{"cluster_role_selectors": [{"match_labels": {}, "match_expressions": [expression]}]}]);
        let metadata = json!([{"name": "all", "labels": {}}]);
        resource(
            "kubernetes_cluster_role_v1",
            "all",
            json!({"metadata": metadata, "aggregation_rule": selectors, "rule": []}),
        )
    };
    let part = |verbs: &[&str]| {
        let metadata = json!([{"name": "part", "labels": {"tier": "ops"}}]);
        resource(
            "kubernetes_cluster_role_v1",
            "part",
            json!({"metadata": metadata, "rule": [rule(verbs, SECRETS, &[])]}),
        )
    };
    let devs = binding("devs", None, ("ClusterRole", "all"), group("devs"));
    let run = |expression: Value| {
        let old = [all(expression.clone()), part(&["get"]), devs.clone()];
        verdict(&old, &[all(expression), part(&["get", "list"]), devs.clone()])
    };
    assert_eq!(run(json!({"key": "tier", "operator": "In", "values": ["ops"]})), Verdict::New);
    assert_eq!(run(json!({"key": "tier", "operator": "DoesNotExist", "values": []})), Verdict::None);
    assert_eq!(run(json!({"key": "tier", "operator": "Like", "values": []})), Verdict::Possible);
}

#[test]
fn a_workload_that_changes_its_account_changes_its_cloud_role() {
    let account = |name: &str, role: Option<&str>| {
        let annotations = role.map_or(json!({}), |role| json!({"eks.amazonaws.com/role-arn": role}));
        let metadata = json!([{"name": name, "namespace": "shop", "annotations": annotations}]);
        resource(
            "kubernetes_service_account_v1",
            name,
            json!({"metadata": metadata, "automount_service_account_token": true}),
        )
    };
    let web = |account: &str| {
        let pod = json!([{"service_account_name": account, "automount_service_account_token": false, "container": []}]);
        let spec = json!([{"template": [{"spec": pod}]}]);
        resource(
            "kubernetes_deployment_v1",
            "web",
            json!({"metadata": [{"name": "web", "namespace": "shop"}], "spec": spec}),
        )
    };
    let accounts = [account("a", None), account("b", Some("arn:aws:iam::111122223333:role/b"))];
    let with = |name: &str| [accounts.to_vec(), vec![web(name)]].concat();
    assert_eq!(verdict(&with("a"), &with("b")), Verdict::New);
    assert_eq!(verdict(&with("b"), &with("a")), Verdict::None);
}

#[test]
fn labels_of_a_namespace_decide_what_a_webhook_sees() {
    let hook = {
        let webhook = json!([{"name": "w.example.com", "failure_policy": "Fail", "namespace_selector": [{"match_expressions": [
            {"key": "unchecked", "operator": "DoesNotExist"}]}]}]);
        let values = json!({"metadata": [{"name": "w"}], "webhook": webhook});
        resource("kubernetes_validating_webhook_configuration_v1", "w", values)
    };
    let shop = |labels: Value| {
        resource("kubernetes_namespace_v1", "shop", json!({"metadata": [{"name": "shop", "labels": labels}]}))
    };
    let run = |rest: &[Resource]| {
        let with = |labels: Value| [rest.to_vec(), vec![shop(labels)]].concat();
        verdict(&with(json!({})), &with(json!({"unchecked": "yes"})))
    };
    assert_eq!(run(&[hook]), Verdict::Possible);
    assert_eq!(run(&[]), Verdict::None);
}

#[test]
fn only_verbs_that_are_new_are_reported_as_new() {
    let devs = binding("devs", None, ("ClusterRole", "r"), group("devs"));
    let with = |verbs: &[&str]| [role("r", None, json!([rule(verbs, SECRETS, &[])])), devs.clone()];
    let access = judged(&with(&["get"]), &with(&["get", "escalate"]), &[]);
    let new = access.changes.iter().flat_map(|change| &change.new).next().unwrap();
    let levels: Vec<&str> = new.action_levels.iter().map(|level| level.action.as_str()).collect();
    assert_eq!(levels, ["kubernetes:escalate"]);
}

// Properties.

const VERBS: [&str; 3] = ["get", "list", "*"];
const RESOURCES: [&str; 5] = ["pods", "secrets", "pods/log", "*/log", "*"];
const SPACES: [&str; 2] = ["shop", "infra"];
const SUBJECTS: [(&str, &str); 5] = [
    ("User", "ann"),
    ("Group", "devs"),
    ("Group", "system:authenticated"),
    ("Group", "system:serviceaccounts:shop"),
    ("ServiceAccount", "web"),
];

/// A rule: verb, resource, whether it names one object, whether it is of group `apps`.
type Small = (usize, usize, bool, bool);

#[derive(Clone, Debug)]
struct World {
    /// Two cluster roles, and one role in the first namespace; the second cluster role may carry a label of `view`.
    roles: [Vec<Small>; 3],
    labelled: bool,
    /// Role (3 is `view`), subject, namespace (0 for the whole cluster).
    bindings: Vec<(usize, usize, usize)>,
    /// Whether the deployment runs as `web`, and mounts the token.
    deployed: Option<(bool, bool)>,
}

fn world() -> impl Strategy<Value = World> {
    let small = || proptest::collection::vec((0..VERBS.len(), 0..RESOURCES.len(), any::<bool>(), any::<bool>()), 0..3);
    let bindings = proptest::collection::vec((0..4usize, 0..SUBJECTS.len(), 0..3usize), 0..4);
    let deployed = proptest::option::of((any::<bool>(), any::<bool>()));
    (small(), small(), small(), any::<bool>(), bindings, deployed)
        .prop_map(|(a, b, c, labelled, bindings, deployed)| World { roles: [a, b, c], labelled, bindings, deployed })
}

fn resources(world: &World) -> Vec<Resource> {
    let written = |rules: &[Small]| {
        let one = |(verb, on, named, apps): &Small| {
            let names: &[&str] = if *named { &["x"] } else { &[] };
            let mut rule = rule(&[VERBS[*verb]], &[RESOURCES[*on]], names);
            rule["api_groups"] = if *apps { json!(["apps"]) } else { json!([""]) };
            rule
        };
        Value::Array(rules.iter().map(one).collect())
    };
    let mut all = vec![
        role("r0", None, written(&world.roles[0])),
        role("r1", None, written(&world.roles[1])),
        role("r2", Some("shop"), written(&world.roles[2])),
    ];
    if world.labelled {
        all[1].values["metadata"][0]["labels"] = json!({"rbac.authorization.k8s.io/aggregate-to-view": "true"});
    }
    for (at, (of, who, place)) in world.bindings.iter().enumerate() {
        let namespace = place.checked_sub(1).map(|place| SPACES[place]);
        let of = match (*of, namespace) {
            (2, Some(_)) => ("Role", "r2"),
            (2, None) => ("ClusterRole", "r0"),
            (3, _) => ("ClusterRole", "view"),
            (0, _) => ("ClusterRole", "r0"),
            _ => ("ClusterRole", "r1"),
        };
        // A binding of a role that is not in its namespace has no rules that could be read.
        let of = if of.0 == "Role" && namespace != Some("shop") { ("ClusterRole", "r0") } else { of };
        let (kind, name) = SUBJECTS[*who];
        let place = if kind == "ServiceAccount" { "shop" } else { "" };
        all.push(binding(&format!("b{at}"), namespace, of, json!({"kind": kind, "name": name, "namespace": place})));
    }
    if let Some((web, mounts)) = world.deployed {
        let account = if web { "web" } else { "default" };
        let pod =
            json!([{"service_account_name": account, "automount_service_account_token": mounts, "container": []}]);
        let values =
            json!({"metadata": [{"name": "app", "namespace": "shop"}], "spec": [{"template": [{"spec": pod}]}]});
        all.push(resource("kubernetes_deployment_v1", "app", values));
    }
    all
}

fn cluster(world: &World) -> Cluster {
    let objects: Vec<Object> = resources(world)
        .iter()
        .map(|resource| Object {
            address: format!("{}.{}", resource.kind, resource.name).into(),
            type_name: Arc::from(resource.kind.as_str()),
            values: Arc::new(Val::known(&resource.values)),
        })
        .collect();
    Cluster::of(&objects)
}

/// Every request that the words of the worlds tell apart, by everybody who is named.
fn requests() -> impl Iterator<Item = Witness> {
    let who = [
        "User:ann",
        "Group:devs",
        "Group:system:authenticated",
        "Group:system:serviceaccounts:shop",
        "ServiceAccount:shop/web",
        "Workload:shop/Deployment/app",
    ];
    // Of each group, what rules name and something else; what `view` has of its own; and logs of both.
    let on = [
        "pods",
        "secrets",
        "configmaps",
        "things",
        "pods/log",
        "things/log",
        "pods/exec",
        "pods.apps",
        "secrets.apps",
        "deployments.apps",
        "things.apps",
        "pods.apps/log",
        "deployments.apps/log",
        "things.apps/scale",
        "jobs.batch",
        "things.example.com",
    ];
    let names = [None, Some("x"), Some("y")];
    let places = [Some("shop"), Some("infra"), Some("other")];
    who.into_iter().flat_map(move |who| {
        on.into_iter().flat_map(move |on| {
            ["get", "list", "watch", "patch"].into_iter().flat_map(move |verb| {
                names.into_iter().flat_map(move |name| {
                    places.into_iter().map(move |place| {
                        let pairs = [("name", name), ("namespace", place)];
                        let context: BTreeMap<String, Vec<String>> = pairs
                            .into_iter()
                            .filter_map(|(key, value)| Some((key.to_owned(), vec![value?.to_owned()])))
                            .collect();
                        Witness {
                            principal: who.into(),
                            action: format!("kubernetes:{verb}"),
                            resource: on.into(),
                            context,
                        }
                    })
                })
            })
        })
    })
}

/// Whether a request is one that a client can make: a get or patch names its object.
fn is_whole(request: &Witness) -> bool {
    matches!(request.action.as_str(), "kubernetes:list" | "kubernetes:watch") || request.context.contains_key("name")
}

/// The same world with another of its parts.
fn pair() -> impl Strategy<Value = (World, World)> {
    (world(), world(), 0..7u8).prop_map(|(old, other, part)| {
        let mut new = old.clone();
        match part {
            0..3 => new.roles[usize::from(part)] = other.roles[usize::from(part)].clone(),
            3 => new.labelled = other.labelled,
            4 => new.bindings = other.bindings,
            5 => new.deployed = other.deployed,
            _ => new = other,
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_where_nothing_changes(world in world()) {
        prop_assert_eq!(verdict(&resources(&world), &resources(&world)), Verdict::None);
    }

    #[test]
    fn less_is_never_new((old, _) in pair(), drop in 0..4usize) {
        let mut new = old.clone();
        if drop < new.bindings.len() {
            new.bindings.truncate(drop);
        } else {
            new.roles[drop % 3].pop();
        }
        prop_assert_eq!(verdict(&resources(&old), &resources(&new)), Verdict::None);
    }
}

#[test]
fn the_verdict_is_that_of_brute_force() {
    brute::agrees(64, pair(), |(old, new)| {
        let access = judged(&resources(old), &resources(new), &[]);
        let (before, after) = (cluster(old), cluster(new));
        // What runs can do what everybody with a login could do without it.
        let anyone = |request: &Witness| Witness { principal: "Group:system:authenticated".into(), ..request.clone() };
        let could = |request: &Witness| {
            before.allows(request) || (request.principal.starts_with("Workload:") && before.allows(&anyone(request)))
        };
        let gained = requests().filter(is_whole).find(|request| after.allows(request) && !could(request));
        for piece in access.changes.iter().flat_map(|change| &change.new) {
            assert!(after.allows(&piece.witness) && !before.allows(&piece.witness), "{:?}", piece.witness);
        }
        (access, Brute { found: gained.map(|request| format!("{request:?}")), undecided: None })
    });
}
