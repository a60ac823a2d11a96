//! The published benchmark of policy comparison: 546 pairs, both directions, against the adjudicated verdicts.
//!
//! Differences are listed with their reasons in `tests/quacky-differences.txt`; anything else fails. The data is
//! not part of the repository: without it the test says so and passes.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test may fail, read fixtures and say that it skips"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tollgate::access::Verdict;
use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::parse::{Kind, guess_kind, parse};

#[expect(clippy::disallowed_methods, reason = "tests read fixtures")]
fn shared(file: &str) -> Option<Value> {
    let root = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let text = std::fs::read_to_string(root.join("data").join(file)).ok()?;
    Some(serde_json::from_str(&text).expect("the data is JSON"))
}

/// Lines `P1 -> P2: reason` of the checked-in table.
fn known_differences() -> BTreeMap<String, String> {
    include_str!("quacky-differences.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("pair: reason"))
        .collect()
}

/// One direction of one pair.
struct Case {
    name: String,
    before: Document,
    after: Document,
    kind: Kind,
    expected: Verdict,
}

fn cases() -> Option<Vec<Case>> {
    let (pairs, policies) = (shared("quacky-546.json")?, shared("quacky-policies.json")?);
    let mut cases = Vec::new();
    for pair in pairs["pairs"].as_array().expect("pairs") {
        let name = |key: &str| pair[key].as_str().expect("a name").to_owned();
        let text = |key: &str| policies["policies"][&name(key)].as_str().expect("a policy").to_owned();
        for (at, minuend, subtrahend) in [(0, "p1", "p2"), (1, "p2", "p1")] {
            let published = pair[["quacky_p1_minus_p2", "quacky_p2_minus_p1"][at]].as_str();
            let label = pair.get("adjudicated").map_or(published, |list| list[at].as_str());
            let (before, after) = (text(subtrahend), text(minuend));
            let kind = guess_kind(&before).expect("JSON").max(guess_kind(&after).expect("JSON"));
            cases.push(Case {
                name: format!("{} - {}", name(minuend), name(subtrahend)),
                before: parse(&before, kind).expect("a policy"),
                after: parse(&after, kind).expect("a policy"),
                kind,
                expected: if label.expect("a label") == "SAT" { Verdict::New } else { Verdict::None },
            });
        }
    }
    assert_eq!(cases.len(), 1092);
    Some(cases)
}

/// The cases whose verdict is not the expected one, each with what was found.
fn differing(cases: &[Case]) -> BTreeMap<String, String> {
    let verdict = |case: &Case| Diff::new(&case.before, &case.after, case.kind).gained();
    let differs = |case: &Case| {
        let access = verdict(case);
        let witness = access.new.first().map(|new| &new.witness);
        let found = format!("{:?} instead of {:?}: {witness:?} {:?}", access.verdict, case.expected, access.reasons);
        (access.verdict != case.expected).then(|| (case.name.clone(), found))
    };
    cases.iter().filter_map(differs).collect()
}

#[test]
fn differs_from_the_adjudicated_verdicts_only_where_the_table_says() {
    let Some(cases) = cases() else { return eprintln!("skipped: ../shared/data/quacky-546.json is not there") };
    let (known, found) = (known_differences(), differing(&cases));
    let unexpected: Vec<_> = found.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
    assert!(unexpected.is_empty(), "{} of {} differ: {unexpected:#?}", unexpected.len(), cases.len());
    let gone: Vec<_> = known.keys().filter(|name| !found.contains_key(*name)).collect();
    assert!(gone.is_empty(), "listed as differences, but they agree: {gone:#?}");
}

/// The mutants of the benchmark lost their `Version`, and Quacky takes no account of it. Under AWS's rules that
/// turns policy variables into text, which is the one reason in the table of differences. On the benchmark's own
/// terms (both documents in the version of the original) every verdict agrees.
#[test]
fn agrees_with_every_adjudicated_verdict_in_one_version() {
    let Some(mut cases) = cases() else { return eprintln!("skipped: ../shared/data/quacky-546.json is not there") };
    for case in &mut cases {
        let version = case.before.version.max(case.after.version);
        (case.before.version, case.after.version) = (version, version);
    }
    let found = differing(&cases);
    assert!(found.is_empty(), "{} of {} differ: {found:#?}", found.len(), cases.len());
}
