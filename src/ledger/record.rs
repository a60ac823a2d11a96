//! One record.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::Digest;
use crate::approval::canonical::Encoder;

const SCHEMA_VERSION: u64 = 1;
const DOMAIN: &str = "tollgate/ledger/v1";
/// No record needs more; larger ones are somebody else's.
const MAX_BYTES: usize = 256 * 1024;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Approval was asked for.
    Request,
    /// Somebody approved, and it counts.
    Approve,
    /// Somebody approved, and it does not count.
    ApproveRejected,
    /// The window opened.
    Open,
    /// The window ended.
    Expire,
    /// Somebody took it back.
    Revoke,
    /// An apply was refused.
    Refuse,
    /// Something could not be decided.
    Undecided,
    /// A plan was claimed.
    Claim,
    /// Terraform started.
    ApplyStart,
    /// Terraform ended.
    ApplyEnd,
    /// Something that should have been recorded elsewhere could not be.
    RecordGap,
    /// A dead apply was looked into.
    Recover,
    /// A plan was applied without approvals.
    BreakGlass,
    /// Somebody else looked into that; `claim` names the record.
    Review,
}

/// Whose clock the time is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A server's.
    Server,
    /// The machine's own.
    Local,
}

/// A person, by number and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The forge's number; `None` for a local key.
    pub id: Option<u64>,
    /// The name at that time.
    pub name: String,
}

/// The pipeline run that wrote the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The run.
    pub run_id: Option<u64>,
    /// Its attempt.
    pub run_attempt: Option<u64>,
    /// The workflow file and its ref.
    pub workflow: Option<String>,
}

/// What a record says; its place in the chain comes with [`super::Chain::append`]. No field holds a value of the
/// plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When, RFC 3339, UTC.
    pub time: String,
    /// Whose clock.
    pub time_source: TimeSource,
    /// What happened.
    pub event: EventKind,
    /// `host/owner/name`.
    pub repository: String,
    /// The pull request.
    pub pull_request: Option<u64>,
    /// The stack.
    pub stack: Option<String>,
    /// The subject.
    pub subject: Option<Digest>,
    /// SHA-256 of the plan file.
    pub plan_sha256: Option<Digest>,
    /// Digest of the policy that judged.
    pub policy_digest: Option<Digest>,
    /// Severity and number of findings, `high/3`.
    pub risk: Option<String>,
    /// Who did it.
    pub actor: Option<Person>,
    /// Whose approvals counted.
    pub approvers: Vec<Person>,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// When the window opened.
    pub opens: Option<String>,
    /// When it ends.
    pub expires: Option<String>,
    /// The claim.
    pub claim: Option<String>,
    /// Terraform's exit status.
    pub exit_status: Option<i32>,
    /// The check that refused, or what went wrong; one line.
    pub detail: Option<String>,
    /// The run that wrote this.
    pub workload: Workload,
}

impl Entry {
    /// An entry that says no more than when something happened, what, where, and in which run.
    pub fn new(
        time: String,
        time_source: TimeSource,
        event: EventKind,
        repository: String,
        workload: Workload,
    ) -> Self {
        Self {
            time,
            time_source,
            event,
            repository,
            pull_request: None,
            stack: None,
            subject: None,
            plan_sha256: None,
            policy_digest: None,
            risk: None,
            actor: None,
            approvers: Vec::new(),
            reason: None,
            opens: None,
            expires: None,
            claim: None,
            exit_status: None,
            detail: None,
            workload,
        }
    }
}

/// A record in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    schema_version: u64,
    seq: u64,
    prev: Option<Digest>,
    entry: Entry,
    hash: Digest,
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a record.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// From a newer tollgate.
    #[error("it has version {0}, and this tollgate knows version 1; use a newer release")]
    Version(u64),
    /// The digest in it is not its own.
    #[error("its contents do not have the digest it carries")]
    Hash,
}

impl Record {
    pub(super) fn new(seq: u64, prev: Option<Digest>, entry: Entry) -> Result<Self, RecordError> {
        let unsealed = Self { schema_version: SCHEMA_VERSION, seq, prev, entry, hash: Digest::from_bytes([0; 32]) };
        let hash = unsealed.computed()?;
        Ok(Self { hash, ..unsealed })
    }

    /// The digest over everything but the digest itself.
    fn computed(&self) -> Result<Digest, RecordError> {
        let unreadable = |error: serde_json::Error| RecordError::Unreadable(error.to_string());
        let mut value = serde_json::to_value(self).map_err(unreadable)?;
        if let Value::Object(members) = &mut value {
            members.remove("hash");
        }
        Ok(Encoder::new().json(&value).digest(DOMAIN))
    }

    /// The number, from 1.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The digest of the record before; `None` for the first.
    pub const fn prev(&self) -> Option<Digest> {
        self.prev
    }

    /// What it says.
    pub const fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Its digest.
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The name of its object: the number with leading zeros, so that names sort like numbers.
    pub fn name(&self) -> String {
        format!("{:012}.json", self.seq)
    }

    /// One line of JSON, without the line feed.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`] if it is larger than any record may be.
    pub fn to_json(&self) -> Result<String, RecordError> {
        let text = serde_json::to_string(self).map_err(|error| RecordError::Unreadable(error.to_string()))?;
        if text.len() > MAX_BYTES {
            return Err(RecordError::Unreadable(format!("{} bytes are more than {MAX_BYTES}", text.len())));
        }
        Ok(text)
    }

    /// Reads one record and checks that its contents have the digest it carries.
    ///
    /// # Errors
    /// Anything that is not a whole, unchanged record of a known version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        if bytes.len() > MAX_BYTES {
            return Err(RecordError::Unreadable(format!("{} bytes are more than {MAX_BYTES}", bytes.len())));
        }
        let unreadable = |error: serde_json::Error| RecordError::Unreadable(error.to_string());
        let Version { schema_version } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if schema_version != SCHEMA_VERSION {
            return Err(RecordError::Version(schema_version));
        }
        let record: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if record.computed()? != record.hash {
            return Err(RecordError::Hash);
        }
        Ok(record)
    }
}
