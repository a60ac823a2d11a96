//! `tollgate recover`: what an apply left behind that died between its claim and its end.
//!
//! It repairs records and never opens anything: a subject that was claimed stays used up.

use std::path::Path;

use anyhow::{Result, bail};

use super::pull_state::{Situation, config_of, situations};
use super::record::{Recorder, ledger_at};
use super::terminal;
use crate::approval::State;
use crate::cli::RecoverArgs;
use crate::config::Config;
use crate::edge::forge::{Context, DeploymentState, Forge};
use crate::edge::store::{claim_of, open, read_all};
use crate::exit::Outcome;
use crate::ledger::EventKind;

/// Terraform writes it where the backend took no state.
const ERRORED_STATE: &str = "errored.tfstate";
/// The lock of the local backend.
const LOCAL_LOCK: &str = ".terraform.tfstate.lock.info";

/// Runs it.
///
/// # Errors
/// When forge, ledger or claims cannot be read, or the finding cannot be recorded.
pub(super) fn run(args: &RecoverArgs) -> Result<Outcome> {
    let context = Context::from_environment()?;
    let pull = context.pull(args.pr)?;
    let facts = context.forge.facts(pull)?;
    let config = config_of(&context, &facts)?;
    let mut found = false;
    for situation in situations(&context, &config, pull, &facts)? {
        found |= explain(&context, &config, pull, situation, args.finish)?;
    }
    if !found {
        terminal::print("no apply was claimed for the head of this pull request\n")?;
    }
    Ok(Outcome::Success)
}

fn explain(context: &Context, config: &Config, pull: u64, situation: Situation, finish: bool) -> Result<bool> {
    let subject = situation.subject.digest();
    let in_store = match &config.apply.claims {
        Some(url) => claim_of(open(url)?.as_ref(), subject)?.map(|(key, _)| key),
        None => None,
    };
    let ended = match situation.judgement.state() {
        State::Applying(_) => None,
        State::Applied(key) => Some(format!("it ended well ({key})")),
        State::Failed(key) => Some(format!("it ended with a failure ({key})")),
        State::Undecided(doubt) => bail!("the state of {subject} cannot be told: {doubt}"),
        _ if in_store.is_some() => None,
        _ => return Ok(false),
    };
    terminal::print(&format!("{}: plan {subject}\n", situation.subject.parts().stack))?;
    let ledger = ledger_at(config.ledger.as_deref())?;
    let mut started = false;
    if let Some(ledger) = &ledger {
        for record in read_all(ledger.as_ref(), None)?.records {
            let entry = record.entry();
            if entry.subject == Some(subject) {
                started |= entry.event == EventKind::ApplyStart;
                let event = serde_json::to_value(entry.event)?;
                let event = event.as_str().unwrap_or_default();
                terminal::print(&format!("  record {}: {} {event}\n", record.seq(), entry.time))?;
            }
        }
    }
    if let Some(ended) = ended {
        terminal::print(&format!("  {ended}; nothing to recover\n"))?;
        return Ok(true);
    }
    terminal::print(match (ledger.is_some(), started) {
        (true, false) => "  it was claimed, and Terraform was not started\n",
        (true, true) => "  Terraform was started, and its end is not recorded: what it changed is not known\n",
        (false, _) => "  it was claimed; without a ledger it is not known whether Terraform was started\n",
    })?;
    let mut help = Vec::new();
    if Path::new(ERRORED_STATE).exists() {
        help.push("`errored.tfstate` is here: the backend did not take the state; run `terraform state push errored.tfstate` (it compares lineage and serial)");
    }
    if Path::new(LOCAL_LOCK).exists() {
        help.push("the local state is locked; if no Terraform runs any more, run `terraform force-unlock ID`, where ID is in `.terraform.tfstate.lock.info`");
    }
    help.push("then plan again: the new plan shows what is missing, and needs a new approval; this one cannot be applied any more");
    for line in help {
        terminal::print(&format!("  help: {line}\n"))?;
    }
    if finish {
        record(context, config, pull, situation, ledger.as_deref())?;
    } else {
        terminal::print("  nothing was written; if the apply is certainly dead, run it again with --finish\n")?;
    }
    Ok(true)
}

/// Records the failure: in the deployment, where there is one, and in the ledger.
fn record(
    context: &Context,
    config: &Config,
    pull: u64,
    situation: Situation,
    ledger: Option<&dyn crate::edge::store::ObjectStore>,
) -> Result<()> {
    let Situation { subject, mut judgement, now } = situation;
    let recorder_subject = subject.clone();
    if let State::Applying(key) = judgement.state()
        && !key.starts_with("deployment ")
    {
        // Behind the claim there may be a deployment.
        let own = [key.clone()];
        judgement = super::pull_state::situation(context, config, pull, subject, &own).judgement;
        if let State::Undecided(doubt) = judgement.state() {
            bail!("nothing was recorded, because the deployments could not be read: {doubt}");
        }
    }
    if let State::Applying(key) = judgement.state()
        && key.starts_with("deployment ")
    {
        context.forge.record_state(key, DeploymentState::Failure)?;
        terminal::print(&format!("  {key} is recorded as failed\n"))?;
    }
    let recorder = Recorder { ledger, origin: context.origin(), subject: &recorder_subject };
    let detail = "an apply without an end was recorded as failed".to_owned();
    recorder
        .record(EventKind::Recover, now, &judgement, |entry| entry.detail = Some(detail))
        .map_err(|error| anyhow::anyhow!(error))?;
    Ok(())
}
