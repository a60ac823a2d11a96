//! What is made once and used by many views: compiled documents, and what identities speak of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::model::{IdentityKey, Model};
use super::span::Span;
use crate::access::aws::compile::{Contested, Place, Readings, compile};
use crate::access::aws::document::Document;
use crate::access::aws::parse::Kind;
use crate::access::rule::RuleSet;

/// So many documents are kept compiled: those of the thing that is looked at, and those that many things share. What is
/// forgotten is compiled again.
const KEPT: usize = 1_024;

/// A document as rules.
pub(super) struct Compiled {
    pub(super) rules: RuleSet,
    /// The contested points that it depends on.
    pub(super) contested: Contested,
    /// Keeps the document where it is, whose address identifies it.
    _of: Arc<Document>,
}

/// The document, by where it is in memory, with all that its rules depend on.
type Key = (*const Document, Kind, Arc<str>, Arc<str>, Readings);

/// Remembers; see the module's documentation.
#[derive(Default)]
pub(super) struct Memo {
    compiled: RefCell<HashMap<Key, Rc<Compiled>>>,
    spans: RefCell<HashMap<IdentityKey, Rc<Span>>>,
}

impl Memo {
    /// The rules of a document that stands at `path` of the resource with the address.
    pub(super) fn compiled(
        &self,
        document: &Arc<Document>,
        kind: Kind,
        (address, path): (&Arc<str>, &Arc<str>),
        readings: Readings,
    ) -> Rc<Compiled> {
        let key = (Arc::as_ptr(document), kind, Arc::clone(address), Arc::clone(path), readings);
        let mut kept = self.compiled.borrow_mut();
        if let Some(known) = kept.get(&key) {
            return Rc::clone(known);
        }
        let mut contested = Contested::default();
        let place = Place { address: address.to_string(), path: path.to_string() };
        let rules = compile(document, kind, &place, readings, &mut contested);
        let made = Rc::new(Compiled { rules, contested, _of: Arc::clone(document) });
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key, Rc::clone(&made));
        made
    }

    /// What an identity speaks of on these sides, which are always the same two.
    pub(super) fn span(&self, key: &IdentityKey, sides: [&Model; 2]) -> Rc<Span> {
        if let Some(known) = self.spans.borrow().get(key) {
            return Rc::clone(known);
        }
        let made = Rc::new(Span::of(key, sides));
        self.spans.borrow_mut().insert(key.clone(), Rc::clone(&made));
        made
    }
}
