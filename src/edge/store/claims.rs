//! Claims as objects: whoever creates one applies, everybody else is refused.

use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::{Created, ObjectStore, StoreError};
use crate::apply::{Claim, Refusal};
use crate::approval::{Digest, PlanRun};

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
    /// Random, so that whoever reads a claim can tell it from any other: [`claim`] sets it.
    #[serde(default)]
    pub nonce: String,
}

impl ClaimNote {
    /// The note of a claim that is about to be made.
    pub fn new(subject: Digest, claimed_at: String, run: Option<PlanRun>) -> Self {
        Self {
            schema_version: 1,
            subject,
            claimed_at,
            run_id: run.map(|run| run.id),
            run_attempt: run.map(|run| run.attempt),
            nonce: String::new(),
        }
    }
}

fn key(subject: Digest) -> String {
    format!("claims/{subject}")
}

/// Claims a subject: once, whoever tries and however often.
///
/// The store's word alone is not enough. A store that does not know conditions answers every creation with success
/// and overwrites: a second creation of the same object has to be refused. And what is kept has to be this claim, by
/// its nonce: that also tells a creation whose answer was lost from somebody else's.
///
/// # Errors
/// The store's, and a store that overwrites; [`Refusal::Claimed`] inside if somebody else was first.
pub fn claim(store: &dyn ObjectStore, note: &ClaimNote) -> Result<Result<Claim, Refusal>, StoreError> {
    let key = key(note.subject);
    let first = is_first(store, &key, note)?;
    Ok(if first { Ok(Claim::created(note.subject, key)) } else { Err(Refusal::Claimed(key)) })
}

/// Marks a subject as used up, beside the ledger: whoever may write to the repository can delete a claim that is a
/// ref, and deployments, and has no right to delete this. Refused, as a claim is, if there is a mark already.
///
/// # Errors
/// As of [`claim`].
pub fn mark(store: &dyn ObjectStore, note: &ClaimNote) -> Result<Result<(), Refusal>, StoreError> {
    let key = format!("applies/{}", note.subject);
    let first = is_first(store, &key, note)?;
    Ok(if first { Ok(()) } else { Err(Refusal::Claimed(format!("{key} beside the ledger"))) })
}

/// Whether this note, and no other, is what the store keeps under the key.
fn is_first(store: &dyn ObjectStore, key: &str, note: &ClaimNote) -> Result<bool, StoreError> {
    let failed = |error: &str| StoreError::Io {
        action: "claim",
        key: key.to_owned(),
        store: store.name(),
        error: error.to_owned(),
    };
    let nonce = nonce().ok_or_else(|| failed("the system gives no random numbers"))?;
    let note = ClaimNote { nonce, ..note.clone() };
    let bytes = serde_json::to_vec(&note).map_err(|error| failed(&error.to_string()))?;
    let created = store.create(key, &bytes)?;
    if created == Created::New && store.create(key, &bytes)? == Created::New {
        return Err(failed("the store overwrites objects that exist, so it cannot hold claims; use another one"));
    }
    Ok(store.read(key)?.as_deref() == Some(bytes.as_slice()))
}

/// 128 random bits, in hexadecimal.
fn nonce() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The key of the claim of this subject, if there is one, and its note, if it can be read.
///
/// # Errors
/// The store's.
pub fn claim_of(store: &dyn ObjectStore, subject: Digest) -> Result<Option<(String, Option<ClaimNote>)>, StoreError> {
    let key = key(subject);
    Ok(store.read(&key)?.map(|bytes| (key, serde_json::from_slice(&bytes).ok())))
}
