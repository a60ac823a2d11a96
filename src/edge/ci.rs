//! The CI system around the run: what it says about the run, and the files through which it takes results.
//!
//! GitHub: <https://docs.github.com/actions/reference/workflows-and-actions/variables> and
//! `.../workflow-commands`. GitLab: <https://docs.gitlab.com/ci/variables/predefined_variables/>.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{environment, files};
use crate::report::{Format, Report, markdown_within, words};

/// What GitHub takes as a step's summary; a longer one is dropped whole.
const SUMMARY_LIMIT: usize = 1024 * 1024;

/// The CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub Actions, or what behaves like it.
    Github,
    /// GitLab CI.
    Gitlab,
}

impl Forge {
    /// The word rules see.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }
}

/// What the CI system says about the run. A job can set most of it, so it informs rules and proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The CI system.
    pub forge: Option<Forge>,
    /// Who started the run.
    pub actor: Option<String>,
    /// The branch that is looked at; of a pull request its own, not the one it goes to.
    pub branch: Option<String>,
    /// The repository's default branch.
    pub default_branch: Option<String>,
    /// The deployment environment of the job, where the CI system tells it.
    pub environment: Option<String>,
}

impl Context {
    /// From the environment and the event file. Empty outside CI.
    pub fn read() -> Self {
        Self::of(environment::text, |path| files::read(path).ok())
    }

    fn of(env: impl Fn(&str) -> Option<String>, file: impl Fn(&Path) -> Option<Vec<u8>>) -> Self {
        let is_true = |name: &str| env(name).is_some_and(|text| text == "true");
        if is_true("GITHUB_ACTIONS") {
            let event: Option<Value> = env("GITHUB_EVENT_PATH")
                .and_then(|path| file(Path::new(&path)))
                .and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let default_branch = event.as_ref().and_then(|event| event.pointer("/repository/default_branch"));
            Self {
                forge: Some(Forge::Github),
                actor: env("GITHUB_ACTOR"),
                branch: env("GITHUB_HEAD_REF").or_else(|| env("GITHUB_REF_NAME")),
                default_branch: default_branch.and_then(Value::as_str).map(str::to_owned),
                // GitHub gives a job's environment no variable.
                environment: None,
            }
        } else if is_true("GITLAB_CI") {
            Self {
                forge: Some(Forge::Gitlab),
                actor: env("GITLAB_USER_LOGIN"),
                branch: env("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").or_else(|| env("CI_COMMIT_REF_NAME")),
                default_branch: env("CI_DEFAULT_BRANCH"),
                environment: env("CI_ENVIRONMENT_NAME"),
            }
        } else {
            Self::default()
        }
    }
}

/// Appends the report to the step's summary, and the decision, the verdict and the paths of the written reports to
/// the step's outputs. Where the CI system has no such files, there is nothing to do.
///
/// # Errors
/// When a file that the CI system names cannot be written.
pub fn publish(report: &Report, written: &[(Format, PathBuf)]) -> Result<()> {
    if let Some(path) = environment::text("GITHUB_STEP_SUMMARY") {
        publish_summary(report, Path::new(&path))?;
    }
    if let Some(path) = environment::text("GITHUB_OUTPUT") {
        append(Path::new(&path), &outputs(report, written, &delimiter()))?;
    }
    Ok(())
}

