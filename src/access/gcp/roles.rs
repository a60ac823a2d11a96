//! Predefined roles: inclusion, sizes and the permissions that are known of them.
//!
//! The digest lists which roles contain which, how many permissions each has, the complete list of those
//! permissions of each that raise privilege or read data, and a sample. Whatever it does not say is unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is known of a predefined role.
#[derive(Clone, Debug, Default)]
pub struct Role {
    /// How many permissions it has.
    pub count: usize,
    contained_in: Vec<&'static str>,
    equal_to: Vec<&'static str>,
    /// Its permissions among those that raise privilege or read data; complete.
    pub known: BTreeSet<&'static str>,
    /// A few of its permissions that not many other roles have.
    pub sample: Vec<&'static str>,
}

/// The predefined roles by name, without `roles/`.
#[derive(Debug)]
pub struct Roles {
    roles: BTreeMap<&'static str, Role>,
    telling: BTreeSet<&'static str>,
    /// Which roles have a permission in their sample.
    sampled: BTreeMap<&'static str, Vec<&'static str>>,
}

static BUILT_IN: LazyLock<Roles> = LazyLock::new(|| Roles::read(include_str!("roles.tsv")));

/// The date of the built-in role digest.
pub const DATE: &str = "2026-08-22";

impl Roles {
    /// The built-in digest.
    #[must_use]
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    fn read(text: &'static str) -> Self {
        let list = |text: &'static str| text.split(',').filter(|item| !item.is_empty()).collect::<Vec<_>>();
        let mut roles = BTreeMap::new();
        let mut telling = BTreeSet::new();
        let mut sampled: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let mut next = || columns.next().unwrap_or_default();
            let name = next();
            let role = Role {
                count: next().parse().unwrap_or(usize::MAX),
                contained_in: list(next()),
                equal_to: list(next()),
                known: list(next()).into_iter().collect(),
                sample: list(next()),
            };
            telling.extend(role.known.iter().copied());
            role.sample.iter().for_each(|permission| sampled.entry(permission).or_default().push(name));
            roles.insert(name, role);
        }
        Self { roles, telling, sampled }
    }

    /// How many roles there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "the digest is never empty")]
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// A role by its full name, such as `roles/viewer`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Role> {
        self.roles.get(name.strip_prefix("roles/")?)
    }

    /// Whether every permission of `small` is one of `large`; exact for predefined roles.
    #[must_use]
    pub fn contains(&self, large: &str, small: &str) -> bool {
        let (Some(large), Some(small)) = (large.strip_prefix("roles/"), small.strip_prefix("roles/")) else {
            return large == small;
        };
        let mut seen = BTreeSet::new();
        let mut open = vec![small];
        while let Some(name) = open.pop() {
            if name == large {
                return true;
            }
            let Some((name, role)) = self.roles.get_key_value(name) else { continue };
            if seen.insert(*name) {
                open.extend(role.contained_in.iter().chain(&role.equal_to));
            }
        }
        false
    }

    /// Whether a role has a permission; `None` where the digest does not say.
    #[must_use]
    pub fn has(&self, name: &str, permission: &str) -> Option<bool> {
        let role = self.get(name)?;
        if role.known.contains(permission) || role.sample.contains(&permission) {
            return Some(true);
        }
        if self.telling.contains(permission) || role.sample.len() == role.count {
            return Some(false);
        }
        let holders = self.sampled.get(permission)?;
        holders.iter().any(|other| self.contains(name, &format!("roles/{other}"))).then_some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inclusion_follows_the_digest() {
        let roles = Roles::built_in();
        assert!(roles.contains("roles/editor", "roles/viewer"));
        assert!(roles.contains("roles/storage.admin", "roles/storage.objectViewer"));
        assert!(!roles.contains("roles/viewer", "roles/editor"));
        assert!(!roles.contains("roles/owner", "roles/quantumlab.operator"));
    }

    #[test]
    fn what_the_digest_does_not_list_is_unknown() {
        let roles = Roles::built_in();
        assert_eq!(roles.has("roles/owner", "iam.serviceAccountKeys.create"), Some(true));
        assert_eq!(roles.has("roles/viewer", "iam.serviceAccountKeys.create"), Some(false));
        assert_eq!(roles.has("roles/viewer", "run.services.list"), None);
        assert_eq!(roles.has("roles/quantumlab.operator", "a.b.c"), None);
    }
}
