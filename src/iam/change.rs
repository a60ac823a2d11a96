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

impl Kind {
    /// Every kind, in the order of the declaration.
    pub const ALL: [Self; 14] = [
        Self::RoleBinding,
        Self::CodeExecution,
        Self::BoundaryOrGuardrail,
        Self::Credential,
        Self::ResourcePolicy,
        Self::Federation,
        Self::NetworkOfTrust,
        Self::GroupMembership,
        Self::RoleDefinition,
        Self::IdentityPolicy,
        Self::Ownership,
        Self::TrustPolicy,
        Self::Other,
        Self::Unclassified,
    ];

    /// The word of the catalogue, of reports and of a rule's input.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoleBinding => "role_binding",
            Self::CodeExecution => "code_execution",
            Self::BoundaryOrGuardrail => "boundary_or_guardrail",
            Self::Credential => "credential",
            Self::ResourcePolicy => "resource_policy",
            Self::Federation => "federation",
            Self::NetworkOfTrust => "network_of_trust",
            Self::GroupMembership => "group_membership",
            Self::RoleDefinition => "role_definition",
            Self::IdentityPolicy => "identity_policy",
            Self::Ownership => "ownership",
            Self::TrustPolicy => "trust_policy",
            Self::Other => "other",
            Self::Unclassified => "unclassified",
        }
    }

    /// Reads [`Kind::as_str`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Platform {
    /// The word of reports and of a rule's input.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Azure => "azure",
            Self::Kubernetes => "kubernetes",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Other => "other",
        }
    }

    /// The platform of a provider (`namespace/type`). The namespace is not looked at: mirrors and forks of a
    /// provider manage the same platform.
    pub fn of_provider(source: &str) -> Self {
        match source.rsplit('/').next().unwrap_or(source) {
            "aws" | "awscc" => Self::Aws,
            "google" | "google-beta" => Self::Gcp,
            "azurerm" | "azuread" | "azapi" | "msgraph" => Self::Azure,
            "kubernetes" | "kubernetes-alpha" | "kubectl" | "helm" => Self::Kubernetes,
            "github" => Self::Github,
            "gitlab" => Self::Gitlab,
            _ => Self::Other,
        }
    }
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
