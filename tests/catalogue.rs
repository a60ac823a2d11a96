//! The catalogue against rows: every listed type is recognised, ordinary ones are not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads files, panics, and says when it skips"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tollgate::iam::catalogue::{self, Entry};
use tollgate::iam::{Facet, IamChange, Kind, Origin, Recognition};
use tollgate::plan::{Action, Actions, Change, Mode, Provider};

/// A row with these values after it and nothing before it.
fn created(mode: Mode, provider: &str, type_name: &str, after: Value) -> Change {
    Change {
        address: format!("{type_name}.this"),
        mode,
        type_name: type_name.into(),
        name: "this".into(),
        provider: Provider(format!("registry.terraform.io/{provider}")),
        actions: Actions(vec![Action::Create]),
        after,
        ..Change::default()
    }
}

fn recognise(change: Change) -> Option<IamChange> {
    let mut recognition = Recognition::of_rows([&Arc::new(change)]);
    assert!(recognition.changes.len() <= 1);
    recognition.changes.pop()
}

/// Puts `leaf` at a path of the catalogue, making what is on the way.
fn place(value: &mut Value, path: &str, leaf: Value) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (key, container) = match (step.strip_suffix("[*]"), step.strip_suffix("{*}")) {
        (Some(key), _) => (key, Some(json!([{}]))),
        (_, Some(key)) => (key, Some(json!({"k": {}}))),
        _ => (step, None),
    };
    if !value.is_object() {
        *value = json!({});
    }
    let member = &mut value[key];
    let inner = match container {
        None => member,
        Some(container) => {
            if !member.is_array() && !member.is_object() {
                *member = container;
            }
            match member {
                Value::Array(elements) => elements.first_mut().unwrap(),
                Value::Object(members) => members.entry("k").or_insert_with(|| json!({})),
                _ => panic!("neither list nor object"),
            }
        }
    };
    match rest {
        Some(rest) => place(inner, rest, leaf),
        None if inner.as_object().is_some_and(|members| !members.is_empty()) => {}
        None => *inner = leaf,
    }
}

/// Paths that speak of a row's attributes, with their purpose.
fn attributes(entry: &Entry) -> Vec<(&'static str, &'static str)> {
    entry.attributes().filter(|(_, path)| !path.contains([':', '('])).collect()
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

#[test]
fn rules_can_name_every_purpose() {
    let used: BTreeSet<&str> =
        catalogue::listed().flat_map(|(_, entry)| entry.attributes()).map(|(purpose, _)| purpose).collect();
    assert_eq!(used.into_iter().collect::<Vec<_>>(), Facet::PURPOSES);
}

#[test]
fn every_listed_type_of_a_row_is_recognised_with_its_kind_and_values() {
    let mut seen = BTreeMap::new();
    for (origin, entry) in catalogue::listed() {
        let mode = match origin {
            Origin::Resource => Mode::Managed,
            Origin::Data => Mode::Data,
            Origin::Ephemeral => Mode::Ephemeral,
            _ => continue,
        };
        *seen.entry(origin).or_insert(0) += 1;
        let mut after = json!({});
        for (purpose, path) in attributes(&entry) {
            place(&mut after, path, json!(format!("{purpose} at {path}")));
        }
        let name = entry.type_name;
        let change =
            recognise(created(mode, entry.provider, name, after)).unwrap_or_else(|| panic!("{name} is dropped"));
        assert_eq!(change.kind, entry.kind, "{name}");
        assert_eq!(change.origin, origin, "{name}");
        assert_eq!(change.authoritative, entry.authoritative, "{name}");
        assert_eq!(change.removal_elevates, entry.removal_elevates, "{name}");
        for (purpose, path) in attributes(&entry) {
            let mut values = Vec::new();
            for facet in change.facets.iter().filter(|facet| facet.purpose == purpose) {
                texts(facet.after.as_ref().unwrap_or(&Value::Null), &mut values);
            }
            assert!(!values.is_empty(), "{name}: no facet of purpose {purpose}");
            let wanted = format!("{purpose} at {path}");
            let shared = attributes(&entry).iter().filter(|(_, other)| *other == path).count() > 1;
            if matches!(purpose, "principal" | "role" | "pass_role" | "policy") && !shared {
                let below = attributes(&entry).iter().any(|(_, other)| other.starts_with(path) && *other != path);
                assert!(below || values.contains(&wanted), "{name}: {wanted} is not among {values:?}");
            }
        }
    }
    assert!(seen[&Origin::Resource] > 2600 && seen.len() == 3, "{seen:?}");
}

#[test]
fn every_listed_type_is_kept_when_unknown() {
    for (origin, entry) in catalogue::listed().filter(|(origin, _)| *origin == Origin::Resource) {
        let mut row = created(Mode::Managed, entry.provider, entry.type_name, json!({}));
        let mask: Map<String, Value> = attributes(&entry)
            .iter()
            .map(|(_, path)| (path.split(['.', '[', '{']).next().unwrap().to_owned(), json!(true)))
            .collect();
        row.after_unknown = Value::Object(mask);
        let change = recognise(row).unwrap_or_else(|| panic!("{} ({origin:?}) is dropped", entry.type_name));
        for (purpose, path) in attributes(&entry) {
            let unknown = change.facets.iter().any(|facet| facet.purpose == purpose && facet.unknown);
            assert!(unknown, "{}: {path} is unknown and no facet says so", entry.type_name);
        }
    }
}

#[test]
fn ordinary_types_are_not_recognised() {
    let types: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("../fixtures/plans/ordinary-types.json")).unwrap();
    assert!(types.len() >= 100);
    let mut alarms = Vec::new();
    for (type_name, values) in types {
        let provider = type_name.split('_').next().unwrap();
        let mut row = created(Mode::Managed, &format!("hashicorp/{provider}"), &type_name, json!({}));
        for (key, value) in values.as_object().unwrap() {
            if row.after_unknown.is_null() {
                row.after_unknown = json!({});
            }
            if value == "(known after apply)" {
                row.after_unknown[key] = json!(true);
            } else {
                row.after[key] = value.clone();
            }
        }
        if let Some(change) = recognise(row) {
            alarms
                .push(format!("{type_name}: {:?}", change.facets.iter().map(|facet| &facet.path).collect::<Vec<_>>()));
        }
    }
    assert!(alarms.is_empty(), "false alarms:\n{}", alarms.join("\n"));
}

