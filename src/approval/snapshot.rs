//! Everything that is read from a forge before a decision, in the words both GitHub and GitLab fit.
//!
//! A snapshot is complete or it does not exist: whoever reads a forge reports the first page that is missing
//! instead of a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::command::{Command, Parsed, parse};
use super::{CodeOwners, Digest, Role};

/// A user's number. Names change hands, numbers do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub u64);

/// What sort of account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// A person.
    User,
    /// An app, a bot, an organisation, or a word this version does not know.
    Other,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: UserId,
    /// Its name, for display and for selectors that use names.
    pub login: String,
    /// Person or not.
    pub kind: AccountKind,
}

/// Who changed a text after it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Whether it was ever edited. Editing back does not undo it.
    pub edited: bool,
    /// Everybody who edited it; `None` for an account that is gone.
    pub editors: Vec<Option<UserId>>,
}

/// A comment on the pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Who wrote it; `None` when the account is gone.
    pub author: Option<Account>,
    /// The text as it is now.
    pub body: String,
    /// The server's time of creation.
    pub created_at: Timestamp,
    /// What happened to it since.
    pub edits: Edits,
    /// Whether somebody folded it away.
    pub minimised: bool,
    /// Whether it came in by e-mail.
    pub by_email: bool,
    /// Whether an app wrote it in the author's name.
    pub via_app: bool,
}

/// The state of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReviewState {
    /// Approved.
    Approved,
    /// Changes are wanted: a veto.
    ChangesRequested,
    /// Dismissed: an approval or a veto that somebody set aside.
    Dismissed,
    /// A comment, a draft, or a word this version does not know.
    Other,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Its text, author, time and edits; the number is the review's.
    pub comment: Comment,
    /// Its state.
    pub state: ReviewState,
    /// The commit it was made for.
    pub commit: String,
}

/// Whom a commit names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// An account.
    User(Account),
    /// The forge's own committer (`web-flow`), who stands for the author.
    Forge,
    /// Somebody with no account: nobody can be banned for it.
    Unlinked,
}

/// A commit of the pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// Its parents' hashes, all of them.
    pub parents: Vec<String>,
    /// Author, committer and co-authors.
    pub people: Vec<Attribution>,
    /// Whether the forge verified its signature.
    pub verified: bool,
}

/// What a push did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PushKind {
    /// Made the branch.
    Creation,
    /// Moved it, by force or not, or removed it.
    Other,
}

/// A push to the head branch, as the server recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The entry's number; later pushes have larger ones.
    pub id: u64,
    /// Who pushed; `None` when the account is gone.
    pub actor: Option<Account>,
    /// The server's time.
    pub at: Timestamp,
    /// Where the branch pointed afterwards.
    pub after: String,
    /// What it did.
    pub kind: PushKind,
}

/// An event of the pull request's timeline that can void approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimelineEvent {
    /// A comment was deleted.
    CommentDeleted {
        /// Who had written it; `None` when that is not known any more.
        author: Option<Account>,
        /// When.
        at: Timestamp,
    },
    /// A review was dismissed.
    ReviewDismissed {
        /// The review's number; `None` when that is not known any more.
        review: Option<u64>,
        /// Whether it had approved: setting that aside is no veto.
        approved: bool,
        /// Who dismissed it.
        by: Option<Account>,
        /// When.
        at: Timestamp,
    },
    /// The target branch was changed.
    TargetChanged {
        /// When.
        at: Timestamp,
    },
    /// The head branch was moved by force.
    ForcePushed {
        /// Who.
        by: Option<Account>,
        /// When.
        at: Timestamp,
    },
}

/// Open, merged or closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullState {
    /// Open.
    Open,
    /// Merged into its target.
    Merged,
    /// Closed without a merge.
    Closed,
}

