//! Worlds of AWS: small plans and what is said about them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test may fail"
)]

mod attack;
mod levels;
mod plan;
mod property;
#[path = "../support/read.rs"]
mod read;
mod unknown;
