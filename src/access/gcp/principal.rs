//! Who a member of a policy stands for.
//!
//! <https://cloud.google.com/iam/docs/principal-identifiers>. Requests carry their principal in the notation of
//! `member`, addresses in lower case; a federated identity carries its claims as context keys.

use super::cel::{self, Clause};
use crate::access::glob::{Glob, Loop};
use crate::access::literal::{Dim, Lit, Set};

/// Who is meant, as alternatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Who {
    pub(super) clauses: Vec<Clause>,
    /// Everybody, or everybody with an account.
    pub(super) public: bool,
    /// The member is known only after apply.
    pub(super) unknown: bool,
    /// The workload identity pool, where it is a set of federated identities: `NUMBER/POOL`.
    pub(super) pool: Option<String>,
}

fn glob(pattern: &str) -> Glob {
    let mut glob = Glob::empty();
    for c in pattern.chars() {
        match c {
            '*' => glob.push_many(Loop::Any),
            c => glob.push_char(c, false),
        }
    }
    glob
}

/// A literal that the principal matches one of the patterns; only `*` is special.
pub(super) fn is(patterns: &[&str], label: &str) -> Lit {
    Lit::of(Dim::Principal, false, patterns.iter().map(|pattern| glob(pattern)).collect(), label)
}

fn exactly(member: &str) -> Lit {
    Lit::of(Dim::Principal, false, vec![Glob::literal(member)], member)
}

/// A member in one spelling: the kind as written by the provider, the address in lower case.
pub(super) fn normal(member: &str) -> String {
    match member.split_once(':') {
        Some((kind @ ("user" | "group" | "serviceAccount" | "domain"), address)) => {
            format!("{kind}:{}", address.to_lowercase())
        }
        // A reference to an account's address is taken for the address.
        None if member.ends_with(".gserviceaccount.com") => format!("serviceAccount:{}", member.to_lowercase()),
        _ => member.to_owned(),
    }
}

/// The members a policy names.
pub(super) fn member(text: &str) -> Who {
    let one = |lit: Lit| Who { clauses: vec![vec![lit]], ..Who::default() };
    let text = normal(text);
    if text.contains("${") {
        return Who { unknown: !text.contains("google_service_account."), ..one(exactly(&text)) };
    }
    match text.as_str() {
        "allUsers" => Who { public: true, ..one(is(&["*"], "everyone")) },
        "allAuthenticatedUsers" => {
            let kinds = ["user:*", "group:*", "serviceAccount:*", "domain:*"];
            Who { public: true, ..one(is(&kinds, "every account")) }
        }
        text if text.starts_with("deleted:") => Who::default(),
        text => match (text.split_once(':'), text.find("/workloadIdentityPools/")) {
            (Some(("domain", domain)), _) => {
                one(is(&[&format!("user:*@{domain}"), text], &format!("the users of `{domain}`")))
            }
            (Some(("principalSet" | "principal", _)), Some(at)) => federated(text, at),
            (Some(_), _) => one(exactly(text)),
            (None, _) => Who { unknown: true, ..one(exactly(text)) },
        },
    }
}

fn federated(text: &str, at: usize) -> Who {
    let (pool, rest) = text.split_at(at);
    let number = pool.rsplit('/').nth(2).unwrap_or_default();
    let mut parts = rest.trim_start_matches("/workloadIdentityPools/").splitn(2, '/');
    let (name, what) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let path = pool.split_once("//").map_or(pool, |(_, path)| path);
    let all = format!("principal://{path}/workloadIdentityPools/{name}/subject/*");
    let mut clause = vec![is(&[&all], text)];
    if let Some(subject) = what.strip_prefix("subject/") {
        clause = vec![exactly(&format!("principal://{path}/workloadIdentityPools/{name}/subject/{subject}"))];
    } else if let Some((attribute, value)) = what.split_once('/') {
        let key = if attribute == "group" { "google.groups" } else { attribute };
        clause.push(cel::one(key, true, Set::Globs(vec![Glob::literal(value)])));
    }
    Who { clauses: vec![clause], pool: Some(format!("{number}/{name}")), ..Who::default() }
}

/// A principal as deny policies write it, as alternatives.
///
/// The principal itself; for a group, and for any set whose members are not in the plan, whoever is in it too.
pub(super) fn denied(text: &str) -> Vec<Clause> {
    let text = text.trim();
    if text == "principalSet://goog/public:all" {
        return vec![Vec::new()];
    }
    for (prefix, kind) in [
        ("principal://goog/subject/", "user:"),
        ("principalSet://goog/group/", "group:"),
        ("principal://iam.googleapis.com/projects/-/serviceAccounts/", "serviceAccount:"),
    ] {
        if let Some(address) = text.strip_prefix(prefix) {
            let mut all = vec![vec![exactly(&format!("{kind}{}", address.to_lowercase()))]];
            if kind == "group:" {
                all.push(vec![Lit::opaque(&among(text), false)]);
            }
            return all;
        }
    }
    if text.contains("/workloadIdentityPools/") {
        return member(text).clauses;
    }
    // Who belongs to any other set is not in the plan; the same set on both sides is the same set.
    vec![vec![Lit::opaque(&among(text), false)]]
}

/// What is opaque of a set of principals, in words.
pub(super) fn among(set: &str) -> String {
    format!("the caller is in {set}")
}
