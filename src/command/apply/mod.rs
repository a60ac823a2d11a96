//! `tollgate apply`: the guarded way from an approved plan file to Terraform.
//!
//! Every check before the claim refuses without a trace but a record; between the claim and Terraform's start a
//! failure leaves the claim, which denies; once Terraform has run, its status stands, and whatever could not be
//! recorded is said.

mod break_glass;
mod from_store;
mod looks;
pub(super) mod offline;
mod records;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::pull_state::{self, published};
use super::record::{Recorder, ledger_of_apply};
use super::settings::Settings;
use super::subject::subject_of;
use super::terminal;
use crate::apply::{Evidence, Refusal, admit};
use crate::approval::{Judgement, Now, Subject};
use crate::cli::ApplyArgs;
use crate::decision::Decision;
use crate::edge::apply_process::{Ended, apply};
use crate::edge::forge::{Context, DeploymentNote, DeploymentState, Forge};
use crate::edge::private_copy::PrivateCopy;
use crate::edge::store::{self, ClaimNote};
use crate::edge::terraform::Terraform;
use crate::edge::{clock, files};
use crate::exit::Outcome;
use crate::ledger::EventKind;
pub(super) use looks::judged;
use looks::{claim, may_be_read, other_account};
use records::{how_it_ended, note_of, record_failure, record_gap, refused};

/// How far it got, for `--result` and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Nothing is claimed, nothing has run.
    BeforeClaim,
    /// Nothing has run, and it is not known whether the claim exists.
    Claiming,
    /// Claimed, and Terraform has not started.
    Claimed,
    /// Terraform has ended.
    Applied,
}

/// What ended it.
enum End {
    Refused(Refusal),
    Failed(anyhow::Error),
    Ran(Ended, Vec<String>),
}

/// Runs it: the exit code is Terraform's once it has started.
pub(super) fn run(args: &ApplyArgs) -> ExitCode {
    let mut stage = Stage::BeforeClaim;
    let end = guarded(args, &mut stage);
    let (code, summary) = match &end {
        End::Refused(refusal) => {
            terminal::note(&format!("tollgate: not applied: {refusal} (check: {})", refusal.check().word()));
            let summary = json!({ "result": "refused", "check": refusal.check().word(), "why": refusal.to_string() });
            (refusal.outcome().code(), summary)
        }
        End::Failed(error) => {
            let why = format!("{error:#}");
            terminal::error(&format!("not applied: {why}"));
            if stage == Stage::Claiming {
                terminal::note(
                    "tollgate: the plan may be claimed: `tollgate recover` tells; if it is, plan and approve again",
                );
            }
            if stage == Stage::Claimed {
                terminal::note(
                    "tollgate: the plan stays claimed, so it cannot be applied any more: plan and approve again",
                );
            }
            (Outcome::Error.code(), json!({ "result": "error", "why": why }))
        }
        End::Ran(ended, gaps) => {
            for gap in gaps {
                terminal::note(&format!("tollgate: applied, but not recorded: {gap}"));
            }
            if let Some(signal) = ended.interrupted {
                terminal::note(&format!("tollgate: Terraform was interrupted once ({signal:?})"));
            }
            let code = u8::try_from(ended.status).unwrap_or(1);
            let summary = json!({ "result": "ran", "exit_status": ended.status, "not_recorded": gaps,
                "interrupted": ended.interrupted.is_some(), "dropped_variables": ended.dropped });
            (code, summary)
        }
    };
    if let Some(path) = &args.result {
        let result = json!({ "schema_version": 1, "stage": stage, "end": summary, "exit_code": code });
        if let Err(error) = files::write(path, &format!("{result:#}\n")) {
            terminal::note(&format!("tollgate: {error:#}"));
        }
    }
    ExitCode::from(code)
}

fn guarded(args: &ApplyArgs, stage: &mut Stage) -> End {
    let done = match args.offline || !args.approvals.is_empty() {
        true => offline::steps(args, stage),
        false => steps(args, stage),
    };
    match done {
        Ok(Ok((ended, gaps))) => End::Ran(ended, gaps),
        Ok(Err(refusal)) => End::Refused(refusal),
        Err(error) => {
            // From the claim on, the steps themselves record what is missing.
            if *stage == Stage::BeforeClaim {
                record_failure(args, &format!("{error:#}"));
            }
            End::Failed(error)
        }
    }
}

type Steps = Result<Result<(Ended, Vec<String>), Refusal>>;

