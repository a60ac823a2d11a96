//! One document alone.

use super::principal::Grip;
use super::reading::Reading;
use super::request::{Keys, Request};
use super::statement;
use super::truth::Truth;
use super::{Deciding, Layer, Outcome};
use crate::access::aws::document::{Document, Effect};

/// Judges a request by one document alone: any matching deny, else any matching allow, else an implicit deny.
///
/// A principal element counts if it names the caller in any way; a document without principals is about any caller,
/// a statement without resource about any resource. Condition keys are exactly those of the context, none is derived
/// from the principal. `layer` goes into the result.
pub fn evaluate_document(document: &Document, layer: Layer, request: &Request, reading: Reading) -> Outcome {
    let keys = Keys { request, derived: false, reading };
    let verdict = Verdict::of(document, layer, 0, &keys);
    if verdict.deny == Truth::True {
        return Outcome::ExplicitDeny { by: verdict.denying };
    }
    match (verdict.allow(Grip::Account), verdict.deny) {
        (Truth::False, _) => Outcome::ImplicitDeny { limit: layer },
        (Truth::True, Truth::False) => Outcome::Allowed { by: verdict.allowing(Grip::Account) },
        _ => Outcome::Undetermined { on: verdict.undetermined },
    }
}

/// What one document, or several of the same layer, say about a request.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) deny: Truth,
    pub(super) denying: Vec<Deciding>,
    /// Statements that allow, with how they name the caller.
    allows: Vec<(Truth, Grip, Deciding)>,
    /// Statements that may or may not match.
    pub(super) undetermined: Vec<Deciding>,
}

impl Default for Verdict {
    fn default() -> Self {
        Self { deny: Truth::False, denying: Vec::new(), allows: Vec::new(), undetermined: Vec::new() }
    }
}

impl Verdict {
    pub(super) fn of(document: &Document, layer: Layer, policy: usize, keys: &Keys<'_>) -> Self {
        let mut verdict = Self::default();
        for statement in &document.statements {
            let (truth, grip) = statement::matches(document, statement, keys);
            let sid = statement.sid.as_ref().and_then(|sid| sid.as_known()).map(str::to_owned);
            let deciding = Deciding { layer, policy, statement: statement.index, sid };
            let (allows, denies) = match statement.effect {
                Effect::Allow => (truth, Truth::False),
                Effect::Deny => (Truth::False, truth),
                Effect::Unknown(_) => (truth.and(Truth::Unknown), truth.and(Truth::Unknown)),
            };
            if allows.max(denies) == Truth::Unknown {
                verdict.undetermined.push(deciding.clone());
            }
            if denies == Truth::True {
                verdict.denying.push(deciding.clone());
            }
            verdict.deny = verdict.deny.max(denies);
            if allows > Truth::False {
                verdict.allows.push((allows, grip, deciding));
            }
        }
        for unknown in &document.unknown_statements {
            let deciding = Deciding { layer, policy, statement: unknown.index, sid: None };
            verdict.undetermined.push(deciding.clone());
            verdict.deny = verdict.deny.max(Truth::Unknown);
            verdict.allows.push((Truth::Unknown, Grip::Direct, deciding));
        }
        verdict
    }

    /// Of several documents that count as one.
    pub(super) fn of_all<'a>(documents: impl IntoIterator<Item = &'a Document>, layer: Layer, keys: &Keys<'_>) -> Self {
        let mut all = Self::default();
        for (policy, document) in documents.into_iter().enumerate() {
            let one = Self::of(document, layer, policy, keys);
            all.deny = all.deny.max(one.deny);
            all.denying.extend(one.denying);
            all.allows.extend(one.allows);
            all.undetermined.extend(one.undetermined);
        }
        all
    }

    /// Whether a statement that names the caller at least this strongly allows.
    pub(super) fn allow(&self, at_least: Grip) -> Truth {
        Truth::any(self.allows.iter().filter(|(_, grip, _)| *grip >= at_least).map(|(truth, _, _)| *truth))
    }

    /// The statements that allow for certain and name the caller at least this strongly.
    pub(super) fn allowing(&self, at_least: Grip) -> Vec<Deciding> {
        let sure = |(truth, grip, _): &&(Truth, Grip, Deciding)| *truth == Truth::True && *grip >= at_least;
        self.allows.iter().filter(sure).map(|(_, _, deciding)| deciding.clone()).collect()
    }
}
