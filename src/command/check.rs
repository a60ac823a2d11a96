//! `tollgate check`: plans in, decision out.

use anyhow::Result;

use super::gate::{failed, gate};
use super::terminal;
use crate::cli::{CheckArgs, Color};
use crate::decision::Decision;
use crate::edge::files;
use crate::exit::Outcome;
use crate::report::{self, Format, Options};

/// Runs it.
///
/// # Errors
/// When the report cannot be written. Everything else that goes wrong is part of the report.
pub(super) fn run(args: &CheckArgs, color: Color) -> Result<Outcome> {
    if args.publish && args.plans.len() != 1 {
        terminal::note("tollgate: --publish takes one plan: an approval binds one\n  help: run check once a stack");
        return Ok(Outcome::Usage);
    }
    if args.plan_store.is_some() && !args.publish {
        terminal::note("tollgate: --plan-store without --publish keeps nothing: a plan is kept for an approval");
    }
    let gated = gate(args, args.publish);
    if let (true, Ok(gated)) = (args.publish, &gated)
        && gated.report.plans.iter().any(|plan| plan.decision != Decision::Error && plan.source != "binary")
    {
        terminal::note(
            "tollgate: --publish takes a binary plan: JSON cannot be applied\n  help: give the file of `terraform plan -out`",
        );
        return Ok(Outcome::Usage);
    }
    let published = gated.and_then(|mut gated| {
        if args.publish {
            super::publish::publish(&mut gated, args)?;
        }
        Ok(gated.report)
    });
    let (report, problem) = match published {
        Ok(report) => {
            let problem = (report.decision == Decision::Error).then(|| "a plan could not be judged".to_owned());
            (report, problem)
        }
        Err(error) => {
            let message = format!("{error:#}");
            (failed(&message), Some(message))
        }
    };
    let outcome = outcome(report.decision);
    for (format, file) in &args.outputs {
        files::write(file, &report::render(&report, *format, &Options::default()))?;
    }
    let options = Options { width: terminal::width(), color: terminal::colored(color) };
    if problem.is_none() || args.format != Format::Human || !report.plans.is_empty() {
        terminal::print(&report::render(&report, args.format, &options))?;
    }
    if args.ci_outputs {
        crate::edge::ci::publish(&report, &args.outputs)?;
    }
    if let Some(problem) = problem {
        terminal::error(&problem);
    }
    Ok(outcome)
}

const fn outcome(decision: Decision) -> Outcome {
    match decision {
        Decision::Allow => Outcome::Success,
        Decision::NeedsApproval => Outcome::ApprovalRequired,
        Decision::Block => Outcome::Blocked,
        Decision::Error => Outcome::Error,
    }
}
