//! How long comparisons take: the published benchmark, and all managed policies of AWS.
//!
//! `cargo bench --bench access [-- quacky|managed|pairs]`; prints one table, each comparison made once. Totals are processor time of one thread (on other
//! systems than Linux, wall time), so that what else runs on the machine does not show in them; the system counts it
//! in ticks, so single comparisons are wall time.

#![expect(clippy::indexing_slicing, reason = "a benchmark may fail")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its data")]
#![expect(clippy::print_stdout, reason = "prints its table")]

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tollgate::access::Verdict;
use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::managed::ManagedPolicies;
use tollgate::access::aws::parse::{Kind, guess_kind, parse};
use tollgate::access::compare::Options;

#[path = "../tests/support/respell.rs"]
mod respell;
#[path = "../tests/support/widen.rs"]
mod widen;

/// Processor time of this thread.
fn now() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let used = text.split(' ').next().and_then(|used| used.parse().ok()).map(Duration::from_nanos);
    used.unwrap_or_else(|| START.elapsed())
}

/// A sample of times with the names of the slowest.
struct Sample {
    what: &'static str,
    times: Vec<(Duration, String)>,
    used: Duration,
    wrong: Vec<String>,
}

impl Sample {
    fn new(what: &'static str) -> Self {
        Self { what, times: Vec::new(), used: Duration::ZERO, wrong: Vec::new() }
    }

    fn run(&mut self, name: &str, expected: Option<Verdict>, diff: Diff<'_>) {
        let (start, wall) = (now(), Instant::now());
        let access = diff.gained();
        self.times.push((wall.elapsed(), name.to_owned()));
        self.used += now() - start;
        let budget = access.reasons.iter().any(|r| r.code == "budget" || r.code == "unconfirmed");
        if budget || expected.is_some_and(|e| e != access.verdict) {
            self.wrong.push(format!("{name}: {:?} {:?}", access.verdict, access.reasons.first()));
        }
    }

    fn print(mut self) {
        self.times.sort();
        let at = |share: f64| {
            let index = (self.times.len() as f64 * share) as usize;
            self.times.get(index.min(self.times.len().saturating_sub(1))).map(|t| t.0).unwrap_or_default()
        };
        println!(
            "{:40} n={:6} total={:>9.1?} p50={:>8.1?} p90={:>8.1?} p99={:>8.1?} max={:>8.1?} {}",
            self.what,
            self.times.len(),
            self.used,
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            self.times.last().map(|t| t.1.as_str()).unwrap_or_default(),
        );
        for line in self.wrong.iter().take(10) {
            println!("    unexpected: {line}");
        }
        if self.wrong.len() > 10 {
            println!("    unexpected: {} in all", self.wrong.len());
        }
    }
}

fn quacky() {
    let root = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared")).join("data");
    let read = |file: &str| -> Option<serde_json::Value> {
        serde_json::from_str(&std::fs::read_to_string(root.join(file)).ok()?).ok()
    };
    let (Some(pairs), Some(policies)) = (read("quacky-546.json"), read("quacky-policies.json")) else {
        return println!("skipped: no ../shared/data/quacky-546.json");
    };
    let mut sample = Sample::new("quacky, parse and compare");
    let start = now();
    for pair in pairs["pairs"].as_array().into_iter().flatten() {
        let text =
            |key: &str| policies["policies"][pair[key].as_str().unwrap_or_default()].as_str().unwrap_or_default();
        for (before, after) in [("p1", "p2"), ("p2", "p1")] {
            let wall = Instant::now();
            let (before, after) = (text(before), text(after));
            let kind = guess_kind(before).unwrap_or(Kind::Identity).max(guess_kind(after).unwrap_or(Kind::Identity));
            let (Ok(before), Ok(after)) = (parse(before, kind), parse(after, kind)) else { continue };
            let _ = Diff::new(&before, &after, kind).gained();
            sample.times.push((wall.elapsed(), pair["p2"].as_str().unwrap_or_default().to_owned()));
        }
    }
    sample.used = now() - start;
    println!("quacky: {:?} with reading the data and the first use of the tables", sample.used);
    sample.print();
}

fn documents() -> Vec<(String, Document)> {
    let all = ManagedPolicies::embedded().iter();
    all.filter_map(|policy| Some((policy.name().to_owned(), policy.document().ok()?))).collect()
}

fn managed() {
    let policies = documents();
    println!("managed policies: {}", policies.len());
    let Some((_, admin)) = policies.iter().find(|(name, _)| name == "AdministratorAccess") else { return };
    let kind = Kind::Identity;
    let mut same = Sample::new("P against respelled P");
    let mut back = Sample::new("respelled P against P");
    let mut raw = Sample::new("P against respelled P, no cancellation");
    let mut raw_back = Sample::new("respelled P against P, no cancellation");
    let mut wider = Sample::new("P widened by a request against P");
    let mut whole = Sample::new("P against AdministratorAccess");
    for (name, document) in &policies {
        let copy = respell::respelled(document);
        same.run(name, Some(Verdict::None), Diff::new(&copy, document, kind));
        back.run(name, Some(Verdict::None), Diff::new(document, &copy, kind));
        let options = Options { cancel: false, ..Options::default() };
        raw.run(name, Some(Verdict::None), Diff { options, ..Diff::new(&copy, document, kind) });
        raw_back.run(name, Some(Verdict::None), Diff { options, ..Diff::new(document, &copy, kind) });
        if let Some(wide) = widen::widened(document) {
            wider.run(name, Some(Verdict::New), Diff::new(document, &wide, kind));
        }
        whole.run(name, Some(Verdict::None), Diff::new(admin, document, kind));
    }
    [same, back, raw, raw_back, whole, wider].into_iter().for_each(Sample::print);
}

/// Each managed policy against 50 others.
fn pairs() {
    let policies = documents();
    let mut others = Sample::new("P against 50 others");
    for (at, (name, document)) in policies.iter().enumerate() {
        for step in 0..50usize {
            let Some((other, base)) = policies.get((at * 31 + step * 37 + 1) % policies.len()) else { continue };
            others.run(&format!("{name} - {other}"), None, Diff::new(base, document, Kind::Identity));
        }
    }
    others.print();
}

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    if filter.is_empty() || filter == "quacky" {
        quacky();
    }
    if filter.is_empty() || filter == "managed" {
        managed();
    }
    if filter.is_empty() || filter == "pairs" {
        pairs();
    }
}
