//! Whether the trees of both sides tell what each change of a focus does: each does nothing but put documents into
//! force, whose rules stand in the trees under their own places.
//!
//! What a change does beyond that (who is in a group, what has a boundary, whose policies a list excludes) shows in the
//! shape of a tree, and only undoing it tells what it brings about.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::World;
use super::focus::View;
use super::model::{DocUse, Model};
use super::resource::is_dedicated;
use crate::access::worlds::Object;
use crate::iam::Kind;

/// Types that put policies of identities into force, and do nothing else.
const OF_IDENTITIES: [&str; 6] = [
    "aws_iam_role_policy",
    "aws_iam_user_policy",
    "aws_iam_group_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
];

impl World<'_> {
    /// Whether the rules of both trees, by where they stand, show all that each of the changed rows does.
    pub(super) fn documents_tell(&self, touched: &BTreeSet<usize>, views: [&View; 2]) -> bool {
        let unsteady = &self.changed.unsteady;
        let steady = |used: &DocUse| !unsteady.contains(&(Arc::clone(&used.address), Arc::clone(&used.path)));
        views.iter().all(|view| view.unknown.is_empty())
            && touched.iter().all(|row| self.telling.contains(row))
            && (unsteady.is_empty() || views.iter().flat_map(|view| &view.docs).all(steady))
    }

    /// The changed rows that are documents.
    pub(super) fn telling(&self) -> HashSet<usize> {
        (0..self.state.rows.len()).filter(|at| self.changed.row(*at) && self.is_of_documents(*at)).collect()
    }

    /// Whether a changed row is a document that takes effect by standing somewhere, and where it stands is as before.
    fn is_of_documents(&self, at: usize) -> bool {
        let Some(row) = self.state.rows.get(at) else { return false };
        if self.changed.shapes(at) {
            return false;
        }
        match (&row.before, &row.after) {
            (Some(before), Some(after)) => before.type_name == after.type_name && self.is_policy(at, before),
            (Some(one), None) | (None, Some(one)) => OF_IDENTITIES.contains(&&*one.type_name),
            (None, None) => false,
        }
    }

    fn is_policy(&self, at: usize, object: &Object) -> bool {
        let of_resource = || {
            let listed = self.library.listed(&object.type_name);
            listed.is_some_and(|listed| listed.entry.kind == Kind::ResourcePolicy)
                && is_dedicated(object)
                && self.changed.policies_of(at).all(|key| stands_alike(key, [&self.before, &self.after]))
        };
        &*object.type_name == "aws_iam_policy" || OF_IDENTITIES.contains(&&*object.type_name) || of_resource()
    }
}

/// Whether the resource has a policy on both sides, about the same ARNs, which counts in the same way.
fn stands_alike(key: &str, sides: [&Model; 2]) -> bool {
    match sides.map(|model| model.resources.get(key)) {
        [Some(before), Some(after)] => {
            let unrestricted = before.restricted.is_none() && after.restricted.is_none();
            unrestricted && before.arns == after.arns && before.explicit == after.explicit
        }
        _ => false,
    }
}
