//! `tollgate check --publish`: the check run, the comment, and the subject document.

use std::time::Duration;

use anyhow::{Result, bail};

use super::gate::Gated;
use super::record::{Recorder, checkpoint_line, ledger_at};
use super::subject::{stack, subject_of};
use super::terminal;
use crate::approval::{Digest, Now, POLICY_FILES_RULE, Subject, WindowLength};
use crate::cli::CheckArgs;
use crate::decision::Decision;
use crate::edge::forge::{Annotation, AnnotationLevel, CheckReport, Conclusion, Context, Forge};
use crate::edge::plan_store::PlanStore;
use crate::edge::sealing::Recipients;
use crate::edge::{ci, clock, files};
use crate::ledger::{EventKind, Person};
use crate::policy::{Finding, Level, Severity};
use crate::report::{self, Format, Options, SubjectEntry, words};

/// Publishes. The report then carries the subject, and the finding about the gate's own files where there is one.
///
/// # Errors
/// When the forge cannot be reached or written to; nothing counts as approved then, and the run has no decision.
pub(super) fn publish(gated: &mut Gated, args: &CheckArgs) -> Result<()> {
    let context = Context::from_environment()?;
    let pull = context.pull(args.pull.pr)?;
    let facts = context.forge.facts(pull)?;
    if context.event_head().is_some_and(|head| head != facts.head_sha) {
        bail!(
            "the pull request has a newer head than the one this run is about\n  help: the run of the new head publishes"
        );
    }
    let stack = stack(args.pull.stack.as_deref())?;
    let marker = format!("<!-- tollgate:v1 repo={} pr={pull} stack={stack} -->", facts.repo_id);
    let name = format!("tollgate ({stack})");
    let subject = match gated.report.decision {
        Decision::Error => None,
        _ => Some(subject_of(gated, &facts, pull, stack, context.run)?),
    };
    if let Some(subject) = &subject {
        ask_for_policy_files(gated, subject);
        let parts = serde_json::to_value(subject.parts())?;
        let parts = parts.as_object().cloned().unwrap_or_default();
        // Before anything asks for approval: what is approved can then be applied.
        if gated.report.decision != Decision::Block {
            keep(gated, args, subject)?;
        }
        gated.report.subject = Some(SubjectEntry { digest: subject.digest().to_string(), parts });
    }
    let report = &gated.report;
    let (conclusion, title) = match report.decision {
        Decision::Allow => (Conclusion::Success, "allowed"),
        Decision::NeedsApproval => (Conclusion::ActionRequired, "approval required"),
        Decision::Block => (Conclusion::Failure, "blocked"),
        Decision::Error => (Conclusion::Failure, "no decision was made"),
    };
    let noted = subject.as_ref().map_or_else(String::new, |subject| requested(gated, &context, subject));
    let report = &gated.report;
    let approvals = &gated.settings.config.approvals;
    let longest = |subject: &Subject| approvals.cap_for(subject.parts().requirements.entries());
    let line = subject.as_ref().and_then(|subject| subject.approval_line(suggested(longest(subject))));
    let head = format!("{}\n{noted}", heading(title, line.as_deref()));
    let body = format!("{head}\n{}", report::render(report, Format::Markdown, &Options::default()));
    let document =
        subject.as_ref().map(|subject| subject.document().map(|text| (subject.digest(), text))).transpose()?;
    context.forge.publish(&CheckReport {
        name,
        head_sha: facts.head_sha,
        title: title.to_owned(),
        summary: body.clone(),
        subject: document,
        annotations: report.findings.iter().filter_map(annotation).collect(),
        conclusion,
    })?;
    context.forge.show(pull, &marker, &body)?;
    Ok(())
}

