//! `apply --from-store`: the plan file that the pull request's approval is about, out of the plan store.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};

use super::super::pull_state::situation;
use super::super::settings::Settings;
use super::super::terminal;
use crate::apply::Refusal;
use crate::approval::{State, Subject};
use crate::cli::ApplyArgs;
use crate::edge::clock;
use crate::edge::forge::Context;
use crate::edge::plan_store::PlanStore;
use crate::edge::private_copy::PrivateCopy;
use crate::edge::sealing::Identities;

/// Each report costs a full reading of the pull request.
const MAX_REPORTS: usize = 20;

/// There is no file that could be applied.
pub(super) struct NotFetched<'a> {
    /// What is wrong.
    pub(super) refusal: Refusal,
    /// The report that was meant.
    pub(super) subject: &'a Subject,
    /// `ledger` of the configuration.
    pub(super) ledger: Option<String>,
}

/// A private copy of the decrypted file. Which report is meant is only a choice of the file: everything is judged
/// again afterwards.
///
/// # Errors
/// When store, key or file cannot be had, or it is not clear which file is meant. Inside, [`NotFetched`]
/// if the store holds another file under this name, or the report says that the plan is blocked: such plans are not
/// kept.
pub(super) fn fetch<'a>(
    args: &ApplyArgs,
    context: &Context,
    pull: u64,
    published: &'a [Subject],
) -> Result<Result<PrivateCopy, NotFetched<'a>>> {
    let settings = Settings::read(&args.settings, clock::now())?;
    let url = args.plan_store.as_ref().or(settings.config.plan_store.url.as_ref());
    let url = url.context(
        "there is no plan store\n  help: set `plan_store.url` in tollgate.toml or give --plan-store, or give the plan file itself",
    )?;
    let identities = Identities::read(args.identity.as_deref())?;
    let subject = meant(args, context, pull, published, &settings)?;
    if subject.parts().requirements.blocks() {
        return Ok(Err(NotFetched { refusal: Refusal::Blocked, subject, ledger: settings.config.ledger }));
    }
    terminal::note(&format!(
        "tollgate: fetching plan file {} of stack {}",
        subject.parts().plan_sha256,
        subject.parts().stack
    ));
    let fetched = PlanStore::open(url)?.fetch(subject.parts().plan_sha256, &identities)?;
    match fetched {
        Ok(bytes) => Ok(Ok(PrivateCopy::with(&bytes)?)),
        Err(refusal) => Ok(Err(NotFetched { refusal, subject, ledger: settings.config.ledger })),
    }
}

/// The report that is meant: of the stack, and of several the one that may be applied, else the newest.
fn meant<'a>(
    args: &ApplyArgs,
    context: &Context,
    pull: u64,
    published: &'a [Subject],
    settings: &Settings,
) -> Result<&'a Subject> {
    let given = args.pull.stack.as_deref();
    let of_stack = |subject: &&Subject| given.is_none_or(|name| subject.parts().stack.as_str() == name);
    let candidates: Vec<&Subject> = published.iter().filter(of_stack).collect();
    let stacks: BTreeSet<&str> = candidates.iter().map(|subject| subject.parts().stack.as_str()).collect();
    if stacks.len() > 1 {
        let names: Vec<&str> = stacks.into_iter().collect();
        bail!("there are reports about several stacks: {}\n  help: name one with --stack", names.join(", "));
    }
    let Some(newest) = candidates.last().copied() else {
        let which = given.map(|name| format!(" about stack `{name}`")).unwrap_or_default();
        bail!(
            "there is no report{which} on the head of pull request {pull}\n  help: plan again with `tollgate check --publish --plan-store`"
        );
    };
    if candidates.len() == 1 {
        return Ok(newest);
    }
    if candidates.len() > MAX_REPORTS {
        bail!("there are {} reports on the head commit, more than the {MAX_REPORTS} looked at", candidates.len());
    }
    let permitted = |subject: &&&Subject| {
        let found = situation(context, &settings.config, pull, (**subject).clone(), &[]);
        matches!(found.judgement.state(), State::Open(_) | State::NotRequired)
    };
    let open: Vec<&&Subject> = candidates.iter().filter(permitted).collect();
    match open.as_slice() {
        [] => Ok(newest),
        [one] => Ok(one),
        several => {
            let plans: BTreeSet<String> = several.iter().map(|one| one.parts().plan_sha256.to_string()).collect();
            if plans.len() == 1 {
                return Ok(newest_of(several).unwrap_or(newest));
            }
            bail!(
                "{} plan files of this stack may be applied\n  help: revoke, and approve the one that is meant",
                plans.len()
            )
        }
    }
}

fn newest_of<'a>(subjects: &[&&'a Subject]) -> Option<&'a Subject> {
    subjects.last().map(|subject| **subject)
}
