//! Plans that the real Terraform made, judged with the configuration of their archive and from the JSON alone.
//!
//! `fixtures/hcl/CASE` holds `main.tf`, the plan file and its JSON; `fixtures/hcl/make` makes them again. The table
//! `fixtures/hcl/results.tsv` says both verdicts and what resolved the unknown values. No Terraform is needed here:
//! the JSON beside a plan file is what `terraform show -json` says of it.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and show why"
)]

#[path = "support/read.rs"]
mod read;

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use tollgate::access::{PlanAccess, Verdict, worlds};
use tollgate::plan::archive;
use tollgate::plan::hcl::Sources;

const FOLDER: &str = "fixtures/hcl";
const TABLE: &str = "fixtures/hcl/results.tsv";

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.join("main.tf").is_file());
    cases.sort();
    cases
}

fn judged(case: &Path, sources: Option<&Sources>) -> PlanAccess {
    let json = std::fs::read(case.join("plan.json")).unwrap();
    let (plan, recognition) = read::read(&json).unwrap().remove(0);
    assert!(plan.undetermined.is_empty(), "{}: {:?}", case.display(), plan.undetermined);
    worlds::compare_with(&plan, &recognition, &Default::default(), sources)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "none",
        Verdict::Possible => "possible",
        Verdict::New => "new",
    }
}

fn counts(access: &PlanAccess) -> String {
    let counts = access.resolved.counts();
    let shown = counts.iter().filter(|(_, count)| **count > 0).map(|(way, count)| format!("{way} {count}"));
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn real_plans_are_judged_as_the_table_says() {
    let mut table = String::from("case\ttruth\tjson alone\twith hcl\tresolved alone\tresolved with hcl\n");
    for case in cases() {
        let main = std::fs::read_to_string(case.join("main.tf")).unwrap();
        let truth = main.lines().next().unwrap().strip_prefix("# truth: ").unwrap();
        let archive = archive::read(File::open(case.join("plan.tfplan")).unwrap()).unwrap();
        assert!(archive.sources.undetermined.is_empty());
        let alone = judged(&case, None);
        let with = judged(&case, Some(&archive.sources));
        if std::env::var_os("TOLLGATE_SHOW").is_some() {
            for change in &with.changes {
                println!("{} {:?} {:?}", case.display(), change.verdict, change.reasons);
            }
        }
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        for change in &with.changes {
            assert_eq!(change.verdict == Verdict::New, !change.new.is_empty(), "{name}: a witness comes with `new`");
        }
        writeln!(
            table,
            "{name}\t{truth}\t{}\t{}\t{}\t{}",
            word(alone.verdict),
            word(with.verdict),
            counts(&alone),
            counts(&with)
        )
        .unwrap();
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

/// No verdict is wrong: `possible` is where too little is known. The configuration settles more than the JSON alone.
#[test]
fn the_checked_in_table_has_no_faults() {
    let table = std::fs::read_to_string(TABLE).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 20, "{}", rows.len());
    for row in &rows {
        assert!(row[3] == "possible" || row[3] == row[1], "{row:?}");
        // Without the configuration nothing is missed either, but for what the references alone cannot tell.
        assert!(row[2] == "possible" || row[2] == row[1] || row[0] == "13-replaced-arn", "{row:?}");
    }
    let right = |column: usize| rows.iter().filter(|row| row[1] == row[column]).count();
    assert!(right(3) >= right(2) + 10, "{} alone, {} with the configuration", right(2), right(3));
}