/// Records that approval was asked for, or why it need not or cannot be; gives the line that notes the ledger's end.
/// A record that cannot be written stops nothing, because a report permits nothing; it is said instead.
fn requested(gated: &Gated, context: &Context, subject: &Subject) -> String {
    let config = &gated.settings.config;
    if config.ledger.is_none() {
        return String::new();
    }
    let ledger = ledger_at(config.ledger.as_deref()).map_err(|error| format!("{error:#}"));
    let written = ledger.and_then(|ledger| {
        let recorder = Recorder { ledger: ledger.as_deref(), origin: context.origin(), subject };
        let actor = ci::Context::read().actor.map(|name| Person { id: None, name });
        recorder.write(EventKind::Request, Now::from_local_clock(clock::now()), |entry| {
            entry.actor = actor;
            entry.detail = Some(words::decision(gated.report.decision).to_owned());
        })
    });
    match written {
        Ok(checkpoint) => checkpoint_line(checkpoint),
        Err(gap) => {
            terminal::note(&format!("tollgate: the request is not recorded: {gap}"));
            "This request is not recorded in the ledger.\n\n".to_owned()
        }
    }
}

/// Keeps the plan file where `apply --from-store` looks for it, if there is such a place.
fn keep(gated: &Gated, args: &CheckArgs, subject: &Subject) -> Result<()> {
    let settings = &gated.settings.config.plan_store;
    let (Some(url), Some(path)) = (args.plan_store.as_ref().or(settings.url.as_ref()), args.plans.first()) else {
        return Ok(());
    };
    let recipients = Recipients::parse(&settings.recipients)?;
    let plan = files::read(path)?;
    if Digest::of(&plan) != subject.parts().plan_sha256 {
        bail!("`{}` changed while it was judged\n  help: check it again once nothing writes to it", path.display());
    }
    PlanStore::open(url)?.keep(&plan, &recipients, subject)?;
    Ok(())
}

/// An hour, or less where the configuration allows no more: time for the jobs to start, and for the apply.
fn suggested(longest: Duration) -> WindowLength {
    let minutes = u32::try_from(longest.as_secs() / 60).unwrap_or(u32::MAX);
    WindowLength::from_minutes(minutes.min(60)).unwrap_or(WindowLength::MIN)
}

/// The part that must not be cut off: what is decided, and the line that approves it.
fn heading(title: &str, line: Option<&str>) -> String {
    let mut text = format!("## tollgate: {title}\n");
    if let Some(line) = line.filter(|_| title == "approval required") {
        text.push_str(
            "\nTo approve exactly this plan, paste this line as a comment, with the time that you allow for the apply and your reason in place of the dots:\n",
        );
        text.push_str(&format!("\n```\n{line}…\n```\n"));
    }
    text
}

/// Changed files of the gate are a finding of this pull request, whatever the plan holds.
fn ask_for_policy_files(gated: &mut Gated, subject: &Subject) {
    let asked = subject.parts().requirements.entries().iter().find(|entry| entry.rule == POLICY_FILES_RULE);
    let Some(asked) = asked else { return };
    let plan = gated.report.plans.first().map(|plan| plan.id.clone()).unwrap_or_default();
    let message = format!("{} files that decide what is allowed are changed", asked.count);
    gated.report.findings.push(Finding {
        plan,
        rule: POLICY_FILES_RULE.to_owned(),
        level: Level::Approve,
        severity: Severity::High,
        address: String::new(),
        path: String::new(),
        fingerprint: Finding::fingerprint_of(POLICY_FILES_RULE, "", "", &message),
        message,
        remediation: "have the owners of the policy review them; they count only on the default branch".to_owned(),
        location: None,
        approvers: None,
        max_window: None,
    });
    gated.report.decision = gated.report.decision.max(Decision::NeedsApproval);
}

fn annotation(finding: &Finding) -> Option<Annotation> {
    let location = finding.location.as_ref()?;
    Some(Annotation {
        path: location.file.clone(),
        line: location.line,
        level: match finding.level {
            Level::Warn => AnnotationLevel::Notice,
            Level::Approve => AnnotationLevel::Warning,
            Level::Deny => AnnotationLevel::Failure,
        },
        title: format!("{}: {}", finding.rule, finding.address),
        message: finding.message.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suggested_window_is_one_that_counts() {
        for (longest, suggested_is) in [(24 * 3600, "1h"), (3600, "1h"), (30 * 60, "30m"), (5 * 60, "5m"), (60, "5m")] {
            assert_eq!(suggested(Duration::from_secs(longest)).to_string(), suggested_is, "{longest}");
        }
    }
}
