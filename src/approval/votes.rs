//! Which approvals count, and why the others do not.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::after;
use super::command::{Approve, Command, Parsed, parse};
use super::quorum::Candidate;
use super::snapshot::{Account, AccountKind, Comment, Review, ReviewState, Snapshot, TimelineEvent, UserId};
use super::{ApprovalSettings, ApproverRule, BanReason, Banned, Channel, Digest, Doubt, Now, Risk, Stack, Subject};

/// Where an approval was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A comment, by its number.
    Comment(u64),
    /// A review, by its number.
    Review(u64),
    /// A signed grant, by its place among those given, from 1.
    Grant(u64),
}

/// An approval that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where.
    pub source: Source,
    /// Who.
    pub by: Account,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Its own end: its time plus its duration, cut by the longest allowed.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

/// An approval that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Where.
    pub source: Source,
    /// Who; `None` when the account is gone.
    pub by: Option<Account>,
    /// When.
    pub at: Timestamp,
    /// Why not.
    pub why: NotCounted,
}

/// Why an approval does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    /// It is for something else.
    #[error("it approves plan {0}, which is not this one")]
    OtherSubject(Digest),
    /// It names another stack.
    #[error("it names stack `{0}`")]
    OtherStack(Stack),
    /// The report it answers said something else.
    #[error("it repeats risk {said}, but the plan's is {is}: the report it answers was not the true one")]
    RiskDiffers {
        /// What the line says.
        said: Risk,
        /// What the plan has.
        is: Risk,
    },
    /// It asks for more than anybody may have.
    #[error("it asks for a longer window than the {} min the configuration allows", .0.as_secs() / 60)]
    TooLong(Duration),
    /// It was changed after it was written.
    #[error("it was edited; write a new one")]
    Edited,
    /// It was folded away.
    #[error("it was minimised")]
    Minimised,
    /// It came in by e-mail.
    #[error("it came in by e-mail")]
    ByEmail,
    /// It was written by an app.
    #[error("an app wrote it")]
    ViaApp,
    /// Its author is no person.
    #[error("its author is not a person's account")]
    NotAPerson,
    /// Its author is gone.
    #[error("its author's account is gone")]
    AuthorGone,
    /// Its author had a part in the change.
    #[error("its author {0}")]
    Banned(BanReason),
    /// Nobody can approve this change.
    #[error("nobody can approve this change: {0}")]
    Nobody(String),
    /// Its author is none of those who may.
    #[error("its author is none of the approvers that this plan asks for")]
    NotEligible,
    /// The branch was moved afterwards.
    #[error("it is older than the push that made this commit the head")]
    BeforePush,
    /// The target was changed afterwards.
    #[error("the target branch was changed afterwards")]
    TargetChanged,
    /// The same person said something newer.
    #[error("its author wrote a newer one")]
    Newer,
    /// Somebody revoked.
    #[error("{0} revoked it")]
    Revoked(String),
    /// Somebody wants changes.
    #[error("{0} requests changes")]
    Vetoed(String),
    /// A comment that may have been a revocation was deleted.
    #[error("a comment by {0} was deleted afterwards; it may have revoked this")]
    CommentDeleted(String),
    /// A comment that may have been a revocation was changed.
    #[error("a later comment by {0} was edited by somebody else; it may have revoked this")]
    CommentEdited(String),
    /// It is over.
    #[error("it ended at {0}")]
    Lapsed(Timestamp),
    /// It bears a time that has not come.
    #[error("it bears a time in the future")]
    NotYet,
    /// It was written where approvals are not read.
    #[error("approvals are not read from reviews or comments of this kind")]
    Channel,
    /// The review does not approve, or approves another commit.
    #[error("its review does not approve the head commit")]
    ReviewOfOther,
}

/// All approvals on the pull request.
#[derive(Clone, Debug, Default)]
pub(super) struct Votes {
    pub(super) counted: Vec<Counted>,
    /// Those that would count if they had not ended.
    pub(super) lapsed: Vec<Counted>,
    pub(super) rejected: Vec<Rejected>,
}

struct Vote<'a> {
    comment: &'a Comment,
    review: Option<&'a Review>,
    approve: Approve,
}

impl Vote<'_> {
    fn source(&self) -> Source {
        source(self.comment, self.review)
    }
}

fn source(comment: &Comment, review: Option<&Review>) -> Source {
    if review.is_some() { Source::Review(comment.id) } else { Source::Comment(comment.id) }
}

/// What all approvals are held against.
pub(super) struct Court<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a ApprovalSettings,
    pub(super) subject: &'a Subject,
    pub(super) banned: &'a Banned,
    /// The rules that apply to this subject.
    pub(super) rules: &'a [&'a ApproverRule],
    /// When the head became the head.
    pub(super) head_since: Timestamp,
    pub(super) now: Now,
}

