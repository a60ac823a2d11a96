//! Which requests an identity's own statements can be about, told by the prefix of their actions and by how the patterns
//! of their resources begin.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::changed::appears_otherwise;
use super::model::{Doc, DocUse, IdentityKey, Model};
use crate::access::aws::document::{Item, Statement, Text, Version};

/// The prefix of an action, such as `s3`, in lower case; `None` is any.
pub(super) type Service = Option<String>;

/// The requests that the policies and the boundary of an identity speak of, on both sides of the plan: by service, what
/// resources begin with, or what begins them, in lower case.
#[derive(Debug)]
pub(super) struct Span(BTreeSet<(Service, String)>);

/// What an identity speaks of on both sides.
pub(super) struct Spans {
    /// At all.
    pub(super) whole: Span,
    /// By what of its own policies differs between the sides: about all other requests they say the same.
    pub(super) changing: Span,
}

impl Spans {
    /// Of an identity.
    pub(super) fn of(key: &IdentityKey, sides: [&Model; 2]) -> Self {
        Self { whole: Span::of(key, sides), changing: Span::changing(key, sides) }
    }
}

impl Span {
    /// Whatever there is.
    fn everything() -> Self {
        Self(BTreeSet::from([(None, String::new())]))
    }

    /// Of an identity.
    fn of(key: &IdentityKey, sides: [&Model; 2]) -> Self {
        // What a boundary no longer holds may be granted anywhere.
        if boundary_changes(key, sides) {
            return Self::everything();
        }
        let mut parts = BTreeSet::new();
        for model in sides {
            let boundary = model.identities.get(key).into_iter().flat_map(|identity| &identity.boundary);
            for used in model.docs_of(key).chain(boundary) {
                match &used.doc {
                    Doc::Read(document) if document.unknown_statements.is_empty() => {
                        document.statements.iter().for_each(|statement| add(statement, &mut parts));
                    }
                    _ => return Self::everything(),
                }
            }
        }
        Self(parts)
    }

    /// Of that by which its own policies differ.
    fn changing(key: &IdentityKey, sides: [&Model; 2]) -> Self {
        if appears_otherwise(key, sides) || boundary_changes(key, sides) {
            return Self::everything();
        }
        let [before, after] = sides;
        let missing = [missing(key, before, after), missing(key, after, before)];
        let [Some(lost), Some(gained)] = missing.map(|documents| statements(&documents)) else {
            return Self::everything();
        };
        let mut parts = BTreeSet::new();
        for (one, other) in [(&lost, &gained), (&gained, &lost)] {
            one.iter().filter(|said| !other.contains(said)).for_each(|(_, statement)| add(statement, &mut parts));
        }
        Self(parts)
    }
}

/// Whether the boundary of an identity is another one than before.
fn boundary_changes(key: &IdentityKey, sides: [&Model; 2]) -> bool {
    let [before, after] =
        sides.map(|model| model.identities.get(key).map(|it| it.boundary.as_slice()).unwrap_or_default());
    before.len() != after.len() || before.iter().zip(after).any(|(one, other)| !says_same(one, other))
}

/// Whether documents in force say the same.
fn says_same(one: &DocUse, other: &DocUse) -> bool {
    match (&one.doc, &other.doc) {
        (Doc::Read(one), Doc::Read(other)) => Arc::ptr_eq(one, other) || one == other,
        (Doc::Unread { id: one, .. }, Doc::Unread { id: other, .. }) => one == other,
        _ => false,
    }
}

/// The policies of an identity that another side does not have in the same place; an identity that is not there has
/// none.
fn missing<'m>(key: &IdentityKey, model: &'m Model, from: &'m Model) -> Vec<&'m DocUse> {
    let mut places: HashMap<(&str, &str), Vec<&DocUse>> = HashMap::new();
    for used in from.docs_of(key) {
        places.entry((&used.address, &used.path)).or_default().push(used);
    }
    let is_there = |used: &DocUse| {
        let place = places.get(&(&*used.address, &*used.path));
        place.is_some_and(|others| others.iter().any(|other| says_same(used, other)))
    };
    model.docs_of(key).filter(|used| !is_there(used)).collect()
}

