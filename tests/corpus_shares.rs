//! How often a change of the published plans is `none`, `new` or `possible`, and why it is possible, by platform.
//! The counts are checked in as `fixtures/corpus-shares.tsv`; `TOLLGATE_BLESS=1` writes them anew.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads files, and says when it skips"
)]

#[path = "support/read.rs"]
mod read;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tollgate::access::{Verdict, worlds};

/// Where the shared plans are, if they are on this machine.
fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if root.join("corpus/plans").is_dir() {
        return Some(root.join("corpus/plans"));
    }
    println!("skipped: no shared plans at `{}`; set TOLLGATE_SHARED", root.display());
    None
}

/// Files below a folder, sorted.
fn files(root: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = root.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// What is counted of a platform.
#[derive(Default)]
struct Counts {
    none: usize,
    new: usize,
    possible: usize,
    /// Changes that a reason makes possible, by its code; a change may have several.
    reasons: BTreeMap<String, usize>,
}

fn count(text: &[u8], counts: &mut BTreeMap<&'static str, Counts>) {
    for (plan, recognition) in read::read(text).unwrap_or_default() {
        let access = worlds::compare(&plan, &recognition);
        for (change, access) in recognition.changes.iter().zip(&access.changes).filter(|(it, _)| !it.is_source()) {
            let counts = counts.entry(change.platform.as_str()).or_default();
            match access.verdict {
                Verdict::None => counts.none += 1,
                Verdict::New => counts.new += 1,
                Verdict::Possible => {
                    counts.possible += 1;
                    let codes: std::collections::BTreeSet<_> = access.reasons.iter().map(|it| &it.code).collect();
                    for code in codes {
                        *counts.reasons.entry(code.clone()).or_default() += 1;
                    }
                }
            }
        }
    }
}

#[test]
fn the_shares_are_those_of_the_table() {
    let Some(root) = shared() else { return };
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut counts = BTreeMap::new();
    for path in &paths {
        count(&fs::read(path).unwrap(), &mut counts);
    }
    let mut table = String::from("# platform\tverdict or reason of possible\tchanges of the published plans\n");
    for (platform, counts) in &counts {
        for (word, count) in [("none", counts.none), ("new", counts.new), ("possible", counts.possible)] {
            writeln!(table, "{platform}\t{word}\t{count}").unwrap();
        }
        for (code, count) in &counts.reasons {
            writeln!(table, "{platform}\tpossible: {code}\t{count}").unwrap();
        }
    }
    print!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus-shares.tsv");
    if std::env::var_os("TOLLGATE_BLESS").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(known, table, "TOLLGATE_BLESS=1 writes the table anew");
}
