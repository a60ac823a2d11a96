//! Ask: who may open a window for which plan, for how long, and whether it is open now.
//!
//! Everything here is pure. A forge is read elsewhere into a [`Snapshot`]; time comes in as a [`Now`] that was
//! checked against a server's clock; [`decide`] derives the [`State`] afresh from both. Whatever cannot be told
//! ends in [`State::Undecided`], which permits nothing.
//!
//! The specification is the protocol in `docs/approval.md`.

mod banned;
mod break_glass;
pub mod canonical;
mod clock;
mod codeowners;
mod command;
mod decide;
mod digest;
pub mod doctor;
mod doubt;
mod length;
mod offline;
mod paths;
mod quorum;
mod requirements;
mod risk;
mod settings;
mod snapshot;
mod stack;
mod subject;
mod votes;

pub use banned::{BanReason, Banned};
pub use break_glass::{BreakGlass, BreakGlassSettings, EnvironmentReview, NotBroken};
pub use clock::{MAX_SKEW, Now};
pub use codeowners::CodeOwners;
pub use command::{Approve, Command, NearMiss, Parsed, parse};
pub use decide::{Judgement, State, Window, decide};
pub use digest::{Digest, DigestError};
pub use doubt::Doubt;
pub use length::{LengthError, WindowLength};
pub use offline::{
    AllowedSigner, GRANT_NAMESPACE, Grant, Hands, LOCAL_HOST, OfflineSettings, SignedGrant, decide_offline,
};
pub use paths::PathPattern;
pub use quorum::{Coverage, RuleNeed, needs_of};
pub use requirements::{POLICY_FILES_RULE, RequiredFinding, Requirements};
pub use risk::{Risk, RiskError};
pub use settings::{
    ApprovalSettings, ApproverRule, Channel, RequiredPeople, Role, RoleLevel, SettingsError, Unattributed, When, Who,
};
pub use snapshot::{
    Account, AccountKind, ApplyPhase, ApplyRecord, Attribution, Comment, Commit, Edits, Person, PullRequest, PullState,
    Push, PushKind, Review, ReviewState, RunInfo, Snapshot, TimelineEvent, UserId,
};
pub use stack::{Stack, StackError};
pub use subject::{DocumentError, PlanRun, Subject, SubjectParts, findings_digest, iam_digest, policy_digest};
pub use votes::{Counted, NotCounted, Rejected, Source};
