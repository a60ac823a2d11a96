//! How long comparisons take: the published benchmark, and all managed policies of AWS.
//!
//! `cargo bench --bench access [-- quacky|managed|pairs [N]]`; `N` takes every Nth policy only. Times are those of one
//! thread with the allocator of the program, of comparisons below five milliseconds the best of three runs. Where the
//! system tells how long the thread had a processor, what it waited for one does not count.

#![expect(clippy::indexing_slicing, reason = "a benchmark may fail")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its data")]
#![expect(clippy::print_stdout, reason = "prints its table")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tollgate::access::Verdict;
use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::managed::ManagedPolicies;
use tollgate::access::aws::parse::{Kind, guess_kind, parse};
use tollgate::access::compare::Options;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../tests/support/respell.rs"]
mod respell;
#[path = "../tests/support/widen.rs"]
mod widen;

/// How many comparisons after the slowest one are named.
const SLOWEST: usize = 4;

/// Comparisons that take less than this are made again, and the fastest run counts: what else runs on the machine
/// interrupts some.
const SHORT: Duration = Duration::from_millis(5);
/// How often they are made.
const RUNS: usize = 3;

/// How exact Linux is about the time that a thread has had a processor, at worst: a tick of 100 Hz.
const TICK: Duration = Duration::from_millis(10);

/// The time that this thread has had a processor.
fn processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// How long it takes, with its result.
fn timed<T>(what: impl Fn() -> T) -> (Duration, T) {
    let once = || {
        let (before, start) = (processor(), Instant::now());
        let result = what();
        let elapsed = start.elapsed();
        let at_most = before.zip(processor()).map(|(before, after)| after.saturating_sub(before) + TICK);
        (at_most.map_or(elapsed, |most| elapsed.min(most)), result)
    };
    let (mut best, result) = once();
    for _ in 1..RUNS {
        if best >= SHORT {
            break;
        }
        best = best.min(once().0);
    }
    (best, result)
}

/// A sample of times with the names of the slowest.
struct Sample {
    what: &'static str,
    times: Vec<(Duration, String)>,
    /// How many comparisons ended in `none`, `possible` and `new`, and in how many the budget ran out.
    verdicts: [usize; 3],
    exhausted: usize,
    wrong: Vec<String>,
}

impl Sample {
    fn new(what: &'static str) -> Self {
        Self { what, times: Vec::new(), verdicts: [0; 3], exhausted: 0, wrong: Vec::new() }
    }

    fn run(&mut self, name: &str, expected: Option<Verdict>, diff: Diff<'_>) {
        let (time, access) = timed(|| diff.gained());
        self.times.push((time, name.to_owned()));
        self.verdicts[access.verdict as usize] += 1;
        let because = |code: &str| access.reasons.iter().any(|reason| reason.code == code);
        self.exhausted += usize::from(because("budget"));
        if because("budget") || because("unconfirmed") || expected.is_some_and(|e| e != access.verdict) {
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
            self.times.iter().map(|time| time.0).sum::<Duration>(),
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0),
            self.times.last().map(|t| t.1.as_str()).unwrap_or_default(),
        );
        let [none, possible, new] = self.verdicts;
        if none + new + possible > 0 {
            println!("    none={none} new={new} possible={possible} budget exhausted={}", self.exhausted);
        }
        for (time, name) in self.times.iter().rev().skip(1).take(SLOWEST) {
            println!("    then {time:.1?} {name}");
        }
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
    for pair in pairs["pairs"].as_array().into_iter().flatten() {
        let text =
            |key: &str| policies["policies"][pair[key].as_str().unwrap_or_default()].as_str().unwrap_or_default();
        for (before, after) in [("p1", "p2"), ("p2", "p1")] {
            let (before, after) = (text(before), text(after));
            let (time, _) = timed(|| {
                let guessed = |text: &str| guess_kind(text).unwrap_or(Kind::Identity);
                let kind = guessed(before).max(guessed(after));
                let (before, after) = (parse(before, kind).ok()?, parse(after, kind).ok()?);
                Some(Diff::new(&before, &after, kind).gained())
            });
            sample.times.push((time, pair["p2"].as_str().unwrap_or_default().to_owned()));
        }
    }
    sample.print();
}

/// All managed policies that can be read.
fn documents() -> Vec<(String, Document)> {
    let all = ManagedPolicies::embedded().iter();
    all.filter_map(|policy| Some((policy.name().to_owned(), policy.document().ok()?))).collect()
}

fn managed(stride: usize) {
    let policies = documents();
    println!("managed policies: {}, of which every {stride} counts", policies.len());
    let Some((_, admin)) = policies.iter().find(|(name, _)| name == "AdministratorAccess") else { return };
    let kind = Kind::Identity;
    let mut same = Sample::new("P against respelled P");
    let mut back = Sample::new("respelled P against P");
    let mut raw = Sample::new("P against respelled P, no cancellation");
    let mut raw_back = Sample::new("respelled P against P, no cancellation");
    let mut wider = Sample::new("P widened by a request against P");
    let mut whole = Sample::new("P against AdministratorAccess");
    for (name, document) in policies.iter().step_by(stride) {
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
fn pairs(stride: usize) {
    let policies = documents();
    let mut others = Sample::new("P against 50 others");
    for (at, (name, document)) in policies.iter().enumerate().step_by(stride) {
        for step in 0..50usize {
            let Some((other, base)) = policies.get((at * 31 + step * 37 + 1) % policies.len()) else { continue };
            others.run(&format!("{name} - {other}"), None, Diff::new(base, document, Kind::Identity));
        }
    }
    others.print();
}

fn main() {
    let mut words = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let filter = words.next().unwrap_or_default();
    let stride = words.next().and_then(|word| word.parse().ok()).unwrap_or(1).max(1);
    if filter.is_empty() || filter == "quacky" {
        quacky();
    }
    if filter.is_empty() || filter == "managed" {
        managed(stride);
    }
    if filter.is_empty() || filter == "pairs" {
        pairs(stride);
    }
}
