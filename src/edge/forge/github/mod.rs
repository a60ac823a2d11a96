//! GitHub and GitHub Enterprise Server.

mod emergency;
mod exchange;
mod models;
mod observe;
mod publish;
pub mod queries;
mod read;
mod record;
mod setup;
mod transport;
mod url;

pub use transport::{Patience, Token};
pub use url::Api;

use std::collections::BTreeMap;

use super::{CheckReport, DeploymentNote, DeploymentState, Forge, ForgeError, Observation, PullFacts, Question};
use crate::apply::{Claim, Refusal};
use crate::approval::{Digest, Source};
use transport::Transport;
use url::segment;

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHub {
    transport: Transport,
    owner: String,
    name: String,
    /// `/repos/OWNER/NAME`, encoded.
    root: String,
}

impl GitHub {
    /// A repository (`owner/name`) behind an API.
    ///
    /// # Errors
    /// If the name is no repository's, or the client cannot start.
    pub fn new(api: Api, repository: &str, token: Token, patience: Patience) -> Result<Self, ForgeError> {
        let wrong = || ForgeError::Name(repository.chars().filter(|c| !c.is_control()).take(80).collect());
        let (owner, name) = repository.split_once('/').ok_or_else(wrong)?;
        let plain = |text: &str| {
            let byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.bytes().all(byte)
        };
        if !plain(owner) || !plain(name) {
            return Err(wrong());
        }
        let root = format!("/repos/{}/{}", segment(owner)?, segment(name)?);
        let transport = Transport::new(api, token, patience)?;
        Ok(Self { transport, owner: owner.to_owned(), name: name.to_owned(), root })
    }
}

impl Forge for GitHub {
    fn observe(&self, question: Question<'_>) -> Result<Observation, ForgeError> {
        self.observe_steadily(question)
    }

    fn facts(&self, pull: u64) -> Result<PullFacts, ForgeError> {
        self.read_facts(pull)
    }

    fn subject_documents(&self, head_sha: &str) -> Result<Vec<(Digest, String)>, ForgeError> {
        self.read_subject_documents(head_sha)
    }

    fn subject_document(&self, head_sha: &str, subject: Digest) -> Result<Option<String>, ForgeError> {
        self.read_subject_document(head_sha, subject)
    }

    fn file(&self, path: &str, at: &str) -> Result<Option<Vec<u8>>, ForgeError> {
        self.read_file(path, at)
    }

    fn publish(&self, report: &CheckReport) -> Result<u64, ForgeError> {
        self.publish_check(report)
    }

    fn show(&self, pull: u64, marker: &str, body: &str) -> Result<(), ForgeError> {
        self.show_comment(pull, marker, body)
    }

    fn say(&self, pull: u64, body: &str) -> Result<(), ForgeError> {
        self.create_comment(pull, body)
    }

    fn void(&self, pull: u64, source: Source, note: &str) -> Result<(), ForgeError> {
        self.void_approval(pull, source, note)
    }

    fn claim(&self, subject: Digest, head_sha: &str) -> Result<Result<Claim, Refusal>, ForgeError> {
        self.create_claim(subject, head_sha)
    }

    fn record(&self, note: &DeploymentNote) -> Result<String, ForgeError> {
        self.create_deployment(note)
    }

    fn record_state_with(&self, key: &str, state: DeploymentState, note: Option<&str>) -> Result<(), ForgeError> {
        self.set_deployment_state(key, state, note)
    }

    fn dispatch(&self, workflow: &str, branch: &str, inputs: &BTreeMap<String, String>) -> Result<(), ForgeError> {
        self.dispatch_workflow(workflow, branch, inputs)
    }
}
