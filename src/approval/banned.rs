//! Who cannot approve a change: everybody who wrote, pushed or triggered it.

use std::collections::BTreeMap;

use super::snapshot::{Account, AccountKind, Attribution, Push, PushKind, Snapshot, TimelineEvent, UserId};
use super::{ApprovalSettings, Doubt, Subject, Unattributed, Who};

/// Why somebody cannot approve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BanReason {
    /// Opened the pull request.
    #[error("opened the pull request")]
    Author,
    /// Author, committer or co-author of a commit.
    #[error("has a part in commit {0}")]
    Commit(String),
    /// Pushed to the head branch.
    #[error("pushed to the branch")]
    Pusher,
    /// Started the run that made the plan.
    #[error("started the run that made the plan")]
    PlanRun,
    /// Applies it on this machine.
    #[error("is who applies it here")]
    Applier,
    /// Configured as automation.
    #[error("is configured as a service account")]
    ServiceAccount,
}

/// The people who cannot approve, and how much harder approval gets by people nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Banned {
    people: BTreeMap<UserId, BanReason>,
    /// Commits, pushes and runs behind which there is no account.
    pub unattributed: Vec<String>,
    /// How many people more each rule needs.
    pub extra: usize,
    /// Why nobody can approve, where that is so.
    pub nobody: Option<String>,
}

impl Banned {
    /// Why this person cannot approve.
    pub fn reason(&self, user: UserId) -> Option<&BanReason> {
        self.people.get(&user)
    }

    fn add(&mut self, account: &Account, reason: BanReason) {
        self.people.entry(account.id).or_insert(reason);
    }

    fn add_or_note(&mut self, account: Option<&Account>, reason: BanReason, what: &str) {
        match account {
            Some(account) => self.add(account, reason),
            None => self.unattributed.push(what.to_owned()),
        }
    }

    /// The banned set of a pull request.
    ///
    /// # Errors
    /// A [`Doubt`] where the commits lack the head, or the run that made the plan cannot be verified.
    pub fn of(snapshot: &Snapshot, settings: &ApprovalSettings, subject: &Subject) -> Result<Self, Doubt> {
        let mut banned = Self::default();
        let pull = &snapshot.pull;
        banned.add_or_note(pull.author.as_ref(), BanReason::Author, "the author of the pull request");
        // A bot has somebody behind it, who may be the one that approves.
        if pull.author.as_ref().is_some_and(|author| author.kind != AccountKind::User) {
            banned.extra += 1;
        }
        if !snapshot.commits.iter().any(|commit| commit.sha == pull.head_sha) {
            return Err(Doubt::HeadNotListed(pull.head_sha.clone()));
        }
        for commit in &snapshot.commits {
            let short: String = commit.sha.chars().take(12).collect();
            if commit.people.iter().all(|person| *person == Attribution::Forge) {
                banned.unattributed.push(format!("commit {short}"));
            }
            for person in &commit.people {
                match person {
                    Attribution::User(account) => banned.add(account, BanReason::Commit(short.clone())),
                    Attribution::Forge => {}
                    Attribution::Unlinked => banned.unattributed.push(format!("commit {short}")),
                }
            }
            if settings.require_verified_commits && !commit.verified {
                banned.nobody = Some(format!("commit {short} has no verified signature"));
            }
        }
        for push in pushes_since_creation(&snapshot.pushes, &pull.head_sha) {
            banned.add_or_note(push.actor.as_ref(), BanReason::Pusher, "a push");
        }
        for event in &snapshot.timeline {
            if let TimelineEvent::ForcePushed { by, .. } = event {
                banned.add_or_note(by.as_ref(), BanReason::Pusher, "a forced push");
            }
        }
        banned.add_plan_run(snapshot, subject)?;
        banned.add_service_accounts(snapshot, settings);
        banned.unattributed.sort();
        banned.unattributed.dedup();
        if let Some(first) = banned.unattributed.first() {
            match settings.unattributed_commits {
                Unattributed::Deny => {
                    banned.nobody =
                        Some(format!("nobody knows who is behind {first}; link its e-mail address to an account"));
                }
                Unattributed::RaiseByOne => banned.extra += 1,
            }
        }
        Ok(banned)
    }

    fn add_plan_run(&mut self, snapshot: &Snapshot, subject: &Subject) -> Result<(), Doubt> {
        let Some(named) = subject.parts().plan_run else { return Ok(()) };
        let doubt = |why: &str| Doubt::PlanRun(format!("run {}: {why}", named.id));
        let run = snapshot.plan_run.as_ref().ok_or_else(|| doubt("it was not read"))?;
        if run.id != named.id || run.attempt < named.attempt {
            return Err(doubt("the forge knows no such attempt"));
        }
        if run.head_sha != subject.parts().head_sha {
            return Err(doubt("it ran for another commit"));
        }
        for actor in &run.actors {
            self.add_or_note(actor.as_ref(), BanReason::PlanRun, "the run that made the plan");
        }
        Ok(())
    }

    fn add_service_accounts(&mut self, snapshot: &Snapshot, settings: &ApprovalSettings) {
        let named = |who: &Who, account: &Account| match who {
            Who::UserId(id) => account.id.0 == *id,
            Who::Login(login) => account.login.eq_ignore_ascii_case(login),
            Who::Team(team) => snapshot.people.get(&account.id).is_some_and(|person| person.teams.contains(team)),
            Who::Role(_) | Who::CodeOwner => false,
        };
        let authors: Vec<&Account> = snapshot.texts().filter_map(|(comment, _)| comment.author.as_ref()).collect();
        for account in authors {
            if settings.service_accounts.iter().any(|who| named(who, account)) {
                self.add(account, BanReason::ServiceAccount);
            }
        }
    }
}

/// The pushes that can have brought the head about: back from the newest to the creation of the branch that the
/// push of the head followed. Newer ones are included whatever they did.
fn pushes_since_creation<'a>(pushes: &'a [Push], head: &str) -> impl Iterator<Item = &'a Push> {
    let made_head = pushes.iter().filter(|push| push.after == head).map(|push| push.id).max();
    let creation = pushes
        .iter()
        .filter(|push| push.kind == PushKind::Creation && made_head.is_none_or(|head| push.id <= head))
        .map(|push| push.id)
        .max()
        .unwrap_or(0);
    pushes.iter().filter(move |push| push.id >= creation)
}
