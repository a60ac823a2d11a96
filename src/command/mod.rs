//! One file a subcommand: wires the edge and the core together. The only users of `anyhow` beside the edge.

mod check;
mod policy;
mod settings;
mod terminal;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::exit::Outcome;

/// Runs the program with the arguments of the process.
pub fn main() -> Outcome {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Check(args) => check::run(args, cli.color),
        Command::Policy(command) => policy::run(command),
    };
    done.unwrap_or_else(|error| {
        terminal::error(&format!("{error:#}"));
        Outcome::Error
    })
}
