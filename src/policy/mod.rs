//! Judge: rules over IAM changes to findings.
//!
//! A rule is a Rego package with a `metadata` object; it is called for the changes it declares, with the input that
//! `docs/rule-input.md` describes. Packages of conftest run beside them with the raw plan as input. The engine knows
//! no rule by name; only `rego` names regorus.

mod conftest;
mod demand;
mod document;
mod error;
mod finding;
mod input;
mod judge;
mod load;
mod metadata;
mod rego;
mod rego_test;
mod select;
mod source;

pub use demand::Policies;
pub use error::{JudgeError, LoadErrors, Problem};
pub use finding::{Finding, Level, Location, Severity};
pub use input::{ChangeCase, INPUT_VERSION, PlanFacts, RunContext};
pub use judge::{Judgement, PlanCase};
pub use load::{PolicySet, Rule};
pub use metadata::{Metadata, Scope};
pub use rego_test::{TestFailure, TestReport};
pub use select::{RowPattern, Rows, Selection, Texts};
pub use source::{DataSource, PolicyOptions, PolicySource, RegoVersion};
