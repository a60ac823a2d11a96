//! What is made once and used by many views: compiled documents, and what identities speak of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::model::{IdentityKey, Model};
use super::span::Spans;
use crate::access::aws::compile::{Contested, Place, Readings, compile};
use crate::access::aws::document::Document;
use crate::access::aws::parse::Kind;
use crate::access::rule::RuleSet;

/// So many documents are kept compiled: those of the thing that is looked at, and those that many things share. What is
/// forgotten is compiled again.
const KEPT: usize = 8_192;

/// A document as rules.
pub(super) struct Compiled {
    pub(super) rules: RuleSet,
    /// The contested points that it depends on.
    pub(super) contested: Contested,
    /// Keeps the document where it is, whose address identifies it.
    _of: Arc<Document>,
}

/// The document, by where it is in memory, with all that its rules depend on.
type Key = (usize, Kind, Arc<str>, Arc<str>, Readings);

/// Remembers; see the module's documentation.
#[derive(Default)]
pub(super) struct Memo {
    compiled: Mutex<HashMap<Key, Arc<Compiled>>>,
    spans: Mutex<HashMap<IdentityKey, Arc<Spans>>>,
}

impl Memo {
    /// The rules of a document that stands at `path` of the resource with the address.
    pub(super) fn compiled(
        &self,
        document: &Arc<Document>,
        kind: Kind,
        (address, path): (&Arc<str>, &Arc<str>),
        readings: Readings,
    ) -> Arc<Compiled> {
        let key = (Arc::as_ptr(document).addr(), kind, Arc::clone(address), Arc::clone(path), readings);
        if let Some(known) = locked(&self.compiled).get(&key) {
            return Arc::clone(known);
        }
        let mut contested = Contested::default();
        let place = Place { address: address.to_string(), path: path.to_string() };
        let rules = compile(document, kind, &place, readings, &mut contested);
        let made = Arc::new(Compiled { rules, contested, _of: Arc::clone(document) });
        let mut kept = locked(&self.compiled);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&made));
        made
    }

    /// What an identity speaks of on these sides, which are always the same two.
    pub(super) fn spans(&self, key: &IdentityKey, sides: [&Model; 2]) -> Arc<Spans> {
        if let Some(known) = locked(&self.spans).get(key) {
            return Arc::clone(known);
        }
        let made = Arc::new(Spans::of(key, sides));
        locked(&self.spans).insert(key.clone(), Arc::clone(&made));
        made
    }
}

/// What is kept is whole whoever panicked meanwhile.
pub(super) fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
