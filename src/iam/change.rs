//! One change that can alter who may do what.

use std::sync::Arc;

use serde::Serialize;

use crate::plan::Change;

/// The platform whose access rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    Gcp,
    /// Azure resource manager and Entra ID.
    Azure,
    /// Kubernetes.
    Kubernetes,
    /// GitHub.
    Github,
    /// GitLab.
    Gitlab,
    /// Any other provider people manage access with.
    Other,
}

/// What sort of access a type manages; the catalogue's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Gives a role, policy or identity to somebody or something.
    RoleBinding,
    /// Runs code, at apply or later with an identity.
    CodeExecution,
    /// Restricts access; weakening it raises privilege.
    BoundaryOrGuardrail,
    /// A key, password or token.
    Credential,
    /// A policy on a resource.
    ResourcePolicy,
    /// Trust in an outside identity provider.
    Federation,
    /// Trust between networks, accounts or organisations.
    NetworkOfTrust,
    /// Membership of a group.
    GroupMembership,
    /// What a role may do.
    RoleDefinition,
    /// A policy on an identity.
    IdentityPolicy,
    /// Ownership of an object.
    Ownership,
    /// Who may assume a role.
    TrustPolicy,
    /// Access-relevant in another way.
    Other,
    /// Not in the catalogue, but carries access-like attributes.
    Unclassified,
}

/// Where in the plan a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A managed resource's row.
    Resource,
    /// A data source read during apply.
    Data,
    /// An ephemeral resource.
    Ephemeral,
    /// `action_invocations[]` (Terraform 1.14).
    Action,
    /// A provisioner of the configuration.
    Provisioner,
    /// A provider block of the configuration.
    ProviderConfig,
    /// A module call of the configuration.
    ModuleCall,
}

/// One access-relevant attribute of a change, as the catalogue names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facet {
    /// The catalogue's purpose: `principal`, `role`, `policy`, `resource`, `scope`, `condition`, `trust`,
    /// `pass_role`, `code`, `credential`, `expiry`, `flag`, `permission`, ...
    pub purpose: String,
    /// The path with its indices, such as `statement[0].principals`.
    pub path: String,
    /// The value before: `None` when there is none. Secrets are replaced.
    pub before: Option<serde_json::Value>,
    /// The value after: `None` when there is none, or when it is unknown. Secrets are replaced.
    pub after: Option<serde_json::Value>,
    /// Whether any part of the value after is known only after apply.
    pub unknown: bool,
}

/// A change that can alter who may do what.
#[derive(Clone, Debug)]
pub struct IamChange {
    /// The row; for provisioners, provider blocks, module calls and actions a row made from the configuration.
    pub row: Arc<Change>,
    /// Where it comes from.
    pub origin: Origin,
    /// `namespace/type` of the provider, such as `hashicorp/aws`.
    pub provider: String,
    /// The platform.
    pub platform: Platform,
    /// The catalogue's kind.
    pub kind: Kind,
    /// The access-relevant attributes, in catalogue order.
    pub facets: Vec<Facet>,
    /// Whether the type replaces what others have set.
    pub authoritative: bool,
    /// Whether deleting or shrinking it can widen access.
    pub removal_elevates: bool,
}
