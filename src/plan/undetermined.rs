//! What could not be read, resolved, compared or run.

use serde::Serialize;

/// Something tollgate could not determine. It is shown by every output and, by default, needs approval; it is
/// never read as "nothing changes".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undetermined {
    /// The plan's id: its path as given, `-` for stdin. Empty until the plan is part of a run.
    pub plan: String,
    /// The resource the entry is about; `None` when it is about the whole plan.
    pub address: Option<String>,
    /// A stable word for the kind of gap, such as `incomplete_plan` or `unknown_action`.
    pub code: String,
    /// What is not known and what to do about it; lower case, one line.
    pub message: String,
}

impl Undetermined {
    /// An entry about the plan as a whole.
    pub fn of_plan(code: &str, message: impl Into<String>) -> Self {
        Self { plan: String::new(), address: None, code: code.into(), message: message.into() }
    }

    /// An entry about one address.
    pub fn at(address: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { plan: String::new(), address: Some(address.into()), code: code.into(), message: message.into() }
    }
}
