//! What conftest policies can possibly need of a plan: whole sections, and rows of `resource_changes`.
//!
//! Everything is needed unless the analysis of the loaded policies proves otherwise.

use std::collections::BTreeSet;

use super::load::Namespace;
use super::rego::lint::Table;
use super::rego::syntax::ModuleInfo;

/// What the conftest policies need of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Nothing: there are no conftest policies.
    Nothing,
    /// The whole document.
    Everything,
    /// Some top-level sections, and some rows.
    Some {
        /// Top-level members that are given whole; `resource_changes` is not among them.
        sections: BTreeSet<String>,
        /// The rows of `resource_changes`.
        rows: Rows,
    },
}

/// Which rows of `resource_changes` are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// None: no policy reads the member.
    None,
    /// All of them.
    All,
}

pub(super) fn analyse(_modules: &[ModuleInfo], _table: &Table, namespaces: &[Namespace]) -> Selection {
    if namespaces.is_empty() { Selection::Nothing } else { Selection::Everything }
}
