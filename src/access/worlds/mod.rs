//! Worlds: the access of everybody in a plan, before and after.
//!
//! [`State`] holds every row that bears on access with its object on both sides. A [`Platform`] reads it, compares
//! the effective access of what a change touches, and says for each IAM change what it brings about.

mod build;
mod state;
mod value;

pub use build::{Rebuild, Resolved};
pub use state::{Object, Row, Side, State};
pub use value::{Hole, Piece, Val};

use crate::access::{Access, PlanAccess, Reason, Verdict};
use crate::iam::{IamChange, Recognition};
use crate::plan::Plan;

/// Compares what everybody in a plan may do before and after: one entry per IAM change, in order.
pub fn compare(plan: &Plan, recognition: &Recognition) -> PlanAccess {
    let _ = plan;
    let changes: Vec<Access> = recognition.changes.iter().map(not_compared).collect();
    let verdict = changes.iter().map(|access| access.verdict).max().unwrap_or_default();
    PlanAccess { verdict, reasons: Vec::new(), changes }
}

/// No part of the engine covers the change yet: nothing can be excluded.
fn not_compared(change: &IamChange) -> Access {
    let reason = Reason {
        code: "not_compared".into(),
        path: String::new(),
        message: format!("access through `{}` is not compared yet; read the change", change.row.type_name),
    };
    Access { verdict: Verdict::Possible, reasons: vec![reason], ..Access::default() }
}
