//! Roles that a team imports decide what the built-in facts cannot.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::access::facts::Catalogue;
use tollgate::access::{Verdict, worlds};
use tollgate::iam::Interest;
use tollgate::plan::{self, Keep};

fn verdict(kind: &str, provider: &str, before: &Value, after: &Value, imported: &str) -> Verdict {
    let row = json!({"address": format!("{kind}.x"), "mode": "managed", "type": kind, "name": "x",
        "provider_name": format!("registry.terraform.io/hashicorp/{provider}"),
        "change": {"actions": ["delete", "create"], "before": before, "after": after, "after_unknown": {},
            "before_sensitive": {}, "after_sensitive": {}}});
    let text = json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
        "errored": false, "resource_changes": [row], "configuration": {"root_module": {}}})
    .to_string();
    let interest = Interest::default();
    let kept = |head: &plan::RowHead<'_>| interest.row(head);
    let plan = plan::read(text.as_bytes(), &Keep::nothing().rows(&kept)).unwrap().plans.remove(0);
    let mut catalogue = Catalogue::default();
    if !imported.is_empty() {
        catalogue.import(imported.as_bytes()).unwrap();
    }
    worlds::compare_with(&plan, &interest.recognise(&plan), &Arc::new(catalogue), None).verdict
}

const AZURE: &str = r#"[
    {"name": "11111111-1111-1111-1111-111111111111", "roleName": "Team Reader", "roleType": "CustomRole",
     "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"], "notActions": []}]},
    {"name": "22222222-2222-2222-2222-222222222222", "roleName": "Team Operator", "roleType": "CustomRole",
     "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/*"], "notActions": []}]}
]"#;

fn azure(role: &str) -> Value {
    json!({"scope": "/subscriptions/00000000-0000-0000-0000-000000000001", "role_definition_name": role,
        "principal_id": "33333333-3333-3333-3333-333333333333", "principal_type": "User"})
}

#[test]
fn azure_compares_imported_roles_by_what_they_permit() {
    let run = |old, new, imported| verdict("azurerm_role_assignment", "azurerm", &azure(old), &azure(new), imported);
    assert_ne!(run("Team Operator", "Team Reader", ""), Verdict::None);
    assert_eq!(run("Team Operator", "Team Reader", AZURE), Verdict::None);
    assert_eq!(run("Team Reader", "Team Operator", AZURE), Verdict::New);
}

#[test]
fn an_imported_role_with_a_condition_is_not_certain() {
    let conditioned = AZURE.replace(
        "\"notActions\": []}]},",
        "\"notActions\": []}, {\"actions\": [\"Microsoft.Authorization/*\"], \"condition\": \"@Resource[a] == 'b'\"}]},",
    );
    let run = |old, new| verdict("azurerm_role_assignment", "azurerm", &azure(old), &azure(new), &conditioned);
    assert_eq!(run("Team Operator", "Team Reader"), Verdict::Possible);
}

const KUBERNETES: &str = r#"{"items": [
    {"metadata": {"name": "team-view"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    {"metadata": {"name": "team-edit"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "delete"]}]}
]}"#;

#[test]
fn kubernetes_compares_imported_roles_by_what_they_permit() {
    let binding = |role: &str| {
        json!({"metadata": [{"name": "team", "namespace": "shop"}],
            "role_ref": [{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}],
            "subject": [{"kind": "User", "name": "ann", "api_group": "rbac.authorization.k8s.io", "namespace": ""}]})
    };
    let run = |old, new, imported| {
        verdict("kubernetes_role_binding_v1", "kubernetes", &binding(old), &binding(new), imported)
    };
    assert_ne!(run("team-edit", "team-view", ""), Verdict::None);
    assert_eq!(run("team-edit", "team-view", KUBERNETES), Verdict::None);
    assert_eq!(run("team-view", "team-edit", KUBERNETES), Verdict::New);
}

const AWS: &str = r#"{"UserDetailList": [], "Policies": [
    {"Arn": "arn:aws:iam::123456789012:policy/reader", "PolicyName": "reader", "PolicyVersionList": [
        {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}]},
    {"Arn": "arn:aws:iam::123456789012:policy/writer", "PolicyName": "writer", "PolicyVersionList": [
        {"VersionId": "v1", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}]}}]}
]}"#;

#[test]
fn aws_compares_imported_policies_by_their_documents() {
    let attached =
        |name: &str| json!({"user": "ann", "policy_arn": format!("arn:aws:iam::123456789012:policy/{name}")});
    let run =
        |old, new, imported| verdict("aws_iam_user_policy_attachment", "aws", &attached(old), &attached(new), imported);
    assert_eq!(run("writer", "reader", ""), Verdict::Possible);
    assert_eq!(run("writer", "reader", AWS), Verdict::None);
    assert_eq!(run("reader", "writer", AWS), Verdict::New);
}
