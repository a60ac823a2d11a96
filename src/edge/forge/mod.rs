//! Forges: where pull requests, approvals and claims live.
//!
//! A [`Forge`] answers in the words of [`crate::approval`] and decides nothing. Its methods are plain functions
//! that either answer completely or fail; whoever asks turns a failure into a
//! [`Doubt`](crate::approval::Doubt), which denies.

mod context;
mod error;
pub mod github;

pub use context::{Context, Origin};
pub use error::ForgeError;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::apply::{Claim, Refusal};
use crate::approval::{ApprovalSettings, Digest, Doubt, Now, PlanRun, Snapshot, Source};

/// What a decision needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The pull request.
    pub pull: u64,
    /// The subject; earlier applies of it are looked up.
    pub subject: Digest,
    /// The run that made the plan, from the subject.
    pub plan_run: Option<PlanRun>,
    /// Whose rights matter.
    pub settings: &'a ApprovalSettings,
    /// Claims and records of this very apply, which are not held against it.
    pub own: &'a [String],
}

/// A forge's complete answer, and when it gave it.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Everything that was read.
    pub snapshot: Snapshot,
    /// The `Date` of the last answer.
    pub server_time: Timestamp,
    /// Its `Age` in seconds, 0 where there is none.
    pub age: u64,
}

impl Observation {
    /// The time to judge by.
    ///
    /// # Errors
    /// If the clocks disagree or a cache stands between.
    pub fn now(&self, local: Timestamp) -> Result<Now, Doubt> {
        Now::from_server(self.server_time, self.age, local)
    }
}

/// What a subject says about a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullFacts {
    /// The forge's host.
    pub host: String,
    /// The repository's number.
    pub repo_id: u64,
    /// Its default branch.
    pub default_branch: String,
    /// The head commit.
    pub head_sha: String,
    /// The target branch.
    pub base_ref: String,
    /// The paths that it changes.
    pub changed_files: Vec<String>,
}

/// How a check run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// Nothing stands against it.
    Success,
    /// Approval is wanted.
    ActionRequired,
    /// Blocked, or no decision was made.
    Failure,
}

/// How bad an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnnotationLevel {
    /// Informs.
    Notice,
    /// Asks for approval.
    Warning,
    /// Blocks.
    Failure,
}

/// A remark at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Path relative to the repository.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// How bad.
    pub level: AnnotationLevel,
    /// A short heading.
    pub title: String,
    /// What is wrong.
    pub message: String,
}

/// What a check run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The check's name, such as `tollgate (envs/prod:default)`.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// A heading.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// The subject's digest and its document, where there is one.
    pub subject: Option<(Digest, String)>,
    /// Remarks.
    pub annotations: Vec<Annotation>,
    /// How it ends.
    pub conclusion: Conclusion,
}

/// How far an apply has got, for its deployment record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeploymentState {
    /// Terraform runs.
    InProgress,
    /// It succeeded.
    Success,
    /// It did not.
    Failure,
}

/// What a deployment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentNote {
    /// The subject.
    pub subject: Digest,
    /// The commit.
    pub head_sha: String,
    /// The environment.
    pub environment: String,
    /// More, such as approvers, the run and the ledger's checkpoint: names and numbers, no values of the plan.
    pub details: BTreeMap<String, String>,
}

/// A place where people approve.
pub trait Forge {
    /// Reads everything that a decision needs, to the last page.
    ///
    /// # Errors
    /// Whenever anything is missing or changed while it was read.
    fn observe(&self, question: Question<'_>) -> Result<Observation, ForgeError>;

    /// What a subject says about a pull request.
    ///
    /// # Errors
    /// The forge's.
    fn facts(&self, pull: u64) -> Result<PullFacts, ForgeError>;

    /// Everything that was published for a commit as a subject document, with the digest it was published under.
    ///
    /// # Errors
    /// The forge's.
    fn subject_documents(&self, head_sha: &str) -> Result<Vec<(Digest, String)>, ForgeError>;

    /// The subject document published under this digest for this commit, as it was published. It is to be believed
    /// only after hashing.
    ///
    /// # Errors
    /// The forge's.
    fn subject_document(&self, head_sha: &str, subject: Digest) -> Result<Option<String>, ForgeError>;

    /// A file of the repository at a branch or commit.
    ///
    /// # Errors
    /// The forge's.
    fn file(&self, path: &str, at: &str) -> Result<Option<Vec<u8>>, ForgeError>;

    /// Shows a check: in progress first, then remarks in batches, completed once. Gives its number.
    ///
    /// # Errors
    /// The forge's; the check may stay in progress then, which blocks a merge that requires it.
    fn publish(&self, report: &CheckReport) -> Result<u64, ForgeError>;

    /// Creates or updates tollgate's one comment for this marker. Nothing is ever read back from it.
    ///
    /// # Errors
    /// The forge's.
    fn show(&self, pull: u64, marker: &str, body: &str) -> Result<(), ForgeError>;

    /// Writes a new comment.
    ///
    /// # Errors
    /// The forge's.
    fn say(&self, pull: u64, body: &str) -> Result<(), ForgeError>;

    /// Destroys an approval, so that it stays dead even if the revocation is deleted: edits the comment, else
    /// deletes it; dismisses the review.
    ///
    /// # Errors
    /// If none of it is possible.
    fn void(&self, pull: u64, source: Source, note: &str) -> Result<(), ForgeError>;

    /// Claims a subject by a create-only ref.
    ///
    /// # Errors
    /// The forge's: the claim may or may not exist then, and nothing may be applied. [`Refusal::Claimed`] inside if
    /// somebody else was first.
    fn claim(&self, subject: Digest, head_sha: &str) -> Result<Result<Claim, Refusal>, ForgeError>;

    /// Records an apply; gives the record's key, such as `deployment 12`.
    ///
    /// # Errors
    /// The forge's.
    fn record(&self, note: &DeploymentNote) -> Result<String, ForgeError>;

    /// Records how far an apply has got.
    ///
    /// # Errors
    /// The forge's.
    fn record_state(&self, key: &str, state: DeploymentState) -> Result<(), ForgeError> {
        self.record_state_with(key, state, None)
    }

    /// The same with a line of text, such as the ledger's checkpoint; at most 140 characters are kept.
    ///
    /// # Errors
    /// The forge's.
    fn record_state_with(&self, key: &str, state: DeploymentState, note: Option<&str>) -> Result<(), ForgeError>;

    /// Starts a workflow on the default branch.
    ///
    /// # Errors
    /// The forge's.
    fn dispatch(&self, workflow: &str, branch: &str, inputs: &BTreeMap<String, String>) -> Result<(), ForgeError>;
}
