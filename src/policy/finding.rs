//! What a rule reports.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// How bad it is, from the rule. Ordered from harmless to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Small.
    Low,
    /// Needs a look.
    Medium,
    /// Raises privilege in earnest.
    High,
    /// Hands over the account, project, tenant or cluster.
    Critical,
}

/// What a finding demands; decided by the set it comes from (`warn`, `approve`, `deny`), and by configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Informs.
    Warn,
    /// Needs approval.
    Approve,
    /// Blocks.
    Deny,
}

/// A place in the `.tf` sources; best effort.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// Path relative to the working directory, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
}

/// A rule's report about one address.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The plan's id.
    pub plan: String,
    /// The rule's id; for a conftest policy `NAMESPACE.SET`, such as `main.deny`.
    pub rule: String,
    /// What it demands.
    pub level: Level,
    /// How bad it is.
    pub severity: Severity,
    /// The address; empty when it is about the whole plan.
    pub address: String,
    /// The attribute path; empty when it is about the whole change.
    pub path: String,
    /// What is wrong; one line.
    pub message: String,
    /// What to do; may be empty.
    pub remediation: String,
    /// A stable id of this finding: equal for the same rule, address, path and message, whatever the plan.
    pub fingerprint: String,
    /// Where the resource is written, when that is known.
    pub location: Option<Location>,
    /// The approver group the rule asks for, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<String>,
    /// The longest window the rule allows, in seconds, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_window: Option<u64>,
}

impl Finding {
    /// The fingerprint of these four parts: 32 hex digits of SHA-256 over the length-prefixed parts.
    pub fn fingerprint_of(rule: &str, address: &str, path: &str, message: &str) -> String {
        let mut hash = Sha256::new();
        for part in [rule, address, path, message] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
