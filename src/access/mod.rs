//! Compare: worlds to new access.
//!
//! The core (sets, rules, inclusion, witness) knows no platform; a compiler per platform turns its documents
//! into the same normal form. `evaluate` is an independent concrete evaluator that every witness is replayed
//! through.

pub mod aws;

mod verdict;

pub use verdict::{
    Access, ActionAccess, Guardrail, GuardrailEffect, NewAccess, PlanAccess, Reason, RemovedAccess, StatementRef,
    Verdict, Witness,
};
