//! Why an apply does not happen.

use crate::approval::{Digest, Doubt, NotBroken};
use crate::exit::Outcome;

/// A check that an apply has to pass, in the order they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The plan file that would be applied is the one that was judged.
    PlanFile,
    /// The subject that was approved is the one that was recomputed.
    Subject,
    /// The forge could be read, and clocks agree.
    Forge,
    /// The current policy does not block it.
    Policy,
    /// The pull request is what it was.
    PullRequest,
    /// Enough people approve.
    Approval,
    /// Enough of the window is left.
    Time,
    /// The credentials belong to the account that the configuration names.
    Account,
    /// Break-glass may be used, and was used in good order before.
    BreakGlass,
    /// Nobody has applied or is applying it.
    Claim,
}

impl Check {
    /// The word of messages, of `--result` and of the ledger.
    pub const fn word(self) -> &'static str {
        match self {
            Self::PlanFile => "plan_file",
            Self::Subject => "subject",
            Self::Forge => "forge",
            Self::Policy => "policy",
            Self::PullRequest => "pull_request",
            Self::Approval => "approval",
            Self::Time => "time",
            Self::Account => "account",
            Self::BreakGlass => "break_glass",
            Self::Claim => "claim",
        }
    }
}

/// A refusal: nothing was started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Something could not be told.
    #[error("undecided: {0}")]
    Undecided(Doubt),
    /// The current policy forbids it.
    #[error("the current policy blocks this plan")]
    Blocked,
    /// The file is not the approved one.
    #[error("the plan file has SHA-256 `{is}`, but the subject binds `{wanted}`")]
    PlanFile {
        /// The digest of the file.
        is: Digest,
        /// The digest in the subject.
        wanted: Digest,
    },
    /// Judging again gave another subject.
    #[error("superseded: {} changed since the approval; plan and approve again", .0.join(", "))]
    SubjectChanged(Vec<&'static str>),
    /// The pull request is not what it was.
    #[error("superseded: {0}; plan and approve again")]
    Superseded(&'static str),
    /// The pull request cannot be applied as it is.
    #[error("{0}")]
    Closed(&'static str),
    /// Nobody has approved.
    #[error("no window: nobody who counts has approved")]
    Pending,
    /// Not enough people have.
    #[error("no window: more approvals are needed")]
    Partial,
    /// It is over.
    #[error("no window: it has ended; approve again")]
    Expired,
    /// Somebody took it back.
    #[error("no window: it was revoked")]
    Revoked,
    /// Too late to start.
    #[error("the window has {left} s left, and an apply needs {needed} s; approve again")]
    TooLate {
        /// What is left, in seconds.
        left: u64,
        /// What is needed, in seconds.
        needed: u64,
    },
    /// Other credentials than those the plan is for.
    #[error("the credentials belong to AWS account `{is}`, and `apply.account_id` is `{wanted}`")]
    Account {
        /// Whose they are.
        is: String,
        /// Whose they have to be.
        wanted: String,
    },
    /// The glass stays whole.
    #[error(transparent)]
    BreakGlass(NotBroken),
    /// An earlier use was not reviewed in time.
    #[error(
        "break-glass of this stack (record {0} of the ledger) was not reviewed in time; review it with `tollgate audit review {0}`"
    )]
    ReviewOverdue(u64),
    /// Somebody else is applying it, or did not come to an end.
    #[error("`{0}` has claimed this plan; if that run died, use `tollgate recover`")]
    Claimed(String),
    /// It was applied already.
    #[error("`{0}` says that this plan was applied; a plan is applied once")]
    Applied(String),
    /// It was tried already.
    #[error("`{0}` says that applying this plan failed; plan and approve again")]
    Failed(String),
}

impl Refusal {
    /// The check that refused.
    pub const fn check(&self) -> Check {
        match self {
            Self::Undecided(_) => Check::Forge,
            Self::Blocked => Check::Policy,
            Self::PlanFile { .. } => Check::PlanFile,
            Self::SubjectChanged(_) => Check::Subject,
            Self::Superseded(_) | Self::Closed(_) => Check::PullRequest,
            Self::Pending | Self::Partial | Self::Expired | Self::Revoked => Check::Approval,
            Self::TooLate { .. } => Check::Time,
            Self::Account { .. } => Check::Account,
            Self::BreakGlass(_) | Self::ReviewOverdue(_) => Check::BreakGlass,
            Self::Claimed(_) | Self::Applied(_) | Self::Failed(_) => Check::Claim,
        }
    }

    /// The exit code: 1 undecided, 10 the current policy blocks, 12 everything else.
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Undecided(_) => Outcome::Error,
            Self::Blocked => Outcome::Blocked,
            _ => Outcome::NoWindow,
        }
    }
}
