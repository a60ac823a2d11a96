//! Compare: worlds to new access.
//!
//! The core (sets, rules, inclusion, witness) knows no platform; a compiler per platform turns its documents
//! into the same normal form. `evaluate` is an independent concrete evaluator that every witness is replayed
//! through.

pub mod apart;
pub mod aws;
pub mod azure;
pub mod budget;
pub mod compare;
pub mod facts;
pub mod gcp;
pub mod generic;
pub mod github;
pub mod glob;
pub mod hcl;
pub mod kubernetes;
pub mod literal;
pub mod partition;
pub mod parts;
pub mod point;
pub mod ranges;
pub mod rule;
pub mod scalar;
pub mod space;
pub mod worlds;

mod cancel;
mod hash;
mod product;
mod relation;
mod sample;
mod scope;
mod search;
mod standing;
mod symbols;
mod table;
mod tree;
mod truth;
mod verdict;
mod wildcard;
mod witness;

pub use verdict::{
    Access, ActionAccess, Guardrail, GuardrailEffect, NewAccess, PlanAccess, Reason, RemovedAccess, StatementRef,
    Verdict, Witness,
};
