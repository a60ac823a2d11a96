//! Kubernetes: ways around the comparison that were tried, and refactorings that have to stay silent.

use serde_json::{Value, json};
use tollgate::access::Verdict;

use super::plan::Plan;

const REFERENCE: &str = "rbac.authorization.k8s.io";

fn binding(role: &str, subject: &Value) -> Value {
    let name = format!("{role}-{}", subject["name"].as_str().unwrap());
    json!({"metadata": [{"name": name, "namespace": "shop"}], "subject": [subject],
        "role_ref": [{"api_group": REFERENCE, "kind": "ClusterRole", "name": role}]})
}

fn account(name: &str) -> Value {
    json!({"kind": "ServiceAccount", "name": name, "namespace": "shop", "api_group": ""})
}

/// A cluster with a strong service account, and one that may do nothing.
fn world() -> Plan {
    Plan::default()
        .stays("kubernetes_role_binding_v1.strong", binding("admin", &account("strong")))
        .stays(
            "kubernetes_service_account_v1.strong",
            json!({"metadata": [{"name": "strong", "namespace": "shop"}], "automount_service_account_token": false}),
        )
        .stays(
            "kubernetes_service_account_v1.weak",
            json!({"metadata": [{"name": "weak", "namespace": "shop"}], "automount_service_account_token": false}),
        )
        .stays(
            "kubernetes_secret_v1.token",
            json!({"metadata": [{"name": "strong-token", "namespace": "shop",
                "annotations": {"kubernetes.io/service-account.name": "strong"}}],
                "type": "kubernetes.io/service-account-token"}),
        )
}

