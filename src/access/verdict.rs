//! What a comparison says: verdict, reasons, new access with its witness.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether a change permits something that was not permitted before. Ordered from harmless to worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Proved: nothing is newly permitted.
    #[default]
    None,
    /// Cannot be excluded; the reasons say why.
    Possible,
    /// Something is newly permitted, and a witness proves it.
    New,
}

/// Why a verdict is `possible`, or what a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// A stable word, such as `not_compared`, `unknown_value`, `outside_plan`, `readings_differ`, `budget`.
    pub code: String,
    /// The attribute path the reason is about; empty for the whole change.
    pub path: String,
    /// In words, lower case, with what to do about it.
    pub message: String,
}

/// A statement's place in the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct StatementRef {
    /// The resource that carries the statement.
    pub address: String,
    /// The attribute path of the document.
    pub path: String,
    /// The statement's position in the document, from 0.
    pub index: usize,
    /// The statement's `Sid`, where it has one.
    pub sid: Option<String>,
}

/// One concrete request that proves new access. It was replayed through the independent evaluator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Witness {
    /// Who asks.
    pub principal: String,
    /// The one action asked for.
    pub action: String,
    /// The one resource.
    pub resource: String,
    /// Context keys that must be present, with one or several values.
    pub context: BTreeMap<String, Vec<String>>,
}

/// An action pattern with the access levels it covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct ActionAccess {
    /// The pattern as the statement writes it, such as `s3:Get*`.
    pub action: String,
    /// The levels it newly covers: `list`, `read`, `write`, `tagging`, `permissions`.
    pub levels: Vec<String>,
}

/// One piece of new access: who can now do what, on what, under which conditions, and the proof.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewAccess {
    /// Who gains it.
    pub principal: String,
    /// Action patterns of the statement that permits it.
    pub actions: Vec<String>,
    /// The same with access levels; what rules look at.
    pub action_levels: Vec<ActionAccess>,
    /// Resource patterns of the statement.
    pub resources: Vec<String>,
    /// Conditions of the statement, in words of the platform.
    pub conditions: Vec<String>,
    /// The statement of the after world that permits it.
    pub statement: StatementRef,
    /// The proof.
    pub witness: Witness,
    /// Which statement permits it and why none did before, in words.
    pub explanation: String,
}

/// Access that is no longer permitted; informative, without a proof.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemovedAccess {
    /// Who loses it.
    pub principal: String,
    /// Action patterns.
    pub actions: Vec<String>,
    /// Resource patterns.
    pub resources: Vec<String>,
    /// Conditions.
    pub conditions: Vec<String>,
    /// The statement of the before world that permitted it.
    pub statement: StatementRef,
    /// In words.
    pub explanation: String,
}

/// What happened to a guard rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardrailEffect {
    /// It is gone.
    Removed,
    /// It restricts less than before.
    Weakened,
    /// It still stands, but something goes around it.
    Bypassed,
}

/// A guard rail whose weakening raises privilege.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Guardrail {
    /// The resource that carries (or carried) it.
    pub address: String,
    /// What it is: `deny_statement`, `boundary`, `scp`, `public_access_block`, ...
    pub kind: String,
    /// What happened to it.
    pub effect: GuardrailEffect,
    /// In words.
    pub explanation: String,
}

/// The comparison's result for one IAM change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Access {
    /// The change's verdict.
    pub verdict: Verdict,
    /// Why, where the verdict is `possible` or rests on something that should be said.
    pub reasons: Vec<Reason>,
    /// What is newly permitted; non-empty exactly when the verdict is `new`.
    pub new: Vec<NewAccess>,
    /// What is no longer permitted.
    pub removed: Vec<RemovedAccess>,
    /// Guard rails removed, weakened or bypassed.
    pub guardrails: Vec<Guardrail>,
}

/// The comparison's result for a plan: one [`Access`] per IAM change, in the same order, and the plan's own
/// verdict and reasons.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanAccess {
    /// The worst of the changes' verdicts and of what belongs to no change.
    pub verdict: Verdict,
    /// Reasons that belong to the plan as a whole.
    pub reasons: Vec<Reason>,
    /// One entry per IAM change.
    pub changes: Vec<Access>,
    /// How the plan's unknown values were resolved.
    pub resolved: super::worlds::Resolved,
}

impl PlanAccess {
    /// Takes the plan for a part of the world only (`[world] open`): a verdict that rests on the absence of what the
    /// plan does not show (reason `outside_plan`) becomes `possible`.
    #[must_use]
    pub fn in_open_world(mut self) -> Self {
        for access in self.changes.iter_mut().filter(|access| access.verdict == Verdict::None) {
            if access.reasons.iter().any(|reason| reason.code == "outside_plan") {
                access.verdict = Verdict::Possible;
                self.verdict = self.verdict.max(Verdict::Possible);
            }
        }
        self
    }
}