/// The pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Who opened it; `None` when the account is gone.
    pub author: Option<Account>,
    /// Open, merged or closed.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether its conversation is locked.
    pub locked: bool,
    /// The head commit.
    pub head_sha: String,
    /// The head branch.
    pub head_ref: String,
    /// The repository of the head branch; `None` when it is gone.
    pub head_repo: Option<u64>,
    /// The target branch.
    pub base_ref: String,
}

/// Somebody's rights now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The role on the repository.
    pub role: Role,
    /// The teams among those asked for, `org/slug`, lower case.
    pub teams: BTreeSet<String>,
}

/// How far an apply got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApplyPhase {
    /// Claimed or running.
    Claimed,
    /// Terraform succeeded.
    Applied,
    /// It did not succeed.
    Failed,
}

/// A record of an apply: a claim, a deployment or a ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRecord {
    /// Which record it is, such as `refs/tollgate/claims/…` or `deployment 12`.
    pub key: String,
    /// What was applied.
    pub subject: Digest,
    /// How far it got.
    pub phase: ApplyPhase,
}

/// The run that made the plan, as the forge knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// Its number.
    pub id: u64,
    /// The latest attempt.
    pub attempt: u64,
    /// The commit it ran for.
    pub head_sha: String,
    /// Everybody who started it or one of its attempts; `None` for an account that is gone.
    pub actors: Vec<Option<Account>>,
}

/// A forge's answer to everything that is asked before a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The forge's host, as in the subject.
    pub forge_host: String,
    /// The repository's number.
    pub repo_id: u64,
    /// The repository's default branch.
    pub default_branch: String,
    /// The pull request.
    pub pull: PullRequest,
    /// All comments.
    pub comments: Vec<Comment>,
    /// All reviews.
    pub reviews: Vec<Review>,
    /// All commits.
    pub commits: Vec<Commit>,
    /// All pushes to the head branch.
    pub pushes: Vec<Push>,
    /// All events of the timeline that matter.
    pub timeline: Vec<TimelineEvent>,
    /// The paths that the pull request changes.
    pub changed_files: Vec<String>,
    /// Rights of at least [`Snapshot::candidates`].
    pub people: BTreeMap<UserId, Person>,
    /// The base branch's code owners.
    pub code_owners: CodeOwners,
    /// Earlier applies.
    pub records: Vec<ApplyRecord>,
    /// The run that made the plan, where the subject names one.
    pub plan_run: Option<RunInfo>,
}

impl Snapshot {
    /// Comments and reviews alike; a review is one of them and `Some` in the second place.
    pub fn texts(&self) -> impl Iterator<Item = (&Comment, Option<&Review>)> {
        let reviews = self.reviews.iter().map(|review| (&review.comment, Some(review)));
        self.comments.iter().map(|comment| (comment, None)).chain(reviews)
    }

    /// Everybody whose rights a decision needs to know: who approves, revokes or vetoes, whose comment was deleted
    /// or edited by somebody else.
    pub fn candidates(&self) -> BTreeMap<UserId, String> {
        let mut people = BTreeMap::new();
        let mut add = |account: &Option<Account>| {
            if let Some(account) = account.as_ref().filter(|account| account.kind == AccountKind::User) {
                people.insert(account.id, account.login.clone());
            }
        };
        for (comment, review) in self.texts() {
            let acts = matches!(parse(&comment.body), Parsed::Command(Command::Approve(_) | Command::Revoke { .. }));
            let vetoes =
                review.is_some_and(|r| matches!(r.state, ReviewState::ChangesRequested | ReviewState::Dismissed));
            if acts || vetoes || comment.edited_by_others() {
                add(&comment.author);
            }
        }
        for event in &self.timeline {
            if let TimelineEvent::CommentDeleted { author, .. } = event {
                add(author);
            }
        }
        people
    }
}

impl Comment {
    /// Whether somebody other than its author changed it, or nobody knows who did: what it said is gone.
    pub fn edited_by_others(&self) -> bool {
        let author = self.author.as_ref().map(|author| author.id);
        self.edits.edited
            && (self.edits.editors.is_empty() || self.edits.editors.iter().any(|e| e.is_none() || *e != author))
    }
}
