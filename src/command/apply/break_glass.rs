//! `apply --break-glass`: who may, what is bypassed, and who is told.

use anyhow::{Context as _, Result, bail};

use super::super::pull_state::harmless;
use super::super::record::Recorder;
use super::super::terminal;
use crate::apply::Refusal;
use crate::approval::{BreakGlass, Judgement, NotBroken, Now, Person as Rights, State, Subject, Who};
use crate::cli::ApplyArgs;
use crate::config::Config;
use crate::edge::forge::{Context, Forge};
use crate::edge::store::{ObjectStore, read_all};
use crate::ledger::{EventKind, Person};

/// Whether this run may break the glass.
///
/// # Errors
/// The forge's, and a run without a reason or ticket.
pub(super) fn granted(
    args: &ApplyArgs,
    context: &Context,
    config: &Config,
    has_ledger: bool,
) -> Result<std::result::Result<BreakGlass, Refusal>> {
    let settings = &config.break_glass;
    if !settings.enabled {
        return Ok(Err(Refusal::BreakGlass(NotBroken::Disabled)));
    }
    if !has_ledger {
        return Ok(Err(Refusal::BreakGlass(NotBroken::NoLedger)));
    }
    let line = |text: &Option<String>, least: usize| {
        let text = text.as_deref().unwrap_or_default().trim();
        text.chars().count() >= least && text.chars().count() <= 500 && !text.contains(char::is_control)
    };
    if !line(&args.reason, 10) || !line(&args.ticket, 3) {
        bail!("break-glass needs --reason (ten characters at least) and --ticket, one line each");
    }
    let run = context.run.context("break-glass works in a pipeline's run alone: the run says who it is")?;
    let starter = context.forge.starter(run, &settings.any_of)?;
    let reviews = context.forge.environment_reviews(run)?;
    let nobody = Rights { role: crate::approval::Role::default(), teams: std::collections::BTreeSet::new() };
    let (account, rights) = starter.map_or((None, nobody), |(account, rights)| (Some(account), rights));
    Ok(BreakGlass::granted(settings, account.as_ref(), &rights, &reviews).map_err(Refusal::BreakGlass))
}

/// Refuses where a normal apply is possible.
pub(super) fn needed(judgement: &Judgement) -> std::result::Result<(), Refusal> {
    match judgement.state() {
        State::Open(_) => Err(Refusal::BreakGlass(NotBroken::NotNeeded("a window is open"))),
        State::NotRequired => Err(Refusal::BreakGlass(NotBroken::NotNeeded("the plan needs no approval"))),
        _ => Ok(()),
    }
}

/// Says what is bypassed: on the log, in an issue, on the pull request to everybody whose approval is skipped, and in
/// the ledger. Nothing runs unless all of it is done.
///
/// # Errors
/// The forge's and the ledger's.
pub(super) fn announce(
    args: &ApplyArgs,
    context: &Context,
    config: &Config,
    recorder: &Recorder<'_>,
    (emergency, judgement, now): (&BreakGlass, &Judgement, Now),
) -> Result<()> {
    let subject: &Subject = recorder.subject;
    let parts = subject.parts();
    let (reason, ticket) = (args.reason.as_deref().unwrap_or_default(), args.ticket.as_deref().unwrap_or_default());
    let by = &emergency.by().login;
    let skipped: Vec<String> = judgement
        .needs
        .iter()
        .filter(|need| !need.satisfied)
        .map(|need| format!("rule `{}` ({} of {} approvals)", need.rule, need.have, need.needed))
        .collect();
    let skipped = if skipped.is_empty() { "every approver rule".to_owned() } else { skipped.join(", ") };
    let risk = parts.requirements.risk().map_or_else(|| "none".to_owned(), |risk| risk.to_string());
    let hours = config.break_glass.review_hours;
    terminal::note(&format!("tollgate: BREAK-GLASS by {by}: {ticket}: {reason}"));
    terminal::note(&format!("tollgate: bypassed: {skipped}; plan {} with risk {risk}", subject.digest()));
    let facts = format!(
        "**Break-glass** by `{by}` on pull request {}, stack `{}`.\n\n- ticket: {}\n- reason: {}\n- risk: {risk}\n- bypassed: {skipped}\n- plan `{}`\n\nTo be reviewed within {hours} hours by somebody else (`tollgate audit review`); an overdue review blocks normal windows of this stack.\n",
        parts.pr_number,
        parts.stack,
        harmless(ticket),
        harmless(reason),
        subject.digest(),
    );
    let title = format!("Break-glass: {} on pull request {}", parts.stack, parts.pr_number);
    let issue = context.forge.open_issue(&title, &facts, &config.break_glass.label)?;
    let told = mentions(config);
    context.forge.say(parts.pr_number, &format!("{facts}\nSee issue {issue}. {told}\n"))?;
    let actor = Person { id: Some(emergency.by().id.0), name: by.clone() };
    let detail = format!("ticket {ticket}; issue {issue}; bypassed {skipped}");
    let written = recorder.record(EventKind::BreakGlass, now, judgement, |entry| {
        entry.actor = Some(actor);
        entry.reason = Some(reason.to_owned());
        entry.detail = Some(detail);
    });
    written.map(|_| ()).map_err(|error| anyhow::anyhow!(error))
}

/// Everybody by name whose approval may have been skipped.
fn mentions(config: &Config) -> String {
    let named = config.approvals.rules.iter().flat_map(|rule| rule.requires.any_of.iter().chain(&rule.requires.all_of));
    let names: std::collections::BTreeSet<String> = named
        .filter_map(|who| match who {
            Who::Login(login) => Some(format!("@{login}")),
            Who::Team(team) => Some(format!("@{team}")),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("Skipped: {}", names.into_iter().collect::<Vec<_>>().join(" "))
    }
}

/// A use of break-glass on this stack whose review is overdue.
///
/// # Errors
/// The ledger's.
pub(super) fn overdue(
    ledger: &dyn ObjectStore,
    repository: &str,
    subject: &Subject,
    hours: u64,
    now: Now,
) -> Result<Option<Refusal>> {
    let records = read_all(ledger, None)?.records;
    let stack = subject.parts().stack.as_str();
    let reviewed = |seq: u64| {
        let reference = format!("record {seq}");
        records.iter().any(|record| {
            record.entry().event == EventKind::Review && record.entry().claim.as_deref() == Some(reference.as_str())
        })
    };
    for record in &records {
        let entry = record.entry();
        if entry.event != EventKind::BreakGlass
            || entry.repository != repository
            || entry.stack.as_deref() != Some(stack)
        {
            continue;
        }
        let used: jiff::Timestamp = entry.time.parse().context("a record has no time")?;
        let age = now.timestamp().duration_since(used).as_secs();
        let due = i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(3600);
        if age > due && !reviewed(record.seq()) {
            return Ok(Some(Refusal::ReviewOverdue(record.seq())));
        }
    }
    Ok(None)
}
