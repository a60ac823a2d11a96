//! What is approved: one digest over everything an approval has to bind.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::canonical::Encoder;
use super::{Digest, Requirements, Stack};
use crate::iam::IamChange;
use crate::plan::Mode;
use crate::policy::Finding;

const DOMAIN: &str = "tollgate/subject/v1";
const SCHEMA_VERSION: u32 = 1;
/// A check run's `output.text` holds no more.
const MAX_DOCUMENT: usize = 65_535;

/// The pipeline run that made the plan; its actors cannot approve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanRun {
    /// The forge's id of the run.
    pub id: u64,
    /// Which attempt of the run, from 1.
    pub attempt: u64,
}

/// Everything an approval binds. The digest covers each field, so an approval is worth nothing for another
/// repository, pull request, commit, plan, verdict or policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectParts {
    /// The forge's host name, lower case, with the port where it is not the usual one.
    pub forge_host: String,
    /// The forge's number of the repository: names change hands, numbers do not.
    pub repo_id: u64,
    /// The pull request.
    pub pr_number: u64,
    /// The commit that was planned: the head of the pull request.
    pub head_sha: String,
    /// The branch it goes to, without `refs/heads/`.
    pub target_ref: String,
    /// The stack.
    pub stack: Stack,
    /// SHA-256 of the saved plan file.
    pub plan_sha256: Digest,
    /// Digest of the IAM changes, from [`iam_digest`].
    pub iam_digest: Digest,
    /// Digest of the findings, from [`findings_digest`].
    pub findings_digest: Digest,
    /// Digest of rules, data and configuration, from [`policy_digest`].
    pub policy_digest: Digest,
    /// The major version of tollgate that judged.
    pub tollgate_major: u64,
    /// What has to be approved. In the digest, so that the published document can be believed without the plan.
    pub requirements: Requirements,
    /// The run that made the plan; `None` outside a pipeline.
    pub plan_run: Option<PlanRun>,
}

/// A subject: its parts and their digest, which always belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    digest: Digest,
    parts: SubjectParts,
}

/// Why a published document is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Not a subject document.
    #[error("the subject document cannot be read: {0}")]
    Unreadable(String),
    /// From a newer tollgate.
    #[error("the subject document has version {0}, and this tollgate knows version 1; use a newer release")]
    Version(u64),
    /// It is not what the digest stands for.
    #[error("the subject document has digest `{is}`, not `{wanted}`; it was altered or belongs to another plan")]
    Digest {
        /// The digest of the document's parts.
        is: Digest,
        /// The digest it was published under.
        wanted: Digest,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_version: u64,
    digest: Digest,
    parts: SubjectParts,
}

impl Subject {
    /// The subject with these parts.
    pub fn new(parts: SubjectParts) -> Self {
        let mut encoder = Encoder::new();
        encode(&parts, &mut encoder);
        Self { digest: encoder.digest(DOMAIN), parts }
    }

    /// The digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The parts.
    pub const fn parts(&self) -> &SubjectParts {
        &self.parts
    }

    /// The document to publish: one line of JSON.
    ///
    /// # Errors
    /// [`DocumentError::Unreadable`] if it exceeds what a check run holds (65,535 characters).
    pub fn document(&self) -> Result<String, DocumentError> {
        let document =
            Document { schema_version: SCHEMA_VERSION.into(), digest: self.digest, parts: self.parts.clone() };
        let text = serde_json::to_string(&document).map_err(|error| DocumentError::Unreadable(error.to_string()))?;
        if text.len() > MAX_DOCUMENT {
            return Err(DocumentError::Unreadable(format!("{} bytes are more than {MAX_DOCUMENT}", text.len())));
        }
        Ok(text)
    }