fn deployment(pod: &Value) -> Value {
    json!({"manifest": {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": pod}}}})
}

fn applied(text: &str) -> Value {
    json!({"yaml_body": text, "override_namespace": null})
}

fn runs(old: &Value, new: &Value) -> Verdict {
    world().changes("kubernetes_manifest.web", deployment(old), deployment(new)).verdict()
}

#[test]
fn pods_get_an_identity_by_any_of_its_names() {
    let weak = json!({"serviceAccountName": "weak", "containers": [{"name": "c", "image": "i"}]});
    let strong = |key: &str| json!({key: "strong", "automountServiceAccountToken": true, "containers": [{"name": "c", "image": "i"}]});
    assert_eq!(runs(&weak, &strong("serviceAccountName")), Verdict::New);
    assert_eq!(runs(&weak, &strong("serviceAccount")), Verdict::New, "the older name");
    assert_eq!(runs(&strong("serviceAccountName"), &strong("serviceAccount")), Verdict::None);
}

#[test]
fn a_token_reaches_pods_although_none_is_mounted() {
    let with = |volumes: Value, env: Value| {
        json!({"serviceAccountName": "strong", "automountServiceAccountToken": false, "volumes": volumes,
            "containers": [{"name": "c", "image": "i", "env": env}]})
    };
    let none = with(json!([]), json!([]));
    let token = |token: Value| json!([{"name": "t", "projected": {"sources": [{"serviceAccountToken": token}]}}]);
    assert_eq!(runs(&none, &with(token(json!({"path": "t"})), json!([]))), Verdict::New);
    let other = token(json!({"path": "t", "audience": "sts.amazonaws.com"}));
    assert_eq!(runs(&none, &with(other, json!([]))), Verdict::None, "a token for somebody else");
    let secret = json!([{"name": "t", "secret": {"secretName": "strong-token"}}]);
    assert_eq!(runs(&none, &with(secret, json!([]))), Verdict::New);
    let key = json!({"secretKeyRef": {"name": "strong-token", "key": "token"}});
    let variable = json!([{"name": "T", "valueFrom": key}]);
    assert_eq!(runs(&none, &with(json!([]), variable)), Verdict::New);
    let else_ = json!([{"name": "t", "secret": {"secretName": "tls"}}]);
    assert_eq!(runs(&none, &with(else_, json!([]))), Verdict::None);
}

#[test]
fn typed_pods_read_secrets_too() {
    let pod = |volume: Value| {
        json!({"metadata": [{"name": "p", "namespace": "shop"}], "spec": [{"service_account_name": "weak",
            "automount_service_account_token": false, "container": [{"name": "c", "image": "i"}], "volume": volume}]})
    };
    let secret = json!([{"name": "t", "secret": [{"secret_name": "strong-token"}]}]);
    assert_eq!(world().changes("kubernetes_pod_v1.p", pod(json!([])), pod(secret)).verdict(), Verdict::New);
    let token = json!([{"name": "t", "projected": [{"sources": [{"service_account_token": [{"path": "t"}]}]}]}]);
    let strong = |volume: Value| {
        let mut pod = pod(volume);
        pod["spec"][0]["service_account_name"] = json!("strong");
        pod
    };
    assert_eq!(world().changes("kubernetes_pod_v1.p", strong(json!([])), strong(token)).verdict(), Verdict::New);
}

#[test]
fn pods_take_their_node_in_words_of_yaml() {
    let text = |line: &str| {
        applied(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec:\n  automountServiceAccountToken: off\n  \
             containers:\n  - name: c\n    image: i\n    securityContext: {{{line}}}\n"
        ))
    };
    let run = |line: &str| world().changes("kubectl_manifest.p", text(""), text(line)).verdict();
    assert_eq!(run("privileged: true"), Verdict::New);
    assert_eq!(run("privileged: yes"), Verdict::New);
    assert_eq!(run("privileged: On"), Verdict::New);
    assert_eq!(run("windowsOptions: {hostProcess: true}"), Verdict::New);
    assert_eq!(run("privileged: no"), Verdict::None);
}

#[test]
fn members_that_yaml_takes_from_elsewhere_count() {
    let role = |rule: &str| {
        applied(&format!(
            "apiVersion: {REFERENCE}/v1\nkind: ClusterRole\nmetadata:\n  name: r\n  annotations: &all\n    a: b\nrules:\n{rule}"
        ))
    };
    let bound = json!({"metadata": [{"name": "b"}], "role_ref": [{"kind": "ClusterRole", "name": "r"}],
        "subject": [{"kind": "Group", "name": "devs"}]});
    let plan = |old: &str, new: &str| {
        let plan = world().stays("kubernetes_cluster_role_binding_v1.b", bound.clone());
        plan.changes("kubectl_manifest.r", role(old), role(new)).verdict()
    };
    let plain = "- {apiGroups: [\"\"], resources: [pods], verbs: [get]}\n";
    let merged = "- &one {apiGroups: [\"\"], resources: [pods], verbs: [get]}\n- {<<: *one, resources: [secrets]}\n";
    assert_eq!(plan(plain, merged), Verdict::New);
    let same = "- &one {apiGroups: [\"\"], resources: [pods], verbs: [get]}\n- {<<: *one}\n";
    assert_eq!(plan(plain, same), Verdict::None);
    let twice = "- {apiGroups: [\"\"], resources: [pods], verbs: [get], verbs: [\"*\"]}\n";
    assert_ne!(plan(plain, twice), Verdict::None, "a key that stands twice");
}

#[test]
fn a_kind_of_another_group_is_another_kind() {
    let of = |version: &str, account: &str| {
        json!({"manifest": {"apiVersion": version, "kind": "Service", "metadata": {"name": "s", "namespace": "shop"},
            "spec": {"template": {"spec": {"serviceAccountName": account}}}}})
    };
    let run =
        |version: &str| world().changes("kubernetes_manifest.s", of(version, "weak"), of(version, "strong")).verdict();
    assert_ne!(run("serving.knative.dev/v1"), Verdict::None);
    assert_eq!(run("v1"), Verdict::None);
    let openshift = json!({"manifest": {"apiVersion": "authorization.openshift.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "shop"}, "userNames": ["eve"], "roleRef": {"name": "admin"}}});
    assert_ne!(world().changes("kubernetes_manifest.b", Value::Null, openshift).verdict(), Verdict::None);
}

#[test]
fn others_write_to_the_objects_of_the_plan() {
    let target = json!([{"name": "weak", "namespace": "shop"}]);
    let types = [
        (
            "kubernetes_annotations",
            json!({"api_version": "v1", "kind": "ServiceAccount", "metadata": target,
                "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/admin"}}),
        ),
        (
            "kubernetes_labels",
            json!({"api_version": format!("{REFERENCE}/v1"), "kind": "ClusterRole", "metadata": [{"name": "r"}],
                "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}),
        ),
        (
            "kubernetes_config_map_v1_data",
            json!({"metadata": [{"name": "aws-auth", "namespace": "kube-system"}],
                "data": {"mapRoles": "- {rolearn: \"arn:aws:iam::111122223333:role/x\", groups: [\"system:masters\"]}"}}),
        ),
        ("kubernetes_secret_v1_data", json!({"metadata": target, "data": {"a": "b"}})),
        (
            "kubernetes_env",
            json!({"api_version": "apps/v1", "kind": "Deployment", "metadata": target, "env": [{"name": "a"}]}),
        ),
        (
            "helm_release",
            json!({"name": "r", "chart": "c", "namespace": "kube-system", "values": ["rbac: {admin: true}"]}),
        ),
        ("kubernetes_api_service_v1", json!({"metadata": [{"name": "v1.x"}], "spec": [{"group": "x"}]})),
        (
            "kubernetes_pod_security_policy_v1beta1",
            json!({"metadata": [{"name": "p"}], "spec": [{"privileged": true}]}),
        ),
        (
            "kubernetes_certificate_signing_request_v1",
            json!({"metadata": [{"name": "c"}], "auto_approve": true,
            "spec": [{"request": "x", "signer_name": "kubernetes.io/kube-apiserver-client"}]}),
        ),
        (
            "kubernetes_manifest",
            json!({"manifest": {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "p"},
            "spec": {"hostPath": {"path": "/"}}}}),
        ),
        ("kubernetes_manifest", json!({"manifest": {"apiVersion": "v1", "kind": "List", "items": []}})),
        (
            "kubernetes_persistent_volume_v1",
            json!({"metadata": [{"name": "p"}],
            "spec": [{"persistent_volume_source": [{"host_path": [{"path": "/"}]}]}]}),
        ),
    ];
    for (kind, values) in types {
        let found = world().changes(&format!("{kind}.x"), Value::Null, values).verdict();
        assert_ne!(found, Verdict::None, "{kind}");
    }
}

#[test]
fn verbs_that_make_one_more_are_requests_like_others() {
    let role = |verbs: &[&str], resources: &[&str], groups: &[&str]| {
        json!({"metadata": [{"name": "r", "labels": {}}],
            "rule": [{"api_groups": groups, "resources": resources, "verbs": verbs, "resource_names": [],
                "non_resource_urls": []}]})
    };
    let bound = binding("r", &account("weak"));
    let run = |old: Value, new: Value| {
        let plan = world().stays("kubernetes_role_binding_v1.b", bound.clone());
        plan.changes("kubernetes_cluster_role_v1.r", old, new).verdict()
    };
    let roles = |verbs: &[&str]| role(verbs, &["roles"], &[REFERENCE]);
    for verb in ["escalate", "bind"] {
        assert_eq!(run(roles(&["get"]), roles(&["get", verb])), Verdict::New, "{verb}");
    }
    let people = |verbs: &[&str]| role(verbs, &["serviceaccounts"], &[""]);
    assert_eq!(run(people(&["get"]), people(&["get", "impersonate"])), Verdict::New);
    let pods = |groups: &[&str]| role(&["get"], &["pods", "secrets"], groups);
    assert_eq!(run(pods(&[""]), pods(&["*"])), Verdict::New);
    assert_eq!(run(pods(&["*"]), pods(&["", "apps", "*"])), Verdict::None);
}

#[test]
fn an_empty_selector_takes_every_role() {
    let role = |selectors: Value| {
        json!({"manifest": {"apiVersion": format!("{REFERENCE}/v1"), "kind": "ClusterRole", "metadata": {"name": "r"},
            "rules": [], "aggregationRule": {"clusterRoleSelectors": selectors}}})
    };
    let narrow = json!([{"matchLabels": {"a": "b"}}]);
    let default = json!([{"matchLabels": {"kubernetes.io/bootstrapping": "rbac-defaults"}}]);
    for wide in [json!([{}]), json!([{"matchLabels": {}}]), json!([{"matchExpressions": []}]), default] {
        let plan = world()
            .stays("kubernetes_cluster_role_binding_v1.b", binding("r", &json!({"kind": "Group", "name": "devs"})));
        let found = plan.changes("kubernetes_manifest.r", role(narrow.clone()), role(wide)).verdict();
        assert_eq!(found, Verdict::New);
    }
}

#[test]
fn a_caller_who_names_himself_may_be_anybody() {
    let map = |user: &str| {
        let entry = format!("- {{rolearn: \"arn:aws:iam::111122223333:role/dev\", username: \"{user}\", groups: []}}");
        json!({"metadata": [{"name": "aws-auth", "namespace": "kube-system"}], "data": {"mapRoles": entry}})
    };
    let run = |old: &str, new: &str| world().changes("kubernetes_config_map_v1.a", map(old), map(new)).verdict();
    assert_ne!(run("dev", "{{SessionName}}"), Verdict::None);
    assert_eq!(run("dev", "dev"), Verdict::None);
    assert_eq!(run("dev:{{SessionName}}", "dev:{{SessionName}}"), Verdict::None);
}

#[test]
fn the_later_of_two_resources_for_one_object_holds() {
    let role = |verbs: &str| {
        applied(&format!(
            "apiVersion: {REFERENCE}/v1\nkind: ClusterRole\nmetadata: {{name: r}}\n\
             rules: [{{apiGroups: [\"\"], resources: [secrets], verbs: [{verbs}]}}]\n"
        ))
    };
    let bound = json!({"metadata": [{"name": "b"}], "role_ref": [{"kind": "ClusterRole", "name": "r"}],
        "subject": [{"kind": "Group", "name": "devs"}]});
    for name in ["a", "z"] {
        let plan = world()
            .stays("kubernetes_cluster_role_binding_v1.b", bound.clone())
            .stays("kubectl_manifest.m", role("get"))
            .changes(&format!("kubectl_manifest.{name}"), Value::Null, role("\"*\""));
        assert_ne!(plan.verdict(), Verdict::None, "{name}");
    }
}

#[test]
fn a_label_takes_a_namespace_out_of_what_is_checked() {
    let shop = |labels: Value| json!({"metadata": [{"name": "shop", "labels": labels}]});
    let run = |new: Value| world().changes("kubernetes_namespace_v1.shop", shop(json!({})), shop(new)).verdict();
    assert_ne!(run(json!({"admission.gatekeeper.sh/ignore": "true"})), Verdict::None);
    assert_eq!(run(json!({"team": "shop"})), Verdict::None);
}

#[test]
fn what_is_only_written_otherwise_is_silent() {
    let values = binding("edit", &account("weak"));
    let same = json!({"manifest": {"apiVersion": format!("{REFERENCE}/v1"), "kind": "RoleBinding",
        "metadata": {"name": "edit-weak", "namespace": "shop"},
        "roleRef": {"apiGroup": REFERENCE, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "weak", "namespace": "shop"}]}});
    let moved = world().changes("kubernetes_role_binding_v1.weak", values.clone(), Value::Null).changes(
        "kubernetes_manifest.weak",
        Value::Null,
        same,
    );
    assert_eq!(moved.verdict(), Verdict::None);
    let text = format!(
        "apiVersion: {REFERENCE}/v1\nkind: RoleBinding\nmetadata: {{name: edit-weak, namespace: shop}}\n\
         roleRef: {{kind: ClusterRole, name: edit}}\nsubjects: [{{kind: ServiceAccount, name: weak, namespace: shop}}]\n"
    );
    let applied = world().changes("kubernetes_role_binding_v1.weak", values, Value::Null).changes(
        "kubectl_manifest.weak",
        Value::Null,
        applied(&text),
    );
    assert_eq!(applied.verdict(), Verdict::None);
}

#[test]
fn entries_of_the_map_of_principals_are_compared_wherever_they_are_written() {
    let map = |entries: &str| json!({"metadata": [{"name": "aws-auth", "namespace": "kube-system"}], "data": {"mapRoles": entries}, "force": true});
    let run =
        |old: &str, new: &str| Plan::default().changes("kubernetes_config_map_v1_data.a", map(old), map(new)).verdict();
    let node = "- {rolearn: 'arn:aws:iam::111122223333:role/n', username: n, groups: ['a', 'b']}\n";
    let admin = "- {rolearn: 'arn:aws:iam::111122223333:role/d', username: d, groups: ['system:masters']}\n";
    assert_eq!(run(node, &format!("{node}{admin}")), Verdict::New);
    assert_eq!(run(node, &node.replace("['a', 'b']", "[b, a]")), Verdict::None);
    assert_eq!(run(&format!("{node}{admin}"), node), Verdict::None);
}
