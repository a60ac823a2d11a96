//! Which attributes of a type a platform compares.
//!
//! A change is compared whole only if every attribute that it sets otherwise is one that the platform reads, or one
//! that bears on no access. Any other attribute, a new one of the provider too, leaves the change undetermined.

use super::state::Row;

/// A type that is compared.
#[derive(Clone, Copy, Debug)]
pub struct Type {
    /// The type's name.
    pub name: &'static str,
    /// Attributes that are read and have to be known for it.
    pub reads: &'static [&'static str],
    /// Attributes that are read, or name the object, also while they are known only after apply.
    pub follows: &'static [&'static str],
    /// Attributes that bear on no access.
    pub silent: &'static [&'static str],
    /// Whether a new object can give access by an attribute that is not read.
    pub gives: bool,
}

/// Why a change cannot be compared whole: the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread<'r> {
    /// What it permits is not read.
    Attribute(&'r str),
    /// It is read, and known only after apply.
    Unknown(&'r str),
}

impl Type {
    /// The first attribute that a change sets and the platform does not read, or cannot read yet. `silent` are the
    /// platform's attributes that bear on no access wherever they stand.
    pub fn unread<'r>(&self, row: &'r Row, silent: &[&str]) -> Option<Unread<'r>> {
        if row.before.is_none() && !self.gives {
            return None;
        }
        let changed = row.changed();
        let lists = [self.reads, self.follows, self.silent, silent];
        if let Some(other) = changed.iter().find(|name| !lists.iter().any(|list| list.contains(name))) {
            return Some(Unread::Attribute(other));
        }
        let open = |name: &str| row.after.as_ref().is_some_and(|object| object.get(name).has_hole());
        changed.into_iter().find(|name| self.reads.contains(name) && open(name)).map(Unread::Unknown)
    }
}
