//! The state machine: derived afresh from a snapshot each time, never stored.

use std::time::Duration;

use jiff::Timestamp;

use super::clock::MAX_SKEW;
use super::quorum::{Candidate, need, needs_of};
use super::snapshot::{ApplyPhase, ApplyRecord, PullState, Snapshot};
use super::votes::{Counted, Court, NotCounted, Rejected};
use super::{ApprovalSettings, Banned, Digest, Doubt, Now, RequiredFinding, RuleNeed, Subject};

/// How things stand for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing asks for approval.
    NotRequired,
    /// Nobody whose word counts has approved.
    Pending,
    /// Some have, more are needed.
    Partial,
    /// The window is open.
    Open(Window),
    /// It was open and is over; new approvals open it again.
    Expired,
    /// Somebody took it back; new approvals open it again.
    Revoked,
    /// This is not what the pull request holds any more. Terminal.
    Superseded(&'static str),
    /// The pull request cannot be approved as it is.
    Closed(&'static str),
    /// The policy forbids it; no approval helps.
    Blocked,
    /// An apply has claimed it.
    Applying(String),
    /// It was applied. Terminal: a subject is applied once.
    Applied(String),
    /// Its apply failed. Terminal: plan and approve again.
    Failed(String),
    /// Something could not be told. Permits nothing.
    Undecided(Doubt),
}

/// An open window: from the last approval that it needs to the end of the first of them. Only what
/// sets a [`Judgement::state`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    subject: Digest,
    opens: Timestamp,
    expires: Timestamp,
}

impl Window {
    /// What may be applied in it.
    pub const fn subject(&self) -> Digest {
        self.subject
    }

    /// When it opened.
    pub const fn opens(&self) -> Timestamp {
        self.opens
    }

    /// Its end; at this instant it is closed.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// How much of it is left.
    pub fn left(&self, now: Now) -> Duration {
        Duration::try_from(self.expires.duration_since(now.timestamp())).unwrap_or_default()
    }
}

/// A state, and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    state: State,
    /// The approvals that count now.
    pub counted: Vec<Counted>,
    /// The approvals that do not, and why.
    pub rejected: Vec<Rejected>,
    /// What each approver rule that applies needs and has.
    pub needs: Vec<RuleNeed>,
    /// Findings that no approver rule is about; nobody can approve them until the configuration has one.
    pub uncovered: Vec<RequiredFinding>,
    /// Why nobody, or more people than configured, have to approve.
    pub notes: Vec<String>,
}

impl Judgement {
    /// The state. Nothing but [`decide`], [`super::decide_offline`] and [`super::BreakGlass::open`] sets it.
    pub const fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn with_state(self, state: State) -> Self {
        Self { state, ..self }
    }