/// Sets one output of the step, where the CI system has such a thing.
///
/// # Errors
/// When the file that the CI system names cannot be written.
pub fn set_output(name: &str, value: &str) -> Result<()> {
    let Some(path) = environment::text("GITHUB_OUTPUT") else { return Ok(()) };
    let delimiter = delimiter();
    append(Path::new(&path), &format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
}

fn publish_summary(report: &Report, path: &Path) -> Result<()> {
    let taken = std::fs::metadata(path).map_or(0, |data| usize::try_from(data.len()).unwrap_or(usize::MAX));
    let text = markdown_within(report, SUMMARY_LIMIT.saturating_sub(taken));
    // What other commands of this step have written stays; a summary over the limit would take it along.
    if taken.saturating_add(text.len()) <= SUMMARY_LIMIT { append(path, &text) } else { Ok(()) }
}

fn outputs(report: &Report, written: &[(Format, PathBuf)], delimiter: &str) -> String {
    let mut out = String::new();
    let mut output = |name: &str, value: &str| {
        out.push_str(&format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"));
    };
    output("decision", words::decision(report.decision));
    output("verdict", words::verdict(report.access.verdict));
    for (format, path) in written {
        output(format.word(), &path.to_string_lossy());
    }
    out
}

/// A line that no value holds: a path could otherwise end its value and add outputs of its own.
fn delimiter() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("tollgate-{:016x}{:016x}", random(), random())
}

fn append(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Verdict;
    use crate::decision::Decision;
    use crate::report::{SCHEMA_VERSION, Summary, Tool};

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn report() -> Report {
        Report {
            schema_version: SCHEMA_VERSION,
            tool: Tool { version: "0".into(), data_date: "2026-01-31".into(), catalogues: Vec::new() },
            decision: Decision::NeedsApproval,
            access: Summary { verdict: Verdict::New, reasons: vec![] },
            plans: vec![],
            changes: vec![],
            findings: vec![],
            rules: vec![],
            waived: vec![],
            unused_waivers: vec![],
            undetermined: vec![],
            subject: None,
        }
    }

    #[test]
    fn a_pull_request_on_github() {
        let pairs = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "mona"),
            ("GITHUB_HEAD_REF", "feature"),
            ("GITHUB_REF_NAME", "7/merge"),
            ("GITHUB_EVENT_PATH", "/event.json"),
        ];
        let event = |_: &Path| Some(br#"{"repository": {"default_branch": "trunk"}}"#.to_vec());
        let context = Context::of(env(&pairs), event);
        assert_eq!(context.forge, Some(Forge::Github));
        assert_eq!(context.branch.as_deref(), Some("feature"));
        assert_eq!(context.default_branch.as_deref(), Some("trunk"));
        assert_eq!(Context::of(env(&pairs), |_| Some(b"{".to_vec())).default_branch, None);
    }

    #[test]
    fn a_branch_pipeline_on_gitlab() {
        let pairs = [
            ("GITLAB_CI", "true"),
            ("GITLAB_USER_LOGIN", "sam"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("CI_DEFAULT_BRANCH", "main"),
            ("CI_ENVIRONMENT_NAME", "production"),
        ];
        let context = Context::of(env(&pairs), |_| None);
        assert_eq!(context.forge, Some(Forge::Gitlab));
        assert_eq!(context.actor.as_deref(), Some("sam"));
        assert_eq!(context.environment.as_deref(), Some("production"));
        assert_eq!(Context::of(env(&[]), |_| None), Context::default());
    }

    #[test]
    fn no_path_adds_an_output() {
        let hostile = PathBuf::from("x\nEOF\ndecision=allow");
        let delimiter = delimiter();
        let text = outputs(&report(), &[(Format::Sarif, hostile)], &delimiter);
        assert_eq!(
            text,
            format!(
                "decision<<{delimiter}\nneeds_approval\n{delimiter}\nverdict<<{delimiter}\nnew\n{delimiter}\n\
                 sarif<<{delimiter}\nx\nEOF\ndecision=allow\n{delimiter}\n"
            )
        );
        assert_ne!(delimiter, super::delimiter());
    }

    #[test]
    fn a_summary_stays_below_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary");
        publish_summary(&report(), &path).unwrap();
        publish_summary(&report(), &path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().matches("## tollgate: needs approval").count(), 2);
        std::fs::write(&path, "x".repeat(SUMMARY_LIMIT - 10)).unwrap();
        publish_summary(&report(), &path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), SUMMARY_LIMIT as u64 - 10);
    }
}
