//! Document against document: verdict, witness, explanation.
//!
//! The comparison runs under the first reading of what is contested. A witness counts as `new` only if it is new
//! under every reading; `none` is claimed only if every reading says so.

use std::collections::BTreeSet;

use crate::access::compare::{Doubt, Options, Outcome, compare};
use crate::access::literal::Dim;
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin};
use crate::access::{Access, NewAccess, Reason, RemovedAccess, Verdict, Witness};

use super::compile::{Contested, Place, Readings, compile};
use super::document::{Document, Item, List, Statement, Text};
use super::explain;
use super::parse::Kind;
use super::replay::{Replay, replay};
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

/// What a request can carry that no document says how to compare.
const ODD_VALUE: &str = "a condition on a value that is not of its type (number, date, address)";

/// Both sides under one reading.
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
        let mut access = Access::default();
        if self.before == self.after {
            return access;
        }
        let mut contested = Contested::default();
        let plain = self.pair(Readings::default(), &mut contested);
        contested.tag_keys_mind_case = self.tag_case_matters();
        let space = AwsSpace::new(self.kind);
        let readings = contested.readings();
        let mut plain = Some(plain);
        let mut silent = 0;
        let mut doubts: Vec<(Option<Origin>, Doubt)> = Vec::new();
        let mut fragile = false;
        for reading in &readings {
            let reuse = *reading == Readings::default();
            let pair = plain.take_if(|_| reuse).unwrap_or_else(|| self.pair(*reading, &mut Contested::default()));
            let outcome = compare(&pair.before, &pair.after, &space, self.options);
            silent += usize::from(outcome.is_none());
            fragile |= self.keep_new(&outcome, &pair, *reading, &readings, &mut access);
            doubts.extend(outcome.possible.into_iter().map(|(origin, doubt, _)| (origin, doubt)));
            // One reading that ends without an answer is enough: the budget of a comparison is not that of each.
            if !access.new.is_empty() || doubts.iter().any(|(_, doubt)| *doubt == Doubt::Budget) {
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

    /// Whether two keys of the documents differ in the case of a tag's name only.
    fn tag_case_matters(&self) -> bool {
        let readings = Readings { tag_keys_mind_case: true, ..Readings::default() };
        let documents = [self.before, self.after];
        let written = |text: &Text| matches!(text, Text::Known(text) if text.contains('/'));
        let tagged = |s: &Statement| s.conditions.iter().any(|c| written(&c.key));
        let varied = |list: &List| {
            list.items.iter().any(|item| match item {
                Item::One(Text::Known(text)) => text.contains("${"),
                Item::One(Text::Partial(_)) => true,
                Item::Many(_) => false,
            })
        };
        let refers = |s: &Statement| {
            s.resource.iter().any(|clause| varied(&clause.set)) || s.conditions.iter().any(|c| varied(&c.values))
        };
        let names_tags = |d: &&Document| d.statements.iter().any(|s| tagged(s) || (d.has_variables() && refers(s)));
        if !documents.iter().any(names_tags) {
            return false;
        }
        let pair = self.pair(readings, &mut Contested::default());
        let mut keys = BTreeSet::new();
        for decision in [&pair.before, &pair.after] {
            decision.each_rule(&mut |rule| {
                for lit in &rule.lits {
                    if let Dim::Key(key) = &lit.dim {
                        keys.insert(key.clone());
                    }
                    keys.extend(lit.globs().iter().flat_map(|glob| glob.needs().iter().map(|(key, _)| key.clone())));
                }
            });
        }
        let folded: BTreeSet<String> = keys.iter().map(|key| key.to_ascii_lowercase()).collect();
        folded.len() < keys.len()
    }

    fn pair(&self, readings: Readings, contested: &mut Contested) -> Pair {
        let place = Place::default();
        let mut side = |document| Decision::Rules(compile(document, self.kind, &place, readings, contested));
        Pair { before: side(self.before), after: side(self.after) }
    }

    /// Adds the pieces that the evaluator calls new under every reading. Returns whether some piece is new under
    /// its own reading only.
    fn keep_new(&self, outcome: &Outcome, pair: &Pair, own: Readings, all: &[Readings], access: &mut Access) -> bool {
        let mut fragile = false;
        for piece in &outcome.new {
            let replayed = |reading: Readings| replay(self.before, self.after, self.kind, &piece.point, reading);
            let doubt = match replayed(own) {
                Replay::Stands => None,
                Replay::Open => Some(Doubt::Unknown(vec![ODD_VALUE.to_owned()])),
                Replay::Falls => Some(Doubt::Unconfirmed),
            };
            if let Some(doubt) = doubt {
                access.verdict = access.verdict.max(Verdict::Possible);
                access.reasons.push(reason(piece.origin.as_ref(), &doubt));
                continue;
            }
            if !all.iter().all(|reading| *reading == own || replayed(*reading) == Replay::Stands) {
                fragile = true;
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
            access.new.push(self.describe(piece.origin.as_ref(), &piece.point, pair));
        }
        fragile
    }

    /// A context key as the documents write it.
    fn spelled(&self, key: &str) -> String {
        let conditions = [self.after, self.before].into_iter().flat_map(|d| &d.statements).flat_map(|s| &s.conditions);
        let mut written = conditions.filter_map(|condition| condition.key.as_known());
        written.find(|written| written.eq_ignore_ascii_case(key)).unwrap_or(key).to_owned()
    }

    fn describe(&self, origin: Option<&Origin>, point: &Point, pair: &Pair) -> NewAccess {
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
                context: point.keys.iter().map(|(key, value)| (self.spelled(key), value.values().to_vec())).collect(),
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
        Doubt::Variable => (
            "policy_variable",
            "depends on what a policy variable stands for, and no value was found that shows it; spell the value out"
                .to_owned(),
        ),
        Doubt::Unconfirmed => {
            ("unconfirmed", "a request was found but does not stand up in the evaluator; please report this".to_owned())
        }
    };
    Reason { code: code.to_owned(), path, message }
}
