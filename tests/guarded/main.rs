//! The program with real parts around the approval: real `terraform` plans and applies, the fake GitHub, real
//! `ssh-keygen`. A test that misses a program says so in one line and skips.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

#[path = "../fake_github/mod.rs"]
#[expect(dead_code, unused_imports, reason = "these tests need less of the fake than others")]
mod fake_github;

#[path = "../support/cloud/mod.rs"]
mod cloud;

#[path = "../support/site.rs"]
#[expect(dead_code, reason = "these tests need less of the site than others")]
mod site;

mod break_glass;
mod bucket;
mod checkpoints;
mod doctor;
mod hostile;
mod init;
mod offline;
mod plan_store;
mod workflows;
