//! Documents of which nobody says whether their resource sets them.
//!
//! The provider shows on a role the inline policies and attachments that it finds there, and on a bucket, queue or key
//! the policy, whoever made them. The configuration tells which of them the resource sets itself; without one, what
//! stays as it is may be either. It is in force all the same, unless another row of the plan has it: then it counts
//! there, and goes when that row goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::collect::Collector;
use super::model::{DocUse, IdentityKey};
use super::resource::add_arns;

/// What a row of its own has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Own {
    /// The inline policy of an identity, by its name.
    Inline(IdentityKey, String),
    /// The managed policy of an identity, by its ARN.
    Attached(IdentityKey, String),
    /// The policy of a resource, by the resource's key.
    Policy(String),
}

/// A document that may be a row's own.
pub(super) struct Unsaid {
    /// The document.
    pub(super) used: DocUse,
    /// What it is where a row has it.
    pub(super) own: Own,
    /// The ARNs of the resource.
    pub(super) arns: Vec<String>,
    /// Whether the same account needs an explicit allow there.
    pub(super) explicit: bool,
}

impl Unsaid {
    /// A document of an identity.
    pub(super) fn of(used: DocUse, own: Own) -> Self {
        Self { used, own, arns: Vec::new(), explicit: false }
    }
}

/// Puts into force what no row has, on this side or earlier.
pub(super) fn apply(to: &mut Collector<'_>, earlier: &BTreeSet<Own>) {
    for Unsaid { used, own, arns, explicit } in std::mem::take(&mut to.unsaid) {
        if to.model.dedicated.contains(&own) || earlier.contains(&own) {
            continue;
        }
        to.model.mirrored.insert((Arc::clone(&used.address), Arc::clone(&used.path)));
        match own {
            Own::Inline(key, _) | Own::Attached(key, _) => to.model.identities.entry(key).or_default().docs.push(used),
            Own::Policy(key) => {
                let policy = to.model.resources.entry(key).or_default();
                policy.docs.push(used);
                policy.explicit |= explicit;
                add_arns(policy, arns);
            }
        }
    }
}
