//! Whether a statement matches a request.

use super::condition;
use super::pattern::{Pattern, Variables};
use super::principal::{self, Grip};
use super::request::Keys;
use super::truth::Truth;
use crate::access::aws::document::{Clause, Document, Item, List, Statement, Text};

/// Whether the statement matches, and how it names the caller. A statement without principal is about whoever the
/// document is attached to.
pub(super) fn matches(document: &Document, statement: &Statement, keys: &Keys<'_>) -> (Truth, Grip) {
    let (named, grip) = match &statement.principal {
        Some(clause) => principal::covers(clause, &keys.request.principal, keys.reading),
        None => (Truth::True, Grip::Direct),
    };
    let mut truth = named.and(action(&statement.action, &keys.request.action));
    if let Some(clause) = statement.resource.as_ref().filter(|_| truth != Truth::False) {
        truth = truth.and(resource(clause, document.has_variables(), keys));
    }
    for one in &statement.conditions {
        if truth == Truth::False {
            break;
        }
        truth = truth.and(condition::holds(one, document.has_variables(), keys));
    }
    if truth == Truth::False {
        return (truth, grip);
    }
    if keys.reading.unset_invalidates && has_unset(document, statement, keys) {
        truth = Truth::False;
    }
    if !statement.unknown_conditions.is_empty() {
        truth = truth.and(Truth::Unknown);
    }
    (truth, grip)
}

/// Whether anything in the statement has a variable without value and default.
fn has_unset(document: &Document, statement: &Statement, keys: &Keys<'_>) -> bool {
    let variables = resource_variables(document.has_variables(), keys);
    let unset = |text: &str| Pattern::new(text, variables, keys).is_none();
    statement.resource.iter().flat_map(|clause| clause.set.known_items()).any(unset)
        || statement.conditions.iter().any(|one| condition::has_unset(one, document.has_variables(), keys))
}

fn action(clause: &Clause<List>, action: &str) -> Truth {
    let matched = Truth::any(clause.set.items.iter().map(|item| match item {
        Item::One(Text::Known(pattern)) => Truth::from(action_matches(pattern, action)),
        _ => Truth::Unknown,
    }));
    matched.negated_if(clause.negated)
}

/// Prefix and name each by themselves; `*` without a prefix is everything.
fn action_matches(pattern: &str, action: &str) -> bool {
    // Most names of a long list are those of another service: the first letter tells.
    let first = |text: &str| text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    if !matches!(first(pattern), Some(b'*' | b'?')) && first(pattern) != first(action) {
        return false;
    }
    let like = |pattern: &str, text: &str| {
        if !pattern.contains(['*', '?']) {
            return pattern.eq_ignore_ascii_case(text);
        }
        let mut wild = pattern.to_ascii_lowercase().into_bytes();
        wild.dedup_by(|a, b| *a == b'*' && *b == b'*');
        wild_match(&wild, text.to_ascii_lowercase().as_bytes())
    };
    match (pattern.split_once(':'), action.split_once(':')) {
        (Some((prefix, name)), Some((service, called))) => like(prefix, service) && like(name, called),
        (None, Some(_)) => !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*'),
        _ => false,
    }
}

/// By recursion on the first wildcard: action names are short.
fn wild_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| wild_match(rest, text)))
        }
        (Some((wanted, rest)), Some((found, text))) => (*wanted == b'?' || wanted == found) && wild_match(rest, text),
        _ => false,
    }
}

/// Which variables of a resource are replaced.
fn resource_variables(variables: bool, keys: &Keys<'_>) -> Variables {
    match (variables, keys.reading.late_variables) {
        (false, _) => Variables::None,
        (true, true) => Variables::Late,
        (true, false) => Variables::All,
    }
}

fn resource(clause: &Clause<List>, variables: bool, keys: &Keys<'_>) -> Truth {
    let variables = resource_variables(variables, keys);
    let mut unset = false;
    let matched = Truth::any(clause.set.items.iter().map(|item| {
        let Item::One(Text::Known(text)) = item else { return Truth::Unknown };
        match Pattern::new(text, variables, keys) {
            None => {
                unset = true;
                Truth::False
            }
            Some(pattern) if keys.reading.segments => Truth::from(pattern.like_in_segments(&keys.request.resource)),
            Some(pattern) => Truth::from(pattern.like(&keys.request.resource)),
        }
    }));
    if clause.negated && unset && keys.reading.unset_blocks_not {
        return Truth::False;
    }
    matched.negated_if(clause.negated)
}
