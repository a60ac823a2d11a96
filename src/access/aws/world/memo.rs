//! What is made once and used by many views: compiled documents, and what identities speak of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::account::Account;
use super::carrier::own_root;
use super::model::{IdentityKey, Model};
use super::span::Spans;
use crate::access::aws::compile::{Contested, Place, Readings, compile};
use crate::access::aws::document::Document;
use crate::access::aws::parse::Kind;
use crate::access::glob::Glob;
use crate::access::rule::RuleSet;

/// When so many documents are kept compiled, those that nobody has asked for since the last time are forgotten. What is
/// forgotten is compiled again.
const KEPT: usize = 65_536;

/// A document as rules.
pub(super) struct Compiled {
    pub(super) rules: RuleSet,
    /// The contested points that it depends on.
    pub(super) contested: Contested,
    /// The rules for a single principal of the account, made when they are first asked for.
    rooted: OnceLock<RuleSet>,
    /// Keeps the document where it is, whose address identifies it.
    _of: Arc<Document>,
}

impl Compiled {
    /// The rules for a single principal: what the own account is given is its root user's alone.
    pub(super) fn rooted(&self, account: &Account) -> &RuleSet {
        self.rooted.get_or_init(|| {
            let mut rules = self.rules.clone();
            own_root(&mut rules, account, &Glob::literal(&format!("AWS:{}", account.root())));
            rules
        })
    }
}

/// The document, by where it is in memory, with what its rules depend on beside its place.
type Key = (usize, Kind, Readings);

/// A compiled document and its place.
struct Standing {
    address: Arc<str>,
    path: Arc<str>,
    made: Arc<Compiled>,
    /// Whether somebody has asked for it since the last time that some were forgotten.
    asked: bool,
}

/// Documents, with how many there are.
#[derive(Default)]
struct Shelf {
    documents: HashMap<Key, Vec<Standing>>,
    count: usize,
}

impl Shelf {
    fn find(&mut self, key: Key, address: &str, path: &str) -> Option<Arc<Compiled>> {
        let standing = self.documents.get_mut(&key)?.iter_mut();
        let found = standing.into_iter().find(|one| *one.address == *address && *one.path == *path)?;
        found.asked = true;
        Some(Arc::clone(&found.made))
    }

    fn add(&mut self, key: Key, one: Standing) {
        if self.count >= KEPT {
            self.documents.retain(|_, standing| {
                standing.retain_mut(|one| std::mem::take(&mut one.asked));
                !standing.is_empty()
            });
            self.count = self.documents.values().map(Vec::len).sum();
            // All of them may have been asked for.
            if self.count >= KEPT {
                *self = Self::default();
            }
        }
        self.documents.entry(key).or_default().push(one);
        self.count += 1;
    }
}

/// Remembers; see the module's documentation.
#[derive(Default)]
pub(super) struct Memo {
    compiled: Mutex<Shelf>,
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
        let key = (Arc::as_ptr(document).addr(), kind, readings);
        if let Some(known) = locked(&self.compiled).find(key, address, path) {
            return known;
        }
        let mut contested = Contested::default();
        let place = Place { address: address.to_string(), path: path.to_string() };
        let rules = compile(document, kind, &place, readings, &mut contested);
        let made = Arc::new(Compiled { rules, contested, rooted: OnceLock::new(), _of: Arc::clone(document) });
        let (address, path) = (Arc::clone(address), Arc::clone(path));
        locked(&self.compiled).add(key, Standing { address, path, made: Arc::clone(&made), asked: true });
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
