//! Whether, and how, a `Principal` element names the caller.
//!
//! Sources: IAM User Guide, "AWS JSON policy elements: Principal", "... NotPrincipal".

use super::reading::Reading;
use super::request::Principal;
use super::truth::Truth;
use crate::access::aws::document::{Clause, Item, List, PrincipalEntry, PrincipalKind, Principals, Text};

/// How a statement names its caller, from weakest to strongest. The strength decides which other policies an allow
/// of a resource's policy leaves standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grip {
    /// By its account: leaves the decision to the account's own policies.
    Account,
    /// By its role.
    Role,
    /// As itself, or with everyone.
    Direct,
}

/// Whether the element covers the caller, and the strongest way in which it is named (`Direct` for `NotPrincipal`).
pub(super) fn covers(clause: &Clause<Principals>, caller: &Principal, reading: Reading) -> (Truth, Grip) {
    if !clause.negated {
        return names(&clause.set, caller);
    }
    let excepted = if reading.not_principal_needs_account {
        Truth::all(identities(caller).iter().map(|identity| lists(&clause.set, identity)))
    } else {
        Truth::any(themselves(caller).iter().map(|identity| lists(&clause.set, identity)))
    };
    (excepted.not(), Grip::Direct)
}

fn names(principals: &Principals, caller: &Principal) -> (Truth, Grip) {
    let entries = match principals {
        Principals::Everyone => return (Truth::True, Grip::Direct),
        Principals::Unknown(_) => return (Truth::Unknown, Grip::Direct),
        Principals::Listed(entries) => entries,
    };
    let found = |entry: &PrincipalEntry| {
        entry.ids.items.iter().filter_map(|item| one(entry.kind, item, caller)).collect::<Vec<_>>()
    };
    // The surest entry counts, and among equally sure ones the strongest.
    entries.iter().flat_map(found).max().unwrap_or((Truth::False, Grip::Account))
}

/// Whether one entry names the caller; `None` where it does not.
fn one(kind: PrincipalKind, item: &Item, caller: &Principal) -> Option<(Truth, Grip)> {
    let Item::One(Text::Known(id)) = item else { return Some((Truth::Unknown, Grip::Direct)) };
    let same_kind = match (kind, caller) {
        (PrincipalKind::Aws, _) if id == "*" => return Some((Truth::True, Grip::Direct)),
        (PrincipalKind::Aws, caller) => return aws(id, caller).map(|grip| (Truth::True, grip)),
        (PrincipalKind::Service, Principal::Service(name))
        | (PrincipalKind::Federated, Principal::Federated(name))
        | (PrincipalKind::CanonicalUser, Principal::CanonicalUser(name)) => id == "*" || id == name,
        _ => false,
    };
    same_kind.then_some((Truth::True, Grip::Direct))
}

/// How an identifier of the type `AWS` names the caller.
fn aws(id: &str, caller: &Principal) -> Option<Grip> {
    let account = caller.account()?;
    let arn = caller.arn()?;
    if root_of(id) == Some(account) {
        return Some(Grip::Account);
    }
    match caller {
        Principal::Role { .. } if id == arn => Some(Grip::Role),
        _ if id == arn => Some(Grip::Direct),
        Principal::Session { role, .. } if same_role(id, role) => Some(Grip::Role),
        _ => None,
    }
}

/// The account that an identifier names as a whole: its number, or the ARN that ends in `root`.
fn root_of(id: &str) -> Option<&str> {
    if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id);
    }
    let (arn, account) = id.strip_suffix(":root")?.rsplit_once(':')?;
    (arn.starts_with("arn:") && arn.ends_with(":iam:")).then_some(account)
}

/// Role names are unique in an account, whatever the path: a session's ARN shows no path.
fn same_role(id: &str, role: &str) -> bool {
    let parts = |arn: &str| {
        let (head, path) = arn.split_once(":role/")?;
        Some((head.to_owned(), path.rsplit('/').next()?.to_owned()))
    };
    parts(id).is_some_and(|id| Some(id) == parts(role))
}

/// What must all be listed for an exception to hold under the strict reading: the caller and its account, and for a
/// session its role.
fn identities(caller: &Principal) -> Vec<Identity<'_>> {
    let mut all = Vec::new();
    if let Some(account) = caller.account() {
        all.push(Identity::Account(account));
    }
    match caller {
        Principal::Root { .. } => {}
        Principal::Session { role, .. } => all.push(Identity::Role(role)),
        caller => all.push(Identity::Caller(caller)),
    }
    all
}

/// What excepts a caller: itself, and for a session its role. An account stands for its root user alone, as in the
/// documentation's example, where all but the user Bob are denied though his account is listed beside him.
fn themselves(caller: &Principal) -> Vec<Identity<'_>> {
    let mut all = vec![Identity::Caller(caller)];
    match caller {
        Principal::Root { .. } => all.extend(caller.account().map(Identity::Account)),
        Principal::Session { role, .. } => all.push(Identity::Role(role)),
        _ => {}
    }
    all
}

enum Identity<'a> {
    Account(&'a str),
    Role(&'a str),
    Caller(&'a Principal),
}

/// Whether an identity is listed as such; an account does not stand for its members here.
fn lists(principals: &Principals, identity: &Identity<'_>) -> Truth {
    let entries = match principals {
        Principals::Everyone => return Truth::True,
        Principals::Unknown(_) => return Truth::Unknown,
        Principals::Listed(entries) => entries,
    };
    let known = |ids: &List, test: &dyn Fn(&str) -> bool| {
        Truth::any(ids.items.iter().map(|item| match item {
            Item::One(Text::Known(id)) => Truth::from(id == "*" || test(id)),
            _ => Truth::Unknown,
        }))
    };
    Truth::any(entries.iter().map(|entry| match (entry.kind, identity) {
        (PrincipalKind::Aws, Identity::Account(account)) => known(&entry.ids, &|id| root_of(id) == Some(*account)),
        (PrincipalKind::Aws, Identity::Role(role)) => known(&entry.ids, &|id| same_role(id, role)),
        (PrincipalKind::Aws, Identity::Caller(caller)) => known(&entry.ids, &|id| caller.arn() == Some(id)),
        (PrincipalKind::Service, Identity::Caller(Principal::Service(name)))
        | (PrincipalKind::Federated, Identity::Caller(Principal::Federated(name)))
        | (PrincipalKind::CanonicalUser, Identity::Caller(Principal::CanonicalUser(name))) => {
            known(&entry.ids, &|id| id == name)
        }
        _ => Truth::False,
    }))
}
