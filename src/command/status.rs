//! `tollgate status`: how things stand on the pull request.

use anyhow::Result;

use super::pull_state::{config_of, situations};
use super::terminal;
use crate::cli::StatusArgs;
use crate::edge::forge::{Context, Forge};
use crate::exit::Outcome;

/// Runs it.
///
/// # Errors
/// When the forge cannot be read.
pub(super) fn run(args: &StatusArgs) -> Result<Outcome> {
    let context = Context::from_environment()?;
    let pull = context.pull(args.pr)?;
    let facts = context.forge.facts(pull)?;
    let config = config_of(&context, &facts)?;
    let situations = situations(&context, &config, pull, &facts)?;
    if situations.is_empty() {
        terminal::print(&format!("no report on the head of pull request {pull}\n"))?;
    }
    for situation in &situations {
        let text: String = situation.describe().chars().filter(|c| !c.is_control() || *c == '\n').collect();
        terminal::print(&format!("{text}\n"))?;
    }
    Ok(Outcome::Success)
}