    pub(super) fn bare(state: State) -> Self {
        Self {
            state,
            counted: Vec::new(),
            rejected: Vec::new(),
            needs: Vec::new(),
            uncovered: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Derives the state of a subject from what a forge says now. Total: whatever cannot be told is
/// [`State::Undecided`].
pub fn decide(
    observed: Result<&Snapshot, &Doubt>,
    settings: &ApprovalSettings,
    subject: &Subject,
    now: Now,
) -> Judgement {
    let judged = match observed {
        Ok(snapshot) => judge(snapshot, settings, subject, now),
        Err(doubt) => Err(doubt.clone()),
    };
    judged.unwrap_or_else(|doubt| Judgement::bare(State::Undecided(doubt)))
}

fn judge(snapshot: &Snapshot, settings: &ApprovalSettings, subject: &Subject, now: Now) -> Result<Judgement, Doubt> {
    let parts = subject.parts();
    check_times(snapshot, now)?;
    if let Some(state) = recorded(&snapshot.records, subject.digest()) {
        return Ok(Judgement::bare(state));
    }
    if let Some(part) = superseded(snapshot, subject) {
        return Ok(Judgement::bare(State::Superseded(part)));
    }
    if let Some(why) = closed(snapshot, settings) {
        return Ok(Judgement::bare(State::Closed(why)));
    }
    if parts.requirements.blocks() {
        return Ok(Judgement::bare(State::Blocked));
    }
    if parts.requirements.is_empty() {
        return Ok(Judgement::bare(State::NotRequired));
    }
    if let Some((id, _)) = snapshot.candidates().into_iter().find(|(id, _)| !snapshot.people.contains_key(id)) {
        return Err(Doubt::UnknownPerson(id.0));
    }
    let banned = Banned::of(snapshot, settings, subject)?;
    let head_since = snapshot
        .pushes
        .iter()
        .filter(|push| push.after == parts.head_sha)
        .map(|push| push.at)
        .max()
        .ok_or_else(|| Doubt::UnknownPush(parts.head_sha.clone()))?;
    let coverage = needs_of(settings, &parts.requirements, &snapshot.changed_files);
    let court = Court { snapshot, settings, subject, banned: &banned, rules: &coverage.rules, head_since, now };
    let votes = court.votes()?;

    let needs_with = |counted: &[&Counted]| -> Result<Vec<RuleNeed>, Doubt> {
        let people: Vec<_> = counted.iter().map(|counted| Candidate { account: &counted.by, snapshot }).collect();
        coverage.rules.iter().map(|rule| need(rule, &people, banned.extra)).collect()
    };
    // No rule and an uncovered finding are no quorum: nobody is asked, so nobody can have agreed.
    let coverable = coverage.uncovered.is_empty() && !coverage.rules.is_empty();
    let enough = |counted: &[&Counted]| -> Result<bool, Doubt> {
        Ok(coverable && !counted.is_empty() && needs_with(counted)?.iter().all(|need| need.satisfied))
    };

    let all: Vec<&Counted> = votes.counted.iter().collect();
    let state = if enough(&all)? {
        State::Open(window(&votes.counted, subject.digest(), enough)?)
    } else if votes.rejected.iter().any(|r| matches!(r.why, NotCounted::Revoked(_) | NotCounted::Vetoed(_))) {
        State::Revoked
    } else if enough(&votes.counted.iter().chain(&votes.lapsed).collect::<Vec<_>>())? {
        State::Expired
    } else if votes.counted.is_empty() {
        State::Pending
    } else {
        State::Partial
    };
    let mut notes: Vec<String> = banned.nobody.iter().cloned().collect();
    if banned.extra > 0 {
        notes
            .push(format!("every rule needs {} more, because somebody unknown had a hand in the change", banned.extra));
    }
    let needs = needs_with(&all)?;
    Ok(Judgement {
        state,
        counted: votes.counted,
        rejected: votes.rejected,
        needs,
        uncovered: coverage.uncovered,
        notes,
    })
}

/// For [`super::BreakGlass`] alone.
pub(super) const fn open_window(subject: Digest, opens: Timestamp, expires: Timestamp) -> Window {
    Window { subject, opens, expires }
}

/// The window that lasts longest among those that the counted approvals make: approvals that end first are left
/// out as long as the others are enough, so that a surplus approval never shortens a window.
pub(super) fn window(
    counted: &[Counted],
    subject: Digest,
    enough: impl Fn(&[&Counted]) -> Result<bool, Doubt>,
) -> Result<Window, Doubt> {
    let mut used: Vec<&Counted> = counted.iter().collect();
    used.sort_by_key(|counted| counted.until);
    while let Some((_, rest)) = used.split_first()
        && enough(rest)?
    {
        used.remove(0);
    }
    let opens = used.iter().map(|counted| counted.at).max().ok_or(Doubt::TimeOutOfRange)?;
    let expires = used.iter().map(|counted| counted.until).min().ok_or(Doubt::TimeOutOfRange)?;
    Ok(Window { subject, opens, expires })
}

/// Server times that lie further ahead than clocks differ mean that some clock is wrong.
fn check_times(snapshot: &Snapshot, now: Now) -> Result<(), Doubt> {
    let comments = snapshot.texts().map(|(comment, _)| (comment.created_at, "a comment"));
    let pushes = snapshot.pushes.iter().map(|push| (push.at, "a push"));
    for (at, what) in comments.chain(pushes) {
        let ahead = Duration::try_from(at.duration_since(now.timestamp())).unwrap_or_default();
        if ahead > MAX_SKEW {
            return Err(Doubt::FutureTime { what: what.to_owned(), seconds: ahead.as_secs() });
        }
    }
    Ok(())
}

/// An earlier apply of the same subject ends everything, whatever else is true.
pub(super) fn recorded(records: &[ApplyRecord], subject: Digest) -> Option<State> {
    let mine = || records.iter().filter(|record| record.subject == subject);
    let of = |phase| mine().find(|record| record.phase == phase).map(|record| record.key.clone());
    of(ApplyPhase::Applied)
        .map(State::Applied)
        .or_else(|| of(ApplyPhase::Failed).map(State::Failed))
        .or_else(|| of(ApplyPhase::Claimed).map(State::Applying))
}

fn superseded(snapshot: &Snapshot, subject: &Subject) -> Option<&'static str> {
    let (parts, pull) = (subject.parts(), &snapshot.pull);
    if parts.forge_host != snapshot.forge_host || parts.repo_id != snapshot.repo_id {
        Some("it belongs to another repository")
    } else if parts.pr_number != pull.number {
        Some("it belongs to another pull request")
    } else if parts.head_sha != pull.head_sha {
        Some("the head commit has changed")
    } else if parts.target_ref != pull.base_ref {
        Some("the target branch has changed")
    } else {
        None
    }
}

fn closed(snapshot: &Snapshot, settings: &ApprovalSettings) -> Option<&'static str> {
    let pull = &snapshot.pull;
    match pull.state {
        PullState::Closed => return Some("the pull request is closed"),
        PullState::Merged if !settings.merged => return Some("the pull request is merged"),
        PullState::Merged | PullState::Open => {}
    }
    if pull.draft && !settings.drafts {
        Some("the pull request is a draft")
    } else if pull.locked {
        Some("the conversation is locked")
    } else if pull.head_repo != Some(snapshot.repo_id) && !settings.forks {
        Some("the pull request comes from a fork")
    } else if settings.targets.is_empty() && pull.base_ref != snapshot.default_branch {
        Some("the target is not the default branch; name others in approvals.targets")
    } else if !settings.targets.is_empty() && !settings.targets.contains(&pull.base_ref) {
        Some("the target is none of approvals.targets")
    } else {
        None
    }
}
