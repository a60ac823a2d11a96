//! What an apply writes to the ledger beside its steps: refusals, errors, and what is missing.

use super::super::record::{Recorder, ledger_at, record_error};
use super::super::settings::Settings;
use super::super::terminal;
use super::offline;
use crate::apply::Refusal;
use crate::approval::{Judgement, LOCAL_HOST, Now, Subject};
use crate::cli::ApplyArgs;
use crate::edge::apply_process::Ended;
use crate::edge::clock;
use crate::edge::forge::{Context, Origin};
use crate::edge::private_copy::PrivateCopy;
use crate::ledger::{Checkpoint, EventKind};

/// Records an error before the claim, where there is a ledger, and says it where that is not possible.
pub(super) fn record_failure(args: &ApplyArgs, why: &str) {
    let local = args.offline || !args.approvals.is_empty();
    let written = Settings::read(&args.settings, clock::now()).and_then(|settings| {
        let url = settings.config.ledger.as_deref();
        let ledger = if local { Some(offline::place(url)?) } else { ledger_at(url)? };
        let Some(ledger) = ledger else { return Ok(()) };
        let context = if local { None } else { Context::from_environment().ok() };
        let pull = context.as_ref().and_then(|context| context.pull(args.pull.pr).ok());
        let unknown = || Origin { repository: LOCAL_HOST.to_owned(), ..Origin::default() };
        let origin = context.as_ref().map_or_else(unknown, Context::origin);
        let plan = args.plan.as_deref().and_then(|plan| PrivateCopy::of(plan).ok()).map(|copy| copy.digest());
        record_error(ledger.as_ref(), &origin, (pull, plan), why).map_err(|gap| anyhow::anyhow!(gap))
    });
    written.inspect_err(|gap| terminal::note(&format!("tollgate: not recorded: {gap:#}"))).ok();
}

/// Records that something is missing, and says it where that is not possible either.
pub(super) fn record_gap(recorder: &Recorder<'_>, claim: Option<String>, detail: String) {
    let gap = recorder.write(EventKind::RecordGap, Now::from_local_clock(clock::now()), |entry| {
        entry.claim = claim;
        entry.detail = Some(detail);
    });
    gap.inspect_err(|gap| terminal::note(&format!("tollgate: not recorded: {gap}"))).ok();
}

/// Records a refusal, and says it where that is not possible.
pub(super) fn refused(recorder: &Recorder<'_>, refusal: Refusal, judged: Option<(&Judgement, Now)>) -> Refusal {
    let detail = format!("{}: {refusal}", refusal.check().word());
    let recorded = match judged {
        Some((judgement, now)) => {
            recorder.record(EventKind::Refuse, now, judgement, |entry| entry.detail = Some(detail))
        }
        None => {
            let now = Now::from_local_clock(clock::now());
            recorder.write(EventKind::Refuse, now, |entry| entry.detail = Some(detail))
        }
    };
    recorded.inspect_err(|gap| terminal::note(&format!("tollgate: not recorded: {gap}"))).ok();
    refusal
}

/// What the pull request is told once Terraform has ended. Nobody reads it back.
pub(super) fn how_it_ended(subject: &Subject, ended: &Ended) -> String {
    let (stack, digest) = (&subject.parts().stack, subject.digest());
    let interrupted = if ended.interrupted.is_some() { ", interrupted once" } else { "" };
    let what = match ended.status {
        0 => format!("was applied{interrupted}"),
        status => format!(
            "was not applied to its end: Terraform ended with status {status}{interrupted}. The plan is used up; the log of the run says what happened, then plan and approve again"
        ),
    };
    format!("**{stack}** {what}.\n\nplan `{digest}`\n")
}

/// The line of a deployment's status that names the end of the ledger.
pub(super) fn note_of(checkpoint: Option<Checkpoint>) -> Option<String> {
    checkpoint.map(|checkpoint| format!("ledger {checkpoint}"))
}