    /// Reads a published document and believes it only if its parts hash to `wanted`.
    ///
    /// # Errors
    /// Anything that is not this very subject.
    pub fn from_document(text: &str, wanted: Digest) -> Result<Self, DocumentError> {
        if text.len() > MAX_DOCUMENT {
            return Err(DocumentError::Unreadable(format!("{} bytes are more than {MAX_DOCUMENT}", text.len())));
        }
        let unreadable = |error: serde_json::Error| DocumentError::Unreadable(format!("{error}"));
        #[derive(Deserialize)]
        struct Version {
            schema_version: u64,
        }
        let Version { schema_version } = serde_json::from_str(text).map_err(unreadable)?;
        if schema_version != u64::from(SCHEMA_VERSION) {
            return Err(DocumentError::Version(schema_version));
        }
        let document: Document = serde_json::from_str(text).map_err(unreadable)?;
        let subject = Self::new(document.parts);
        if subject.digest != wanted || document.digest != wanted {
            return Err(DocumentError::Digest { is: subject.digest, wanted });
        }
        Ok(subject)
    }

    /// The names of the parts in which two subjects differ; empty for equal ones.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let (a, b) = (&self.parts, &other.parts);
        let all = [
            ("forge_host", a.forge_host == b.forge_host),
            ("repo_id", a.repo_id == b.repo_id),
            ("pr_number", a.pr_number == b.pr_number),
            ("head_sha", a.head_sha == b.head_sha),
            ("target_ref", a.target_ref == b.target_ref),
            ("stack", a.stack == b.stack),
            ("plan_sha256", a.plan_sha256 == b.plan_sha256),
            ("iam_digest", a.iam_digest == b.iam_digest),
            ("findings_digest", a.findings_digest == b.findings_digest),
            ("policy_digest", a.policy_digest == b.policy_digest),
            ("tollgate_major", a.tollgate_major == b.tollgate_major),
            ("requirements", a.requirements == b.requirements),
            ("plan_run", a.plan_run == b.plan_run),
        ];
        all.into_iter().filter_map(|(name, equal)| (!equal).then_some(name)).collect()
    }

    /// The line to paste, for a window of this length.
    pub fn approval_line(&self, length: super::WindowLength) -> Option<String> {
        let risk = self.parts.requirements.risk()?;
        let (stack, digest) = (&self.parts.stack, self.digest);
        Some(format!("/tollgate approve {length} stack={stack} plan:{digest} risk:{risk} because "))
    }
}

fn encode(parts: &SubjectParts, encoder: &mut Encoder) {
    encoder.record(13);
    encoder.text("forge_host").text(&parts.forge_host);
    encoder.text("repo_id").number(&parts.repo_id.to_string());
    encoder.text("pr_number").number(&parts.pr_number.to_string());
    encoder.text("head_sha").text(&parts.head_sha);
    encoder.text("target_ref").text(&parts.target_ref);
    encoder.text("stack").text(parts.stack.as_str());
    encoder.text("plan_sha256").text(&parts.plan_sha256.to_string());
    encoder.text("iam_digest").text(&parts.iam_digest.to_string());
    encoder.text("findings_digest").text(&parts.findings_digest.to_string());
    encoder.text("policy_digest").text(&parts.policy_digest.to_string());
    encoder.text("tollgate_major").number(&parts.tollgate_major.to_string());
    encoder.text("requirements");
    parts.requirements.encode(encoder);
    encoder.text("plan_run");
    match parts.plan_run {
        None => encoder.null(),
        Some(run) => {
            encoder.record(2);
            encoder.text("id").number(&run.id.to_string());
            encoder.text("attempt").number(&run.attempt.to_string())
        }
    };
}

/// Digest of the IAM changes: each change's record, sorted, so that the plan's order does not matter.
///
/// Secrets are left out (a public digest of a short secret is a dictionary attack); the digest of the plan file
/// binds them all the same. The attributes that grant access stay in, marked sensitive or not: hiding a policy
/// behind `sensitive()` is an attack, not a secret.
pub fn iam_digest(changes: &[IamChange]) -> Digest {
    let mut records: Vec<Vec<u8>> = changes.iter().map(|change| iam_record(change).bytes().to_vec()).collect();
    records.sort();
    let mut encoder = Encoder::new();
    encoder.list(records.len());
    for record in records {
        encoder.text(&Digest::of(&record).to_string());
    }
    encoder.digest("tollgate/iam/v1")
}

