//! What a side of the plan says about access in AWS: identities, their documents, and what limits them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::mirror::Own;
use super::span::ByArn;
use super::speaking::Speaking;
use crate::access::Reason;
use crate::access::aws::document::Document;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit};

/// A policy document, or why there is none to read.
#[derive(Clone, Debug)]
pub(super) enum Doc {
    /// Read, perhaps with holes.
    Read(Arc<Document>),
    /// Not known. The same id is the same unknown document on both sides.
    Unread {
        /// What identifies the unknown document: a hole, an ARN, or the text that cannot be read.
        id: Arc<str>,
        /// Why, and what to do about it.
        reason: Reason,
    },
}

/// Where a document stands: the address and the attribute path.
pub(super) type Place = (Arc<str>, Arc<str>);

/// A document in force.
#[derive(Clone, Debug)]
pub(super) struct DocUse {
    /// The resource that carries the document.
    pub(super) address: Arc<str>,
    /// The attribute path of the document.
    pub(super) path: Arc<str>,
    /// The rows that bring it into force: its own, and its attachment's.
    pub(super) rows: Vec<usize>,
    /// The document.
    pub(super) doc: Doc,
}

/// What sort of identity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum IdentityKind {
    Role,
    User,
    Group,
}

impl IdentityKind {
    /// As people and ARNs call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// A role, user or group by its kind and name. The name is the known one, or `${address}` while it is not known.
pub(super) type IdentityKey = (IdentityKind, String);

/// An identity and everything attached to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Identity {
    /// The ARN; computed where it is not known yet.
    pub(super) arn: Option<String>,
    /// The rows that made the model know it.
    pub(super) rows: BTreeSet<usize>,
    /// Whether the identity itself is in the state, not only referred to.
    pub(super) shown: bool,
    /// Identity policies, inline and managed.
    pub(super) docs: Vec<DocUse>,
    /// The permissions boundary.
    pub(super) boundary: Vec<DocUse>,
    /// Groups that a user is a member of, with the row that says so.
    pub(super) groups: Vec<(String, usize)>,
    /// The trust policy of a role.
    pub(super) trust: Option<DocUse>,
    /// Principal tags.
    pub(super) tags: BTreeMap<String, String>,
    /// That a request is about it.
    pub(super) itself: Itself,
}

/// The literal that a request is about what carries a policy, made when it is first asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Itself(OnceLock<Option<Lit>>);

impl Itself {
    /// By its ARNs; `None` where none is known.
    pub(super) fn of(&self, arns: &[String]) -> Option<&Lit> {
        let made = self.0.get_or_init(|| {
            let arns: Vec<Glob> = arns.iter().map(|arn| Glob::wildcard(arn, false)).collect();
            (!arns.is_empty()).then(|| Lit::of(Dim::Resource, false, arns, "the resource of the policy"))
        });
        made.as_ref()
    }
}

/// The policy of a resource: all documents that stand on it, and the resource's ARN.
#[derive(Clone, Debug, Default)]
pub(super) struct ResourcePolicy {
    /// What the requests are about: ARN patterns of the resource; empty where they are not known.
    pub(super) arns: Vec<String>,
    /// The documents.
    pub(super) docs: Vec<DocUse>,
    /// Whether the same account needs an explicit allow here (KMS keys).
    pub(super) explicit: bool,
    /// Whether `RestrictPublicBuckets` is on, and the row that says so.
    pub(super) restricted: Option<usize>,
    /// That a request is about it.
    pub(super) itself: Itself,
}

/// A way to act as an identity: a key, a password, an instance profile, a function with a role.
#[derive(Clone, Debug)]
pub(super) struct Credential {
    /// The identities it acts as.
    pub(super) of: Vec<IdentityKey>,
    /// Whether it works.
    pub(super) active: bool,
    /// The rows that bring it about.
    pub(super) rows: Vec<usize>,
    /// A session policy that cuts what it may do.
    pub(super) session: Vec<DocUse>,
    /// References that cannot be followed.
    pub(super) unknown: Vec<Reason>,
}

/// A permission set with what it carries and to whom it is assigned.
#[derive(Clone, Debug, Default)]
pub(super) struct PermissionSet {
    /// The documents.
    pub(super) docs: Vec<DocUse>,
    /// The boundary.
    pub(super) boundary: Vec<DocUse>,
    /// `(principal, account, row)` of each assignment.
    pub(super) assignments: Vec<(String, String, usize)>,
}

/// One side of the plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) identities: BTreeMap<IdentityKey, Identity>,
    /// Identities by their ARN, groups aside.
    pub(super) by_arn: BTreeMap<String, Vec<IdentityKey>>,
    pub(super) resources: BTreeMap<String, ResourcePolicy>,
    /// Resources that have a policy, by their ARNs.
    pub(super) by_place: ByArn<String>,
    /// Who is named by the policies of resources and by trusts.
    pub(super) speaking: Speaking,
    /// What has a row of its own, and not only a value of another.
    pub(super) dedicated: BTreeSet<Own>,
    /// Where documents stand that are in force although nobody says whose they are.
    pub(super) mirrored: BTreeSet<Place>,
    /// Resources that are in the state themselves, by the same keys.
    pub(super) objects: BTreeSet<String>,
    pub(super) credentials: BTreeMap<String, Credential>,
    pub(super) permission_sets: BTreeMap<String, PermissionSet>,
    /// Service control policies by target.
    pub(super) guarded: BTreeMap<String, Vec<DocUse>>,
    /// Documents that limit what passes through an endpoint.
    pub(super) endpoints: BTreeMap<String, Vec<DocUse>>,
    /// Client ids of identity providers by their ARN, with the row.
    pub(super) audiences: BTreeMap<String, (String, Vec<String>, usize)>,
}
