//! Verdicts on random worlds, held against brute force in both directions.

use std::cell::Cell;
use std::fmt::Debug;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use proptest::{prop_assert, strategy::Strategy};
use tollgate::access::{PlanAccess, Verdict};

/// What brute force says about a pair of worlds.
#[derive(Debug)]
pub(crate) struct Brute {
    /// A request that is newly permitted.
    pub(crate) found: Option<String>,
    /// What in the worlds is by design not decided, so that `possible` stands where nothing is found.
    pub(crate) undecided: Option<&'static str>,
}

/// Judges pairs of worlds: the verdict has to be `new` where brute force finds a request, and otherwise `none`, or
/// `possible` where it says what is not decided. No witness may fail its replay. Prints how often each verdict was.
#[expect(clippy::print_stdout, reason = "the shares of the verdicts are part of the result")]
pub(crate) fn agrees<S: Strategy>(cases: u32, worlds: S, judge: impl Fn(&S::Value) -> (PlanAccess, Brute))
where
    S::Value: Debug,
{
    let tally: [Cell<u32>; 3] = Default::default();
    let [none, new, possible] = &tally;
    let one = |worlds: S::Value| {
        let (judged, brute) = judge(&worlds);
        let reasons: Vec<_> = judged.changes.iter().flat_map(|change| &change.reasons).collect();
        prop_assert!(reasons.iter().all(|it| it.code != "unconfirmed"), "a witness does not replay: {:?}", reasons);
        let count = |of: &Cell<u32>| of.set(of.get() + 1);
        match (judged.verdict, &brute) {
            (Verdict::New, Brute { found: Some(_), .. }) => count(new),
            (Verdict::None, Brute { found: None, undecided: None }) => count(none),
            (Verdict::Possible, Brute { found: None, undecided: Some(_) }) => count(possible),
            (verdict, _) => {
                let pieces: Vec<_> = judged.changes.iter().flat_map(|it| &it.new).map(|it| &it.explanation).collect();
                return Err(TestCaseError::fail(format!("{verdict:?} where {brute:?}: {reasons:?}, {pieces:?}")));
            }
        }
        Ok(())
    };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&worlds, one).unwrap();
    let [none, new, possible] = tally.map(|count| count.get());
    println!("{cases} pairs of worlds: {none} none, {new} new, {possible} possible where nothing can decide");
}
