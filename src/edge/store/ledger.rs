//! The ledger in a store: one object a record, under `ledger/`.

use super::{Created, ObjectStore, StoreError};
use crate::ledger::{Chain, Checkpoint, Damage, Entry, Record, RecordError, Verified, verify};

const PREFIX: &str = "ledger/";
/// How often a writer that loses the race for a number tries the next one.
const TRIES: usize = 64;

/// A ledger cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The newest record is damaged, so nothing can follow it.
    #[error("the newest record `{name}` of the ledger is damaged: {error}; run `tollgate audit verify`")]
    Tail {
        /// The object.
        name: String,
        /// Why.
        error: RecordError,
    },
    /// The entry cannot be written.
    #[error("the record cannot be written: {0}")]
    Entry(RecordError),
    /// Others were always faster.
    #[error("the ledger is written to by too many at once")]
    Busy,
    /// It is damaged.
    #[error("the ledger is damaged: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Damaged(Vec<Damage>),
}

/// Appends an entry: creates the object after the newest one, and tries again if somebody else did first.
///
/// # Errors
/// Whenever the entry is not certainly in the ledger.
pub fn append(store: &dyn ObjectStore, entry: &Entry) -> Result<Record, LedgerError> {
    for _ in 0..TRIES {
        let mut chain = end(store)?;
        let record = chain.append(entry.clone()).map_err(LedgerError::Entry)?;
        let json = record.to_json().map_err(LedgerError::Entry)?;
        let key = format!("{PREFIX}{}", record.name());
        // Read back: a store that does not keep its promise may have let somebody else overwrite it.
        let created = store.create(&key, json.as_bytes())? == Created::New;
        if created && store.read(&key)?.as_deref() == Some(json.as_bytes()) {
            return Ok(record);
        }
    }
    Err(LedgerError::Busy)
}

/// The end of the chain: the newest record alone is read.
fn end(store: &dyn ObjectStore) -> Result<Chain, LedgerError> {
    let Some(name) = store.list(PREFIX)?.pop() else { return Ok(Chain::default()) };
    let bytes = store.read(&name)?.unwrap_or_default();
    match Record::from_json(&bytes) {
        Ok(record) if name.strip_prefix(PREFIX) == Some(record.name().as_str()) => Ok(Chain::ending_with(&record)),
        Ok(_) => Err(LedgerError::Tail { name, error: RecordError::Hash }),
        Err(error) => Err(LedgerError::Tail { name, error }),
    }
}

/// Reads and checks the whole ledger.
///
/// # Errors
/// The store's, and every damage.
pub fn read_all(store: &dyn ObjectStore, checkpoint: Option<Checkpoint>) -> Result<Verified, LedgerError> {
    let mut objects = Vec::new();
    for key in store.list(PREFIX)? {
        let bytes = store.read(&key)?.unwrap_or_default();
        objects.push((key.strip_prefix(PREFIX).unwrap_or(&key).to_owned(), bytes));
    }
    let borrowed = objects.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    verify(borrowed, checkpoint).map_err(LedgerError::Damaged)
}
