//! Recognition over whole plans: rows of every fate, and what stands in no row.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads files, panics, and says when it skips"
)]

/// Only the rows that recognition asks for.
#[path = "support/read.rs"]
mod gated;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate::iam::{IamChange, Interest, Kind, NoteCode, Origin, Recognition, recognise};
use tollgate::plan::archive;
use tollgate::plan::hcl::{SourceFile, Sources};
use tollgate::plan::{Action, Actions, Change, Keep, read};

fn fixture(name: &str) -> Recognition {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans").join(name);
    let text = fs::read(path).unwrap();
    let filtered = gated::read(&text).unwrap().pop().unwrap().1;
    let whole = recognise(&read(text.as_slice(), &Keep::all()).unwrap().plans[0]);
    assert_eq!(summary(&filtered), summary(&whole), "what is not kept must not matter");
    filtered
}

/// One line a change: address, type, kind, origin, notes.
fn summary(recognition: &Recognition) -> Vec<String> {
    let line = |list: &str, change: &IamChange| {
        let notes: Vec<String> = change.notes.iter().map(|note| format!("{:?}", note.code)).collect();
        let row = &change.row;
        let deposed = row.deposed.as_deref().unwrap_or("");
        format!(
            "{list} {} {deposed} {} {} {:?} {} {:?}",
            row.address,
            row.type_name,
            change.kind.as_str(),
            change.origin,
            notes.join(","),
            change.facets,
        )
    };
    let lists =
        [("change", &recognition.changes), ("same", &recognition.unchanged), ("standing", &recognition.standing)];
    let mut lines: Vec<String> = lines_of(lists).into_iter().map(|(list, change)| line(list, change)).collect();
    lines.extend(recognition.undetermined.iter().map(|entry| format!("{} {:?}", entry.code, entry.address)));
    lines
}

fn lines_of<'a>(lists: [(&'a str, &'a Vec<IamChange>); 3]) -> Vec<(&'a str, &'a IamChange)> {
    lists.into_iter().flat_map(|(list, changes)| changes.iter().map(move |change| (list, change))).collect()
}

fn addresses(changes: &[IamChange]) -> Vec<(&str, &str)> {
    changes.iter().map(|change| (change.row.address.as_str(), change.row.type_name.as_str())).collect()
}

fn at<'a>(changes: &'a [IamChange], address: &str) -> &'a IamChange {
    changes.iter().find(|change| change.row.address == address).unwrap_or_else(|| panic!("no change at {address}"))
}

fn codes(change: &IamChange) -> Vec<NoteCode> {
    change.notes.iter().map(|note| note.code).collect()
}

#[test]
fn provisioners_count_where_they_run() {
    let recognition = fixture("provisioners.json");
    let found: BTreeSet<_> = addresses(&recognition.changes).into_iter().collect();
    let expected = BTreeSet::from([
        ("azurerm_public_ip.ip", "provisioner:local-exec"),
        ("module.m[\"a.b\"].null_resource.gone[0]", "provisioner:acme-exec"),
        ("null_resource.setup", "provisioner:local-exec"),
        ("null_resource.setup", "provisioner:remote-exec"),
    ]);
    assert_eq!(found, expected);
    assert!(recognition.changes.iter().all(|change| change.kind == Kind::CodeExecution));
    assert!(recognition.changes.iter().all(|change| change.origin == Origin::Provisioner));
    let facet = |type_name: &str| {
        let change = recognition
            .changes
            .iter()
            .find(|change| change.row.address == "null_resource.setup" && change.row.type_name == type_name);
        change.unwrap().facets[0].clone()
    };
    let local = facet("provisioner:local-exec");
    assert_eq!((local.path.as_str(), local.after, local.unknown), ("command", Some(json!("./setup.sh")), false));
    let remote = facet("provisioner:remote-exec");
    assert_eq!((remote.path.as_str(), remote.after, remote.unknown), ("inline", None, true));
    assert_eq!(at(&recognition.changes, "azurerm_public_ip.ip").platform.as_str(), "azure");
    assert!(recognition.undetermined.is_empty());
}

