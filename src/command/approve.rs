//! `tollgate approve`: a grant for a plan file, signed with an SSH key.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::apply::{judged, offline};
use super::terminal;
use crate::approval::{GRANT_NAMESPACE, Grant};
use crate::cli::{ApproveArgs, PullArgs};
use crate::decision::Decision;
use crate::edge::private_copy::PrivateCopy;
use crate::edge::{clock, files, signature};
use crate::exit::Outcome;
use crate::report::{self, Format, Options};

/// What a reason has at least, as in a comment.
const MIN_REASON: usize = 10;

/// Runs it: judges the file, prints the report, and writes the grant.
///
/// # Errors
/// When the plan cannot be judged or approved, or the grant not signed or written.
pub(super) fn run(args: &ApproveArgs) -> Result<Outcome> {
    let reason = args.reason.trim();
    if reason.chars().count() < MIN_REASON || reason.chars().count() > 500 || reason.contains(char::is_control) {
        bail!("the reason is one line of {MIN_REASON} to 500 characters");
    }
    let copy = PrivateCopy::of(&args.plan)?;
    let pull = PullArgs { pr: None, stack: args.stack.clone() };
    let gated = judged(copy.path(), args.terraform.clone(), &pull, &args.settings)?;
    terminal::print(&report::render(&gated.report, Format::Human, &Options::default()))?;
    match gated.report.decision {
        Decision::Error => bail!("the plan could not be judged"),
        Decision::Block => {
            terminal::error("the policy blocks this plan; no approval helps");
            return Ok(Outcome::Blocked);
        }
        Decision::Allow | Decision::NeedsApproval => {}
    }
    let subject = offline::subject(&gated, args.stack.as_deref())?;
    let Some(grant) = Grant::new(&subject, clock::now(), args.length, reason) else {
        terminal::print("\nthis plan needs no approval: nothing was written\n")?;
        return Ok(Outcome::Success);
    };
    let document = grant.document().map_err(|error| anyhow::anyhow!("the grant cannot be written: {error}"))?;
    let output = args.output.clone().unwrap_or_else(|| beside(&args.plan, ".grant"));
    let signature = args.key.as_deref().map(|key| signature::sign(key, document.as_bytes())).transpose()?;
    files::write(&output, &document)?;
    let shown = files::shown(&output);
    terminal::print(&format!("\nrisk {}, plan {}\n", grant.risk, grant.subject))?;
    match signature {
        Some(signature) => {
            files::write(&beside(&output, ".sig"), &signature)?;
            terminal::print(&format!("approved for {} from now: {shown} and {shown}.sig\n", args.length))?;
        }
        None => terminal::print(&format!(
            "wrote {shown}, unsigned\n  help: sign it with `ssh-keygen -Y sign -n {GRANT_NAMESPACE} -f KEY {shown}`\n"
        ))?,
    }
    Ok(Outcome::Success)
}

fn beside(path: &std::path::Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
