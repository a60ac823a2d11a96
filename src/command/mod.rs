//! One file a subcommand: wires the edge and the core together. The only users of `anyhow` beside the edge.

pub mod access;
mod apply;
mod approve;
mod audit;
mod check;
mod comment;
pub mod data;
mod doctor;
mod gate;
mod init;
mod policy;
mod preview;
mod publish;
mod pull_state;
mod record;
mod recover;
mod revoke;
mod settings;
mod status;
mod subject;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Outcome;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Check(args) => check::run(args, cli.color),
        Command::Apply(args) => return apply::run(args),
        Command::Approve(args) => approve::run(args),
        Command::Comment(args) => comment::run(args),
        Command::Status(args) => status::run(args),
        Command::Recover(args) => recover::run(args),
        Command::Revoke(args) => revoke::run(args),
        Command::Doctor => doctor::run(),
        Command::Init(args) => init::run(args),
        Command::Audit(command) => audit::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Data(command) => data::run(command),
        Command::Access(command) => access::run(command, &mut std::io::stdout().lock()),
    };
    let outcome = done.unwrap_or_else(|error| {
        terminal::error(&format!("{error:#}"));
        Outcome::Error
    });
    outcome.into()
}