impl Court<'_> {
    /// Sorts all approvals into those that count and those that do not.
    pub(super) fn votes(&self) -> Result<Votes, Doubt> {
        let wanted = self.subject.digest();
        let mut votes = Votes::default();
        let mut newest: BTreeMap<UserId, Vote<'_>> = BTreeMap::new();
        for (comment, review) in self.snapshot.texts() {
            let Parsed::Command(Command::Approve(approve)) = parse(&comment.body) else { continue };
            let vote = Vote { comment, review, approve };
            if vote.approve.plan != wanted {
                let why = NotCounted::OtherSubject(vote.approve.plan);
                votes.rejected.push(rejected(&vote, why));
                continue;
            }
            let Some(author) = &comment.author else {
                votes.rejected.push(rejected(&vote, NotCounted::AuthorGone));
                continue;
            };
            match newest.get(&author.id) {
                Some(other) if is_later(&vote, other) => {
                    if let Some(old) = newest.insert(author.id, vote) {
                        votes.rejected.push(rejected(&old, NotCounted::Newer));
                    }
                }
                Some(_) => votes.rejected.push(rejected(&vote, NotCounted::Newer)),
                None => {
                    newest.insert(author.id, vote);
                }
            }
        }
        for vote in newest.values() {
            match self.weigh(vote)? {
                Ok(counted) if counted.until <= self.now.timestamp() => {
                    votes.rejected.push(rejected(vote, NotCounted::Lapsed(counted.until)));
                    votes.lapsed.push(counted);
                }
                Ok(counted) => votes.counted.push(counted),
                Err(why) => votes.rejected.push(rejected(vote, why)),
            }
        }
        votes.rejected.sort_by_key(|rejected| (rejected.at, rejected.source));
        votes.counted.sort_by_key(|counted| (counted.at, counted.source));
        Ok(votes)
    }

    /// Whether one approval of this very subject counts; its own end is not looked at.
    fn weigh(&self, vote: &Vote<'_>) -> Result<Result<Counted, NotCounted>, Doubt> {
        let author = match self.text_counts(vote) {
            Ok(author) => author,
            Err(why) => return Ok(Err(why)),
        };
        if !self.is_asked_for(author)? {
            return Ok(Err(NotCounted::NotEligible));
        }
        if let Some(why) = self.voided(vote.comment)? {
            return Ok(Err(why));
        }
        let cap = self.settings.cap_for(self.subject.parts().requirements.entries());
        let until = after(vote.comment.created_at, vote.approve.length.duration().min(cap))?;
        Ok(Ok(Counted {
            source: vote.source(),
            by: author.clone(),
            at: vote.comment.created_at,
            until,
            reason: vote.approve.reason.clone(),
        }))
    }

    /// What can be told from the text itself and its author.
    fn text_counts<'v>(&self, vote: &Vote<'v>) -> Result<&'v Account, NotCounted> {
        let Vote { comment, review, approve } = vote;
        let author = comment.author.as_ref().ok_or(NotCounted::AuthorGone)?;
        let channel = if review.is_some() { Channel::Review } else { Channel::Comment };
        let parts = self.subject.parts();
        let is = parts.requirements.risk();
        if author.kind != AccountKind::User {
            Err(NotCounted::NotAPerson)
        } else if comment.via_app {
            Err(NotCounted::ViaApp)
        } else if comment.by_email {
            Err(NotCounted::ByEmail)
        } else if comment.edits.edited {
            Err(NotCounted::Edited)
        } else if comment.minimised {
            Err(NotCounted::Minimised)
        } else if !self.settings.channels.contains(&channel) {
            Err(NotCounted::Channel)
        } else if review.is_some_and(|r| r.state != ReviewState::Approved || r.commit != parts.head_sha) {
            Err(NotCounted::ReviewOfOther)
        } else if let Some(stack) = approve.stack.as_ref().filter(|stack| **stack != parts.stack) {
            Err(NotCounted::OtherStack(stack.clone()))
        } else if let Some(is) = is.filter(|is| *is != approve.risk) {
            Err(NotCounted::RiskDiffers { said: approve.risk, is })
        } else if approve.length.duration() > self.settings.longest() {
            Err(NotCounted::TooLong(self.settings.longest()))
        } else if let Some(why) = &self.banned.nobody {
            Err(NotCounted::Nobody(why.clone()))
        } else if let Some(why) = self.banned.reason(author.id) {
            Err(NotCounted::Banned(why.clone()))
        } else if comment.created_at > self.now.timestamp() {
            Err(NotCounted::NotYet)
        } else if comment.created_at <= self.head_since {
            Err(NotCounted::BeforePush)
        } else {
            Ok(author)
        }
    }

    /// Whether any rule that applies asks for this person.
    fn is_asked_for(&self, account: &Account) -> Result<bool, Doubt> {
        let candidate = Candidate { account, snapshot: self.snapshot };
        for rule in self.rules {
            if candidate.fits(rule)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this person may revoke or veto: any approver of any rule, and the author of the pull request. An
    /// account that is gone may have been one of them.
    fn may_revoke(&self, account: Option<&Account>) -> Result<bool, Doubt> {
        let Some(account) = account else { return Ok(true) };
        if account.kind != AccountKind::User {
            return Ok(false);
        }
        if self.snapshot.pull.author.as_ref().is_some_and(|author| author.id == account.id) {
            return Ok(true);
        }
        let candidate = Candidate { account, snapshot: self.snapshot };
        for rule in &self.settings.rules {
            if candidate.fits(rule)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What happened after the approval that takes it away; the plainest word first. In the same second, what
    /// denies wins.
    fn voided(&self, vote: &Comment) -> Result<Option<NotCounted>, Doubt> {
        let at = vote.created_at;
        let later = || self.snapshot.texts().filter(|(comment, _)| comment.created_at >= at);
        for (comment, _) in later() {
            let revokes = matches!(parse(&comment.body), Parsed::Command(Command::Revoke { .. }));
            if revokes && self.may_revoke(comment.author.as_ref())? {
                return Ok(Some(NotCounted::Revoked(display(comment.author.as_ref()))));
            }
        }
        for review in &self.snapshot.reviews {
            if self.vetoes(review)? {
                return Ok(Some(NotCounted::Vetoed(display(review.comment.author.as_ref()))));
            }
        }
        for (comment, _) in later() {
            if comment.edited_by_others() && self.may_revoke(comment.author.as_ref())? {
                return Ok(Some(NotCounted::CommentEdited(display(comment.author.as_ref()))));
            }
        }
        for event in &self.snapshot.timeline {
            if let TimelineEvent::CommentDeleted { author, at: then } = event
                && *then >= at
                && self.may_revoke(author.as_ref())?
            {
                return Ok(Some(NotCounted::CommentDeleted(display(author.as_ref()))));
            }
        }
        let retargeted =
            |event: &TimelineEvent| matches!(event, TimelineEvent::TargetChanged { at: then } if *then >= at);
        Ok(self.snapshot.timeline.iter().any(retargeted).then_some(NotCounted::TargetChanged))
    }

    /// Whether a review stands in the way: changes requested by somebody who may, not taken back by that person.
    fn vetoes(&self, review: &Review) -> Result<bool, Doubt> {
        let author = review.comment.author.as_ref();
        let mine = |other: Option<&Account>| author.is_some() && other.map(|a| a.id) == author.map(|a| a.id);
        let standing = match review.state {
            ReviewState::ChangesRequested => true,
            // Dismissed without a trace of who did it, or by somebody else: it stands.
            ReviewState::Dismissed => {
                let event = self.snapshot.timeline.iter().find_map(|event| match event {
                    TimelineEvent::ReviewDismissed { review: Some(id), approved, by, .. }
                        if *id == review.comment.id =>
                    {
                        Some((*approved, by.as_ref()))
                    }
                    _ => None,
                });
                event.is_none_or(|(approved, by)| !approved && !mine(by))
            }
            ReviewState::Approved | ReviewState::Other => false,
        };
        if !standing || !self.may_revoke(author)? {
            return Ok(false);
        }
        // The same person's later approval takes the veto back, where it is certain whose it is.
        let taken_back = self.snapshot.texts().any(|(comment, other)| {
            let later = comment.created_at > review.comment.created_at;
            let genuine = !comment.edits.edited && !comment.by_email && !comment.via_app && !comment.minimised;
            let approves = match other {
                Some(other) => other.state == ReviewState::Approved,
                None => matches!(parse(&comment.body), Parsed::Command(Command::Approve(a)) if a.plan == self.subject.digest()),
            };
            later && genuine && approves && mine(comment.author.as_ref())
        });
        Ok(!taken_back)
    }
}

fn is_later(a: &Vote<'_>, b: &Vote<'_>) -> bool {
    (a.comment.created_at, a.source()) > (b.comment.created_at, b.source())
}

fn rejected(vote: &Vote<'_>, why: NotCounted) -> Rejected {
    Rejected { source: vote.source(), by: vote.comment.author.clone(), at: vote.comment.created_at, why }
}

fn display(account: Option<&Account>) -> String {
    account.map_or_else(|| "an account that is gone".to_owned(), |account| format!("`{}`", account.login))
}
