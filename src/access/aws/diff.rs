//! Document against document: verdict, witness, explanation.
//!
//! The comparison runs under the first reading of what is contested. A witness counts as `new` only if it is new
//! under every reading; `none` is claimed only if every reading says so.

use crate::access::compare::{Doubt, Options, Outcome, compare};
use crate::access::rule::{Decision, Origin};
use crate::access::{Access, NewAccess, Reason, RemovedAccess, Verdict, Witness};

use super::compile::{Contested, Place, Readings, compile};
use super::document::Document;
use super::explain;
use super::parse::Kind;
use super::replay::replay;
use super::space::AwsSpace;

/// What is compared, and how.
#[derive(Clone, Copy, Debug)]
pub struct Diff<'a> {
    /// The document that was in force.
    pub before: &'a Document,
    /// The document that will be.
    pub after: &'a Document,
    /// What both are attached to.
    pub kind: Kind,
    /// Limits and tiers.
    pub options: Options,
}

/// One side under one reading.
struct Pair {
    before: Decision,
    after: Decision,
}

impl<'a> Diff<'a> {
    /// The comparison of two documents of a kind.
    #[must_use]
    pub fn new(before: &'a Document, after: &'a Document, kind: Kind) -> Self {
        Self { before, after, kind, options: Options::default() }
    }

    /// What `after` permits and `before` does not; `removed` is left empty.
    #[must_use]
    pub fn gained(&self) -> Access {
        let mut contested = Contested::default();
        let first = self.pair(Readings::default(), &mut contested);
        let space = AwsSpace::new(self.kind);
        let mut access = Access::default();
        if self.before == self.after {
            return access;
        }
        // The reading by segments comes first where it matters: its witnesses are plausible ARNs.
        let mut readings = contested.readings();
        readings.reverse();
        let pairs: Vec<Pair> = readings.iter().map(|reading| self.pair(*reading, &mut Contested::default())).collect();
        let pairs = if pairs.len() == 1 { vec![first] } else { pairs };
        let outcomes = pairs.iter().map(|pair| compare(&pair.before, &pair.after, &space, self.options));
        let mut silent = 0;
        let mut doubts: Vec<(Option<Origin>, Doubt)> = Vec::new();
        let mut fragile = false;
        for outcome in outcomes {
            silent += usize::from(outcome.is_none());
            fragile |= self.keep_new(&outcome, &pairs, &mut access);
            doubts.extend(outcome.possible.into_iter().map(|(origin, doubt, _)| (origin, doubt)));
            if !access.new.is_empty() {
                break;
            }
        }
        if access.new.is_empty() && (fragile || !doubts.is_empty()) {
            access.verdict = Verdict::Possible;
            if fragile {
                access.reasons.push(readings_differ(silent > 0));
            }
            access.reasons.extend(doubts.iter().map(|(origin, doubt)| reason(origin.as_ref(), doubt)));
        }
        access.reasons.sort();
        access.reasons.dedup();
        access
    }

    /// The same with what is no longer permitted.
    #[must_use]
    pub fn both_ways(&self) -> Access {
        let mut access = self.gained();
        let lost = Self { before: self.after, after: self.before, ..*self }.gained();
        access.removed = lost
            .new
            .into_iter()
            .map(|piece| RemovedAccess {
                principal: piece.principal,
                actions: piece.actions,
                resources: piece.resources,
                conditions: piece.conditions,
                explanation: format!("no longer permitted: `{}` on `{}`", piece.witness.action, piece.witness.resource),
                statement: piece.statement,
            })
            .collect();
        access
    }

    fn pair(&self, readings: Readings, contested: &mut Contested) -> Pair {
        let place = Place::default();
        let mut side = |document| Decision::Rules(compile(document, self.kind, &place, readings, contested));
        Pair { before: side(self.before), after: side(self.after) }
    }

    /// Adds the pieces that are new under every reading and stand up in the evaluator. Returns whether some piece
    /// is new under this reading only.
    fn keep_new(&self, outcome: &Outcome, pairs: &[Pair], access: &mut Access) -> bool {
        let mut fragile = false;
        for piece in &outcome.new {
            let new_under = |pair: &Pair| pair.after.permits(&piece.point) && !pair.before.permits(&piece.point);
            if !pairs.iter().all(new_under) {
                fragile = true;
                continue;
            }
            if !replay(self.before, self.after, self.kind, &piece.point) {
                access.verdict = access.verdict.max(Verdict::Possible);
                access.reasons.push(reason(piece.origin.as_ref(), &Doubt::Unconfirmed));
                continue;
            }
            access.verdict = Verdict::New;
            if piece.future {
                access.reasons.push(Reason {
                    code: "future_actions".to_owned(),
                    path: piece.origin.as_ref().map(|o| format!("Statement[{}]", o.index)).unwrap_or_default(),
                    message: format!(
                        "no action known today is newly permitted, but later ones such as `{}` would be",
                        piece.point.action
                    ),
                });
            }
            let Some(pair) = pairs.first() else { continue };
            access.new.push(self.describe(piece.origin.as_ref(), &piece.point, pair));
        }
        fragile
    }

    fn describe(&self, origin: Option<&Origin>, point: &crate::access::point::Point, pair: &Pair) -> NewAccess {
        let origin = origin.cloned().unwrap_or_default();
        let statement = self.after.statements.iter().find(|s| s.index == origin.index);
        let facts = statement.map(explain::facts).unwrap_or_default();
        NewAccess {
            principal: explain::principal(&point.principal),
            actions: facts.actions,
            action_levels: facts.levels,
            resources: facts.resources,
            conditions: facts.conditions,
            explanation: explain::explain(&origin, &pair.before, point),
            statement: explain::statement_ref(&origin),
            witness: Witness {
                principal: explain::principal(&point.principal),
                action: point.action.clone(),
                resource: point.resource.clone(),
                context: point.keys.iter().map(|(key, value)| (key.to_string(), value.values().to_vec())).collect(),
            },
        }
    }
}

fn readings_differ(settled: bool) -> Reason {
    let message = if settled {
        "the documentation allows readings under which this permits something new and readings under which it does \
         not; spell wildcards so that they stay within one segment of the resource name"
    } else {
        "something new is permitted under every reading of the documentation, but no single request shows it under \
         all of them"
    };
    Reason { code: "readings_differ".to_owned(), path: String::new(), message: message.to_owned() }
}

fn reason(origin: Option<&Origin>, doubt: &Doubt) -> Reason {
    let path = origin.map(|o| format!("Statement[{}]", o.index)).unwrap_or_default();
    let (code, message) = match doubt {
        Doubt::Budget => {
            ("budget", "too many interacting patterns to decide within the budget; split the statement".to_owned())
        }
        Doubt::Unknown(labels) => ("unknown_value", format!("depends on what cannot be read: {}", labels.join("; "))),
        Doubt::Unconfirmed => {
            ("unconfirmed", "a request was found but does not stand up in the evaluator; please report this".to_owned())
        }
    };
    Reason { code: code.to_owned(), path, message }
}
