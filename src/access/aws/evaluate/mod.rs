//! The concrete evaluator: one request against documents, decided as AWS documents it.
//!
//! It exists to contradict the inclusion procedure. Everything that procedure claims to be new is replayed here
//! first, so the two share no code beyond the document itself: patterns, conditions, numbers, dates and addresses
//! are read here a second time, in another way.
//!
//! - [`evaluate_document`] judges one document alone, the form in which differences of documents are replayed.
//! - [`evaluate`] judges a request against everything that bears on it: identity, boundary, session and resource
//!   policies, control policies of the organisation on both sides, VPC endpoint policies.
//!
//! Where the documentation leaves a point open, [`Reading`] says which way it is read; `docs/evaluator.md` has the
//! table with sources. Where a document has holes or operators that the language does not know, the answer is
//! [`Outcome::Undetermined`] unless it is the same for every meaning they could have.
//!
//! Sources: IAM User Guide, "Policy evaluation logic", "Cross-account policy evaluation logic", "IAM JSON policy
//! elements"; AWS KMS Developer Guide, "Key policies"; AWS Organizations User Guide, "SCP evaluation".
//!
//! Not modelled: S3 Block Public Access, object ownership and ACLs, principal access boundaries, service-linked
//! roles' exemption from control policies (leave the policies out), several resources in one request.

mod combine;
mod condition;
mod document;
mod pattern;
mod principal;
mod reading;
mod request;
mod statement;
mod truth;
mod value;

pub use combine::{Policies, ResourcePolicyKind, evaluate};
pub use document::evaluate_document;
pub use reading::Reading;
pub use request::{Context, ContextValue, Principal, Request};

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Permitted. The statements that permit it, one or more for each policy type that had to.
    Allowed {
        /// Empty only where nothing needs to permit: the account's root user, `sts:GetCallerIdentity`.
        by: Vec<Deciding>,
    },
    /// Forbidden by statements that match.
    ExplicitDeny {
        /// At least one.
        by: Vec<Deciding>,
    },
    /// Not permitted.
    ImplicitDeny {
        /// The first policy type without a statement that permits it.
        limit: Layer,
    },
    /// Depends on what the document does not say: a hole, or an operator that is not of the language.
    Undetermined {
        /// The statements it depends on.
        on: Vec<Deciding>,
    },
}

impl Outcome {
    /// Whether the request is permitted for certain.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// Whether the request is refused for certain.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::ExplicitDeny { .. } | Self::ImplicitDeny { .. })
    }
}

/// A statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deciding {
    /// Where its policy applies.
    pub layer: Layer,
    /// The policy's position among those of its layer.
    pub policy: usize,
    /// The statement's position in the policy.
    pub statement: usize,
    /// The statement's `Sid`, where it is known.
    pub sid: Option<String>,
}

/// A policy type; for control policies, the level of the organisation, from the root's 0 to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The policies of the user and its groups, or of the role.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The session policies.
    Session,
    /// The resource's policy: bucket, queue, key, trust.
    Resource,
    /// Service control policies.
    Scp(usize),
    /// Resource control policies.
    Rcp(usize),
    /// The policy of the VPC endpoint the request comes through.
    VpcEndpoint,
}