#[test]
fn a_row_that_may_have_provisioners_is_kept_when_the_configuration_is_missing() {
    let rows = json!([{"address": "null_resource.a", "mode": "managed", "type": "null_resource", "name": "a",
        "provider_name": "registry.terraform.io/hashicorp/null", "change": {"actions": ["create"], "before": null,
        "after": {}, "after_unknown": {"id": true}}}]);
    let plan = json!({"format_version": "1.2", "resource_changes": rows});
    let (_, recognition) = gated::read(plan.to_string().as_bytes()).unwrap().pop().unwrap();
    assert_eq!(addresses(&recognition.changes), [("null_resource.a", "null_resource")]);
    assert_eq!(recognition.changes[0].kind, Kind::CodeExecution);
}

#[test]
fn the_archive_shows_what_the_json_hides_and_when_it_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/plans/modules");
    let archive = archive::read(Cursor::new(fs::read(root.join("plan.tfplan")).unwrap())).unwrap();
    let text = fs::read(root.join("plan.json")).unwrap();
    let mut document: Value = serde_json::from_slice(&text).unwrap();
    let code = |document: &Value, sources: Option<&Sources>| -> Vec<(String, Vec<NoteCode>)> {
        let text = document.to_string();
        let interest = Interest::default();
        let keep = Keep::all();
        let plan = &read(text.as_bytes(), &keep.rows(&|head| interest.row(head))).unwrap().plans[0];
        let recognition = match sources {
            Some(sources) => interest.recognise_with(plan, sources),
            None => interest.recognise(plan),
        };
        assert!(recognition.undetermined.is_empty());
        let changes = recognition.changes.iter().filter(|change| change.origin == Origin::Provisioner);
        changes.map(|change| (change.row.address.clone(), codes(change))).collect()
    };
    // Each instance has a provisioner for its creation and one for its destruction; which is which is not told.
    let made = code(&document, Some(&archive.sources));
    assert_eq!(made.len(), 4, "{made:?}");
    assert_eq!(made, code(&document, None), "nothing is destroyed, so what is hidden does not run");

    let gone = json!({"address": "terraform_data.gone", "mode": "managed", "type": "terraform_data", "name": "gone",
        "provider_name": "terraform.io/builtin/terraform",
        "change": {"actions": ["delete"], "before": {"id": "1"}, "after": null, "after_unknown": {}}});
    document["resource_changes"].as_array_mut().unwrap().push(gone);
    let hidden = ("terraform_data.gone".to_owned(), vec![NoteCode::Hidden]);
    assert!(!code(&document, None).contains(&hidden), "the JSON does hide it");
    assert!(code(&document, Some(&archive.sources)).contains(&hidden));
}

#[test]
fn an_archive_that_cannot_be_read_whole_proves_nothing() {
    let files = [
        (
            "main.tf",
            "resource \"null_resource\" \"setup\" {\n  provisioner \"local-exec\" {\n    when = destroy\n  }\n}\n",
        ),
        ("broken.tf", "resource \"a\" {{{ \"\n"),
    ];
    let rows = json!([{"address": "null_resource.setup", "mode": "managed", "type": "null_resource", "name": "setup",
        "change": {"actions": ["create"], "before": null, "after": {}, "after_unknown": {}}}]);
    let resource = json!({"address": "null_resource.setup", "mode": "managed", "type": "null_resource", "name": "setup",
        "provisioners": [{"type": "local-exec", "expressions": {}}]});
    let plan = json!({"format_version": "1.2", "resource_changes": rows,
        "configuration": {"root_module": {"resources": [resource]}}});
    let plan = &read(plan.to_string().as_bytes(), &Keep::all()).unwrap().plans[0];
    let found = |files: &[(&str, &str)]| {
        let file =
            |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), module: Vec::new(), text: (*text).into() };
        let sources = Sources::read(files.iter().map(file));
        let recognition = Interest::default().recognise_with(plan, &sources);
        (recognition.changes.len(), recognition.undetermined.len())
    };
    assert_eq!(found(&files[..1]), (0, 0), "it runs when the resource is destroyed, and the plan makes it");
    assert_eq!(found(&files), (1, 1), "who knows what the broken file says");
}