fn iam_record(change: &IamChange) -> Encoder {
    let row = &change.row;
    let open: Vec<&str> = change
        .facets
        .iter()
        .filter(|facet| facet.purpose != "credential")
        .map(|facet| facet.path.split(['.', '[']).next().unwrap_or_default())
        .collect();
    let mut encoder = Encoder::new();
    encoder.record(15);
    encoder.text("address").text(&row.address);
    encoder.text("previous_address").optional(row.previous_address.as_deref());
    encoder.text("type").text(&row.type_name);
    encoder.text("provider_name").text(&row.provider.0);
    encoder.text("mode").text(match &row.mode {
        Mode::Managed => "managed",
        Mode::Data => "data",
        Mode::Ephemeral => "ephemeral",
        Mode::Other(word) => word,
    });
    encoder.text("origin").json(&serde_json::to_value(change.origin).unwrap_or(Value::Null));
    encoder.text("actions").list(row.actions.0.len());
    for action in &row.actions.0 {
        encoder.text(action.as_str());
    }
    encoder.text("before").json(&without_secrets(&row.before, &row.before_sensitive, &open));
    encoder.text("after").json(&without_secrets(&row.after, &row.after_sensitive, &open));
    encoder.text("after_unknown").json(&row.after_unknown);
    encoder.text("replace_paths").list(row.replace_paths.len());
    for path in &row.replace_paths {
        encoder.json(path);
    }
    encoder.text("importing").json(row.importing.as_ref().unwrap_or(&Value::Null));
    encoder.text("action_reason").optional(row.action_reason.as_deref());
    encoder.text("deposed").optional(row.deposed.as_deref());
    encoder.text("index").json(row.index.as_ref().unwrap_or(&Value::Null));
    encoder
}

/// The value with what the mask calls sensitive replaced, except under the top-level attributes `open`.
fn without_secrets(value: &Value, mask: &Value, open: &[&str]) -> Value {
    match (value, mask) {
        (Value::Object(members), Value::Object(masks)) => {
            let member = |(name, value): (&String, &Value)| {
                let value = match masks.get(name) {
                    Some(_) if open.contains(&name.as_str()) => value.clone(),
                    Some(mask) => masked(value, mask),
                    None => value.clone(),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(member).collect())
        }
        _ => masked(value, mask),
    }
}

fn masked(value: &Value, mask: &Value) -> Value {
    match (value, mask) {
        (_, Value::Bool(true)) => Value::String("(sensitive)".to_owned()),
        (Value::Object(members), Value::Object(masks)) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    (name.clone(), masks.get(name).map_or_else(|| value.clone(), |m| masked(value, m)))
                })
                .collect(),
        ),
        (Value::Array(items), Value::Array(masks)) => Value::Array(
            items
                .iter()
                .enumerate()
                .map(|(at, value)| masks.get(at).map_or_else(|| value.clone(), |m| masked(value, m)))
                .collect(),
        ),
        _ => value.clone(),
    }
}

/// Digest of the findings: rule, address and fingerprint of each, sorted.
pub fn findings_digest<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Digest {
    let mut rows: Vec<[&str; 3]> =
        findings.into_iter().map(|f| [f.rule.as_str(), f.address.as_str(), f.fingerprint.as_str()]).collect();
    rows.sort_unstable();
    let mut encoder = Encoder::new();
    encoder.list(rows.len());
    for row in rows {
        encoder.list(3);
        for text in row {
            encoder.text(text);
        }
    }
    encoder.digest("tollgate/findings/v1")
}

/// Digest of everything that judged: each file's name and bytes, sorted by name. Configuration, rules and data
/// of the default branch, and the built-in rules by their names.
pub fn policy_digest<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Digest {
    let mut rows: Vec<(&str, Digest)> = files.into_iter().map(|(name, bytes)| (name, Digest::of(bytes))).collect();
    rows.sort();
    let mut encoder = Encoder::new();
    encoder.list(rows.len());
    for (name, digest) in rows {
        encoder.list(2);
        encoder.text(name).text(&digest.to_string());
    }
    encoder.digest("tollgate/policy/v1")
}
