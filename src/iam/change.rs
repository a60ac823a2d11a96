//! One change that can alter who may do what.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::catalogue::Entry;
use crate::plan::Change;

/// The platform whose access rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
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

impl Facet {
    /// Every purpose of the catalogue.
    pub const PURPOSES: [&str; 24] = [
        "acl",
        "boundary",
        "code",
        "condition",
        "credential",
        "expiry",
        "flag",
        "group",
        "merge",
        "name",
        "owner",
        "pass_role",
        "permission",
        "policy",
        "policy_arn",
        "policy_id",
        "policy_name",
        "principal",
        "resource",
        "role",
        "scope",
        "ticket",
        "trust",
        "type",
    ];
}

/// A change that can alter who may do what.
///
/// Provisioners have the address of their resource and the type `provisioner:local-exec` (or another kind), so an
/// address may occur more than once: rows are told apart by address, type and deposed key.
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
    /// The catalogue's entry; `None` for what is not in the catalogue.
    pub entry: Option<Entry>,
    /// What a reader has to know about the way the change is made.
    pub notes: Vec<Note>,
}

/// Something about the way a change is made that the values do not show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// A stable word.
    pub code: NoteCode,
    /// In words, lower case, one line.
    pub message: String,
}

/// The codes of [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// The object leaves the state and stays in the cloud: what it grants or denies goes on, and no later plan
    /// shows it (`forget`, `create,forget`, a deletion policy that abandons the object).
    LeftBehind,
    /// The object existed before and is adopted; what it grants was not made by this state.
    Adopted,
    /// The object was kept under another type, whose access rules were others.
    MovedAcrossTypes,
    /// A restriction is destroyed before its replacement is made: for a while, or for good if the creation fails,
    /// it is not there.
    Gap,
    /// Left over from a failed replacement; the current object has a row of its own.
    Deposed,
    /// What makes an action run.
    Triggered,
    /// It stands in the configuration's source and in no output of the plan.
    Hidden,
    /// A provider block depends on something that this plan changes.
    DependsOnPlan,
}

impl IamChange {
    /// The principal the change is about, where the catalogue names exactly one and it is known: after the change, or
    /// before it where there is nothing after.
    pub fn principal(&self) -> Option<&str> {
        let facets = || self.facets.iter().filter(|facet| facet.purpose == "principal");
        let mut values: Vec<&str> = facets().filter_map(|facet| facet.after.as_ref()).flat_map(texts).collect();
        if facets().any(|facet| facet.unknown) {
            return None;
        }
        if values.is_empty() {
            values = facets().filter_map(|facet| facet.before.as_ref()).flat_map(texts).collect();
        }
        values.dedup();
        match values.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// When the access ends by itself: the latest of the points in time (RFC 3339) that the change carries after it.
    /// Durations are no points in time.
    pub fn expires_at(&self) -> Option<&str> {
        let expiry = || self.facets.iter().filter(|facet| facet.purpose == "expiry");
        if expiry().any(|facet| facet.unknown) {
            return None;
        }
        expiry()
            .filter_map(|facet| facet.after.as_ref()?.as_str())
            .filter_map(|text| Some((text.parse::<jiff::Timestamp>().ok()?, text)))
            .max_by_key(|(time, _)| *time)
            .map(|(_, text)| text)
    }

    /// Whether this is a data source that only makes a document or a value for others: read at apply, it grants
    /// nothing by itself. Data sources that run code are no such sources.
    pub fn is_source(&self) -> bool {
        self.origin == Origin::Data && self.kind != Kind::CodeExecution
    }
}

/// The texts of a value that is one text or a list of them.
fn texts(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::Array(elements) => elements.iter().filter_map(serde_json::Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    }
}
