//! Records of what happens to a subject, for the ledger.

use anyhow::{Result, bail};

use crate::approval::{Account, Digest, Judgement, LOCAL_HOST, Now, State, Subject};
use crate::edge::clock;
use crate::edge::forge::Origin;
use crate::edge::store::{ObjectStore, append, open};
use crate::ledger::{Chain, Checkpoint, Entry, EventKind, Person, TimeSource, Workload};

/// Where records go, if they go anywhere but to the forge.
pub(super) fn ledger_at(url: Option<&str>) -> Result<Option<Box<dyn ObjectStore>>> {
    match url {
        None | Some("forge") => Ok(None),
        Some(url) => Ok(Some(open(url)?)),
    }
}

/// Where the records of an apply go. In a pipeline there has to be a place that outlives it.
pub(super) fn ledger_of_apply(url: Option<&str>, ci: bool) -> Result<Option<Box<dyn ObjectStore>>> {
    if url.is_none() && ci {
        bail!(
            "there is no ledger\n  help: set `ledger` in tollgate.toml to a store's URL, or to \"forge\" to accept the deployment record alone"
        );
    }
    ledger_at(url)
}

/// Writes what happened to one subject.
pub(super) struct Recorder<'a> {
    /// The ledger, where there is one.
    pub(super) ledger: Option<&'a dyn ObjectStore>,
    /// The run.
    pub(super) origin: Origin,
    /// What is approved or applied.
    pub(super) subject: &'a Subject,
}

impl Recorder<'_> {
    /// Whether there is no forge: time is the local clock's then.
    fn is_local(&self) -> bool {
        self.subject.parts().forge_host == LOCAL_HOST
    }

    /// Appends to the ledger, where there is one, and gives its new end. The error says what is missing.
    pub(super) fn record(
        &self,
        event: EventKind,
        now: Now,
        judged: &Judgement,
        fill: impl FnOnce(&mut Entry),
    ) -> Result<Option<Checkpoint>, String> {
        let local = self.is_local();
        // People behind keys have no number.
        let person = |by: &Account| Person { id: (!local).then_some(by.id.0), name: by.login.clone() };
        let approvers = judged.counted.iter().map(|counted| person(&counted.by));
        let (opens, expires) = match judged.state() {
            State::Open(window) => (Some(window.opens().to_string()), Some(window.expires().to_string())),
            _ => (None, None),
        };
        let undecided = matches!(judged.state(), State::Undecided(_));
        self.write(event, now, |entry| {
            entry.time_source = if undecided || local { TimeSource::Local } else { TimeSource::Server };
            entry.approvers = approvers.collect();
            entry.reason = judged.counted.last().map(|counted| counted.reason.clone());
            (entry.opens, entry.expires) = (opens, expires);
            fill(entry);
        })
    }

    /// The same without a judgement: the time is the local clock's unless `fill` says otherwise.
    pub(super) fn write(
        &self,
        event: EventKind,
        now: Now,
        fill: impl FnOnce(&mut Entry),
    ) -> Result<Option<Checkpoint>, String> {
        let Some(ledger) = self.ledger else { return Ok(None) };
        let parts = self.subject.parts();
        let mut entry = Entry {
            pull_request: (!self.is_local()).then_some(parts.pr_number),
            stack: Some(parts.stack.to_string()),
            subject: Some(self.subject.digest()),
            plan_sha256: Some(parts.plan_sha256),
            policy_digest: Some(parts.policy_digest),
            risk: parts.requirements.risk().map(|risk| risk.to_string()),
            ..about_nothing(event, now, &self.origin)
        };
        fill(&mut entry);
        let record = append(ledger, &entry).map_err(|error| error.to_string())?;
        Ok(Some(Chain::ending_with(&record).checkpoint()))
    }
}

/// An entry that is about no subject; the time is the local clock's.
fn about_nothing(event: EventKind, now: Now, origin: &Origin) -> Entry {
    let workload = Workload {
        run_id: origin.run.map(|run| run.id),
        run_attempt: origin.run.map(|run| run.attempt),
        workflow: origin.workflow.clone(),
    };
    Entry::new(now.timestamp().to_string(), TimeSource::Local, event, origin.repository.clone(), workload)
}

/// No message of ours is longer; what a server says may be.
const MAX_DETAIL: usize = 2000;

/// Records that an apply ended before anything was decided or claimed: what is known of it then is the file at most.
/// The error says what is missing.
pub(super) fn record_error(
    ledger: &dyn ObjectStore,
    origin: &Origin,
    about: (Option<u64>, Option<Digest>),
    why: &str,
) -> Result<(), String> {
    let detail = format!("not applied: {why}").chars().take(MAX_DETAIL).collect();
    let entry = Entry {
        pull_request: about.0,
        plan_sha256: about.1,
        detail: Some(detail),
        ..about_nothing(EventKind::Undecided, Now::from_local_clock(clock::now()), origin)
    };
    append(ledger, &entry).map(drop).map_err(|error| error.to_string())
}

/// The line of a check run that notes the end of the ledger, so that a tail cut off later shows.
pub(super) fn checkpoint_line(checkpoint: Option<Checkpoint>) -> String {
    checkpoint.map_or_else(String::new, |checkpoint| format!("Ledger checkpoint: `{checkpoint}`\n\n"))
}
