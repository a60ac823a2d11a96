//! Break-glass: a class of grants for emergencies, never a flag that silences anything.
//!
//! It stands in for approvals that are missing and for nothing else: the plan is the published one, judged again and
//! not blocked, claimed once, applied inside a window of its own. A revocation, a veto and every doubt deny as they
//! always do. What it takes is a person of the named group, in an environment that another person let the run into.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::clock::after;
use super::decide::{Judgement, State, open_window};
use super::snapshot::{Account, AccountKind, Person};
use super::{Now, Subject, Who, WindowLength};

/// The `[break_glass]` table of the configuration. Off unless it is switched on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakGlassSettings {
    /// Whether there is break-glass at all.
    pub enabled: bool,
    /// The environment of the job that breaks the glass; its reviewers let the run in. Not the one of normal applies.
    pub environment: String,
    /// Who may break the glass: `user:`, `team:` and `role:` selectors.
    pub any_of: Vec<Who>,
    /// How long the window is, at most an hour.
    pub max_window: Option<WindowLength>,
    /// The label of the issue that every use opens.
    pub label: String,
    /// Within how many hours every use has to be reviewed, at most 48. An overdue review blocks normal windows of the
    /// same stack.
    pub review_hours: u64,
}

impl Default for BreakGlassSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            environment: "break-glass".to_owned(),
            any_of: Vec::new(),
            max_window: None,
            label: "break-glass".to_owned(),
            review_hours: 48,
        }
    }
}

const DEFAULT_WINDOW: Duration = Duration::from_secs(30 * 60);
const LONGEST: Duration = Duration::from_secs(60 * 60);
const LATEST_REVIEW: u64 = 48;

impl BreakGlassSettings {
    /// The first mistake.
    pub fn mistake(&self, apply_environment: Option<&str>) -> Option<&'static str> {
        if !self.enabled {
            None
        } else if self.any_of.is_empty() {
            Some("break-glass is switched on for nobody; name people in break_glass.any_of")
        } else if self.any_of.contains(&Who::CodeOwner) {
            Some("break_glass.any_of takes user:, team: and role: selectors")
        } else if self.environment.is_empty()
            || Some(self.environment.as_str()) == apply_environment.or(Some("production"))
        {
            Some("break_glass.environment has to be an environment of its own, with reviewers")
        } else if self.max_window.is_some_and(|length| length.duration() > LONGEST) {
            Some("break_glass.max_window is at most 1h")
        } else if !(1..=LATEST_REVIEW).contains(&self.review_hours) {
            Some("break_glass.review_hours is 1 to 48")
        } else {
            None
        }
    }

    /// How long the window is.
    pub fn window(&self) -> Duration {
        self.max_window.map_or(DEFAULT_WINDOW, WindowLength::duration)
    }
}

/// A reviewer's word about a run that waited for an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentReview {
    /// Who; `None` when the account is gone.
    pub by: Option<Account>,
    /// Whether it was let in.
    pub approved: bool,
    /// Into which environments.
    pub environments: Vec<String>,
}

/// Why the glass stays whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBroken {
    /// Not switched on.
    #[error("break-glass is not enabled in the configuration of the default branch")]
    Disabled,
    /// Nobody is behind the run.
    #[error("whoever started this run is no person's account")]
    NotAPerson,
    /// Not of the group.
    #[error("`{0}` started this run, and is not in break_glass.any_of")]
    NotEligible(String),
    /// Nobody else let the run in.
    #[error("nobody but who started it let this run into environment `{0}`; that environment needs required reviewers")]
    NotReviewed(String),
    /// There is no ledger.
    #[error("break-glass needs a ledger that is more than the deployment record")]
    NoLedger,
    /// A normal apply is possible.
    #[error("break-glass is not needed: {0}")]
    NotNeeded(&'static str),
}

/// That somebody may break the glass for this run. Made by [`BreakGlass::granted`] alone.
#[derive(Debug)]
pub struct BreakGlass {
    by: Account,
    length: Duration,
    opened: std::cell::OnceCell<Timestamp>,
}

