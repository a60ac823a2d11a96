//! The forge trait on GitHub, end to end over TCP against the fake: what is read, what is written, what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

#[expect(dead_code, reason = "the tests from end to end use all of it")]
#[path = "../fake_github/mod.rs"]
mod fake_github;

mod adversary;
mod attacks;
mod contract;
mod damaged;
mod faults;
mod site;
mod strictness;
mod writing;