#[test]
fn ephemeral_resources_that_run_code_are_found_in_the_source() {
    let text =
        "ephemeral \"aws_lambda_invocation\" \"token\" {}\nephemeral \"aws_secretsmanager_secret_version\" \"s\" {}\n";
    let sources = Sources::read([SourceFile { path: "main.tf".into(), module: vec!["m".into()], text: text.into() }]);
    let plan = &read(&br#"{"format_version":"1.2","resource_changes":[],"configuration":{}}"#[..], &Keep::all())
        .unwrap()
        .plans[0];
    let recognition = Interest::default().recognise_with(plan, &sources);
    assert_eq!(
        addresses(&recognition.changes),
        [("module.m.ephemeral.aws_lambda_invocation.token", "aws_lambda_invocation")]
    );
    assert_eq!(codes(&recognition.changes[0]), [NoteCode::Hidden]);
}

#[test]
fn provider_blocks_are_facts_until_the_plan_changes_what_they_depend_on() {
    let recognition = fixture("provider-identity.json");
    let blocks = |changes: &[IamChange]| -> BTreeSet<String> {
        let blocks = changes.iter().filter(|change| change.origin == Origin::ProviderConfig);
        blocks.map(|change| format!("{} {}", change.row.address, change.row.type_name)).collect()
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(
        blocks(&recognition.changes),
        names(&["provider.aws.target provider:assume_role", "provider.kubernetes.fresh provider:endpoints"])
    );
    assert_eq!(
        blocks(&recognition.standing),
        names(&[
            "provider.aws provider:assume_role",
            "provider.google provider:assume_role",
            "provider.kubernetes provider:endpoints"
        ])
    );
    let target = at(&recognition.changes, "provider.aws.target");
    assert_eq!(codes(target), [NoteCode::DependsOnPlan]);
    assert_eq!(target.kind, Kind::NetworkOfTrust);
    assert!(target.facets.iter().any(|facet| facet.path == "assume_role[0].role_arn" && facet.unknown));
    let ci = at(&recognition.standing, "provider.aws");
    assert!(ci.facets.iter().any(|facet| facet.after == Some(json!("arn:aws:iam::111122223333:role/ci"))));
    assert!(!format!("{:?}", ci.facets).contains("canary"));
    assert_eq!(ci.row.after_sensitive["secret_key"], json!(true));
}

#[test]
fn module_sources_that_may_change_are_facts() {
    let recognition = fixture("provider-identity.json");
    let modules: Vec<&IamChange> =
        recognition.standing.iter().filter(|change| change.origin == Origin::ModuleCall).collect();
    let names: Vec<&str> = modules.iter().map(|change| change.row.address.as_str()).collect();
    assert_eq!(names, ["module.floating", "module.floating.module.inner"]);
    assert!(modules.iter().all(|change| change.kind == Kind::CodeExecution));
    assert_eq!(modules[0].facets[0].after, Some(json!("git::https://example.com/b.git")));
}

#[test]
fn actions_count_listed_or_not() {
    let recognition = fixture("actions.json");
    let seed = at(&recognition.changes, "action.aws_lambda_invoke.seed");
    assert_eq!((seed.kind, seed.origin), (Kind::CodeExecution, Origin::Action));
    assert_eq!(seed.notes[0].message, "it runs at `AfterCreate` of `aws_lambda_function.seed`");
    let facets: BTreeMap<&str, (Option<Value>, bool)> =
        seed.facets.iter().map(|facet| (facet.path.as_str(), (facet.after.clone(), facet.unknown))).collect();
    assert_eq!(facets["function_name"], (Some(json!("seed")), false));
    assert_eq!(facets["payload"], (Some(json!({"$tollgate": "sensitive"})), false));
    assert_eq!(facets["qualifier"], (None, true));
    assert_eq!(at(&recognition.changes, "action.acme_rotate.keys").kind, Kind::Unclassified);
}

#[test]
fn rows_of_every_fate() {
    let recognition = fixture("lifecycle.json");
    let unchanged: Vec<&str> = recognition.unchanged.iter().map(|change| change.row.address.as_str()).collect();
    assert_eq!(unchanged, ["aws_iam_policy.unchanged", "aws_iam_policy.deposed"]);
    let notes: Vec<(&str, Vec<NoteCode>)> =
        recognition.changes.iter().map(|change| (change.row.address.as_str(), codes(change))).collect();
    assert_eq!(
        notes,
        [
            ("aws_iam_policy.moved", vec![]),
            ("aws_iam_policy.imported", vec![NoteCode::Adopted]),
            ("aws_iam_policy.forgotten", vec![NoteCode::LeftBehind]),
            ("aws_iam_policy.replaced", vec![NoteCode::Gap]),
            ("aws_iam_policy.replaced_first", vec![]),
            ("aws_iam_policy.deposed", vec![NoteCode::Deposed]),
            ("aws_iam_policy.odd", vec![]),
            ("acme_grantish.new", vec![NoteCode::MovedAcrossTypes]),
            ("google_project_iam_member.abandoned", vec![NoteCode::LeftBehind]),
            ("data.aws_iam_policy_document.late", vec![]),
            ("data.external.script", vec![]),
            ("ephemeral.aws_lambda_invocation.token", vec![]),
            ("odd.aws_iam_user.mode", vec![]),
        ]
    );
    assert_eq!(at(&recognition.changes, "acme_grantish.new").kind, Kind::RoleBinding);
    assert!(at(&recognition.changes, "data.aws_iam_policy_document.late").is_source());
    assert!(!at(&recognition.changes, "data.external.script").is_source());
    assert_eq!(at(&recognition.changes, "ephemeral.aws_lambda_invocation.token").origin, Origin::Ephemeral);
}

#[test]
fn removing_what_restricts_is_told_from_removing_what_grants() {
    let deleted = |type_name: &str| {
        let rows = json!([{"address": format!("{type_name}.a"), "mode": "managed", "type": type_name, "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["delete"], "before": {"id": "x"}, "after": null, "after_unknown": {}}}]);
        let plan = json!({"format_version": "1.2", "resource_changes": rows, "configuration": {"root_module": {}}});
        gated::read(plan.to_string().as_bytes()).unwrap().pop().unwrap().1.changes[0].removal_elevates
    };
    assert!(deleted("aws_organizations_policy_attachment"));
    assert!(deleted("aws_s3_bucket_public_access_block"));
    assert!(!deleted("aws_iam_access_key"));
    assert!(!deleted("google_project_iam_member"));
}

fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no shared plans at `{}`; set TOLLGATE_SHARED", root.display());
    None
}

fn files(root: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = root.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// What is not kept must not matter: over every published plan and every scenario.
#[test]
fn reading_what_is_needed_recognises_what_reading_all_does() {
    let Some(shared) = shared() else { return };
    let mut paths = Vec::new();
    files(&shared.join("corpus/plans"), &mut paths);
    files(&shared.join("scenarios"), &mut paths);
    let mut compared = 0;
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let text = fs::read(path).unwrap();
        let (Ok(filtered), Ok(whole)) = (gated::read(&text), read(text.as_slice(), &Keep::all())) else { continue };
        for ((_, filtered), whole) in filtered.iter().zip(&whole.plans) {
            compared += 1;
            assert_eq!(summary(filtered), summary(&recognise(whole)), "{}", path.display());
        }
    }
    assert!(compared > 500, "{compared} plans");
}

/// The index counts by type name which entries look like access; every such row must be recognised.
#[test]
fn every_access_type_of_the_published_plans_is_recognised() {
    let Some(shared) = shared() else { return };
    let index: Value = serde_json::from_slice(&fs::read(shared.join("corpus/INDEX.json")).unwrap()).unwrap();
    let (mut rows, mut alarms) = (0, BTreeMap::new());
    for entry in index.as_array().unwrap() {
        let text = fs::read(shared.join("corpus/plans").join(entry["file"].as_str().unwrap())).unwrap();
        let Ok(plans) = gated::read(&text) else { continue };
        let counted = entry["iam_types"].as_object().unwrap();
        for (_, recognition) in &plans {
            let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
            for change in recognition.changes.iter().chain(&recognition.unchanged) {
                if matches!(change.origin, Origin::Resource | Origin::Data) {
                    *seen.entry(&change.row.type_name).or_default() += 1;
                }
                if change.kind == Kind::Unclassified {
                    let paths: Vec<String> = change.facets.iter().map(|facet| facet.path.clone()).collect();
                    alarms.insert(change.row.type_name.clone(), paths);
                }
            }
            for (type_name, count) in counted {
                rows += 1;
                let count = count.as_u64().unwrap();
                let found = seen.get(type_name.as_str()).copied().unwrap_or_default();
                assert_eq!(found, count, "{}: {type_name}", entry["file"]);
            }
        }
    }
    assert!(rows > 150, "{rows}");
    // An action that nobody listed. Of the hundred other unlisted types in these plans none sounds like access.
    let unclassified: Vec<&str> = alarms.keys().map(String::as_str).collect();
    assert_eq!(unclassified, ["bufo_print"], "{alarms:?}");
}

/// Every change that a label says to elevate, or to be open, has to be recognised, or nothing can be said of it.
#[test]
fn every_labelled_change_is_recognised() {
    let Some(shared) = shared() else { return };
    let mut paths = Vec::new();
    files(&shared.join("scenarios"), &mut paths);
    let (mut labelled, mut unclassified, mut quiet) = (0, BTreeSet::new(), 0);
    for path in paths.iter().filter(|path| path.file_name().is_some_and(|name| name == "expect.json")) {
        let expect: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let text = fs::read(path.with_file_name("plan.json")).unwrap();
        let (_, recognition) = gated::read(&text).unwrap().pop().unwrap();
        let found: BTreeSet<&str> = recognition.changes.iter().map(|change| change.row.address.as_str()).collect();
        for change in expect["changes"].as_array().into_iter().flatten() {
            let address = change["address"].as_str().unwrap();
            if change["verdict"] != "no_elevation" {
                labelled += 1;
                assert!(found.contains(address), "{}: {address}", path.display());
            }
        }
        let sounds = recognition.changes.iter().filter(|change| change.kind == Kind::Unclassified);
        unclassified.extend(sounds.map(|change| change.row.type_name.clone()));
        if expect["expect"] == "no_elevation" {
            quiet += 1;
            let code =
                recognition.changes.iter().find(|change| change.origin != Origin::Resource && !change.is_source());
            assert!(code.is_none(), "{}: {:?}", path.display(), code.map(|change| &change.row.address));
        }
    }
    assert!(labelled > 150 && quiet > 100, "{labelled} labelled changes, {quiet} quiet plans");
    assert_eq!(unclassified, BTreeSet::new());
}

/// Any JSON, with words of the catalogue among its keys so that it is looked into.
fn any_value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "policy",
        "role",
        "members",
        "member",
        "inline_policy",
        "statement",
        "principals",
        "identifiers",
        "access_policy",
        "credential",
        "expires_at",
        "tags",
        "name",
        "a.b",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\"}]}")),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A mask of the same shape, with some nodes set.
fn mask_of(value: &Value, bits: &mut impl Iterator<Item = bool>) -> Value {
    if bits.next().unwrap_or(false) {
        return json!(true);
    }
    match value {
        Value::Array(elements) => elements.iter().map(|element| mask_of(element, bits)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| (key.clone(), mask_of(member, bits)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => json!(false),
    }
}

/// Replaces every text under a set mask by a canary.
fn plant(value: &mut Value, mask: &Value, secret: bool) {
    let secret = secret || mask == &json!(true);
    match value {
        Value::String(text) if secret => *text = "canary".into(),
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                plant(element, mask.get(index).unwrap_or(&Value::Null), secret);
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                plant(member, mask.get(key).unwrap_or(&Value::Null), secret);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rows_of_any_shape_are_recognised_and_secrets_never_shown(
        type_name in prop::sample::select(vec![
            "aws_iam_role", "aws_iam_policy", "google_project_iam_binding", "azurerm_key_vault", "kubernetes_role",
            "gitlab_personal_access_token", "acme_bucket_policy", "acme_thing",
        ]),
        mut before in any_value(),
        mut after in any_value(),
        unknown in any_value(),
        bits in prop::collection::vec(prop::bool::weighted(0.2), 0..60),
    ) {
        let before_sensitive = mask_of(&before, &mut bits.iter().copied());
        let after_sensitive = mask_of(&after, &mut bits.iter().rev().copied());
        plant(&mut before, &before_sensitive, false);
        plant(&mut after, &after_sensitive, false);
        let row = Change {
            address: format!("{type_name}.x"),
            type_name: type_name.into(),
            actions: Actions(vec![Action::Update]),
            before,
            after,
            after_unknown: unknown,
            before_sensitive,
            after_sensitive,
            ..Change::default()
        };
        let recognition = Recognition::of_rows([&Arc::new(row)]);
        prop_assert!(recognition.changes.len() == 1 || type_name.starts_with("acme_"), "a catalogued type is dropped");
        for change in &recognition.changes {
            prop_assert!(!format!("{:?}", change.facets).contains("canary"), "{:?}", change.facets);
            prop_assert!(change.principal() != Some("canary") && change.expires_at() != Some("canary"));
            let _ = change.documents();
        }
    }
}
