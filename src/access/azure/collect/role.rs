//! Which role an assignment names.

use super::lits::{referred, tail};
use crate::access::azure::roles;
use crate::access::worlds::{Object, Val};

/// A role by what names it. An id is no name: a role of the plan may be called like a built-in one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::access::azure) enum RoleKey {
    /// The GUID, in lower case.
    Id(String),
    /// The name, in lower case.
    Name(String),
    /// The object of the plan that it is the id or the name of.
    Of(String),
}

/// The GUID of a role's id: `SCOPE/providers/Microsoft.Authorization/roleDefinitions/GUID`, with the provider's own
/// `GUID|SCOPE` too.
fn guid(id: &str) -> String {
    tail(id.split('|').next().unwrap_or(id))
}

impl RoleKey {
    /// The role of an assignment.
    pub(in crate::access::azure) fn of(object: &Object) -> Option<Self> {
        let (id, name) = (object.get("role_definition_id"), object.get("role_definition_name"));
        let reference = |value: &Val| value.hole().and_then(|_| referred(&value.name()?)).map(Self::Of);
        let known = id.text().map(|id| Self::Id(guid(id)));
        let known = known.or_else(|| name.text().map(|name| Self::Name(name.to_lowercase())));
        known.or_else(|| {
            // The one that is not set is computed, and leads to the assignment itself.
            let own = Self::Of(format!("${{{}}}", object.address));
            let found = [reference(id), reference(name)].into_iter().flatten();
            let mut found: Vec<Self> = found.collect();
            found.sort_by_key(|key| *key == own);
            found.into_iter().next()
        })
    }

    /// What a definition of the plan is named by.
    pub(in crate::access::azure) fn of_definition(object: &Object) -> Vec<Self> {
        let ids = ["role_definition_resource_id", "role_definition_id"];
        let ids = ids.iter().filter_map(|id| object.get(id).text()).map(|id| Self::Id(guid(id)));
        let name = object.get("name").text().map(|name| Self::Name(name.to_lowercase()));
        let mut all: Vec<Self> = ids.chain(name).chain([Self::Of(format!("${{{}}}", object.address))]).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The built-in role.
    pub(super) fn builtin(&self) -> Option<roles::Facts> {
        match self {
            Self::Id(id) => roles::builtin(id).filter(|role| role.id.eq_ignore_ascii_case(id)),
            Self::Name(name) => roles::builtin(name).filter(|role| !role.id.eq_ignore_ascii_case(name)),
            Self::Of(_) => None,
        }
    }

    /// In words, the same on both sides.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Name(text) | Self::Of(text) => text,
        }
    }
}
