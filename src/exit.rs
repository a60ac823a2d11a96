//! The exit-code table. README and `--help` quote it.

use std::process::ExitCode;

/// How a run of tollgate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 0: allowed, or a command that did its work.
    Success,
    /// 1: a tool error; no decision was made.
    Error,
    /// 2: the command line is wrong.
    Usage,
    /// 10: blocked; `access diff`: new access; `access allows`: denied; `audit verify`: damage.
    Blocked,
    /// 11: approval required; `access diff`: possible; `access allows`: undetermined.
    ApprovalRequired,
    /// 12: no open window (`apply`).
    NoWindow,
}

impl Outcome {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Blocked => 10,
            Self::ApprovalRequired => 11,
            Self::NoWindow => 12,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}
