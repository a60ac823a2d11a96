//! Write-once objects: claims, the ledger, and kept plans.
//!
//! Every object is created once and never changed, so that no store needs more than "create, unless it exists":
//! a hard link in a directory, `If-None-Match: *` in S3, `ifGenerationMatch=0` in Google Cloud Storage.

mod claims;
mod cloud;
mod directory;
mod ledger;

pub use claims::{ClaimNote, claim, claim_of, mark};
pub use cloud::CloudStore;
pub use directory::DirectoryStore;
pub use ledger::{LedgerError, append, read_all};

use crate::edge::environment;

/// What a store answers to a creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The object is new.
    New,
    /// There was one of this name; it is unchanged.
    Existed,
}

/// A store does not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The name is not one of ours.
    #[error("`{0}` is not an object's name")]
    Name(String),
    /// The URL names no store.
    #[error(
        "`{0}` is not a store: write `file:///ABSOLUTE/PATH`, `s3://BUCKET/PATH`, `gs://BUCKET/PATH` or `az://CONTAINER/PATH`"
    )]
    Url(String),
    /// Reading or writing failed.
    #[error("{action} `{key}` in {store}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The object.
        key: String,
        /// The store, without credentials.
        store: String,
        /// What went wrong; one line.
        error: String,
    },
}

/// A store of write-once objects.
pub trait ObjectStore {
    /// Creates an object, whole and lasting, unless there is one of this name.
    ///
    /// # Errors
    /// Whenever it is not certain that the object is there afterwards.
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError>;

    /// The object's bytes; `None` if there is none.
    ///
    /// # Errors
    /// Whenever it is not certain.
    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The names of all objects under `prefix` (which ends with `/`), sorted, with the prefix.
    ///
    /// # Errors
    /// Whenever the list may not be complete.
    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// The store for people: its URL without credentials.
    fn name(&self) -> String;
}

/// The store behind a URL: `file:///PATH`, or a bucket as [`CloudStore::open`] takes it.
///
/// # Errors
/// [`StoreError::Url`] for anything else.
pub fn open(url: &str) -> Result<Box<dyn ObjectStore>, StoreError> {
    match url.strip_prefix("file://") {
        Some(path) if path.starts_with('/') && !path.contains(['?', '#']) => Ok(Box::new(DirectoryStore::new(path))),
        Some(_) => Err(StoreError::Url(without_credentials(url))),
        None => Ok(Box::new(CloudStore::open(url, environment::all())?)),
    }
}

/// An address for a message: neither what stands before an `@` nor what follows a `?`.
fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit('@').next().unwrap_or_default().split('?').next().unwrap_or_default();
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{rest}").chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Names are made by tollgate: lower-case words, digits, `-`, `_`, `.` in segments, so that no store and no file
/// system reads anything else into them.
fn check_key(key: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    let segment = |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(plain);
    if key.len() <= 512 && key.split('/').all(segment) { Ok(()) } else { Err(StoreError::Name(key.to_owned())) }
}