/// The statements of documents, wherever in them they stand; `None` where one cannot be read.
fn statements(of: &[&DocUse]) -> Option<Vec<(Option<Version>, Statement)>> {
    let mut all = Vec::new();
    for used in of {
        match &used.doc {
            Doc::Read(document) if document.unknown_statements.is_empty() => all.extend(
                document.statements.iter().map(|one| (document.version, Statement { index: 0, ..one.clone() })),
            ),
            _ => return None,
        }
    }
    Some(all)
}

/// Adds what a statement speaks of.
fn add(statement: &Statement, parts: &mut BTreeSet<(Service, String)>) {
    let starts: BTreeSet<String> = match statement.resource.as_ref().filter(|clause| !clause.negated) {
        Some(clause) => clause.set.items.iter().map(item_start).collect(),
        None => BTreeSet::from([String::new()]),
    };
    for service in services(statement) {
        parts.extend(starts.iter().map(|start| (service.clone(), start.clone())));
    }
}

fn item_start(item: &Item) -> String {
    match item {
        Item::One(Text::Known(text)) if text.starts_with("arn:") => start(text),
        _ => String::new(),
    }
}

/// The services whose actions a statement names.
pub(super) fn services(statement: &Statement) -> BTreeSet<Service> {
    let any = || BTreeSet::from([None]);
    if statement.action.negated {
        return any();
    }
    let mut all = BTreeSet::new();
    for item in &statement.action.set.items {
        let Item::One(Text::Known(action)) = item else { return any() };
        let prefix = action.split_once(':').map_or(action.as_str(), |(prefix, _)| prefix);
        if prefix.contains(['*', '?']) {
            return any();
        }
        all.insert(Some(prefix.to_ascii_lowercase()));
    }
    all
}

/// Ends what is a whole name and not the start of others.
const END: char = '\0';

/// What of a pattern stands before its first wildcard or variable, in lower case; with [`END`] where that is all.
fn start(pattern: &str) -> String {
    match pattern.find(['*', '?', '$']) {
        Some(at) => pattern.get(..at).unwrap_or_default().to_ascii_lowercase(),
        None => format!("{}{END}", pattern.to_ascii_lowercase()),
    }
}

/// Things that stand on resources and speak of services, found by both.
#[derive(Clone, Debug)]
pub(super) struct ByArn<T>(BTreeMap<Service, Starts<T>>);

/// Things by what their resources begin with.
type Starts<T> = BTreeMap<String, BTreeSet<T>>;

impl<T> Default for ByArn<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone + Ord> ByArn<T> {
    /// Adds a thing that speaks of a service on resources with these ARNs. Without a known ARN it may be any resource.
    pub(super) fn add(&mut self, service: Service, arns: &[String], thing: &T) {
        let starts = self.0.entry(service).or_default();
        if arns.is_empty() || arns.iter().any(|arn| arn.contains("${")) {
            starts.entry(String::new()).or_default().insert(thing.clone());
        }
        for arn in arns {
            starts.entry(start(arn)).or_default().insert(thing.clone());
        }
    }

    /// Adds what another has, as far as the things are picked.
    pub(super) fn add_of(&mut self, other: &Self, picks: &dyn Fn(&T) -> bool) {
        for (service, starts) in &other.0 {
            for (start, things) in starts {
                let mut picked = things.iter().filter(|thing| picks(thing)).cloned().peekable();
                if picked.peek().is_some() {
                    let own = self.0.entry(service.clone()).or_default();
                    own.entry(start.clone()).or_default().extend(picked);
                }
            }
        }
    }

    /// All.
    pub(super) fn each(&self) -> impl Iterator<Item = &T> {
        self.0.values().flat_map(BTreeMap::values).flatten()
    }

    /// Those that may speak of a request of the span.
    pub(super) fn within<'s>(&'s self, span: &'s Span) -> impl Iterator<Item = &'s T> {
        span.0.iter().flat_map(|(service, start)| self.about(service, start))
    }

