//! Published plans, judged: what the worlds make of plans that nobody here made.
//!
//! The plans stand beside the repository (`../shared/corpus`, or `TOLLGATE_SHARED`); without them the sweep says that
//! it skips. `fixtures/corpus-worlds.tsv` holds what it found, in our own counts: how each plan that changes nothing is
//! taken, how many changes of each platform have which verdict, and why AWS changes are `possible`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, read files and say that it skips"
)]

#[path = "support/read.rs"]
mod read;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tollgate::access::{PlanAccess, Verdict, worlds};
use tollgate::iam::Recognition;
use tollgate::plan::Plan;

const TABLE: &str = "fixtures/corpus-worlds.tsv";
/// `possible` among the AWS changes of plans that have their configuration, in percent.
const SHARE: usize = 20;

fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    root.join("corpus/INDEX.json").is_file().then(|| root.join("corpus"))
}

fn judged(path: &Path) -> Result<Vec<(Plan, Recognition, PlanAccess)>, String> {
    let text = std::fs::read(path).unwrap();
    let read = read::read(&text).map_err(|error| error.to_string())?;
    let each = read.into_iter().map(|(plan, recognition)| {
        let access = worlds::compare(&plan, &recognition);
        (plan, recognition, access)
    });
    Ok(each.collect())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "none",
        Verdict::Possible => "possible",
        Verdict::New => "new",
    }
}

/// Whether the plan shows its configuration.
fn is_configured(plan: &Plan) -> bool {
    plan.configuration.as_ref().is_some_and(|it| !it.root.resources.is_empty() || !it.root.calls.is_empty())
}

/// How a plan that changes nothing is taken.
fn stillness(path: &Path) -> String {
    let plans = match judged(path) {
        Ok(plans) => plans,
        Err(why) => return format!("refused\t{why}"),
    };
    let mut gaps: Vec<String> = Vec::new();
    for (plan, recognition, access) in &plans {
        gaps.extend(plan.undetermined.iter().chain(&recognition.undetermined).map(|it| it.code.to_string()));
        for (change, access) in recognition.changes.iter().zip(&access.changes) {
            if access.verdict != Verdict::None {
                gaps.push(format!("{} at {}", word(access.verdict), change.row.type_name));
            }
        }
    }
    gaps.sort();
    gaps.dedup();
    if gaps.is_empty() { "silent\t".into() } else { format!("undetermined\t{}", gaps.join(", ")) }
}

#[test]
fn published_plans_are_judged_as_the_table_says() {
    let Some(corpus) = shared() else {
        println!("skipped: no published plans beside the repository (TOLLGATE_SHARED)");
        return;
    };
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(corpus.join("INDEX.json")).unwrap()).unwrap();
    let mut table = String::from("what\twhich\tfound\tdetail\n");
    let mut verdicts: BTreeMap<(String, bool, &str), usize> = BTreeMap::new();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let (mut all, mut possible) = (0_usize, 0_usize);
    for entry in &index {
        let file = entry["file"].as_str().unwrap();
        let path = corpus.join("plans").join(file);
        let still = entry["actions"].as_object().is_some_and(|it| it.keys().eq(["no-op"]));
        if still {
            writeln!(table, "no-op plan\t{file}\t{}", stillness(&path)).unwrap();
        }
        for (plan, recognition, access) in judged(&path).unwrap_or_default() {
            let configured = is_configured(&plan);
            assert_eq!(recognition.changes.len(), access.changes.len());
            for (change, access) in recognition.changes.iter().zip(&access.changes) {
                assert_eq!(access.verdict == Verdict::New, !access.new.is_empty(), "{file}: {}", change.row.address);
                assert!(access.verdict != Verdict::Possible || !access.reasons.is_empty(), "{file}");
                let platform = change.platform.as_str().to_owned();
                *verdicts.entry((platform.clone(), configured, word(access.verdict))).or_default() += 1;
                if platform != "aws" || !configured {
                    continue;
                }
                all += 1;
                if access.verdict == Verdict::Possible {
                    possible += 1;
                    for reason in &access.reasons {
                        *reasons.entry(format!("{}\t{}", reason.code, change.row.type_name)).or_default() += 1;
                    }
                    if std::env::var_os("TOLLGATE_SHOW").is_some() {
                        println!("{file}\t{}\t{:?}", change.row.address, access.reasons);
                    }
                }
            }
        }
    }
    for ((platform, configured, verdict), count) in &verdicts {
        let with = if *configured { "with its configuration" } else { "without" };
        writeln!(table, "changes\t{platform}, {with}\t{verdict}\t{count}").unwrap();
    }
    let tenths = (possible * 1000).div_ceil(all);
    writeln!(
        table,
        "aws share\tpossible, with the configuration\t{possible} of {all}\t{}.{} %",
        tenths / 10,
        tenths % 10
    )
    .unwrap();
    for (reason, count) in &reasons {
        let (code, type_name) = reason.split_once('\t').unwrap();
        writeln!(table, "aws reason\t{code}\t{type_name}\t{count}").unwrap();
    }
    println!("aws: {possible} of {all} possible where the plan has its configuration");
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
fn the_checked_in_table_keeps_the_bounds() {
    let table = std::fs::read_to_string(TABLE).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split('\t').collect()).collect();
    let still: Vec<&Vec<&str>> = rows.iter().filter(|row| row[0] == "no-op plan").collect();
    assert_eq!(still.len(), 11);
    for row in still {
        assert!(row[2] == "silent" || !row[3].is_empty(), "{row:?}");
        assert!(!row[3].contains("new at"), "a plan without changes gives new access: {row:?}");
    }
    let share = rows.iter().find(|row| row[0] == "aws share").unwrap();
    let (possible, all) = share[2].split_once(" of ").unwrap();
    let (possible, all): (usize, usize) = (possible.parse().unwrap(), all.parse().unwrap());
    assert!(possible * 100 <= SHARE * all, "{share:?}");
}
