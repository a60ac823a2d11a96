//! Which resources an identity's own statements can be about, told by how patterns begin.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Doc, DocUse, IdentityKey, Model};
use crate::access::aws::document::{Document, Item, Text};

/// The resources that the policies and the boundary of an identity speak of, on both sides of the plan.
pub(super) enum Span {
    /// Whatever there is.
    Everything,
    /// What begins with one of these, or with which one of these begins; in lower case.
    From(BTreeSet<String>),
}

impl Span {
    /// Of an identity.
    pub(super) fn of(key: &IdentityKey, sides: [&Model; 2]) -> Self {
        let boundary = |model: &Model| model.identities.get(key).map(|identity| ids(&identity.boundary));
        // What a boundary no longer holds may be granted anywhere.
        if boundary(sides[0]).unwrap_or_default() != boundary(sides[1]).unwrap_or_default() {
            return Self::Everything;
        }
        let mut starts = BTreeSet::new();
        for model in sides {
            let boundary = model.identities.get(key).into_iter().flat_map(|identity| &identity.boundary);
            for used in model.docs_of(key).chain(boundary) {
                let Doc::Read(document) = &used.doc else { return Self::Everything };
                if !add(document, &mut starts) {
                    return Self::Everything;
                }
            }
        }
        Self::From(starts)
    }
}

/// What identifies documents that are in force.
fn ids(docs: &[DocUse]) -> Vec<String> {
    docs.iter()
        .map(|used| match &used.doc {
            Doc::Read(document) => format!("{document:?}"),
            Doc::Unread { id, .. } => id.to_string(),
        })
        .collect()
}

/// Adds how the document's resources begin; `false` where it speaks of all.
fn add(document: &Document, starts: &mut BTreeSet<String>) -> bool {
    document.unknown_statements.is_empty()
        && document.statements.iter().all(|statement| {
            let Some(resource) = statement.resource.as_ref().filter(|clause| !clause.negated) else { return false };
            resource.set.items.iter().all(|item| match item {
                Item::One(Text::Known(text)) if text.starts_with("arn:") => {
                    starts.insert(start(text));
                    true
                }
                _ => false,
            })
        })
}

/// What of a pattern stands before its first wildcard or variable, in lower case.
fn start(pattern: &str) -> String {
    pattern.split(['*', '?', '$']).next().unwrap_or_default().to_ascii_lowercase()
}

/// Things that stand on resources, found by their ARNs.
#[derive(Clone, Debug)]
pub(super) struct ByArn<T> {
    known: BTreeMap<String, BTreeSet<T>>,
    /// Those of which no ARN is known.
    unknown: BTreeSet<T>,
}

impl<T> Default for ByArn<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), unknown: BTreeSet::new() }
    }
}

impl<T: Clone + Ord> ByArn<T> {
    pub(super) fn add(&mut self, arns: &[String], thing: &T) {
        if arns.is_empty() || arns.iter().any(|arn| arn.contains("${")) {
            self.unknown.insert(thing.clone());
        }
        for arn in arns {
            self.known.entry(start(arn)).or_default().insert(thing.clone());
        }
    }

    /// All.
    pub(super) fn each(&self) -> impl Iterator<Item = &T> {
        self.known.values().flatten().chain(&self.unknown)
    }

    /// Those on resources of the span, and those of which that is not known.
    pub(super) fn within(&self, span: &Span) -> BTreeSet<&T> {
        let Span::From(starts) = span else { return self.each().collect() };
        let mut found: BTreeSet<&T> = self.unknown.iter().collect();
        for start in starts {
            let longer = self.known.range(start.clone()..).take_while(|(arn, _)| arn.starts_with(start.as_str()));
            found.extend(longer.flat_map(|(_, things)| things));
            let shorter = start.char_indices().filter_map(|(at, _)| self.known.get(start.get(..at)?));
            found.extend(shorter.flatten());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_one_begins_with_the_other() {
        let mut things = ByArn::default();
        things.add(&["arn:aws:s3:::a/*".to_owned(), "arn:aws:s3:::a".to_owned()], &"a");
        things.add(&["arn:aws:s3:::ab".to_owned()], &"ab");
        things.add(&["arn:aws:sqs:*:*:q".to_owned()], &"q");
        things.add(&[], &"unknown");
        let within = |patterns: &[&str]| {
            let span = Span::From(patterns.iter().map(|pattern| start(pattern)).collect());
            things.within(&span).into_iter().copied().collect::<Vec<_>>()
        };
        assert_eq!(within(&["arn:aws:s3:::a/x"]), ["a", "unknown"]);
        assert_eq!(within(&["arn:aws:S3:::A*"]), ["a", "ab", "unknown"]);
        assert_eq!(within(&["arn:aws:sqs:us-east-1:111122223333:other"]), ["q", "unknown"]);
        assert_eq!(within(&["arn:aws:ec2:*"]), ["unknown"]);
        assert_eq!(within(&["arn:aws:s3:::${aws:username}"]), ["a", "ab", "unknown"]);
        assert_eq!(things.within(&Span::Everything).len(), 4);
    }
}
