//! The built-in rules on plans, through the pipeline: read, recognise, judge; and, for rules of computed access, compare.
//!
//! `fixtures/rules/ID/CASE.json` is a plan with what the rule has to say about it. The labelled scenarios, where they
//! are there, show that nothing that elevates passes, and what the rules say about changes that do not.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads files, panics, and says when it skips"
)]

#[path = "support/read.rs"]
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tollgate::access::worlds::compare;
use tollgate::access::{Access, Reason, Verdict};
use tollgate::plan::Undetermined;
use tollgate::policy::{
    ChangeCase, Finding, Level, PlanCase, PlanFacts, Policies, PolicyOptions, PolicySet, RunContext,
};

/// What one plan came to.
struct Judged {
    findings: Vec<Finding>,
    undetermined: Vec<Undetermined>,
}

fn not_compared() -> Access {
    let reason = Reason {
        code: "not_compared".to_owned(),
        path: String::new(),
        message: "the access of this change is not compared".to_owned(),
    };
    Access { verdict: Verdict::Possible, reasons: vec![reason], ..Access::default() }
}

/// Whether the changes of a plan are compared before the rules see them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Read {
    AsText,
    Compared,
}

fn judge(rules: &PolicySet, text: &[u8], how: Read) -> Judged {
    let (plan, recognition) = read::read(text).unwrap().pop().unwrap();
    let access = match how {
        Read::AsText => recognition.changes.iter().map(|_| not_compared()).collect(),
        Read::Compared => compare(&plan, &recognition).changes,
    };
    let cases: Vec<ChangeCase<'_>> = recognition
        .changes
        .iter()
        .zip(&access)
        .map(|(change, access)| ChangeCase { change, access, location: None })
        .collect();
    let facts = PlanFacts {
        id: "plan.json".to_owned(),
        undetermined: recognition.undetermined.clone(),
        ..PlanFacts::default()
    };
    let case = PlanCase { plan: &facts, context: &RunContext::default(), changes: &cases, raw: None };
    let judgement = rules.judge(&case).unwrap_or_else(|error| panic!("{error}"));
    // A run without policies of the user loads only what the plan calls for; that must change nothing.
    let on_demand = Policies::load(&PolicyOptions::default(), &[], &[]).unwrap();
    assert_eq!(on_demand.judge(&case).unwrap_or_else(|error| panic!("{error}")), judgement);
    Judged { findings: judgement.findings, undetermined: recognition.undetermined }
}

