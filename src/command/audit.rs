//! `tollgate audit`: the ledger, read and checked.

use anyhow::{Context, Result, bail};

use super::terminal;
use crate::cli::{AuditCommand, LedgerArgs};
use crate::edge::store::{LedgerError, ObjectStore, open, read_all};
use crate::exit::Outcome;
use crate::ledger::{Checkpoint, Verified};

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
        AuditCommand::Export(args) => terminal::print(&whole(args)?.export()?)?,
    }
    Ok(Outcome::Success)
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
