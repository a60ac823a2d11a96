//! What conftest policies can possibly need of a plan: whole sections, and rows of `resource_changes`.
//!
//! Everything is needed unless the analysis of the loaded policies proves otherwise. The proof is local: a policy
//! that takes rows one by one and demands a literal type of each (`rc := input.resource_changes[_]`, `rc.type ==
//! "x"`) has the same solutions, wherever it stands, when the rows of other types are missing.

mod analyse;
mod constants;
mod rows;

pub use rows::{RowPattern, Rows, Texts};

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

impl Selection {
    /// Whether a row of `resource_changes` is needed.
    pub fn wants_row<'t>(&self, type_name: &str, mode: &str, actions: impl Iterator<Item = &'t str> + Clone) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some { rows, .. } => rows.wants(type_name, mode, actions),
        }
    }

    /// Whether a top-level member other than `resource_changes` is needed.
    pub fn wants_section(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some { sections, .. } => sections.contains(name),
        }
    }
}

/// Analyses what the rules of the namespaces, and all that they use, can read of the input.
pub(super) fn analyse(modules: &[ModuleInfo], table: &Table, namespaces: &[Namespace]) -> Selection {
    if namespaces.is_empty() { Selection::Nothing } else { analyse::analyse(modules, table, namespaces) }
}
