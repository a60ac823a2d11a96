//! `apply` without a forge: approvals are signed grants, the claim is a file, and time is the local clock's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::super::gate::Gated;
use super::super::record::Recorder;
use super::super::subject::{stack, subject_of};
use super::super::terminal;
use super::records::{record_gap, refused};
use super::{Stage, Steps, judged, other_account};
use crate::apply::{Evidence, Refusal, admit};
use crate::approval::{
    ApplyPhase, ApplyRecord, BanReason, Digest, Grant, Hands, Judgement, LOCAL_HOST, Now, SignedGrant, Subject,
    decide_offline,
};
use crate::cli::ApplyArgs;
use crate::config::Config;
use crate::decision::Decision;
use crate::edge::apply_process::apply;
use crate::edge::forge::{Origin, PullFacts};
use crate::edge::private_copy::PrivateCopy;
use crate::edge::repository::Repository;
use crate::edge::store::{self, ClaimNote, ObjectStore};
use crate::edge::terraform::Terraform;
use crate::edge::{clock, environment, files, signature};
use crate::ledger::EventKind;

/// The subject of a plan without a forge: the commit that is checked out takes the place of the pull request's head.
///
/// # Errors
/// When this is no git repository, or the run has not one binary plan.
pub(in crate::command) fn subject(gated: &Gated, given: Option<&str>) -> Result<Subject> {
    if gated.report.plans.iter().any(|plan| plan.source != "binary") {
        bail!(
            "only a binary plan can be approved: JSON cannot be applied\n  help: give the file of `terraform plan -out`"
        );
    }
    let repository = repository()?;
    let base = &gated.settings.config.offline.base;
    let facts = PullFacts {
        host: LOCAL_HOST.to_owned(),
        repo_id: 0,
        default_branch: String::new(),
        head_sha: repository.commit("HEAD")?,
        base_ref: String::new(),
        changed_files: repository.paths_since(base).with_context(|| no_base(base))?,
    };
    subject_of(gated, &facts, 0, stack(given)?, None)
}

fn repository() -> Result<Repository> {
    Repository::around(Path::new(".")).context(
        "approval without a forge needs a git repository around the working directory: its commits say who must not approve",
    )
}

fn no_base(base: &str) -> String {
    format!("where the change starts is not known: offline.base is `{base}`")
}

/// Whoever has a hand in the change: the commits' people, and who applies here.
fn hands(config: &Config) -> Result<Hands> {
    let repository = repository()?;
    let base = &config.offline.base;
    let mut hands = Hands::default();
    for (email, commit) in repository.people_since(base).with_context(|| no_base(base))? {
        hands.add(&email, BanReason::Commit(commit));
    }
    hands.add(&repository.own_email()?, BanReason::Applier);
    Ok(hands)
}

/// The grants whose signatures hold. One that does not hold is said and left out: it cannot open anything.
fn grants(args: &ApplyArgs, config: &Config) -> Result<Vec<SignedGrant>> {
    let mut all = Vec::new();
    for path in &args.approvals {
        let document = files::read(path)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".sig");
        let text = files::read_text(&PathBuf::from(beside)).map(|file| file.text);
        let read = text.and_then(|text| {
            let signer = signature::signer_of(&config.offline.allowed_signers, &document, &text)?;
            let grant = Grant::from_document(&document).map_err(|error| anyhow::anyhow!("it is no grant: {error}"))?;
            Ok(SignedGrant { grant, signer })
        });
        match read {
            Ok(grant) => all.push(grant),
            Err(error) => {
                terminal::note(&format!("tollgate: `{}` does not count: {error:#}", path.display()));
            }
        }
    }
    Ok(all)
}

/// Where claims and records are: what the configuration names, else a directory of this repository.
pub(super) fn place(configured: Option<&str>) -> Result<Box<dyn ObjectStore>> {
    let url = match configured {
        Some(url) if url != "forge" => url.to_owned(),
        _ => {
            let root = std::path::absolute(repository()?.root()).context("the repository's place is not known")?;
            format!("file://{}/.tollgate", root.display())
        }
    };
    Ok(store::open(&url)?)
}

/// Earlier applies of the subject, from the ledger: a claim that was deleted revives nothing.
fn earlier(ledger: &dyn ObjectStore, subject: Digest) -> Result<Vec<ApplyRecord>> {
    let records = store::read_all(ledger, None)?.records;
    let of = records.iter().filter(|record| record.entry().subject == Some(subject));
    let phase = |event: EventKind, status: Option<i32>| match (event, status) {
        (EventKind::Claim | EventKind::ApplyStart, _) => Some(ApplyPhase::Claimed),
        (EventKind::ApplyEnd, Some(0)) => Some(ApplyPhase::Applied),
        (EventKind::ApplyEnd | EventKind::Recover, _) => Some(ApplyPhase::Failed),
        _ => None,
    };
    let found = of.filter_map(|record| {
        let phase = phase(record.entry().event, record.entry().exit_status)?;
        Some(ApplyRecord { key: format!("record {} of the ledger", record.seq()), subject, phase })
    });
    Ok(found.collect())
}

