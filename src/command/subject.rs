//! The subject of a judged plan: what an approval binds.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::gate::Gated;
use super::settings::{GATE_CHANGED, Settings};
use crate::approval::{Digest, PlanRun, Requirements, Stack, Subject, SubjectParts, findings_digest, policy_digest};
use crate::edge::forge::PullFacts;
use crate::edge::repository::Repository;
use crate::edge::{environment, files};
use crate::policy::Finding;

/// The subject of the only plan of a run.
///
/// # Errors
/// When the run has not exactly one judged plan.
pub(super) fn subject_of(
    gated: &Gated,
    facts: &PullFacts,
    pull: u64,
    stack: Stack,
    plan_run: Option<PlanRun>,
) -> Result<Subject> {
    let Gated { report, settings, iam } = gated;
    let ([plan], [iam_digest]) = (report.plans.as_slice(), iam.as_slice()) else {
        bail!("an approval binds one plan, and {} were judged", iam.len());
    };
    let plan_sha256: Digest = plan.sha256.parse().context("the plan has no digest")?;
    // Changed files of the gate are told from the pull request's list of files, which every run sees alike.
    let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.rule != GATE_CHANGED).collect();
    let gaps = report.undetermined.iter().map(|gap| (gap, settings.config.levels.of_gap(&gap.code)));
    let requirements = Requirements::new(findings.iter().copied(), gaps)
        .with_policy_files(facts.changed_files.iter().map(String::as_str), &settings.config.approvals.policy_files);
    Ok(Subject::new(SubjectParts {
        forge_host: facts.host.clone(),
        repo_id: facts.repo_id,
        pr_number: pull,
        head_sha: facts.head_sha.clone(),
        target_ref: facts.base_ref.clone(),
        stack,
        plan_sha256,
        iam_digest: *iam_digest,
        findings_digest: findings_digest(findings),
        policy_digest: digest_of(settings),
        tollgate_major: env!("CARGO_PKG_VERSION_MAJOR").parse().unwrap_or_default(),
        requirements,
        plan_run,
    }))
}

/// What judged: configuration, policies, data and imported roles by their contents (where they lie differs between a work tree
/// and a commit), and the built-in rules by the release.
fn digest_of(settings: &Settings) -> Digest {
    let policies = settings.policies.iter().map(|policy| ("policy".to_owned(), policy.text.as_bytes()));
    let data = settings.data.iter().map(|data| (format!("data/{}", data.prefix.join("/")), data.text.as_bytes()));
    let catalogues = settings.catalogues.iter().map(|file| ("catalogue".to_owned(), file.text.as_bytes()));
    let builtin = if settings.options.builtin { env!("CARGO_PKG_VERSION") } else { "" };
    let files: Vec<(String, &[u8])> = policies
        .chain(data)
        .chain(catalogues)
        .chain([("config".to_owned(), settings.config_text.as_bytes()), ("builtin".to_owned(), builtin.as_bytes())])
        .collect();
    policy_digest(files.iter().map(|(name, bytes)| (name.as_str(), *bytes)))
}

/// The stack: the given name, else the working directory below the repository and the workspace.
///
/// # Errors
/// When that is no stack's name.
pub(super) fn stack(given: Option<&str>) -> Result<Stack> {
    if let Some(name) = given {
        return Ok(name.parse()?);
    }
    let here = std::path::absolute(".").context("the working directory is not known")?;
    let below = Repository::around(Path::new("."))
        .and_then(|repository| here.strip_prefix(repository.root()).ok().map(files::shown))
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "root".to_owned());
    let selected =
        || files::read_text(Path::new(".terraform/environment")).ok().map(|file| file.text.trim().to_owned());
    let workspace = environment::text("TF_WORKSPACE").or_else(selected).unwrap_or_else(|| "default".to_owned());
    Ok(format!("{below}:{workspace}").parse()?)
}
