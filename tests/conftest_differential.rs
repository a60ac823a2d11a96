//! conftest policies of many shapes, judged by tollgate, by the real `conftest` and by the real `opa`: the same
//! findings, with and without row selection. Install the two by
//! `go install github.com/open-policy-agent/conftest@latest github.com/open-policy-agent/opa@latest`.

#![expect(clippy::disallowed_methods, reason = "a test reads fixtures and runs other programs")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at what it did not expect"
)]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tollgate::plan::{RawPlan, RawRows};
use tollgate::policy::{
    PlanCase, PlanFacts, PolicyOptions, PolicySet, PolicySource, RegoVersion, Rows, RunContext, Selection,
};

/// `(rule, message)`.
type Found = BTreeSet<(String, String)>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rego")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The program in the PATH or where `go install` puts it.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join("go/bin"));
    let found = std::env::split_paths(&path).chain(home).map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        println!("skipped: `{name}` is not installed");
    }
    found
}

struct Case {
    name: String,
    files: Vec<PathBuf>,
    version: RegoVersion,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (folder, version) in [("conftest", RegoVersion::V1), ("v0", RegoVersion::V0)] {
        for entry in std::fs::read_dir(fixtures().join(folder)).unwrap() {
            let file = entry.unwrap().path();
            let mut files = vec![file.clone()];
            if version == RegoVersion::V1 {
                files.push(fixtures().join("conftest_lib.rego"));
            }
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            let mut parted = in_two_files(&name, &file);
            parted.extend_from_slice(&files[1..]);
            cases.push(Case { name: format!("{name} in two files"), files: parted, version });
            cases.push(Case { name, files, version });
        }
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(cases.len() > 20);
    cases
}

/// The same policy with every other rule in a second file of the package.
fn in_two_files(name: &str, file: &Path) -> Vec<PathBuf> {
    let text = read(file);
    let mut rules: Vec<String> = Vec::new();
    let mut head = String::new();
    for part in text.trim_end().split("\n\n") {
        let first = part.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
        match rules.last_mut() {
            _ if first.starts_with("package ") || first.starts_with("import ") => head.push_str(&format!("{part}\n\n")),
            // An `else` belongs to the rule before it.
            Some(rule) if first.starts_with("else") => rule.push_str(&format!("\n\n{part}")),
            _ => rules.push(part.to_owned()),
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conftest_differential");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |remainder: usize| {
        let rules: Vec<&str> =
            rules.iter().enumerate().filter(|(at, _)| at % 2 == remainder).map(|(_, rule)| rule.as_str()).collect();
        let path = folder.join(format!("{name}-{remainder}.rego"));
        // Tests run side by side and write the same: whoever reads a file sees all of it.
        let whole = path.with_extension(format!("{:?}", std::thread::current().id()));
        std::fs::write(&whole, format!("{head}{}\n", rules.join("\n\n"))).unwrap();
        std::fs::rename(&whole, &path).unwrap();
        path
    };
    vec![write(0), write(1)]
}

fn load(sources: Vec<PolicySource>, version: RegoVersion) -> PolicySet {
    let options = PolicyOptions {
        builtin: false,
        rego_version: version,
        time_limit: Duration::from_secs(60),
        ..PolicyOptions::default()
    };
    PolicySet::load(&options, &sources, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn set_of(case: &Case) -> PolicySet {
    let sources = case.files.iter().map(|file| PolicySource { path: file.display().to_string(), text: read(file) });
    load(sources.collect(), case.version)
}

/// What the policies are given after selection; also how many rows that are.
fn selected(selection: &Selection, plan: &str) -> (RawPlan, usize) {
    let plan: Value = serde_json::from_str(plan).unwrap();
    let mut raw = RawPlan::default();
    if *selection == Selection::Nothing {
        return (raw, 0);
    }
    for (name, value) in plan.as_object().unwrap() {
        if name != "resource_changes" {
            if selection.wants_section(name) {
                raw.add_section(name, &value.to_string());
            }
            continue;
        }
        let rows = raw.rows_mut();
        for row in value.as_array().unwrap() {
            let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
            let actions = row["change"]["actions"].as_array().cloned().unwrap_or_default();
            let words: Vec<&str> = actions.iter().filter_map(Value::as_str).collect();
            if selection.wants_row(text("type"), text("mode"), words.into_iter()) {
                rows.push(&row.to_string());
            }
        }
    }
    let rows = raw.rows().map_or(0, RawRows::len);
    (raw, rows)
}

fn whole(plan: &str) -> RawPlan {
    selected(&Selection::Everything, plan).0
}

fn judged(set: &PolicySet, raw: &RawPlan) -> Found {
    let (plan, context) = (PlanFacts::default(), RunContext::default());
    let case = PlanCase { plan: &plan, context: &context, changes: &[], raw: Some(raw) };
    let judged = match set.judge(&case) {
        Ok(judged) => judged,
        Err(error) => return Found::from([("error".to_owned(), error.to_string())]),
    };
    judged.findings.into_iter().map(|finding| (finding.rule, finding.message)).collect()
}

fn run(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{command:?}: {error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn by_conftest(conftest: &Path, case: &Case, plan: &Path) -> Found {
    let mut command = Command::new(conftest);
    command.args(["test", "--output", "json", "--no-color"]).arg(plan);
    for file in &case.files {
        command.arg("--policy").arg(file);
    }
    command.args(["--rego-version", if case.version == RegoVersion::V0 { "v0" } else { "v1" }]);
    let output = run(&mut command);
    let mut found = Found::new();
    for result in output.as_array().unwrap() {
        for list in ["failures", "warnings"] {
            for entry in result[list].as_array().into_iter().flatten() {
                let query = entry["metadata"]["query"].as_str().unwrap();
                let rule = query.strip_prefix("data.").unwrap().to_owned();
                found.insert((rule, entry["msg"].as_str().unwrap().to_owned()));
            }
        }
    }
    found
}

fn by_opa(opa: &Path, case: &Case, plan: &Path) -> Found {
    let mut command = Command::new(opa);
    command.args(["eval", "--format", "json", "--input"]).arg(plan);
    for file in &case.files {
        command.arg("--data").arg(file);
    }
    if case.version == RegoVersion::V0 {
        command.arg("--v0-compatible");
    }
    command.arg("data.main");
    let output = run(&mut command);
    let mut found = Found::new();
    for (name, value) in output["result"][0]["expressions"][0]["value"].as_object().unwrap() {
        let gate = ["deny", "warn", "violation"].contains(&name.split('_').next().unwrap());
        for entry in value.as_array().into_iter().flatten().filter(|_| gate) {
            let message = entry.as_str().or_else(|| entry["msg"].as_str()).unwrap();
            found.insert((format!("main.{name}"), message.to_owned()));
        }
    }
    found
}

#[test]
fn the_real_conftest_finds_the_same() {
    let Some(conftest) = program("conftest") else { return };
    let mut differing = Vec::new();
    for case in cases() {
        let set = set_of(&case);
        for plan in ["plan.json", "empty.json", "bare.json"] {
            let path = fixtures().join(plan);
            let ours = judged(&set, &whole(&read(&path)));
            let theirs = by_conftest(&conftest, &case, &path);
            if ours != theirs {
                let only = |left: &Found, right: &Found| left.difference(right).cloned().collect::<Vec<_>>();
                differing.push(format!(
                    "{} on {plan}:\n  only tollgate: {:?}\n  only conftest: {:?}",
                    case.name,
                    only(&ours, &theirs),
                    only(&theirs, &ours)
                ));
            }
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn the_real_opa_finds_the_same() {
    let Some(opa) = program("opa") else { return };
    for case in cases().into_iter().filter(|case| !case.name.starts_with("exception")) {
        let path = fixtures().join("plan.json");
        let (ours, theirs) = (judged(&set_of(&case), &whole(&read(&path))), by_opa(&opa, &case, &path));
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn selection_changes_no_finding() {
    let mut total = 0;
    for case in cases() {
        let set = set_of(&case);
        for plan in ["plan.json", "empty.json", "bare.json"] {
            let text = read(&fixtures().join(plan));
            let (raw, rows) = selected(set.selection(), &text);
            assert_eq!(judged(&set, &raw), judged(&set, &whole(&text)), "{} on {plan}, {rows} rows", case.name);
            if plan == "plan.json" {
                total += judged(&set, &whole(&text)).len();
            }
        }
    }
    assert!(total > 150, "only {total} findings: the policies look at nothing");
}

/// Rows that each policy is given of the 17; a change here is a change of what is proved.
#[test]
fn ordinary_policies_are_given_few_rows() {
    let text = read(&fixtures().join("plan.json"));
    let shown: Vec<String> = cases()
        .iter()
        .map(|case| {
            let set = set_of(case);
            let (_, rows) = selected(set.selection(), &text);
            let sections = match set.selection() {
                Selection::Nothing => "nothing".to_owned(),
                Selection::Everything => "everything".to_owned(),
                Selection::Some { sections, .. } => sections.iter().cloned().collect::<Vec<_>>().join(" "),
            };
            format!("{}: {rows} rows, {sections}", case.name).trim_end_matches([',', ' ']).to_owned()
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

const TYPES: [&str; 5] = ["aws_iam_user", "aws_iam_role", "aws_s3_bucket", "google_iam", "x"];
const ACTIONS: [&str; 4] = ["create", "delete", "update", "no-op"];

/// One statement about the row `rc`, or about something else; some of them guard, some only look so.
fn statement() -> impl Strategy<Value = String> {
    let kind = || proptest::sample::select(TYPES.to_vec());
    let action = || proptest::sample::select(ACTIONS.to_vec());
    prop_oneof![
        kind().prop_map(|kind| format!("rc.type == \"{kind}\"")),
        kind().prop_map(|kind| format!("\"{kind}\" = rc.type")),
        kind().prop_map(|kind| format!("rc.type != \"{kind}\"")),
        kind().prop_map(|kind| format!("not rc.type == \"{kind}\"")),
        kind().prop_map(|kind| format!("startswith(rc.type, \"{}\")", &kind[..1])),
        (kind(), kind()).prop_map(|(one, two)| format!("rc.type in {{\"{one}\", \"{two}\"}}")),
        (kind(), kind()).prop_map(|(one, two)| format!("[\"{one}\", \"{two}\"][_] == rc.type")),
        (kind(), kind()).prop_map(|(one, two)| format!("some t in [\"{one}\", \"{two}\"]; rc.type == t")),
        (kind(), kind()).prop_map(|(one, two)| format!("t := rc.type; t in {{\"{one}\", \"{two}\"}}")),
        kind().prop_map(|kind| format!("is_kind(rc, \"{kind}\")")),
        Just("types[rc.type]".to_owned()),
        Just("is_user(rc)".to_owned()),
        Just("is_named(rc.type)".to_owned()),
        Just("rc.mode == \"managed\"".to_owned()),
        action().prop_map(|action| format!("rc.change.actions[_] == \"{action}\"")),
        action().prop_map(|action| format!("\"{action}\" in rc.change.actions")),
        action().prop_map(|action| format!("rc.change.actions == [\"{action}\"]")),
        action().prop_map(|action| format!("not \"{action}\" in rc.change.actions")),
        action().prop_map(|action| format!("some a in rc.change.actions; a == \"{action}\"")),
        kind().prop_map(|kind| format!("count([1 | some z in input.resource_changes; z.type == \"{kind}\"]) > 1")),
        kind().prop_map(|kind| format!("not [o | o := input.resource_changes[_]; o.type == \"{kind}\"][1]")),
        kind().prop_map(|kind| format!("some other in users; other.name != rc.name; rc.type == \"{kind}\"")),
        kind().prop_map(|kind| format!("input.resource_changes[_].type == \"{kind}\"")),
        kind().prop_map(|kind| format!(
            "input.resource_changes[j].type == \"{kind}\"; input.resource_changes[j].name != rc.name"
        )),
        Just("count(users) > 1".to_owned()),
    ]
}

fn policy() -> impl Strategy<Value = String> {
    let source = proptest::sample::select(vec![
        "some rc in input.resource_changes",
        "rc := input.resource_changes[_]",
        "rc := input.resource_changes[i]",
        "some i, rc in input.resource_changes",
        "some rc in users",
        "rc := managed[_]",
        "some rc in of_type(\"aws_iam_role\")",
        "rc := of_type(\"x\")[_]",
    ]);
    let message = proptest::sample::select(vec!["rc.address", "sprintf(\"%v\", [i])", "rc.name"]);
    let rule = (source, proptest::collection::vec(statement(), 0..4), message).prop_filter_map(
        "the index must exist",
        |(source, statements, message)| {
            if message.contains("[i]") && !source.contains('i')
                || message.contains("[i]") && !source.contains(" i,") && !source.contains("[i]")
            {
                return None;
            }
            // A variable may be declared once in a body.
            let body = statements.join("\n\t");
            let declared = ["some t ", "t := ", "some a ", "some other in users", "[j]"];
            if declared.iter().any(|text| body.matches(text).count() > 2)
                || body.contains("some t ") && body.contains("t := ")
            {
                return None;
            }
            let once = ["some t ", "t := rc", "some a ", "some other in users"];
            if once.iter().any(|text| body.matches(text).count() > 1) {
                return None;
            }
            Some(format!("deny contains {message} if {{\n\t{source}\n\t{body}\n}}\n"))
        },
    );
    proptest::collection::vec(rule, 1..3).prop_map(|rules| {
        format!(
            "package main\ntypes := {{\"aws_iam_user\", \"x\"}}\nmanaged := [r | some r in input.resource_changes; r.mode == \"managed\"]\nusers contains r if {{ some r in managed; r.type == \"aws_iam_user\" }}\nis_user(r) if r.type == \"aws_iam_user\"\nis_user(r) if r.name == \"n0\"\nis_named(t) if t == \"x\"\nis_named(t) if startswith(t, \"aws_\")\nis_kind(r, k) if r.type == k\nof_type(k) := [r | r := input.resource_changes[_]; r.type == k]\n{}",
            rules.join("\n")
        )
    })
}

fn plan() -> impl Strategy<Value = String> {
    let row = (
        proptest::sample::select(TYPES.to_vec()),
        proptest::bool::ANY,
        proptest::collection::vec(proptest::sample::select(ACTIONS.to_vec()), 0..3),
        0..4_u8,
    );
    proptest::collection::vec(row, 0..8).prop_map(|rows| {
        let rows: Vec<Value> = rows
            .into_iter()
            .enumerate()
            .map(|(at, (kind, managed, actions, name))| {
                serde_json::json!({
                    "address": format!("{kind}.n{name}[{at}]"), "type": kind, "name": format!("n{name}"),
                    "mode": if managed { "managed" } else { "data" }, "change": {"actions": actions},
                })
            })
            .collect();
        serde_json::json!({"format_version": "1.2", "resource_changes": rows}).to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn selection_is_sound(policy in policy(), plans in proptest::collection::vec(plan(), 3)) {
        let set = load(vec![PolicySource { path: "p.rego".into(), text: policy }], RegoVersion::V1);
        for plan in plans {
            let (raw, _) = selected(set.selection(), &plan);
            prop_assert_eq!(judged(&set, &raw), judged(&set, &whole(&plan)), "{:?}", set.selection());
        }
    }
}

#[test]
fn what_cannot_be_proved_gets_everything() {
    for (body, expected) in [
        ("deny contains \"x\" if walk(input, [_, \"y\"])", "everything"),
        ("deny contains \"x\" if input[\"a\"][_]", "a"),
        ("deny contains \"x\" if input[data.k]", "everything"),
        ("f(i) := i.resource_changes\ndeny contains x.type if some x in f(input)", "everything"),
        ("deny contains \"x\" if count(input.resource_changes) > 1", "all"),
        ("deny contains \"x\" if { some r in input.resource_changes; r.type == input.kind }", "all kind"),
        ("deny contains \"x\" if { some r in input.resource_changes; r.type == \"a\" } else if true", "syntax"),
        (
            "p if { some r in input.resource_changes; r.type == \"a\" } with input as {}\ndeny contains \"x\" if p",
            "everything",
        ),
        ("deny contains \"x\" if every r in input.resource_changes { r.type == \"a\" }", "all"),
        (
            "deny contains r.type if { some r in input.resource_changes; r.type == \"a\" } with data.x as 1",
            "everything",
        ),
        ("deny contains \"x\" if input.resource_drift", "resource_drift"),
    ] {
        let text = format!("package main\n{body}");
        let options = PolicyOptions { builtin: false, ..PolicyOptions::default() };
        let source = PolicySource { path: "p.rego".into(), text };
        let Ok(set) = PolicySet::load(&options, &[source], &[]) else {
            assert!(expected == "syntax" || body.contains("with"), "{body}");
            continue;
        };
        let shown = match set.selection() {
            Selection::Everything => "everything".to_owned(),
            Selection::Nothing => "nothing".to_owned(),
            Selection::Some { sections, rows } => {
                let rows = if *rows == Rows::All { "all" } else { "" };
                [rows]
                    .into_iter()
                    .chain(sections.iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join(" ")
                    .trim()
                    .to_owned()
            }
        };
        assert_eq!(shown, expected, "{body}");
    }
}