#[test]
fn unlisted_types_that_sound_like_access_are_recognised() {
    let cases = [
        ("acme/acme", "acme_bucket", json!({"access_policy": "x"}), Some(("policy", "access_policy"))),
        ("acme/acme", "acme_service", json!({"settings": [{"roleArn": "r"}]}), Some(("role", "settings[0].roleArn"))),
        ("acme/acme", "acme_team_members", json!({"team": "t"}), None),
        ("keycloak/keycloak", "keycloak_user_roles", json!({"role_ids": ["a"]}), Some(("role", "role_ids"))),
        ("acme/acme", "acme_share", json!({"principals": ["*"]}), Some(("principal", "principals"))),
        ("acme/acme", "acme_share", json!({"permissions": {"read": true}}), Some(("permission", "permissions"))),
        ("acme/acme", "acme_user", json!({"is_admin": true}), Some(("flag", "is_admin"))),
        ("hashicorp/aws", "aws_brand_new", json!({"execution_role_arn": "r"}), Some(("role", "execution_role_arn"))),
        (
            "hashicorp/azurerm",
            "azurerm_brand_new",
            json!({"identity": [{"type": "SystemAssigned"}]}),
            Some(("pass_role", "identity")),
        ),
        (
            "hashicorp/google",
            "google_brand_new",
            json!({"service_account": "a@b"}),
            Some(("pass_role", "service_account")),
        ),
        (
            "acme/acme",
            "acme_thing",
            json!({"definition": "{\"Statement\":[{\"Effect\":\"Allow\"}]}"}),
            Some(("policy", "definition")),
        ),
    ];
    for (provider, type_name, after, facet) in cases {
        let change =
            recognise(created(Mode::Managed, provider, type_name, after)).unwrap_or_else(|| panic!("{type_name}"));
        assert_eq!(change.kind, Kind::Unclassified, "{type_name}");
        let found = change.facets.first().map(|facet| (facet.purpose.as_str(), facet.path.as_str()));
        assert_eq!(found, facet, "{type_name}");
    }
}

#[test]
fn an_unlisted_type_counts_only_where_its_access_changes() {
    let row = |before: Value, after: Value| {
        let mut row = created(Mode::Managed, "acme/acme", "acme_bucket", after);
        row.before = before;
        row.actions = Actions(vec![Action::Update]);
        row
    };
    let tagged = row(json!({"role_arn": "r", "tags": {}}), json!({"role_arn": "r", "tags": {"a": "b"}}));
    assert!(recognise(tagged).is_none());
    assert!(recognise(row(json!({"role_arn": "r"}), json!({"role_arn": "s"}))).is_some());
    let mut unknown = row(json!({"role_arn": "r"}), json!({}));
    unknown.after_unknown = json!({"role_arn": true});
    assert!(recognise(unknown).is_some_and(|change| change.facets.iter().all(|facet| facet.unknown)));
    assert!(recognise(row(json!({"role_arn": null}), json!({"role_arn": ""}))).is_none());
}

#[test]
fn other_hosts_namespaces_and_spellings_are_the_same_type() {
    for (provider, type_name, kind, platform) in [
        ("registry.opentofu.org/hashicorp/aws", "aws_iam_role", Kind::RoleDefinition, "aws"),
        ("aws", "aws_iam_role", Kind::RoleDefinition, "aws"),
        ("registry.example.com/mirror/aws", "aws_alb_listener", Kind::Federation, "aws"),
        (
            "registry.terraform.io/Snowflake-Labs/snowflake",
            "snowflake_grant_privileges_to_share",
            Kind::ResourcePolicy,
            "other",
        ),
        ("registry.terraform.io/hashicorp/google-beta", "google_project_iam_member", Kind::RoleBinding, "gcp"),
        ("registry.terraform.io/hashicorp/google-beta", "google_tomorrow_iam_binding", Kind::RoleBinding, "gcp"),
        ("registry.terraform.io/hashicorp/kubernetes", "kubernetes_env_v1", Kind::CodeExecution, "kubernetes"),
        ("", "azurerm_role_assignment", Kind::RoleBinding, "azure"),
    ] {
        let mut row = created(Mode::Managed, "", type_name, json!({"role": "r"}));
        row.provider = Provider(provider.into());
        let change = recognise(row).unwrap_or_else(|| panic!("{type_name}"));
        let (expected, _) = catalogue::find(Origin::Resource, type_name).unwrap();
        assert_eq!(change.kind, expected.kind);
        assert_eq!(change.platform.as_str(), platform, "{type_name}");
        if !matches!(type_name, "aws_iam_role" | "aws_alb_listener" | "kubernetes_env_v1") {
            assert_eq!(change.kind, kind, "{type_name}");
        }
    }
}

/// Regenerates the table and compares; needs the shared data.
#[test]
fn the_table_is_what_the_generator_makes() {
    let shared = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let input = shared.join("data/iam-resources.json");
    if !input.exists() {
        println!("skipped: {} is not there", input.display());
        return;
    }
    let output = Command::new(env!("CARGO")).args(["xtask", "catalogue", "--check"]).arg(&input).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