impl BreakGlass {
    /// Whether `starter`, with these rights now, may break the glass in a run with these reviews.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn granted(
        settings: &BreakGlassSettings,
        starter: Option<&Account>,
        rights: &Person,
        reviews: &[EnvironmentReview],
    ) -> Result<Self, NotBroken> {
        if !settings.enabled {
            return Err(NotBroken::Disabled);
        }
        let person = starter.filter(|account| account.kind == AccountKind::User).ok_or(NotBroken::NotAPerson)?;
        let is = |who: &Who| match who {
            Who::UserId(id) => person.id.0 == *id,
            Who::Login(login) => person.login.eq_ignore_ascii_case(login),
            Who::Team(team) => rights.teams.contains(team),
            Who::Role(name) => rights.role.is_at_least(name),
            Who::CodeOwner => false,
        };
        if !settings.any_of.iter().any(is) {
            return Err(NotBroken::NotEligible(person.login.clone()));
        }
        let let_in = |review: &EnvironmentReview| {
            let other = review.by.as_ref().is_some_and(|by| by.kind == AccountKind::User && by.id != person.id);
            let here = review.environments.iter().any(|name| name.eq_ignore_ascii_case(&settings.environment));
            review.approved && other && here
        };
        if !reviews.iter().any(let_in) {
            return Err(NotBroken::NotReviewed(settings.environment.clone()));
        }
        Ok(Self { by: person.clone(), length: settings.window(), opened: std::cell::OnceCell::new() })
    }

    /// Who.
    pub const fn by(&self) -> &Account {
        &self.by
    }

    /// The judgement with a window where only approvals are missing; any other state stays what it is. The window
    /// opens at the first look and does not move with later ones.
    pub fn open(&self, judgement: Judgement, subject: &Subject, now: Now) -> Judgement {
        if !matches!(judgement.state(), State::Pending | State::Partial | State::Expired) {
            return judgement;
        }
        let opens = *self.opened.get_or_init(|| now.timestamp());
        match after(opens, self.length) {
            Ok(expires) => judgement.with_state(State::Open(open_window(subject.digest(), opens, expires))),
            Err(doubt) => judgement.with_state(State::Undecided(doubt)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::approval::{Role, RoleLevel, UserId};

    fn account(id: u64, kind: AccountKind) -> Account {
        Account { id: UserId(id), login: format!("u{id}"), kind }
    }

    fn settings() -> BreakGlassSettings {
        BreakGlassSettings {
            enabled: true,
            any_of: vec![Who::UserId(7), Who::Role("admin".into())],
            ..BreakGlassSettings::default()
        }
    }

    fn rights(level: RoleLevel) -> Person {
        Person { role: Role { level, custom: None }, teams: BTreeSet::new() }
    }

    fn review(by: u64, approved: bool, environment: &str) -> EnvironmentReview {
        EnvironmentReview {
            by: Some(account(by, AccountKind::User)),
            approved,
            environments: vec![environment.to_owned()],
        }
    }

    #[test]
    fn a60_off_by_default_and_never_in_the_environment_of_normal_applies() {
        let off = BreakGlassSettings { any_of: settings().any_of, ..BreakGlassSettings::default() };
        let good = [review(8, true, "break-glass")];
        let starter = account(7, AccountKind::User);
        let refused = BreakGlass::granted(&off, Some(&starter), &rights(RoleLevel::Admin), &good).unwrap_err();
        assert_eq!(refused, NotBroken::Disabled);
        assert_eq!(off.mistake(None), None);
        assert_eq!(settings().mistake(Some("production")), None);
        for wrong in [
            BreakGlassSettings { any_of: Vec::new(), ..settings() },
            BreakGlassSettings { environment: "production".into(), ..settings() },
            BreakGlassSettings { max_window: WindowLength::from_minutes(61).ok(), ..settings() },
            BreakGlassSettings { review_hours: 49, ..settings() },
        ] {
            assert!(wrong.mistake(None).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn it_takes_a_person_of_the_group_and_another_who_lets_the_run_in() {
        let good = [review(8, true, "break-glass")];
        let none = rights(RoleLevel::Write);
        let granted = |starter: Option<Account>, rights: &Person, reviews: &[EnvironmentReview]| {
            BreakGlass::granted(&settings(), starter.as_ref(), rights, reviews).map(|grant| grant.by().id.0)
        };
        let person = |id| Some(account(id, AccountKind::User));
        assert_eq!(granted(person(7), &none, &good), Ok(7));
        assert_eq!(granted(person(9), &rights(RoleLevel::Admin), &good), Ok(9));
        assert_eq!(granted(person(9), &none, &good), Err(NotBroken::NotEligible("u9".into())));
        assert_eq!(granted(None, &none, &good), Err(NotBroken::NotAPerson));
        assert_eq!(granted(Some(account(7, AccountKind::Other)), &none, &good), Err(NotBroken::NotAPerson));
        for reviews in [
            vec![],
            vec![review(7, true, "break-glass")],
            vec![review(8, false, "break-glass")],
            vec![review(8, true, "production")],
            vec![EnvironmentReview { by: None, ..review(8, true, "break-glass") }],
        ] {
            assert!(matches!(granted(person(7), &none, &reviews), Err(NotBroken::NotReviewed(_))), "{reviews:?}");
        }
    }
}
