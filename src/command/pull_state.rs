//! How things stand on a pull request, without a plan: from the subject documents that were published for its head.
//!
//! A preview. The documents are believed only as far as they hash to their digest; what counts is what `apply`
//! computes from the plan itself.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use crate::approval::{Doubt, Judgement, Now, Source, State, Subject, decide};
use crate::config::{Config, FILE_NAME};
use crate::edge::clock;
use crate::edge::forge::{Context, Forge, ForgeError, PullFacts, Question};

/// Each subject costs a full reading of the pull request.
const MAX_SUBJECTS: usize = 20;

/// One subject of the pull request and its state.
pub(super) struct Situation {
    /// What was published.
    pub(super) subject: Subject,
    /// How it stands.
    pub(super) judgement: Judgement,
    /// When, by the server's clock; by the local one where the state is undecided.
    pub(super) now: Now,
}

/// The configuration of the default branch, read from the forge.
///
/// # Errors
/// The forge's, and mistakes in the file.
pub(super) fn config_of(context: &Context, facts: &PullFacts) -> Result<Config> {
    for place in [FILE_NAME.to_owned(), format!(".github/{FILE_NAME}")] {
        if let Some(bytes) = context.forge.file(&place, &facts.default_branch)? {
            let text = String::from_utf8(bytes).with_context(|| format!("`{place}` is not UTF-8"))?;
            return Ok(Config::parse(&place, &text)?);
        }
    }
    Ok(Config::default())
}

/// The subjects that were published for the head, in the order of the forge.
///
/// # Errors
/// The forge's.
pub(super) fn published(context: &Context, pull: u64, facts: &PullFacts) -> Result<Vec<Subject>, ForgeError> {
    let documents = context.forge.subject_documents(&facts.head_sha)?.into_iter();
    Ok(documents
        .filter_map(|(digest, text)| Subject::from_document(&text, digest).ok())
        .filter(|subject| subject.parts().pr_number == pull && subject.parts().repo_id == facts.repo_id)
        .collect())
}

/// Every subject that was published for the head, with its state now.
///
/// # Errors
/// The forge's, or more subjects than can be looked at.
pub(super) fn situations(context: &Context, config: &Config, pull: u64, facts: &PullFacts) -> Result<Vec<Situation>> {
    let subjects: BTreeMap<_, _> =
        published(context, pull, facts)?.into_iter().map(|subject| (subject.digest(), subject)).collect();
    if subjects.len() > MAX_SUBJECTS {
        bail!("there are {} reports on the head commit, more than the {MAX_SUBJECTS} looked at", subjects.len());
    }
    Ok(subjects.into_values().map(|subject| situation(context, config, pull, subject, &[])).collect())
}

/// The state of one subject; `own` claims and records are not held against it.
pub(super) fn situation(context: &Context, config: &Config, pull: u64, subject: Subject, own: &[String]) -> Situation {
    let (judgement, now) = look(context, config, pull, &subject, own);
    Situation { subject, judgement, now }
}

/// The judgement of what the forge says now, and the server's time; without a believable time it is a doubt, and the
/// time is the local clock's.
pub(super) fn look(
    context: &Context,
    config: &Config,
    pull: u64,
    subject: &Subject,
    own: &[String],
) -> (Judgement, Now) {
    let settings = &config.approvals;
    let plan_run = subject.parts().plan_run;
    let observed = context.forge.observe(Question { pull, subject: subject.digest(), plan_run, settings, own });
    let local = clock::now();
    let result = observed.map_err(Doubt::from).and_then(|observed| observed.now(local).map(|now| (observed, now)));
    match result {
        Ok((observed, now)) => (decide(Ok(&observed.snapshot), settings, subject, now), now),
        Err(doubt) => {
            let now = Now::from_local_clock(local);
            (decide(Err(&doubt), settings, subject, now), now)
        }
    }
}

impl Situation {
    /// One line: the state.
    pub(super) fn title(&self) -> String {
        match self.judgement.state() {
            State::NotRequired => "no approval is needed".to_owned(),
            State::Pending => "approval required".to_owned(),
            State::Partial => "more approvals required".to_owned(),
            State::Open(window) => format!("approved until {}", window.expires()),
            State::Expired => "the window is over; approve again".to_owned(),
            State::Revoked => "revoked; approve again".to_owned(),
            State::Superseded(part) => format!("superseded: {part}"),
            State::Closed(why) => format!("cannot be approved: {why}"),
            State::Blocked => "blocked; no approval helps".to_owned(),
            State::Applying(_) => "claimed by an apply".to_owned(),
            State::Applied(_) => "applied".to_owned(),
            State::Failed(_) => "its apply failed; plan and approve again".to_owned(),
            State::Undecided(doubt) => format!("undecided, so nothing is allowed: {doubt}"),
        }
    }

    /// The state, who counts, who does not and why, and what is missing, as Markdown.
    pub(super) fn describe(&self) -> String {
        let Judgement { counted, rejected, needs, uncovered, notes, .. } = &self.judgement;
        let parts = self.subject.parts();
        let mut text = format!("**{}**: {}\n\nplan `{}`\n", parts.stack, self.title(), self.subject.digest());
        for one in counted {
            text.push_str(&format!("- counts: {} by `{}`, until {}\n", place(one.source), one.by.login, one.until));
        }
        for one in rejected {
            let by = one.by.as_ref().map_or("an account that is gone", |account| account.login.as_str());
            text.push_str(&format!("- does not count: {} by `{by}`: {}\n", place(one.source), one.why));
        }
        for need in needs.iter().filter(|need| !need.satisfied) {
            let who: Vec<String> = need.who.iter().map(|who| format!("`{who}`")).collect();
            let (rule, needed, have) = (&need.rule, need.needed, need.have);
            text.push_str(&format!("- rule `{rule}` needs {needed} of {} and has {have}\n", who.join(", ")));
        }
        for finding in uncovered {
            text.push_str(&format!("- nobody is named who could approve findings of `{}`\n", finding.rule));
        }
        for note in notes {
            text.push_str(&format!("- {note}\n"));
        }
        harmless(&text)
    }
}

fn place(source: Source) -> String {
    match source {
        Source::Comment(id) => format!("comment {id}"),
        Source::Review(id) => format!("review {id}"),
        Source::Grant(number) => format!("grant {number}"),
    }
}

/// Without mentions and HTML: names and reasons come from strangers.
pub(super) fn harmless(text: &str) -> String {
    text.replace('@', "@\u{200b}").replace('<', "&lt;")
}
