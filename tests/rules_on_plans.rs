//! The built-in rules on plans, through the pipeline: read, recognise, judge; nothing compared yet.
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

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tollgate::access::{Access, Reason, Verdict};
use tollgate::iam::Interest;
use tollgate::plan::{Keep, Undetermined, read};
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

fn judge(rules: &PolicySet, text: &[u8]) -> Judged {
    let interest = Interest::default();
    let read = read(
        text,
        &Keep::nothing()
            .rows(&|head| interest.row(head))
            .prior(&|head| interest.state(head))
            .configuration(&|head| interest.configuration(head)),
    );
    let plan = read.unwrap().plans.pop().unwrap();
    let recognition = interest.recognise(&plan);
    let access = not_compared();
    let cases: Vec<ChangeCase<'_>> =
        recognition.changes.iter().map(|change| ChangeCase { change, access: &access, location: None }).collect();
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

/// Rules that speak only of computed access, which no plan has while nothing is compared; their cases stand beside them.
const OF_COMPUTED_ACCESS: [&str; 7] = [
    "aws-data-access",
    "azure-permissions-management",
    "azure-public-reach",
    "guard-rail-weakened",
    "new-access",
    "outside-plan",
    "undetermined",
];

#[test]
fn each_rule_says_of_its_plans_what_is_expected() {
    let rules = rules();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let mut wrong = Vec::new();
    for rule in rules.rules() {
        let id = rule.metadata.id.as_str();
        if OF_COMPUTED_ACCESS.contains(&id) {
            continue;
        }
        for case in ["fires", "quiet", "unknown"] {
            let path = root.join(id).join(case).with_extension("json");
            let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let fixture: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let mut expected: Vec<String> = serde_json::from_value(fixture["expect"].clone()).unwrap();
            let judged = judge(&rules, fixture["plan"].to_string().as_bytes());
            let mut said: Vec<String> = judged.findings.iter().filter(|finding| finding.rule == id).map(line).collect();
            said.sort();
            expected.sort();
            let fires = case != "fires" || said.iter().any(|line| !line.starts_with("warn") || id == "code-with-role");
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
            let judged = judge(&rules, &std::fs::read(folder.join("plan.json")).unwrap());
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
