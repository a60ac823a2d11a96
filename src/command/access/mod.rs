//! `tollgate access`: questions to the access engine about policy documents, without a plan.

mod allows;
mod diff;
mod pairs;

use std::path::Path;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueEnum};

use crate::access::aws::parse::Kind;
use crate::edge::files;
use crate::exit::Outcome;

pub use allows::AllowsArgs;
pub use diff::DiffArgs;

/// `tollgate access`.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// What does AFTER permit that BEFORE does not? Exit 0 nothing, 10 something (with a request that proves it),
    /// 11 it cannot be excluded.
    Diff(DiffArgs),
    /// Does POLICY permit one request? Exit 0 allowed, 10 denied, 11 it depends on what is not known.
    Allows(AllowsArgs),
}

/// What a document is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyKind {
    /// Identity policies, permissions boundaries, session and service control policies.
    Identity,
    /// Resource policies.
    Resource,
    /// Role trust policies.
    Trust,
}

impl From<PolicyKind> for Kind {
    fn from(kind: PolicyKind) -> Self {
        match kind {
            PolicyKind::Identity => Self::Identity,
            PolicyKind::Resource => Self::Resource,
            PolicyKind::Trust => Self::Trust,
        }
    }
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object (with `--pairs`: one a line).
    Json,
}

/// Runs the subcommand; the answer goes to `out`.
///
/// # Errors
/// When a document cannot be read, or `out` not written.
pub fn run(command: &AccessCommand, out: &mut dyn std::io::Write) -> Result<Outcome> {
    match command {
        AccessCommand::Diff(args) => diff::run(args, out),
        AccessCommand::Allows(args) => allows::run(args, out),
    }
}

/// Reads a document's text from a file or, for `-`, standard input.
fn document_text(path: &Path) -> Result<String> {
    if path.as_os_str() == "-" {
        let text = String::from_utf8(files::read_stdin()?).context("standard input is not UTF-8 text")?;
        return Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
    }
    Ok(files::read_text(path)?.text)
}

/// Text of documents as it may be shown on a terminal: one line, without control characters.
fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}
