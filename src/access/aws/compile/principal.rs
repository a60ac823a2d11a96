//! Principals to patterns over one string dimension.
//!
//! A request's principal is written `TYPE:ID`, where `TYPE` is `AWS`, `Service`, `Federated`, `CanonicalUser` or
//! `Anonymous`. Source: IAM User Guide, "AWS JSON policy elements: Principal": an account, by number or by the ARN
//! of its root, is every principal of the account; a role is also its sessions; identifiers have no wildcards
//! except `*` alone, and `"*"` and `{"AWS": "*"}` are everyone.

use crate::access::aws::document::{Item, PrincipalEntry, PrincipalKind, Principals, Text};
use crate::access::glob::{Glob, Loop, Symbol, Token};

/// Whether the strict reading of `NotPrincipal` can make a difference: some account, role or user is listed.
pub(super) fn is_contested(principals: &Principals) -> bool {
    let Principals::Listed(entries) = principals else { return false };
    let specific = |item: &Item| !matches!(item, Item::One(Text::Known(id)) if id == "*");
    entries.iter().any(|entry| entry.kind == PrincipalKind::Aws && entry.ids.items.iter().any(specific))
}

/// The patterns of a `NotPrincipal` element. An account excepts its root user alone: in the documentation's example all
/// but the user Bob are denied though his account is listed beside him. Under the strict reading a caller is excepted
/// only if its account is listed too.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
pub(super) fn exceptions(principals: &Principals, strict: bool) -> Vec<Glob> {
    let Principals::Listed(entries) = principals else { return globs(principals) };
    let known =
        entries.iter().filter(|entry| entry.kind == PrincipalKind::Aws).flat_map(|entry| entry.ids.known_items());
    let accounts: Vec<String> = known.filter_map(account_of_root).collect();
    let excepted = |id: &str| -> Vec<Glob> {
        if id == "*" {
            return vec![Glob::any()];
        }
        if let Some(number) = account_of_root(id) {
            let mut root = Glob::literal("AWS:arn:");
            root.push_many(Loop::InSegment);
            format!(":iam::{number}:root").chars().for_each(|c| root.push_char(c, false));
            return vec![root];
        }
        // A session needs its role listed, and that excepts it already.
        if strict && id.contains(":assumed-role/") {
            return Vec::new();
        }
        let own = id.split(':').nth(4).unwrap_or_default();
        if !strict || accounts.iter().any(|number| number == own) { aws(id) } else { Vec::new() }
    };
    let mut out = Vec::new();
    for one in entries {
        if one.kind == PrincipalKind::Aws && !(strict && one.ids.has_holes()) {
            out.extend(one.ids.known_items().flat_map(excepted));
            let mut unknown = one.clone();
            unknown.ids.items.retain(|item| !matches!(item, Item::One(Text::Known(_))));
            out.extend(entry(&unknown));
        } else {
            out.extend(entry(one));
        }
    }
    out
}

/// The account that an identifier names as a whole.
fn account_of_root(id: &str) -> Option<String> {
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return Some(id.to_owned());
    }
    match id.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", "", number, "root"] => Some((*number).to_owned()),
        _ => None,
    }
}

/// The patterns of a `Principal` element.
pub(super) fn globs(principals: &Principals) -> Vec<Glob> {
    match principals {
        Principals::Everyone => vec![Glob::any()],
        Principals::Unknown(hole) => vec![unknown(hole.as_str())],
        Principals::Listed(entries) => entries.iter().flat_map(entry).collect(),
    }
}

fn entry(entry: &PrincipalEntry) -> Vec<Glob> {
    let prefix = format!("{}:", entry.kind.as_str());
    let mut out = Vec::new();
    for item in &entry.ids.items {
        match item {
            Item::One(Text::Known(id)) if id == "*" && entry.kind == PrincipalKind::Aws => out.push(Glob::any()),
            Item::One(Text::Known(id)) if id == "*" => out.push(Glob::wildcard(&format!("{prefix}*"), false)),
            Item::One(Text::Known(id)) if entry.kind == PrincipalKind::Aws => out.extend(aws(id)),
            Item::One(Text::Known(id)) => out.push(Glob::literal(&format!("{prefix}{id}"))),
            Item::One(text @ Text::Partial(_)) => out.push(unknown(&text.display())),
            Item::Many(hole) => out.push(unknown(hole.as_str())),
        }
    }
    out
}

/// An unknown principal: the same text is the same principals. It may be anyone, so nothing of it is spelled out.
fn unknown(id: &str) -> Glob {
    let mut glob = Glob::empty();
    glob.push(Token::Symbol(Symbol::Hole(format!("principal {id}").into())));
    glob
}

/// The principals that an `AWS` identifier stands for.
fn aws(id: &str) -> Vec<Glob> {
    if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
        return account(id);
    }
    let parts: Vec<&str> = id.splitn(6, ':').collect();
    let exact = Glob::literal(&format!("AWS:{id}"));
    match parts.as_slice() {
        ["arn", _, "iam", "", number, "root"] => account(number),
        ["arn", partition, "iam", "", number, role] if role.starts_with("role/") => {
            let name = role.rsplit('/').next().unwrap_or_default();
            let mut sessions = Glob::literal(&format!("AWS:arn:{partition}:sts::{number}:assumed-role/{name}/"));
            sessions.push_many(Loop::Any);
            vec![exact, sessions]
        }
        _ => vec![exact],
    }
}

/// Every principal of an account, in any partition.
#[must_use]
pub fn account(number: &str) -> Vec<Glob> {
    let of = |service: &str| {
        let mut glob = Glob::literal("AWS:arn:");
        glob.push_many(Loop::InSegment);
        format!(":{service}::{number}:").chars().for_each(|c| glob.push_char(c, false));
        glob.push_many(Loop::Any);
        glob
    };
    vec![of("iam"), of("sts")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(id: &str, principal: &str) -> bool {
        aws(id).iter().any(|glob| glob.matches(principal))
    }

    #[test]
    fn an_account_is_everyone_in_it_and_a_role_is_its_sessions() {
        for form in ["123456789012", "arn:aws:iam::123456789012:root"] {
            assert!(matches(form, "AWS:arn:aws:iam::123456789012:user/a/b"));
            assert!(matches(form, "AWS:arn:aws:sts::123456789012:assumed-role/r/s"));
            assert!(!matches(form, "AWS:arn:aws:iam::999999999999:root"));
        }
        let role = "arn:aws:iam::123456789012:role/app/web";
        assert!(matches(role, "AWS:arn:aws:iam::123456789012:role/app/web"));
        assert!(matches(role, "AWS:arn:aws:sts::123456789012:assumed-role/web/session"));
        assert!(!matches(role, "AWS:arn:aws:sts::123456789012:assumed-role/website/session"));
    }
}