fn rules() -> PolicySet {
    PolicySet::load(&PolicyOptions::default(), &[], &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    shared.join("scenarios").is_dir().then_some(shared)
}

/// Rules that speak of computed access alone: their plans are compared.
const OF_COMPUTED_ACCESS: [&str; 9] = [
    "admin-grant",
    "credential-exposure",
    "data-access",
    "guard-rail-weakened",
    "impersonation",
    "outside-organization",
    "permissions-management",
    "public-reach",
    "unranked-access",
];

/// Rules whose cases stand beside them only: they speak of any computed access, or of any doubt.
const BESIDE: [&str; 5] = ["aws-data-access", "dormant-allow", "new-access", "outside-plan", "undetermined"];

#[test]
fn each_rule_says_of_its_plans_what_is_expected() {
    let rules = rules();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    // `TOLLGATE_BLESS=1` writes what is said into the cases, for a reviewer to read.
    let bless = std::env::var_os("TOLLGATE_BLESS").is_some();
    let mut wrong = Vec::new();
    for rule in rules.rules() {
        let id = rule.metadata.id.as_str();
        if BESIDE.contains(&id) {
            continue;
        }
        let how = if OF_COMPUTED_ACCESS.contains(&id) { Read::Compared } else { Read::AsText };
        for case in ["fires", "quiet", "unknown"] {
            let path = root.join(id).join(case).with_extension("json");
            let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let fixture: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let mut expected: Vec<String> = serde_json::from_value(fixture["expect"].clone()).unwrap();
            let judged = judge(&rules, fixture["plan"].to_string().as_bytes(), how);
            let mut said: Vec<String> = judged.findings.iter().filter(|finding| finding.rule == id).map(line).collect();
            said.sort();
            expected.sort();
            let informs = matches!(id, "code-with-role" | "data-access");
            let fires = case != "fires" || said.iter().any(|line| !line.starts_with("warn") || informs);
            if bless && said != expected {
                let text = serde_json::json!({"expect": said, "plan": fixture["plan"]});
                std::fs::write(&path, format!("{text:#}\n")).unwrap();
                expected.clone_from(&said);
            }
            if said != expected || !fires || (case == "quiet" && !said.is_empty()) {
                wrong.push(format!("{id}/{case}: {said:#?} instead of {expected:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Level and message of a finding.
fn line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Deny => "deny",
        Level::Approve => "approve",
        Level::Warn => "warn",
    };
    format!("{level} {}", finding.message)
}

/// Labelled harmless for a reason that stands in other rows of the plan (nobody holds the role, another row takes the
/// grant away or repeats the deny) or in the logic of a condition: rules that read one row's text speak up here.
const BEYOND_TEXT: [&str; 18] = [
    "aws/013-deny-duplicate-removed",
    "aws/039-boundary-policy-document-widened-idle",
    "aws/056-boundary-replaced-narrower",
    "aws/063-policy-created-unattached",
    "aws/106-sso-inline-widened-unassigned",
    "aws/136-mixed-widen-and-deny",
    "azure/008-ra-user-to-group-of-one",
    "azure/010-ra-condition-rewritten",
    "azure/013-ra-for-each-refactor",
    "azure/021-rd-created-unassigned",
    "azure/024-pim-active-to-eligible",
    "azure/039-storage-container-public-account-closed",
    "gcp/012-custom-role-permission-added-unbound",
    "kubernetes/012-role-unbound-widened",
    "kubernetes/016-cluster-things-in-namespaced-binding",
    "kubernetes/024-masters-bound-again",
    "kubernetes/036-deployment-takes-equal-account",
    "kubernetes/054-new-app-without-rights",
];

#[test]
fn nothing_that_elevates_passes() {
    let Some(shared) = shared() else {
        println!("skipped: no labelled scenarios; set TOLLGATE_SHARED");
        return;
    };
    let rules = rules();
    let (mut missed, mut alarms, mut classes) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for platform in ["aws", "gcp", "azure", "kubernetes", "github"] {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(shared.join("scenarios").join(platform))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        folders.sort();
        for folder in folders.iter().filter(|folder| folder.join("expect.json").is_file()) {
            let name = format!("{platform}/{}", folder.file_name().unwrap().to_str().unwrap());
            let expect: serde_json::Value =
                serde_json::from_slice(&std::fs::read(folder.join("expect.json")).unwrap()).unwrap();
            let judged = judge(&rules, &std::fs::read(folder.join("plan.json")).unwrap(), Read::AsText);
            let asks = judged.findings.iter().any(|finding| finding.level >= Level::Approve);
            let elevates = expect["expect"] != "no_elevation";
            if elevates && !asks && judged.undetermined.is_empty() {
                missed.push(name.clone());
            }
            let said: BTreeSet<String> = judged
                .findings
                .iter()
                .filter(|finding| finding.rule != "not-compared")
                .map(|finding| format!("{:?} {} {}", finding.level, finding.rule, finding.message))
                .collect();
            if elevates {
                classes.insert(name, said)
            } else {
                alarms.insert(name, said)
            };
        }
    }
    let quiet = alarms.values().filter(|said| said.is_empty()).count();
    let named = classes.values().filter(|said| !said.is_empty()).count();
    println!("{named} of {} that elevate are classified; {quiet} of {} others are quiet", classes.len(), alarms.len());
    for (name, said) in alarms.iter().filter(|(_, said)| !said.is_empty()) {
        println!("said of {name}: {said:#?}");
    }
    assert_eq!(missed, Vec::<String>::new(), "plans that elevate and pass");
    let alarmed: Vec<&str> =
        alarms.iter().filter(|(_, said)| !said.is_empty()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(alarmed, BEYOND_TEXT, "plans that do not elevate, of which a rule says more than `not-compared`");
}

/// What blocks, asks or warns while it is read as text does so no less when it is compared: the whole program says of
/// the `fires` case of each rule what is at least as strict, and with at least the same severity.
#[test]
fn comparing_weakens_no_decision() {
    let rules = rules();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let (mut weaker, mut harmless) = (Vec::new(), BTreeSet::new());
    for rule in rules.rules() {
        let id = rule.metadata.id.as_str();
        if BESIDE.contains(&id) || OF_COMPUTED_ACCESS.contains(&id) {
            continue;
        }
        let text = std::fs::read(root.join(id).join("fires.json")).unwrap();
        let fixture: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let plan = fixture["plan"].to_string();
        let read: Vec<Finding> = judge(&rules, plan.as_bytes(), Read::AsText).findings;
        let level = read.iter().filter(|finding| finding.rule == id).map(|finding| finding.level).max();
        let severity = read.iter().filter(|finding| finding.rule == id).map(|finding| finding.severity).max();
        let report = check(&plan);
        let decision = report["decision"].as_str().unwrap();
        let verdicts: Vec<&str> = list(&report["changes"]).filter_map(|change| change["verdict"].as_str()).collect();
        let wanted = match level {
            Some(Level::Deny) => 2,
            Some(Level::Approve) => 1,
            _ => 0,
        };
        let is = ["allow", "needs_approval", "block"].iter().position(|word| *word == decision).unwrap();
        let shown = list(&report["findings"]).map(|finding| rank(finding["severity"].as_str().unwrap())).max();
        let meant = severity.map(|severity| rank(serde_json::to_value(severity).unwrap().as_str().unwrap()));
        if is >= wanted && shown >= meant {
            continue;
        }
        // What is taken from nobody says that others, whom the plan does not show, may gain.
        let changes = || list(&report["changes"]).filter(|change| change["actions"] != serde_json::json!(["delete"]));
        let says_so = changes().all(|change| list(&change["reasons"]).any(|reason| reason["code"] == "outside_plan"));
        if says_so && verdicts.iter().all(|verdict| *verdict == "none") {
            harmless.insert(id.to_owned());
        } else {
            weaker.push(format!("{id}: {decision} with severity {shown:?} instead of {wanted} with {meant:?}"));
        }
    }
    assert_eq!(weaker, Vec::<String>::new());
    assert_eq!(harmless.iter().map(String::as_str).collect::<Vec<_>>(), PROVED_HARMLESS);
}

/// Of these cases the comparison proves that nobody gains, as far as the plan shows. Six widen a managed policy, and one
/// takes a denial out of it, that nobody in the plan has (`aws-boundary-removed` lifts the boundary of a role without
/// policies, `aws-public-access-block-lifted` the block of a bucket without one): the plan is taken for the whole world,
/// each change says so with the reason `outside_plan`, and `[world] open = true` makes it `possible`. `not-compared`
/// deletes a grant.
const PROVED_HARMLESS: [&str; 10] = [
    "aws-administrator-grant",
    "aws-boundary-removed",
    "aws-credential-exposure",
    "aws-deny-removed",
    "aws-passrole-any",
    "aws-permissions-management",
    "aws-public-access-block-lifted",
    "aws-wildcard-action",
    "aws-wildcard-resource",
    "not-compared",
];

fn rank(severity: &str) -> usize {
    ["info", "low", "medium", "high", "critical"].iter().position(|word| *word == severity).unwrap()
}

fn list(value: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    value.as_array().into_iter().flatten()
}

/// The report of the whole program on a plan.
fn check(plan: &str) -> serde_json::Value {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("plan.json"), plan).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(["check", "plan.json", "--format", "json"])
        .current_dir(directory.path())
        .env_clear()
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
