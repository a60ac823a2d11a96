//! Judge: rules over IAM changes to findings.
//!
//! Rules are Rego packages (regorus, interpreter). The engine knows no rule by name.

mod finding;

pub use finding::{Finding, Level, Location, Severity};
