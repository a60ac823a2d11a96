//! Tell: one [`Report`], rendered many ways. Each format is one file and one pure function; everything that came
//! out of a plan is hostile text and is escaped for the format it goes to ([`escape`], one module a format).
//!
//! A run builds one [`Report`], calls [`Report::redact`] and [`Report::sort`] once, and renders it as often as it
//! likes: `render(&report, Format::Json, &Options::default())`.

mod diff;
pub mod escape;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod markdown;
mod order;
mod redact;
mod sarif;
mod wording;

pub use markdown::{LIMIT as MARKDOWN_LIMIT, render_within as markdown_within};
pub use redact::Replace;

/// The JSON report's words, for outputs of other kinds.
pub mod words {
    pub use super::wording::{decision, verdict};
}

use serde::Serialize;

use crate::access::{Guardrail, NewAccess, Reason, RemovedAccess, Verdict};
use crate::decision::{Decision, UnusedWaiver, Waived};
use crate::plan::Undetermined;
use crate::policy::Finding;

/// The version of the JSON report's shape; the shape may only grow within a version.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything one run has to say. Secrets are already replaced.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The tool that made it.
    pub tool: Tool,
    /// Over all plans: error before block before approval before allow.
    pub decision: Decision,
    /// Over all plans: the worst verdict, and reasons that belong to no change.
    pub access: Summary,
    /// The plans, in the order given.
    pub plans: Vec<PlanEntry>,
    /// Every IAM change.
    pub changes: Vec<ChangeEntry>,
    /// What the rules found, worst first.
    pub findings: Vec<Finding>,
    /// The rules that `findings` and `waived` name, by id; what a reader needs to know about them.
    pub rules: Vec<RuleEntry>,
    /// Findings that a waiver set aside.
    pub waived: Vec<Waived>,
    /// Waivers that did nothing.
    pub unused_waivers: Vec<UnusedWaiver>,
    /// What could not be read, resolved, compared or run.
    pub undetermined: Vec<Undetermined>,
    /// What an approval would bind to; `None` until the run knows its pull request.
    pub subject: Option<SubjectEntry>,
}

/// The tool's name card.
#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    /// The version of tollgate.
    pub version: String,
    /// The date of the embedded data, `YYYY-MM-DD`.
    pub data_date: String,
    /// Imported definitions that the verdicts rest on beside the embedded data.
    pub catalogues: Vec<CatalogueEntry>,
}

/// A file of imported definitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogueEntry {
    /// The path as given.
    pub file: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// How many roles it defines, by platform.
    pub roles: std::collections::BTreeMap<String, usize>,
}

/// The verdict over all plans.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The worst of the plans' verdicts.
    pub verdict: Verdict,
    /// Reasons that belong to a plan as a whole.
    pub reasons: Vec<Reason>,
}

/// One plan of the run.
#[derive(Clone, Debug, Serialize)]
pub struct PlanEntry {
    /// The path as given, `-` for stdin.
    pub id: String,
    /// `json`, `binary` or `stdin`.
    pub source: String,
    /// SHA-256 of the bytes given, in hex.
    pub sha256: String,
    /// This plan's decision.
    pub decision: Decision,
    /// This plan's verdict.
    pub verdict: Verdict,
    /// Rows in `resource_changes`.
    pub rows: usize,
    /// How unknown values of the plan were resolved: counts by `references`, `data_sources`, `symbols`, `unknown`, ...
    pub resolved: std::collections::BTreeMap<&'static str, usize>,
    /// What the configuration says about access and no plan can show to change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<StandingEntry>,
}

/// A provider block that says who applies or where to, or a module call without a pinned version.
#[derive(Clone, Debug, Serialize)]
pub struct StandingEntry {
    /// Where it stands: `provider.aws`, `module.network`.
    pub address: String,
    /// The catalogue's name: `provider:assume_role`, `module:source`.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// One IAM change of the report.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeEntry {
    /// The plan's id.
    pub plan: String,
    /// The address.
    pub address: String,
    /// Where it was before a move.
    pub previous_address: Option<String>,
    /// The resource type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// `namespace/type` of the provider.
    pub provider: String,
    /// The platform's word.
    pub platform: crate::iam::Platform,
    /// The catalogue's word.
    pub kind: crate::iam::Kind,
    /// Action words of the plan.
    pub actions: Vec<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reasons: Vec<Reason>,
    /// What is newly permitted.
    pub new: Vec<NewAccess>,
    /// What is no longer permitted.
    pub removed: Vec<RemovedAccess>,
    /// Guard rails weakened.
    pub guardrails: Vec<Guardrail>,
    /// What a reader has to know about the way the change is made, such as that it stands in no output of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Escalation paths; empty until the graph stage exists.
    pub escalations: Vec<serde_json::Value>,
    /// The access-relevant attributes before and after, for the readable diff; not part of the JSON report.
    #[serde(skip)]
    pub facets: Vec<crate::iam::Facet>,
    /// Where the resource is written, when that is known.
    pub location: Option<crate::policy::Location>,
}

/// A rule that found something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleEntry {
    /// The rule's id, as findings name it.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it looks for, and why that matters; may be empty.
    pub description: String,
    /// Pages to read; may be empty.
    pub references: Vec<String>,
}

/// What an approval binds to.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectEntry {
    /// SHA-256 of the subject document, in hex.
    pub digest: String,
    /// The parts the digest is computed from.
    pub parts: serde_json::Map<String, serde_json::Value>,
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Format {
    /// Tables and diffs for a terminal.
    Human,
    /// The full report, `schema_version` 1.
    Json,
    /// For a pull request comment; at most 65,536 characters.
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// GitHub workflow commands.
    Github,
    /// GitLab code quality JSON.
    Gitlab,
}

/// How a report is laid out; what the edge knows about the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns for tables, in characters.
    pub width: u16,
    /// Whether to use ANSI colours. Only [`Format::Human`] does.
    pub color: bool,
}

impl Format {
    /// The word of the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 100, color: false }
    }
}

/// The report in one format. Total: every report renders in every format, also one whose decision is
/// [`Decision::Error`]. The text ends with a line break.
pub fn render(report: &Report, format: Format, options: &Options) -> String {
    match format {
        Format::Human => human::render(report, options),
        Format::Json => json::render(report),
        Format::Markdown => markdown::render(report),
        Format::Sarif => sarif::render(report),
        Format::Junit => junit::render(report),
        Format::Github => github::render(report),
        Format::Gitlab => gitlab::render(report),
    }
}
