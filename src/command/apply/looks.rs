//! What an apply asks before it goes on: whether the plan may be read, what it is, whose the credentials are, and
//! whether somebody else was first.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::super::gate::{Gated, gate};
use super::super::preview::permitted;
use super::super::pull_state::{self, Situation};
use crate::apply::{ApplySettings, Claim, Refusal};
use crate::approval::{BreakGlass, Digest, Now, Subject};
use crate::cli::{CheckArgs, PullArgs, SettingsArgs};
use crate::config::Config;
use crate::edge::cloud_account::aws_account;
use crate::edge::forge::{Context, Forge, PullFacts};
use crate::edge::store::{self, ClaimNote};
use crate::report::Format;

/// Each report costs a full reading of the pull request.
const MAX_REPORTS: usize = 20;

/// Whether any report about this file permits to read it in this job; else the newest report and why it does not.
pub(super) fn may_be_read(
    context: &Context,
    config: &Config,
    (pull, facts): (u64, &PullFacts),
    published: &[Subject],
    emergency: Option<&BreakGlass>,
) -> Result<std::result::Result<(), (Refusal, Situation)>> {
    if published.len() > MAX_REPORTS {
        bail!("there are {} reports about this file, more than the {MAX_REPORTS} looked at", published.len());
    }
    let mut newest = None;
    for subject in published.iter().rev() {
        let mut situation = pull_state::situation(context, config, pull, subject.clone(), &[]);
        if let Some(emergency) = emergency {
            situation.judgement = emergency.open(situation.judgement, subject, situation.now);
        }
        match permitted(&situation, facts, config) {
            Ok(()) => return Ok(Ok(())),
            Err(refusal) => newest = newest.or(Some((refusal, situation))),
        }
    }
    newest.map(Err).context("there is no report about this file")
}

/// Refuses where the credentials are those of another account than the configured one.
pub(super) fn other_account(settings: &ApplySettings) -> Result<Option<Refusal>> {
    let Some(wanted) = &settings.account_id else { return Ok(None) };
    let (is, wanted) = (aws_account()?, wanted.as_str().to_owned());
    Ok((is != wanted).then_some(Refusal::Account { is, wanted }))
}

/// One binary plan, judged without a word.
pub(in super::super) fn judged(
    plan: &Path,
    terraform: Option<OsString>,
    pull: &PullArgs,
    settings: &SettingsArgs,
) -> Result<Gated> {
    let args = CheckArgs {
        plans: vec![plan.to_owned()],
        format: Format::Human,
        outputs: Vec::new(),
        ci_outputs: false,
        quiet: true,
        terraform,
        publish: false,
        plan_store: None,
        pull: pull.clone(),
        no_access: false,
        strict_json: false,
        settings: settings.clone(),
    };
    gate(&args, true)
}

/// Claims in the configured store, else by a ref.
pub(super) fn claim(
    context: &Context,
    url: Option<&str>,
    subject: Digest,
    head: &str,
    now: Now,
) -> Result<std::result::Result<Claim, Refusal>> {
    let Some(url) = url else { return Ok(context.forge.claim(subject, head)?) };
    if context.ci && url.starts_with("file:") {
        bail!(
            "`{url}` is no place for claims in a pipeline: other runs do not see it\n  help: name a bucket, or leave `apply.claims` out"
        );
    }
    let note = ClaimNote::new(subject, now.timestamp().to_string(), context.run);
    Ok(store::claim(store::open(url)?.as_ref(), &note)?)
}
