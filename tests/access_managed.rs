//! The policies that AWS manages, against themselves in another spelling, against administrator access, against
//! themselves widened, and against each other.
//!
//! Every fortieth policy by default; `TOLLGATE_MANAGED=all` takes all of them (in a release build: minutes).

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test may fail, and says how much it looked at"
)]

use tollgate::access::aws::diff::Diff;
use tollgate::access::aws::document::Document;
use tollgate::access::aws::managed::ManagedPolicies;
use tollgate::access::aws::parse::Kind;
use tollgate::access::compare::Options;
use tollgate::access::{Access, Verdict};

#[path = "support/respell.rs"]
mod respell;
#[path = "support/widen.rs"]
mod widen;

fn policies() -> Vec<(String, Document)> {
    let whole = std::env::var_os("TOLLGATE_MANAGED").is_some_and(|value| value == "all");
    let step = if whole { 1 } else { 40 };
    let all = ManagedPolicies::embedded().iter();
    all.step_by(step).map(|policy| (policy.name().to_owned(), policy.document().unwrap())).collect()
}

fn gained(before: &Document, after: &Document, cancel: bool) -> Access {
    let options = Options { cancel, ..Options::default() };
    Diff { options, ..Diff::new(before, after, Kind::Identity) }.gained()
}

/// What is wrong with a verdict, if anything.
fn wrong(what: &str, name: &str, access: &Access, expected: Verdict) -> Option<String> {
    let broken = access.reasons.iter().any(|reason| reason.code == "budget" || reason.code == "unconfirmed");
    (broken || access.verdict != expected).then(|| format!("{what} {name}: {:?} {:?}", access.verdict, access.reasons))
}

#[test]
fn managed_policies_are_themselves_in_any_spelling_and_within_administrator_access() {
    let admin = ManagedPolicies::embedded().by_name("AdministratorAccess").unwrap().document().unwrap();
    let policies = policies();
    let mut found = Vec::new();
    for (name, document) in &policies {
        let copy = respell::respelled(document);
        for cancel in [true, false] {
            found.extend(wrong("respelled to", name, &gained(&copy, document, cancel), Verdict::None));
            found.extend(wrong("respelled from", name, &gained(document, &copy, cancel), Verdict::None));
        }
        found.extend(wrong("beside AdministratorAccess", name, &gained(&admin, document, true), Verdict::None));
    }
    eprintln!("{} managed policies respelled", policies.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn managed_policies_widened_by_a_request_permit_something_new() {
    let policies = policies();
    let (mut found, mut count) = (Vec::new(), 0);
    for (name, document) in &policies {
        let Some(wide) = widen::widened(document) else { continue };
        count += 1;
        found.extend(wrong("widened", name, &gained(document, &wide, true), Verdict::New));
    }
    eprintln!(
        "{count} of {} managed policies widened; the others permit it already or have no plain grant",
        policies.len()
    );
    assert!(count * 2 > policies.len() && found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn managed_policies_are_decided_against_each_other() {
    let policies = policies();
    let mut found = Vec::new();
    for (at, (name, document)) in policies.iter().enumerate() {
        for (other, base) in policies.iter().cycle().skip(at + 1).step_by(7).take(5) {
            let access = gained(base, document, true);
            let pair = format!("{name} - {other}");
            let expected = if access.verdict == Verdict::Possible { Verdict::New } else { access.verdict };
            found.extend(wrong("decided", &pair, &access, expected));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
