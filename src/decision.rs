//! Decide: findings, thresholds and waivers to a [`Decision`]. The only place that does.

use serde::Serialize;

use crate::policy::Finding;

/// What happens to the plan. Ordered from best to worst, so that the worst of several wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing stands against it.
    Allow,
    /// Somebody has to agree.
    NeedsApproval,
    /// A rule forbids it.
    Block,
    /// No decision was made.
    Error,
}

/// A dated exception, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// A glob over addresses.
    pub address: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it counts, `YYYY-MM-DD` (UTC).
    pub expires: String,
}

/// A finding that a waiver set aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// The waiver.
    pub waiver: Waiver,
}

/// A waiver that did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnusedWaiver {
    /// The waiver.
    pub waiver: Waiver,
    /// Why it did nothing.
    pub why: UnusedBecause,
}

/// Why a waiver did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedBecause {
    /// Its last day is over.
    Expired,
    /// No finding has its rule and address.
    Unmatched,
}
