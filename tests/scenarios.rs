//! Labelled plans: the verdict on each is what its label says.
//!
//! The plans stand beside the repository (`../shared/scenarios`, or `TOLLGATE_SHARED`); without them the sweep says
//! that it skips. `fixtures/scenarios.tsv` is the checked-in table of results: the sweep compares with it.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

#[path = "support/read.rs"]
mod read;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tollgate::access::{Verdict, worlds};

const TABLE: &str = "fixtures/scenarios.tsv";

/// The platforms that are compared, with how many labelled plans each has. The table has them in this order.
const PLATFORMS: [(&str, usize); 5] = [("aws", 137), ("azure", 55), ("gcp", 51), ("github", 26), ("kubernetes", 55)];

fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    root.join("scenarios/aws").is_dir().then(|| root.join("scenarios"))
}

/// The plan's verdict and the verdict at each address.
fn verdicts(plan: &Path) -> (Verdict, BTreeMap<String, Verdict>) {
    let text = std::fs::read(plan).unwrap();
    let (plan, recognition) = read::read(&text).unwrap().remove(0);
    let access = worlds::compare(&plan, &recognition);
    let mut at = BTreeMap::new();
    for (change, access) in recognition.changes.iter().zip(&access.changes) {
        let entry = at.entry(change.row.address.clone()).or_insert(Verdict::None);
        *entry = access.verdict.max(*entry);
        let contradicted = access.reasons.iter().any(|reason| reason.code == "unconfirmed");
        assert!(!contradicted, "{}: the evaluator contradicts a witness", change.row.address);
        assert_eq!(access.verdict == Verdict::New, !access.new.is_empty(), "a witness comes with `new`, and only then");
    }
    let gaps = plan.undetermined.len() + recognition.undetermined.len();
    (access.verdict.max(if gaps > 0 { Verdict::Possible } else { Verdict::None }), at)
}

fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "no_elevation",
        Verdict::Possible => "undetermined",
        Verdict::New => "elevation",
    }
}

/// What is wrong with the verdicts, by the label's rules: the plan's label, the changes that must be named, the
/// changes that must not be `new`.
fn faults(expected: &Value, verdict: Verdict, at: &BTreeMap<String, Verdict>) -> Vec<String> {
    let mut faults = Vec::new();
    let accepted = match expected.get("accept").and_then(Value::as_array) {
        Some(list) => list.iter().any(|one| one == label(verdict)),
        None => expected["expect"] == label(verdict),
    };
    if !accepted {
        faults.push(format!("the plan is {}", label(verdict)));
    }
    for change in expected["changes"].as_array().into_iter().flatten() {
        let address = change["address"].as_str().unwrap();
        let found = at.get(address).copied().unwrap_or_default();
        match change["verdict"].as_str().unwrap() {
            "elevation" | "undetermined" if found == Verdict::None && verdict != Verdict::None => {
                faults.push(format!("{address} is not named"));
            }
            "no_elevation" if found == Verdict::New => faults.push(format!("{address} is new")),
            _ => {}
        }
    }
    faults
}

#[test]
fn labelled_plans_are_judged_as_their_labels_say() {
    let Some(root) = shared() else {
        println!("skipped: no labelled plans beside the repository (TOLLGATE_SHARED)");
        return;
    };
    let mut table = String::from("case\tlabel\tverdict\tfaults\n");
    for (platform, _) in PLATFORMS {
        let mut cases: Vec<PathBuf> =
            std::fs::read_dir(root.join(platform)).unwrap().map(|e| e.unwrap().path()).collect();
        cases.retain(|case| case.join("expect.json").is_file());
        cases.sort();
        for case in &cases {
            let expected: Value = serde_json::from_slice(&std::fs::read(case.join("expect.json")).unwrap()).unwrap();
            let (verdict, at) = verdicts(&case.join("plan.json"));
            let faults = faults(&expected, verdict, &at).join("; ");
            let name = format!("{platform}/{}", case.file_name().unwrap().to_string_lossy());
            writeln!(table, "{name}\t{}\t{}\t{faults}", expected["expect"].as_str().unwrap(), label(verdict)).unwrap();
        }
    }
    if std::env::var_os("TOLLGATE_UPDATE").is_some() {
        std::fs::write(TABLE, &table).unwrap();
    }
    let known = std::fs::read_to_string(TABLE).unwrap();
    for (known, found) in known.lines().zip(table.lines()) {
        assert_eq!(known, found, "run with TOLLGATE_UPDATE=1 and read the difference");
    }
    assert_eq!(known.lines().count(), table.lines().count());
}

#[test]
fn the_checked_in_table_has_no_faults() {
    let table = std::fs::read_to_string(TABLE).unwrap();
    let rows: Vec<&str> = table.lines().skip(1).collect();
    for (platform, count) in PLATFORMS {
        assert_eq!(rows.iter().filter(|row| row.starts_with(&format!("{platform}/"))).count(), count, "{platform}");
    }
    let faulty: Vec<&&str> = rows.iter().filter(|row| !row.ends_with('\t')).collect();
    assert!(faulty.is_empty(), "{faulty:?}");
}