fn steps(args: &ApplyArgs, stage: &mut Stage) -> Steps {
    // 1. A private copy; only the copy counts from here on.
    let carried = args.plan.as_deref().map(PrivateCopy::of).transpose()?;
    let context = Context::from_environment()?;
    let pull = context.pull(args.pull.pr)?;
    let terraform = Terraform::find(args.terraform.as_deref())?;

    // 2. The subject that was published for this file, before anything reads the file: showing it starts plugins.
    let facts = context.forge.facts(pull)?;
    let mut published = published(&context, pull, &facts)?;
    let copy = match carried {
        Some(copy) => copy,
        None => match from_store::fetch(args, &context, pull, &published)? {
            Ok(copy) => copy,
            Err(foreign) => {
                let ledger = ledger_of_apply(foreign.ledger.as_deref(), context.ci)?;
                let recorder =
                    Recorder { ledger: ledger.as_deref(), origin: context.origin(), subject: foreign.subject };
                return Ok(Err(refused(&recorder, foreign.refusal, None)));
            }
        },
    };
    published.retain(|subject| subject.parts().plan_sha256 == copy.digest());
    let Some(first) = published.first() else {
        bail!(
            "no report on the head of pull request {pull} is about this plan file ({})\n  help: it was planned for another commit, or not published; plan again with `tollgate check --publish`",
            copy.digest()
        );
    };

    // 3. The first look, at what was published: nothing of the pull request has run in this job so far.
    let settings = Settings::read(&args.settings, clock::now())?;
    let ledger = ledger_of_apply(settings.config.ledger.as_deref(), context.ci)?;
    let recorder_of = |subject| Recorder { ledger: ledger.as_deref(), origin: context.origin(), subject };
    let emergency = match args.break_glass {
        false => None,
        true => match break_glass::granted(args, &context, &settings.config, ledger.is_some())? {
            Ok(granted) => Some(granted),
            Err(refusal) => return Ok(Err(refused(&recorder_of(first), refusal, None))),
        },
    };
    if let Err((refusal, of)) = may_be_read(&context, &settings.config, (pull, &facts), &published, emergency.as_ref())?
    {
        return Ok(Err(refused(&recorder_of(&of.subject), refusal, Some((&of.judgement, of.now)))));
    }

    // 4. Judged again, with the policy that this job has checked out: the default branch's.
    let gated = judged(copy.path(), args.terraform.clone(), &args.pull, &args.settings)?;
    let config = &gated.settings.config;
    match gated.report.decision {
        Decision::Error => bail!("the plan could not be judged again"),
        Decision::Block => return Ok(Err(refused(&recorder_of(first), Refusal::Blocked, None))),
        Decision::Allow | Decision::NeedsApproval => {}
    }
    let recompute = |published: &Subject| {
        let parts = published.parts();
        subject_of(&gated, &facts, pull, parts.stack.clone(), parts.plan_run)
    };
    // Several runs may have published for one file; the one that is judged as then is meant, if there is one.
    let mut pair = (first, recompute(first)?);
    for candidate in &published {
        let recomputed = recompute(candidate)?;
        if recomputed.digest() == candidate.digest() {
            pair = (candidate, recomputed);
            break;
        }
    }
    let (approved, recomputed) = (pair.0, &pair.1);
    let recorder = recorder_of(approved);

    // 5. The look at what was computed.
    let evidence = Evidence { copy: copy.digest(), approved, recomputed };
    let look = |own: &[String]| -> (Judgement, Now, Instant) {
        let read_at = clock::stopwatch();
        let (judgement, now) = pull_state::look(&context, config, pull, approved, own);
        (judgement, now, read_at)
    };
    // What is missing may be bypassed; what denies still denies.
    let opened = |judgement: Judgement, now: Now| match &emergency {
        Some(emergency) => emergency.open(judgement, approved, now),
        None => judgement,
    };
    let (judgement, now, _) = look(&[]);
    if emergency.is_some()
        && let Err(refusal) = break_glass::needed(&judgement)
    {
        return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
    }
    let judgement = opened(judgement, now);
    if let (None, true, Some(ledger)) = (&emergency, config.break_glass.enabled, &ledger)
        && let Some(refusal) =
            break_glass::overdue(ledger.as_ref(), &context.repository, approved, config.break_glass.review_hours, now)?
    {
        return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
    }
    let admission = match admit(evidence, &judgement, &config.apply, now) {
        Ok(admission) => admission,
        Err(refusal) => return Ok(Err(refused(&recorder, refusal, Some((&judgement, now))))),
    };
    if let Some(refusal) = other_account(&config.apply)? {
        return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
    }

    // 6. The claim, and the look after it. A record that cannot be written stops it: nothing may run unrecorded.
    *stage = Stage::Claiming;
    let head = &approved.parts().head_sha;
    let url = config.apply.claims.as_deref();
    let claim = match claim(&context, url, approved.digest(), head, now) {
        Ok(Ok(claim)) => claim,
        Ok(Err(refusal)) => {
            *stage = Stage::BeforeClaim;
            return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
        }
        Err(error) => {
            record_gap(
                &recorder,
                None,
                format!("it is not known whether the claim exists, nothing was started: {error:#}"),
            );
            return Err(error);
        }
    };
    *stage = Stage::Claimed;
    let claimed = claim.key().to_owned();
    let from_claim_on = || -> Steps {
        if let Some(ledger) = &ledger {
            let note = ClaimNote::new(approved.digest(), now.timestamp().to_string(), context.run);
            if let Err(refusal) = store::mark(ledger.as_ref(), &note)? {
                return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
            }
        }
        let checkpoint = recorder
            .record(EventKind::Claim, now, &judgement, |entry| entry.claim = Some(claimed.clone()))
            .map_err(|e| anyhow::anyhow!(e))?;
        if let Some(emergency) = &emergency {
            break_glass::announce(args, &context, config, &recorder, (emergency, &judgement, now))?;
        }
        let environment = config.apply.environment.clone().unwrap_or_else(|| "production".to_owned());
        let environment = if emergency.is_some() { config.break_glass.environment.clone() } else { environment };
        let approvers: Vec<String> = judgement.counted.iter().map(|counted| counted.by.id.0.to_string()).collect();
        let mut details = BTreeMap::from([("approvers".to_owned(), approvers.join(","))]);
        if let Some(emergency) = &emergency {
            details.insert("break_glass".to_owned(), emergency.by().id.0.to_string());
        }
        if let Some(run) = context.run {
            details.insert("run".to_owned(), format!("{}/{}", run.id, run.attempt));
        }
        if let Some(checkpoint) = checkpoint {
            details.insert("ledger_checkpoint".to_owned(), checkpoint.to_string());
        }
        let note = DeploymentNote { subject: approved.digest(), head_sha: head.clone(), environment, details };
        let deployment = context.forge.record(&note).context("the deployment could not be recorded")?;
        let (judgement, now, read_at) = look(&[claimed.clone(), deployment.clone()]);
        let judgement = opened(judgement, now);
        let permit = match admission.permit(claim, &judgement, &config.apply, now) {
            Ok(permit) => permit,
            Err(refusal) => {
                let refusal = refused(&recorder, refusal, Some((&judgement, now)));
                let state = context.forge.record_state(&deployment, DeploymentState::Failure);
                state.inspect_err(|gap| terminal::note(&format!("tollgate: not recorded: {gap}"))).ok();
                return Ok(Err(refusal));
            }
        };
        let checkpoint = recorder
            .record(EventKind::ApplyStart, now, &judgement, |entry| entry.claim = Some(claimed.clone()))
            .map_err(|e| anyhow::anyhow!(e))?;
        context
            .forge
            .record_state_with(&deployment, DeploymentState::InProgress, note_of(checkpoint).as_deref())
            .context("the deployment could not be recorded")?;

        // 7. Terraform. What happens from here on stands.
        let ended = match apply(permit, &copy, &terraform, &config.apply, read_at) {
            Ok(ended) => ended,
            Err(error) => {
                let state = context.forge.record_state(&deployment, DeploymentState::Failure);
                state.inspect_err(|error| terminal::note(&format!("tollgate: not recorded: {error}"))).ok();
                return Err(error);
            }
        };
        *stage = Stage::Applied;
        let state = if ended.status == 0 { DeploymentState::Success } else { DeploymentState::Failure };
        let later = now.later(read_at.elapsed()).unwrap_or(now);
        let entry = recorder.record(EventKind::ApplyEnd, later, &judgement, |entry| {
            entry.claim = Some(claimed.clone());
            entry.exit_status = Some(ended.status);
            entry.detail = ended.interrupted.map(|signal| format!("interrupted once: {signal:?}"));
        });
        // Last, so that the deployment names the end of the ledger with this apply in it.
        let checkpoint = entry.as_ref().ok().copied().flatten();
        let recorded = context.forge.record_state_with(&deployment, state, note_of(checkpoint).as_deref());
        let recorded = recorded.map_err(|why| format!("the end of `{deployment}` could not be recorded: {why}"));
        let told = context.forge.say(pull, &how_it_ended(approved, &ended));
        let told = told.map_err(|why| format!("the pull request could not be told how it ended: {why}"));
        let mut gaps: Vec<String> = entry.err().into_iter().collect();
        for missing in [recorded.err(), told.err()].into_iter().flatten() {
            let detail = Some(missing.clone());
            gaps.push(missing);
            gaps.extend(recorder.record(EventKind::RecordGap, later, &judgement, |entry| entry.detail = detail).err());
        }
        Ok(Ok((ended, gaps)))
    };
    let done = from_claim_on();
    if let Err(error) = &done {
        // The claim stays, and it has no end of its own: the ledger says why.
        record_gap(&recorder, Some(claimed.clone()), format!("claimed, and Terraform was not started: {error:#}"));
    }
    done
}
