//! `tollgate status`: how things stand on the pull request, or what is true of a plan file.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::apply::judged;
use super::preview::permitted;
use super::pull_state::{Situation, config_of, situations};
use super::record::{Recorder, ledger_at};
use super::subject::subject_of;
use super::terminal;
use crate::approval::{Digest, Subject};
use crate::cli::StatusArgs;
use crate::config::Config;
use crate::edge::ci;
use crate::edge::forge::{Context, Forge, PullFacts};
use crate::edge::private_copy::PrivateCopy;
use crate::exit::Outcome;
use crate::ledger::EventKind;
use crate::report::{self, Format, Options};

/// Runs it.
///
/// # Errors
/// When the forge or the plan cannot be read.
pub(super) fn run(args: &StatusArgs) -> Result<Outcome> {
    match &args.plan {
        Some(plan) => of_plan(args, plan),
        None => of_pull(args),
    }
}

fn of_pull(args: &StatusArgs) -> Result<Outcome> {
    let context = Context::from_environment()?;
    let pull = context.pull(args.pull.pr)?;
    let facts = context.forge.facts(pull)?;
    let config = config_of(&context, &facts)?;
    let situations = situations(&context, &config, pull, &facts)?;
    if situations.is_empty() {
        terminal::print(&format!("no report on the head of pull request {pull}\n"))?;
    }
    let of_stack =
        |one: &&Situation| args.pull.stack.as_ref().is_none_or(|name| one.subject.parts().stack.as_str() == name);
    let situations: Vec<&Situation> = situations.iter().filter(of_stack).collect();
    for situation in &situations {
        terminal::print(&format!("{}\n", shown(&situation.describe())))?;
    }
    if args.permitted { permit(&context, &config, &facts, &situations) } else { Ok(Outcome::Success) }
}

/// Whether one of them may be applied now. A refusal is recorded, where there is a ledger, as that of an apply.
fn permit(context: &Context, config: &Config, facts: &PullFacts, situations: &[&Situation]) -> Result<Outcome> {
    let mut last = None;
    for situation in situations {
        match permitted(situation, facts, config) {
            Ok(()) => {
                terminal::print(&format!("permitted: commit {}\n", facts.head_sha))?;
                ci::set_output("head-sha", &facts.head_sha)?;
                return Ok(Outcome::Success);
            }
            Err(refusal) => last = Some((refusal, situation)),
        }
    }
    let (refusal, situation) = last.context("no report on the head commit is about this stack")?;
    let check = refusal.check().word();
    terminal::note(&format!("tollgate: not permitted: {refusal} (check: {check})"));
    let ledger = ledger_at(config.ledger.as_deref())?;
    let recorder = Recorder { ledger: ledger.as_deref(), origin: context.origin(), subject: &situation.subject };
    let recorded = recorder.record(EventKind::Refuse, situation.now, &situation.judgement, |entry| {
        entry.detail = Some(format!("{check}: {refusal}"));
    });
    recorded.inspect_err(|gap| terminal::note(&format!("tollgate: not recorded: {gap}"))).ok();
    Ok(refusal.outcome())
}

/// The true report, and whether each report that was published about this very file says the same.
fn of_plan(args: &StatusArgs, plan: &Path) -> Result<Outcome> {
    let copy = PrivateCopy::of(plan)?;
    let gated = judged(copy.path(), args.terraform.clone(), &args.pull, &args.settings)?;
    terminal::print(&report::render(&gated.report, Format::Human, &Options::default()))?;
    terminal::print(&format!("\nplan file {}\n", copy.digest()))?;
    let context = Context::from_environment().context("the reports of the forge were not compared")?;
    let pull = context.pull(args.pull.pr)?;
    let facts = context.forge.facts(pull)?;
    let published: Vec<Subject> = context
        .forge
        .subject_documents(&facts.head_sha)?
        .into_iter()
        .filter_map(|(digest, text): (Digest, String)| Subject::from_document(&text, digest).ok())
        .filter(|subject| subject.parts().plan_sha256 == copy.digest() && subject.parts().pr_number == pull)
        .collect();
    if published.is_empty() {
        terminal::print("no report on the head commit is about this file\n")?;
    }
    for subject in &published {
        let parts = subject.parts();
        let is = subject_of(&gated, &facts, pull, parts.stack.clone(), parts.plan_run)?;
        let risk = is.parts().requirements.risk().map_or_else(|| "none".to_owned(), |risk| risk.to_string());
        let differences = is.differences(subject);
        let verdict = if differences.is_empty() {
            "the published report is true".to_owned()
        } else {
            format!("NOT TRUE: it differs in {}", differences.join(", "))
        };
        terminal::print(&format!("published as {}: {verdict}\nrisk {risk}\n", subject.digest()))?;
    }
    Ok(Outcome::Success)
}

/// Lines that move no cursor.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}
