//! Literals and names that all families share.

use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit, Set, Test};

pub(super) fn action(plane: &str, patterns: &[String], neg: bool) -> Lit {
    let globs = patterns.iter().map(|text| Glob::wildcard(&format!("{plane}:{text}"), true)).collect();
    Lit::of(Dim::Action, neg, globs, &patterns.join(", "))
}

pub(super) fn only(plane: &str, pattern: &str) -> Lit {
    action(plane, &[pattern.to_owned()], false)
}

pub(super) fn key(name: &str, neg: bool, absent_ok: bool, values: &[&str]) -> Lit {
    let globs = values.iter().map(|text| Glob::literal(text)).collect();
    let test = Test::One { neg, absent_ok, set: Set::Globs(globs) };
    Lit { dim: Dim::Key(name.into()), test, label: format!("{name}: {}", values.join(", ")).into() }
}

pub(super) fn ranged(name: &str, set: Set, label: String) -> Lit {
    Lit { dim: Dim::Key(name.into()), test: Test::One { neg: false, absent_ok: false, set }, label: label.into() }
}

pub(super) fn literal(text: &str) -> Glob {
    let mut glob = Glob::empty();
    text.chars().for_each(|c| glob.push_char(c, true));
    glob
}

/// A scope and everything below it.
pub(super) fn below(scope: &str) -> [Glob; 2] {
    let scope = scope.trim_end_matches('/');
    let mut deep = literal(&format!("{scope}/"));
    Glob::any().tokens().iter().for_each(|token| deep.push(token.clone()));
    deep.push_many(Glob::any().loop_at(0));
    [literal(scope), deep]
}

/// The last segment of an id, in lower case.
pub(in crate::access::azure) fn tail(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase()
}

/// The address in a reference `${address.attribute}`.
pub(super) fn referred(name: &str) -> Option<String> {
    let inside = name.strip_prefix("${")?.strip_suffix('}')?;
    inside.rsplit_once('.').map(|(address, _)| format!("${{{address}}}"))
}
