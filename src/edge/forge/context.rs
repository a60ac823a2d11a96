//! Where a run is: which forge, which pull request, which run. From the environment that the runner sets.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::github::{Api, GitHub, Patience, Token};
use crate::approval::PlanRun;
use crate::edge::{environment, files};

/// Where records come from: a pipeline's run, or somebody's machine.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// `host/owner/name`, or `local`.
    pub repository: String,
    /// The run.
    pub run: Option<PlanRun>,
    /// The workflow file and its ref.
    pub workflow: Option<String>,
}

/// A run of a pipeline.
#[derive(Debug)]
pub struct Context {
    /// The forge.
    pub forge: GitHub,
    /// `host/owner/name`, for records.
    pub repository: String,
    /// The event that started the run; `Null` where there is none.
    pub event: Value,
    /// The run.
    pub run: Option<PlanRun>,
    /// The workflow file and its ref.
    pub workflow: Option<String>,
    /// Whether this is a pipeline, and not somebody's machine.
    pub ci: bool,
}

impl Context {
    /// Reads `TOLLGATE_FORGE_PATIENCE`, `GITHUB_API_URL`, `GITHUB_REPOSITORY`, `GITHUB_TOKEN` (or `GH_TOKEN`), `GITHUB_EVENT_PATH` and the
    /// run's numbers.
    ///
    /// # Errors
    /// When there is no token or repository, or the event cannot be read.
    pub fn from_environment() -> Result<Self> {
        let url = environment::text("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
        let api = Api::new(&url)?;
        let repository = environment::text("GITHUB_REPOSITORY").context(
            "the repository is not known\n  help: run it in GitHub Actions, or set GITHUB_REPOSITORY=owner/name",
        )?;
        let token = environment::text("GITHUB_TOKEN")
            .or_else(|| environment::text("GH_TOKEN"))
            .context("there is no token\n  help: pass GITHUB_TOKEN to the step")?;
        let event = match environment::text("GITHUB_EVENT_PATH") {
            Some(path) => {
                let text = files::read_text(Path::new(&path))?.text;
                serde_json::from_str(&text).with_context(|| format!("`{path}` is not an event"))?
            }
            None => Value::Null,
        };
        let number = |name: &str| environment::text(name).and_then(|text| text.parse::<u64>().ok());
        let run =
            number("GITHUB_RUN_ID").zip(number("GITHUB_RUN_ATTEMPT")).map(|(id, attempt)| PlanRun { id, attempt });
        let name = format!("{}/{repository}", api.host());
        let forge = GitHub::new(api, &repository, Token::new(&token), patience()?)?;
        Ok(Self {
            forge,
            repository: name,
            event,
            run,
            workflow: environment::text("GITHUB_WORKFLOW_REF"),
            ci: environment::is_set("CI"),
        })
    }

    /// The pull request: the one given, else the event's.
    ///
    /// # Errors
    /// When neither names one.
    pub fn pull(&self, given: Option<u64>) -> Result<u64> {
        let of_event = ["/pull_request/number", "/issue/number"];
        let found = given.or_else(|| of_event.iter().find_map(|path| self.event.pointer(path)?.as_u64()));
        let of_input = || self.event.pointer("/inputs/pr")?.as_str()?.parse().ok();
        match found.or_else(of_input) {
            Some(number) => Ok(number),
            None => bail!("the pull request is not known\n  help: give --pr NUMBER or set TOLLGATE_PR"),
        }
    }

    /// Where records of this run come from.
    pub fn origin(&self) -> Origin {
        Origin { repository: self.repository.clone(), run: self.run, workflow: self.workflow.clone() }
    }

    /// The head commit that the event is about, where it is about one.
    pub fn event_head(&self) -> Option<&str> {
        self.event.pointer("/pull_request/head/sha").and_then(Value::as_str)
    }
}

/// `TOLLGATE_FORGE_PATIENCE`: the most seconds to wait for one answer, and for the pauses before a read is given up.
fn patience() -> Result<Patience> {
    let standard = Patience::default();
    let Some(text) = environment::text("TOLLGATE_FORGE_PATIENCE") else { return Ok(standard) };
    let seconds = text.parse::<u64>().ok().filter(|seconds| (1..=600).contains(seconds));
    let most =
        Duration::from_secs(seconds.context("TOLLGATE_FORGE_PATIENCE is not a number of seconds from 1 to 600")?);
    Ok(Patience { answer: standard.answer.min(most), total: most, ..standard })
}
