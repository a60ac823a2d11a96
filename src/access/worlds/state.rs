//! The state on both sides of a plan: every row with its object before and its object after.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::value::Val;
use crate::access::facts::Catalogue;

/// One resource instance on one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The address on this side of the plan.
    pub address: Arc<str>,
    /// The resource type.
    pub type_name: Arc<str>,
    /// The values, with holes where they are known only after apply. Both sides of a row share those that are equal.
    pub values: Arc<Val>,
}

impl Object {
    /// An attribute of the object.
    pub fn get(&self, attribute: &str) -> &Val {
        self.values.get(attribute)
    }
}

/// A side of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The refreshed state.
    Before,
    /// The state that the plan leads to.
    After,
}

/// One row: an object before, an object after, or both.
#[derive(Clone, Debug)]
pub struct Row {
    /// The position of the IAM change the row belongs to; `None` for what does not change.
    pub change: Option<usize>,
    /// The object before.
    pub before: Option<Object>,
    /// The object after. A forgotten object stays as it was.
    pub after: Option<Object>,
    /// Attributes that the configuration sets; `None` where the configuration is not known. Computed attributes
    /// that nobody sets show the last reading and are no evidence.
    pub configured: Option<Vec<Arc<str>>>,
    /// Whether `configured` counts nested and dynamic blocks too: the plan's JSON leaves the dynamic ones out.
    pub exact: bool,
    /// The provider configuration that the row belongs to, such as `kubernetes.staging`; `None` where the
    /// configuration does not name the resource.
    pub provider: Option<Arc<str>>,
}

/// Who the value of an attribute is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The resource sets it.
    Set,
    /// The resource leaves it to the provider, which shows what it last read.
    Unset,
    /// The value stays as it is, and no configuration says which of the two it is.
    Unsaid,
}

impl Row {
    /// The object on a side.
    pub fn object(&self, side: Side) -> Option<&Object> {
        match side {
            Side::Before => self.before.as_ref(),
            Side::After => self.after.as_ref(),
        }
    }

    /// Whether the configuration sets an attribute. Without a configuration, an attribute that the plan changes
    /// must have been set.
    pub fn sets(&self, attribute: &str) -> bool {
        self.setting(attribute) == Setting::Set
    }

    /// Who an attribute's value is from.
    pub fn setting(&self, attribute: &str) -> Setting {
        let known = |set| if set { Setting::Set } else { Setting::Unset };
        match (&self.configured, &self.before, &self.after) {
            (Some(set), ..) => known(set.iter().any(|name| &**name == attribute)),
            (None, Some(before), Some(after)) => match before.get(attribute) != after.get(attribute) {
                true => Setting::Set,
                false => Setting::Unsaid,
            },
            (None, Some(one), None) | (None, None, Some(one)) => {
                known(!one.get(attribute).is_unset() && !one.get(attribute).has_hole())
            }
            (None, None, None) => Setting::Unset,
        }
    }

    /// The attributes that the change sets otherwise than they were, or sets at all where there was no object.
    ///
    /// Null, false, zero and what is empty are one value: providers write what is not set in any of these ways. What
    /// is known only after apply counts if the configuration sets it; other unknowns are computed.
    pub fn changed(&self) -> Vec<&str> {
        let Some(Val::Map(after)) = self.after.as_ref().map(|object| &*object.values) else { return Vec::new() };
        let null = Val::Null;
        let before = |name: &str| self.before.as_ref().map_or(&null, |object| object.get(name));
        let mut names: Vec<&str> = after.keys().map(|name| &**name).collect();
        if let Some(Val::Map(members)) = self.before.as_ref().map(|object| &*object.values) {
            names.extend(members.keys().map(|name| &**name).filter(|name| !after.contains_key(*name)));
        }
        names.retain(|name| match after.get(*name) {
            Some(Val::Hole(_)) => self.sets(name),
            value => value.unwrap_or(&null).settled() != before(name).settled(),
        });
        names
    }

    /// Whether a new object leaves an attribute to the provider: the configuration is known and does not set it. Of
    /// a path with an index, which is one of a block, only the configuration's files say so.
    pub fn leaves(&self, path: &str) -> bool {
        let first = path.split(['.', '[']).next().unwrap_or_default();
        let unset = self.configured.as_ref().is_some_and(|set| set.iter().all(|name| **name != *first));
        self.before.is_none() && unset && (self.exact || !path.contains('['))
    }

    /// The module and alias of the row's provider, without the provider's name: `kubernetes.staging` is `:staging`.
    pub fn alias(&self) -> String {
        let key = self.provider.as_deref().unwrap_or_default();
        let (module, name) = key.rsplit_once(':').unwrap_or(("", key));
        format!("{module}:{}", name.split_once('.').map_or("", |(_, alias)| alias))
    }

    /// Whether the objects differ.
    pub fn differs(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.values != after.values,
            (None, None) => false,
            _ => true,
        }
    }
}

/// All rows of a plan that bear on access.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The rows.
    pub rows: Vec<Row>,
    /// Definitions that the team has imported.
    pub catalogue: Arc<Catalogue>,
    /// Names of providers, such as `vault`, that are configured more than once: objects of theirs may stand in
    /// different places although they read the same.
    pub several: BTreeSet<Arc<str>>,
}

impl State {
    /// The rows by the addresses of their objects, before and after.
    pub fn by_address(&self) -> [HashMap<&str, usize>; 2] {
        let mut rows = [HashMap::new(), HashMap::new()];
        for (at, row) in self.rows.iter().enumerate() {
            for (rows, object) in rows.iter_mut().zip([&row.before, &row.after]) {
                rows.extend(object.iter().map(|object| (&*object.address, at)));
            }
        }
        rows
    }
}
