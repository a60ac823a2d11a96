//! `tollgate revoke`: the comment that takes approvals back, written with the token of whoever runs it.

use anyhow::{Result, bail};

use super::terminal;
use crate::approval::{Command, Parsed, parse};
use crate::cli::RevokeArgs;
use crate::edge::forge::{Context, Forge};
use crate::exit::Outcome;

/// Runs it. The comment counts if its author may revoke; whoever reads the state next sees it.
///
/// # Errors
/// When the reason fits no command, or the forge refuses.
pub(super) fn run(args: &RevokeArgs) -> Result<Outcome> {
    let context = Context::from_environment()?;
    let pull = context.pull(args.pr)?;
    let line = match &args.reason {
        Some(reason) => format!("/tollgate revoke because {reason}"),
        None => "/tollgate revoke".to_owned(),
    };
    if line.contains(['\n', '\r']) || !matches!(parse(&line), Parsed::Command(Command::Revoke { .. })) {
        bail!("the reason does not fit into a command\n  help: write one line of text");
    }
    context.forge.say(pull, &line)?;
    terminal::note(&format!(
        "tollgate: wrote `{line}`; it counts if the token belongs to an approver or to the author of the pull request"
    ));
    Ok(Outcome::Success)
}