/// The steps of an apply without a forge, in the order of those with one.
pub(super) fn steps(args: &ApplyArgs, stage: &mut Stage) -> Steps {
    let plan = args.plan.as_deref().context("an apply without a forge takes a plan file")?;
    let copy = PrivateCopy::of(plan)?;
    let terraform = Terraform::find(args.terraform.as_deref())?;
    let gated = judged(copy.path(), args.terraform.clone(), &args.pull, &args.settings)?;
    let config = &gated.settings.config;
    if gated.report.decision == Decision::Error {
        bail!("the plan could not be judged");
    }
    let claims_url = config.apply.claims.as_deref();
    if environment::is_set("CI") && claims_url.is_none_or(|url| url.starts_with("file:")) {
        bail!(
            "without a forge, claims in a pipeline need a place that other runs see\n  help: set `apply.claims` to a bucket"
        );
    }
    let subject = subject(&gated, args.pull.stack.as_deref())?;
    let ledger = place(config.ledger.as_deref())?;
    let origin = Origin { repository: LOCAL_HOST.to_owned(), ..Origin::default() };
    let recorder = Recorder { ledger: Some(ledger.as_ref()), origin, subject: &subject };
    if gated.report.decision == Decision::Block {
        return Ok(Err(refused(&recorder, Refusal::Blocked, None)));
    }
    let (grants, hands) = (grants(args, config)?, hands(config)?);
    let look = |records: &[ApplyRecord]| -> (Judgement, Now) {
        let now = Now::from_local_clock(clock::now());
        (decide_offline((&config.approvals, &config.offline), &subject, &grants, &hands, records, now), now)
    };
    let (judgement, now) = look(&earlier(ledger.as_ref(), subject.digest())?);
    for one in &judgement.rejected {
        let by = one.by.as_ref().map_or("", |by| by.login.as_str());
        terminal::note(&format!("tollgate: the grant of `{by}` does not count: {}", one.why));
    }
    judgement.notes.iter().for_each(|note| terminal::note(&format!("tollgate: {note}")));
    // There is no published subject: what was approved is what the grants sign, and they count for this one alone.
    let evidence = Evidence { copy: copy.digest(), approved: &subject, recomputed: &subject };
    let admission = match admit(evidence, &judgement, &config.apply, now) {
        Ok(admission) => admission,
        Err(refusal) => return Ok(Err(refused(&recorder, refusal, Some((&judgement, now))))),
    };
    if let Some(refusal) = other_account(&config.apply)? {
        return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
    }
    let note = ClaimNote::new(subject.digest(), now.timestamp().to_string(), None);
    let claims = place(claims_url)?;
    *stage = Stage::Claiming;
    let claim = match store::claim(claims.as_ref(), &note) {
        Ok(Ok(claim)) => claim,
        Ok(Err(refusal)) => {
            *stage = Stage::BeforeClaim;
            return Ok(Err(refused(&recorder, refusal, Some((&judgement, now)))));
        }
        Err(error) => {
            let why = format!("it is not known whether the claim exists, nothing was started: {error:#}");
            record_gap(&recorder, None, why);
            return Err(error.into());
        }
    };
    *stage = Stage::Claimed;
    let claimed = claim.key().to_owned();
    let from_claim_on = || -> Steps {
        let record = |event, judgement: &Judgement, now| {
            let written = recorder.record(event, now, judgement, |entry| entry.claim = Some(claimed.clone()));
            written.map_err(|error| anyhow::anyhow!(error))
        };
        record(EventKind::Claim, &judgement, now)?;
        let read_at = clock::stopwatch();
        let (judgement, now) = look(&[]);
        let permit = match admission.permit(claim, &judgement, &config.apply, now) {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(refused(&recorder, refusal, Some((&judgement, now))))),
        };
        record(EventKind::ApplyStart, &judgement, now)?;
        let ended = apply(permit, &copy, &terraform, &config.apply, read_at)?;
        *stage = Stage::Applied;
        let now = Now::from_local_clock(clock::now());
        let entry = recorder.record(EventKind::ApplyEnd, now, &judgement, |entry| {
            entry.claim = Some(claimed.clone());
            entry.exit_status = Some(ended.status);
            entry.detail = ended.interrupted.map(|signal| format!("interrupted once: {signal:?}"));
        });
        Ok(Ok((ended, entry.err().into_iter().collect())))
    };
    let done = from_claim_on();
    if let Err(error) = &done {
        record_gap(&recorder, Some(claimed.clone()), format!("claimed, and Terraform was not started: {error:#}"));
    }
    done
}
