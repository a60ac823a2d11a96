//! `tollgate doctor`: how far this repository's set-up protects. Reads only.

use anyhow::{Context as _, Result};

use super::terminal;
use crate::approval::doctor::{Configured, Diagnosis, Health, Setup, diagnose};
use crate::config::{Config, FILE_NAME};
use crate::edge::forge::{Context, Forge};
use crate::exit::Outcome;

/// The apply workflow that `tollgate init` writes.
const WORKFLOW: &str = "tollgate-apply.yml";

/// Runs it. Exit 1 when something is broken.
///
/// # Errors
/// When not even the repository can be read.
pub(super) fn run() -> Result<Outcome> {
    let context = match Context::from_environment() {
        Ok(context) => context,
        Err(error) => {
            terminal::print(&format!(
                "deployment mode: A, advisory, as far as can be told: there is no forge to ask ({error:#})\n  \
                 whoever runs `tollgate apply` here holds the credentials, and could run Terraform without it\n"
            ))?;
            return Ok(Outcome::Error);
        }
    };
    let diagnosis = diagnose(&setup(&context)?);
    terminal::print(&render(&context.repository, &diagnosis))?;
    Ok(if diagnosis.is_broken() { Outcome::Error } else { Outcome::Success })
}

fn setup(context: &Context) -> Result<Setup> {
    let forge = &context.forge;
    let (default_branch, token_administers) = forge.repository_and_powers().context("the repository cannot be read")?;
    let config = config(context, &default_branch);
    let apply = config.as_ref().map(|config| config.apply.clone()).unwrap_or_default();
    let environment_name = apply.environment.unwrap_or_else(|| "production".to_owned());
    Ok(Setup {
        environment: forge.environment(&environment_name, &default_branch),
        branch: forge.branch_rules(&default_branch),
        apply_workflow: forge.workflow_environments(apply.workflow.as_deref().unwrap_or(WORKFLOW), &default_branch),
        repository_secrets: forge.repository_secrets(),
        token_administers,
        configuration: config.map(|config| Configured {
            approver_rules: config.approvals.rules.len(),
            ledger: config.ledger,
            plan_store: config.plan_store.url.is_some(),
            recipients: config.plan_store.recipients.len(),
            claims: config.apply.claims,
            break_glass: config.break_glass.enabled,
        }),
        environment_name,
        default_branch,
    })
}

/// The configuration of the default branch, or what is wrong with it.
fn config(context: &Context, branch: &str) -> Result<Config, String> {
    for place in [FILE_NAME.to_owned(), format!(".github/{FILE_NAME}")] {
        if let Some(bytes) = context.forge.file(&place, branch).map_err(|error| error.to_string())? {
            let text = String::from_utf8(bytes).map_err(|_| format!("`{place}` is not UTF-8"))?;
            return Config::parse(&place, &text).map_err(|error| error.to_string());
        }
    }
    Err("there is none".to_owned())
}

fn render(repository: &str, diagnosis: &Diagnosis) -> String {
    let mut text = format!("{repository}\n\n");
    let mut remarks: Vec<_> = diagnosis.remarks.iter().collect();
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.health));
    for remark in remarks {
        let word = match remark.health {
            Health::Good => "good",
            Health::Unknown => "unknown",
            Health::Weak => "weak",
            Health::Broken => "broken",
        };
        let shown: String = remark.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        text.push_str(&format!("{word:<8} {shown}\n"));
        if remark.health != Health::Good && !remark.help.is_empty() {
            text.push_str(&format!("         help: {}\n", remark.help));
        }
    }
    text + &format!("\ndeployment mode: {}\n", diagnosis.mode)
}