    /// Whether any may speak of a request of the span.
    pub(super) fn meets(&self, span: &Span) -> bool {
        span.0.iter().any(|(service, from)| {
            self.named(service).any(|starts| {
                let longer = starts.range(from.to_owned()..).next();
                longer.is_some_and(|(arn, _)| arn.starts_with(from)) || shorter(starts, from).next().is_some()
            })
        })
    }

    /// Those that may stand on resources with these ARNs, whatever service they speak of.
    pub(super) fn beside<'s>(&'s self, arns: &[String]) -> BTreeSet<&'s T> {
        if arns.is_empty() {
            return self.each().collect();
        }
        arns.iter().flat_map(|arn| self.about(&None, &start(arn)).collect::<Vec<_>>()).collect()
    }

    fn about<'s>(&'s self, service: &Service, from: &str) -> impl Iterator<Item = &'s T> + use<'s, T> {
        let mut found = Vec::new();
        for starts in self.named(service) {
            let longer = starts.range(from.to_owned()..).take_while(|(arn, _)| arn.starts_with(from));
            found.extend(longer.flat_map(|(_, things)| things));
            found.extend(shorter(starts, from).flatten());
        }
        found.into_iter()
    }

    /// By how their resources begin, of a service and of any.
    fn named<'s>(&'s self, service: &Service) -> impl Iterator<Item = &'s Starts<T>> + use<'s, T> {
        let (of_it, all) = match service {
            Some(_) => ([self.0.get(service), self.0.get(&None)], None),
            None => ([None, None], Some(self.0.values())),
        };
        of_it.into_iter().flatten().chain(all.into_iter().flatten())
    }
}

/// Those that begin as a text does, and sooner end.
fn shorter<'s, T>(starts: &'s Starts<T>, from: &str) -> impl Iterator<Item = &'s BTreeSet<T>> {
    from.char_indices().filter_map(|(at, _)| starts.get(from.get(..at)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_meet_where_one_begins_with_the_other_and_services_do() {
        let mut things = ByArn::default();
        let of = |service: &str| Some(service.to_owned());
        things.add(of("s3"), &["arn:aws:s3:::a/*".to_owned(), "arn:aws:s3:::a".to_owned()], &"a");
        things.add(None, &["arn:aws:s3:::ab".to_owned()], &"ab");
        things.add(of("sqs"), &["arn:aws:sqs:*:*:q".to_owned()], &"q");
        things.add(of("s3"), &[], &"unknown");
        let within = |service: Service, pattern: &str| {
            let span = Span(BTreeSet::from([(service, start(pattern))]));
            things.within(&span).copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(within(of("s3"), "arn:aws:s3:::a/x"), ["a", "unknown"]);
        assert_eq!(within(of("s3"), "arn:aws:S3:::A*"), ["a", "ab", "unknown"]);
        assert_eq!(within(of("sqs"), "arn:aws:S3:::A*"), ["ab"]);
        assert_eq!(within(None, "arn:aws:sqs:us-east-1:111122223333:other"), ["q", "unknown"]);
        assert_eq!(within(None, "arn:aws:ec2:*"), ["unknown"]);
        assert_eq!(within(of("logs"), "*"), ["ab"]);
        assert_eq!(within(None, "arn:aws:s3:::${aws:username}"), ["a", "ab", "unknown"]);
        assert!(things.meets(&Span(BTreeSet::from([(of("sqs"), start("arn:aws:s3:::a*"))]))));
        things.0.remove(&None);
        assert!(!things.meets(&Span(BTreeSet::from([(of("sqs"), start("arn:aws:s3:::a*"))]))));
        assert!(things.meets(&Span(BTreeSet::from([(of("sqs"), start("arn:aws:sqs:x:y:q"))]))));
        things.add(None, &["arn:aws:s3:::ab".to_owned()], &"ab");
        assert_eq!(things.within(&Span::everything()).collect::<BTreeSet<_>>().len(), 4);
        assert_eq!(things.beside(&["arn:aws:s3:::abc".to_owned()]).len(), 1);
        assert_eq!(things.beside(&["arn:aws:s3:::a*".to_owned()]).len(), 3);
        assert_eq!(things.beside(&["arn:aws:s3:::a".to_owned()]).len(), 2);
    }
}
