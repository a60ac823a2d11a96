//! `tollgate audit`: the ledger, read and checked.

use anyhow::{Context, Result, bail};

use super::terminal;
use crate::approval::AccountKind;
use crate::cli::{AuditCommand, AuditReviewArgs, LedgerArgs};
use crate::edge::clock;
use crate::edge::forge::Context as ForgeContext;
use crate::edge::store::{LedgerError, ObjectStore, append, open, read_all};
use crate::exit::Outcome;
use crate::ledger::{Checkpoint, Entry, EventKind, Person, TimeSource, Verified, Workload};

/// Runs it.
///
/// # Errors
/// When the ledger cannot be read; damage is an outcome of `verify`, and an error of the other verbs.
pub(super) fn run(command: &AuditCommand) -> Result<Outcome> {
    match command {
        AuditCommand::List(args) => {
            for record in whole(args)?.records {
                let entry = record.entry();
                let event = serde_json::to_value(entry.event)?;
                let subject = entry.subject.map(|digest| digest.to_string()).unwrap_or_default();
                let line = format!(
                    "{:>6}  {}  {:<16}  {}  {}\n",
                    record.seq(),
                    entry.time,
                    event.as_str().unwrap_or_default(),
                    subject,
                    shown(entry.detail.as_deref().or(entry.reason.as_deref()).unwrap_or_default()),
                );
                terminal::print(&line)?;
            }
        }
        AuditCommand::Show(args) => {
            let ledger = whole(&args.ledger)?;
            let record = ledger.records.iter().find(|record| record.seq() == args.number);
            let record = record.with_context(|| format!("the ledger has no record {}", args.number))?;
            terminal::print(&format!("{}\n", serde_json::to_string_pretty(record)?))?;
        }
        AuditCommand::Verify(args) => {
            let checkpoint = args.checkpoint.as_deref().map(str::parse::<Checkpoint>).transpose()?;
            let store = open(&args.ledger.ledger)?;
            match read_all(store.as_ref(), checkpoint) {
                Ok(verified) => {
                    let count = verified.records.len();
                    terminal::print(&format!("{count} records, unbroken; checkpoint {}\n", verified.checkpoint))?;
                }
                Err(LedgerError::Damaged(damage)) => {
                    for one in &damage {
                        terminal::print(&format!("damaged: {}\n", shown(&one.to_string())))?;
                    }
                    return Ok(Outcome::Blocked);
                }
                Err(error) => return Err(error.into()),
            }
        }
        AuditCommand::Review(args) => review(args)?,
        AuditCommand::Export(args) => terminal::print(&whole(args)?.export()?)?,
    }
    Ok(Outcome::Success)
}

/// Who reviews is who started this run, and nobody who broke the glass reviews it.
fn review(args: &AuditReviewArgs) -> Result<()> {
    let record = whole(&args.ledger)?.records.into_iter().find(|record| record.seq() == args.number);
    let used = record.with_context(|| format!("the ledger has no record {}", args.number))?;
    let used = used.entry();
    if used.event != EventKind::BreakGlass {
        bail!("record {} is no use of break-glass", args.number);
    }
    let reason = args.reason.trim();
    if reason.chars().count() < 10 || reason.contains(char::is_control) {
        bail!("a review is one line of at least ten characters");
    }
    let context = ForgeContext::from_environment()?;
    let run = context.run.context("a review is recorded in a pipeline's run: the run says who reviews")?;
    let (by, _) = context.forge.starter(run, &[])?.context("whoever started this run is no person's account")?;
    if by.kind != AccountKind::User || used.actor.as_ref().and_then(|actor| actor.id) == Some(by.id.0) {
        bail!("`{}` cannot review this: a review is by another person", by.login);
    }
    let entry = Entry {
        time: clock::now().to_string(),
        time_source: TimeSource::Local,
        event: EventKind::Review,
        actor: Some(Person { id: Some(by.id.0), name: by.login }),
        approvers: Vec::new(),
        reason: Some(reason.to_owned()),
        opens: None,
        expires: None,
        claim: Some(format!("record {}", args.number)),
        exit_status: None,
        detail: None,
        workload: Workload { run_id: Some(run.id), run_attempt: Some(run.attempt), workflow: context.workflow.clone() },
        ..used.clone()
    };
    let written = append(open(&args.ledger.ledger)?.as_ref(), &entry)?;
    terminal::print(&format!("record {}: the review of record {}\n", written.seq(), args.number))
}

fn whole(args: &LedgerArgs) -> Result<Verified> {
    let store: Box<dyn ObjectStore> = open(&args.ledger)?;
    match read_all(store.as_ref(), None) {
        Err(LedgerError::Damaged(damage)) => {
            bail!("the ledger has {} damaged places\n  help: run `tollgate audit verify`", damage.len())
        }
        other => Ok(other?),
    }
}

/// One line that moves no cursor.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
