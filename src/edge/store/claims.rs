//! Claims as objects: whoever creates one applies, everybody else is refused.

use serde::{Deserialize, Serialize};

use super::{Created, ObjectStore, StoreError};
use crate::apply::{Claim, Refusal};
use crate::approval::Digest;

/// What a claim notes for people, and for `recover`. Nothing decides by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimNote {
    /// Version of this shape.
    pub schema_version: u32,
    /// The subject.
    pub subject: Digest,
    /// When, by the clock that judged.
    pub claimed_at: String,
    /// The pipeline run, where there is one.
    pub run_id: Option<u64>,
    /// The attempt of that run.
    pub run_attempt: Option<u64>,
}

fn key(subject: Digest) -> String {
    format!("claims/{subject}")
}

/// Claims a subject: once, whoever tries and however often.
///
/// # Errors
/// The store's; [`Refusal::Claimed`] inside if somebody else was first.
pub fn claim(store: &dyn ObjectStore, note: &ClaimNote) -> Result<Result<Claim, Refusal>, StoreError> {
    let key = key(note.subject);
    let bytes = serde_json::to_vec(note).map_err(|error| StoreError::Io {
        action: "create",
        key: key.clone(),
        store: store.name(),
        error: error.to_string(),
    })?;
    Ok(match store.create(&key, &bytes)? {
        Created::New => Ok(Claim::created(note.subject, key)),
        Created::Existed => Err(Refusal::Claimed(key)),
    })
}

/// The key of the claim of this subject, if there is one, and its note, if it can be read.
///
/// # Errors
/// The store's.
pub fn claim_of(store: &dyn ObjectStore, subject: Digest) -> Result<Option<(String, Option<ClaimNote>)>, StoreError> {
    let key = key(subject);
    Ok(store.read(&key)?.map(|bytes| (key, serde_json::from_slice(&bytes).ok())))
}
