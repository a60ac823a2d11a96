//! Memberships of groups: who is in a group has what the group has.
//!
//! <https://cloud.google.com/identity/docs/groups>: members of a group have its grants, also through groups in it. A
//! membership with an expiry ends by then.

use std::collections::{BTreeMap, BTreeSet};

use super::{Collector, Grant};
use crate::access::gcp::cel::{self, Clause};
use crate::access::gcp::principal;
use crate::access::literal::Lit;
use crate::access::worlds::{Object, Val};

/// The type of a membership.
pub(in crate::access::gcp) const MEMBERSHIP: &str = "google_cloud_identity_group_membership";

/// Groups in groups are followed this deep.
const MAX_DEPTH: usize = 8;

/// The memberships of a side.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The addresses of groups by what memberships call them.
    names: BTreeMap<String, String>,
    /// Who is in a group, by what the membership calls it: the member, and until when.
    members: BTreeMap<String, Vec<(String, Vec<Clause>)>>,
}

/// The address of a group as its object has it, in lower case; none for a group of another directory.
pub(in crate::access::gcp) fn address(group: &Object) -> Option<String> {
    let key = group.get("group_key");
    let key = key.items().first().unwrap_or(key);
    if is_foreign(key) {
        return None;
    }
    key.get("id").text().map(str::to_lowercase)
}

/// Whether a key names somebody of another directory that is mapped into this one, whatever it looks like.
fn is_foreign(key: &Val) -> bool {
    !key.get("namespace").is_unset()
}

/// What memberships may call a group.
pub(in crate::access::gcp) fn names(group: &Object) -> Vec<String> {
    let known = ["name", "id"].iter().filter_map(|it| group.get(it).text().map(str::to_owned));
    known.chain(["name", "id"].iter().map(|it| format!("${{{}.{it}}}", group.address))).collect()
}

/// The address of a membership's member, and its kind where the provider shows it.
fn member(object: &Object) -> Option<(String, Option<&str>)> {
    let keys = ["preferred_member_key", "member_key"].map(|it| object.get(it));
    let mut keys = keys.into_iter().map(|key| key.items().first().unwrap_or(key));
    let key = keys.find(|key| key.get("id").name().is_some())?;
    let kind = if is_foreign(key) { Some(FOREIGN) } else { object.get("type").text() };
    Some((key.get("id").name()?, kind))
}

const FOREIGN: &str = "FOREIGN";

impl Groups {
    pub(super) fn group(&mut self, object: &Object) {
        let Some(address) = address(object) else { return };
        self.names.extend(names(object).into_iter().map(|name| (name, address.clone())));
    }

    /// A group's address by what a membership calls it.
    fn address(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// Who is in a group, directly or through groups in it, and until when.
    fn within(&self, group: &str) -> Vec<(String, Vec<Clause>)> {
        let direct = |group: &str| {
            let own = self.members.iter().filter(|(name, _)| self.address(name) == Some(group));
            own.flat_map(|(_, members)| members.clone()).collect::<Vec<_>>()
        };
        let mut found: Vec<(String, Vec<Clause>)> = Vec::new();
        let mut open: Vec<_> = direct(group).into_iter().map(|one| (one, BTreeSet::from([group.to_owned()]))).collect();
        while let Some(((member, until), path)) = open.pop() {
            if let Some(inner) =
                member.strip_prefix("group:").filter(|it| !path.contains(*it) && path.len() < MAX_DEPTH)
            {
                let path: BTreeSet<String> = path.iter().cloned().chain([inner.to_owned()]).collect();
                open.extend(direct(inner).into_iter().map(|(one, other)| ((one, both(&until, &other)), path.clone())));
            }
            let one = (member, until);
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }
}

fn both(a: &[Clause], b: &[Clause]) -> Vec<Clause> {
    a.iter().flat_map(|a| b.iter().map(move |b| a.iter().chain(b).cloned().collect())).collect()
}

impl Collector<'_> {
    /// Reads a membership.
    pub(super) fn membership(&mut self, row: usize, object: &Object) {
        let (Some(group), Some((id, kind))) = (object.get("group").name(), member(object)) else {
            return self.unread(
                row,
                "preferred_member_key",
                "the member is known only after apply; plan again once it is known",
            );
        };
        let lower = id.to_lowercase();
        let kind = match kind {
            Some("SERVICE_ACCOUNT") => "serviceAccount",
            Some("GROUP") => "group",
            Some(FOREIGN) => "foreign",
            _ if lower.ends_with(".gserviceaccount.com") || id.contains("${google_service_account.") => {
                "serviceAccount"
            }
            _ if self.groups.names.values().any(|address| *address == lower) => "group",
            _ => "user",
        };
        let mut until = vec![Vec::new()];
        for role in object.get("roles").items().iter().filter(|role| role.get("name").text() == Some("MEMBER")) {
            for expiry in role.get("expiry_detail").items() {
                until = match expiry.get("expire_time") {
                    time if time.has_hole() => {
                        vec![vec![Lit::opaque(&format!("until {} ends", object.address), false)]]
                    }
                    time => time.text().map_or(until, |text| cel::clauses(&ends(text))),
                };
            }
        }
        let member = principal::normal(&format!("{kind}:{id}"));
        self.groups.members.entry(group).or_default().push((member, until));
    }

    /// The grants of members of groups.
    pub(super) fn by_group(&self, grants: &[Grant]) -> Vec<Grant> {
        let mut known: BTreeMap<&str, Vec<(String, Vec<Clause>)>> = BTreeMap::new();
        let mut all = Vec::new();
        for grant in grants.iter().filter(|_| !self.groups.members.is_empty()) {
            let Some(group) = grant.member.strip_prefix("group:") else { continue };
            for (member, until) in known.entry(group).or_insert_with(|| self.groups.within(group)).iter() {
                let (who, condition) = (principal::member(member), both(&grant.condition, until));
                all.push(Grant { member: member.clone(), who, condition, ..grant.clone() });
            }
        }
        all
    }

    /// The members of a group that a deny policy names, as alternatives.
    pub(super) fn denied_by_group(&self, text: &str) -> Vec<Clause> {
        let Some(group) = text.trim().strip_prefix("principalSet://goog/group/") else { return Vec::new() };
        let members = self.groups.within(&group.to_lowercase());
        let one = |(member, until): (String, Vec<Clause>)| both(&principal::member(&member).clauses, &until);
        members.into_iter().flat_map(one).collect()
    }
}

/// The condition of a membership that ends.
pub(in crate::access::gcp) fn ends(time: &str) -> String {
    format!("request.time < timestamp(\"{time}\")")
}
