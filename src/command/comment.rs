//! `tollgate comment`: answers an `issue_comment` event, from the forge alone.
//!
//! Nothing here opens a window: the state is derived afresh, shown, recorded, and where a window is open the apply
//! workflow may be started, which derives all of it again.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::pull_state::{Situation, config_of, harmless, situations};
use super::record::{Recorder, checkpoint_line, ledger_at};
use super::terminal;
use crate::approval::{Command, NotCounted, Parsed, Source, State, parse};
use crate::cli::CommentArgs;
use crate::config::Config;
use crate::edge::files;
use crate::edge::forge::{CheckReport, Conclusion, Context, Forge, PullFacts};
use crate::exit::Outcome;
use crate::ledger::{Checkpoint, EventKind};

const HELP: &str = "\
Commands, as the first line of a comment:
```
/tollgate approve <N>(m|h) [stack=<stack>] plan:<64 hex> risk:<severity>/<number> because <reason>
/tollgate revoke [because <reason>]
/tollgate status
/tollgate help
```
The report of `tollgate check` holds the line to paste.";

/// What happened to a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Created,
    Edited,
    Deleted,
}

/// The comment that an event is about.
struct Event<'a> {
    action: Action,
    pull: u64,
    comment: u64,
    /// The text now and, for an edit, before: either may have been a command.
    texts: Vec<&'a str>,
}

impl<'a> Event<'a> {
    /// `None` for what is not a person's comment on a pull request. Whatever bots write is not answered: an answer
    /// to an answer would never end.
    fn of(event: &'a Value) -> Result<Option<Self>> {
        let action = match event.get("action").and_then(Value::as_str) {
            Some("created") => Action::Created,
            Some("edited") => Action::Edited,
            Some("deleted") => Action::Deleted,
            _ => return Ok(None),
        };
        let is_bot = |path: &str| event.pointer(path).and_then(Value::as_str) == Some("Bot");
        if event.pointer("/issue/pull_request").is_none_or(Value::is_null)
            || is_bot("/sender/type")
            || is_bot("/comment/user/type")
        {
            return Ok(None);
        }
        let number = |path: &str| event.pointer(path).and_then(Value::as_u64);
        let pull = number("/issue/number").context("the event names no pull request")?;
        let comment = number("/comment/id").context("the event names no comment")?;
        let texts = ["/comment/body", "/changes/body/from"];
        let texts = texts.iter().filter_map(|path| event.pointer(path)?.as_str()).collect();
        Ok(Some(Self { action, pull, comment, texts }))
    }
}

/// Runs it.
///
/// # Errors
/// When the event, the configuration or the forge cannot be read or written to.
pub(super) fn run(args: &CommentArgs) -> Result<Outcome> {
    let text = files::read_text(&args.event)?.text;
    let json: Value = serde_json::from_str(&text).context("the event is not JSON")?;
    let Some(event) = Event::of(&json)? else {
        terminal::note("tollgate: not a person's comment on a pull request; nothing to do");
        return Ok(Outcome::Success);
    };
    let parsed: Vec<Parsed> = event.texts.iter().map(|text| parse(text)).collect();
    let Some(said) = parsed.into_iter().find(|parsed| *parsed != Parsed::Nothing) else {
        return Ok(Outcome::Success);
    };
    let context = Context::from_environment()?;
    match (event.action, said) {
        (Action::Created, Parsed::NearMiss(miss)) => {
            let text = format!("That is not a command, and nothing was done: {miss}.\n\n{HELP}");
            context.forge.say(event.pull, &text)?;
        }
        (Action::Created, Parsed::Command(Command::Help)) => context.forge.say(event.pull, HELP)?,
        (Action::Edited | Action::Deleted, Parsed::NearMiss(_) | Parsed::Command(Command::Help | Command::Status))
        | (_, Parsed::Nothing) => {}
        (_, Parsed::Command(command)) => answer(&context, &event, &command)?,
    }
    Ok(Outcome::Success)
}

fn answer(context: &Context, event: &Event<'_>, command: &Command) -> Result<()> {
    let facts = context.forge.facts(event.pull)?;
    let config = config_of(context, &facts)?;
    let all = situations(context, &config, event.pull, &facts)?;
    let mut reply = match (event.action, command) {
        (Action::Edited, _) => "An edited command is void; write a new one.\n\n".to_owned(),
        (Action::Deleted, _) => "A command was deleted.\n\n".to_owned(),
        _ => String::new(),
    };
    let concerned: Vec<&Situation> = match command {
        Command::Approve(approve) if event.action == Action::Created => {
            all.iter().filter(|one| one.subject.digest() == approve.plan).collect()
        }
        _ => all.iter().collect(),
    };
    if concerned.is_empty() {
        reply.push_str("No report on the head commit is about this plan: it was planned for another commit, or not published. Plan again with `tollgate check --publish`.\n");
    }
    for situation in &concerned {
        reply.push_str(&situation.describe());
        reply.push('\n');
    }
    // A revocation that counts destroys what it revokes: deleting it afterwards then revives nothing.
    let mut gaps: Vec<String> = Vec::new();
    if matches!(command, Command::Revoke { .. }) && event.action == Action::Created {
        let mut sources: Vec<Source> = Vec::new();
        for rejected in concerned.iter().flat_map(|situation| &situation.judgement.rejected) {
            if let NotCounted::Revoked(by) = &rejected.why
                && !sources.contains(&rejected.source)
            {
                sources.push(rejected.source);
                let note = harmless(&format!("(tollgate: {by} revoked this; it does not count any more)"));
                if let Err(error) = context.forge.void(event.pull, rejected.source, &note) {
                    gaps.push(format!("an approval could not be destroyed: {error}"));
                }
            }
        }
    }
    for situation in &concerned {
        let (missing, checkpoint) = record(context, &config, event, command, situation)?;
        gaps.extend(missing);
        if !matches!(command, Command::Status) {
            show_check(context, &facts, situation, checkpoint)?;
        }
        start(context, &config, &facts, event, situation)?;
    }
    context.forge.say(event.pull, &reply)?;
    if let Some(gap) = gaps.first() {
        anyhow::bail!("not everything could be done: {gap}");
    }
    Ok(())
}

/// What the ledger could not be told, and its end where something was written.
fn record(
    context: &Context,
    config: &Config,
    event: &Event<'_>,
    command: &Command,
    situation: &Situation,
) -> Result<(Vec<String>, Option<Checkpoint>)> {
    let Situation { subject, judgement, now } = situation;
    let ledger = ledger_at(config.ledger.as_deref())?;
    let recorder = Recorder { ledger: ledger.as_deref(), origin: context.origin(), subject };
    let mine = |source: Source| matches!(source, Source::Comment(id) if id == event.comment);
    let counts = judgement.counted.iter().any(|counted| mine(counted.source));
    let refused = judgement.rejected.iter().find(|rejected| mine(rejected.source));
    let is_open = matches!(judgement.state(), State::Open(_));
    let revoked = judgement.rejected.iter().any(|rejected| matches!(rejected.why, NotCounted::Revoked(_)));
    let mut events: Vec<(EventKind, String)> = Vec::new();
    if let State::Undecided(doubt) = judgement.state() {
        events.push((EventKind::Undecided, doubt.to_string()));
    }
    match (event.action, command) {
        (Action::Created, Command::Approve(_)) if counts => {
            events.push((EventKind::Approve, format!("comment {}", event.comment)));
            if is_open {
                events.push((EventKind::Open, situation.title()));
            }
        }
        (Action::Created, Command::Revoke { .. }) if revoked => {
            events.push((EventKind::Revoke, format!("comment {}", event.comment)));
        }
        (_, Command::Approve(_)) => {
            let why = refused.map_or_else(|| situation.title(), |refused| refused.why.to_string());
            events.push((EventKind::ApproveRejected, format!("comment {}: {why}", event.comment)));
        }
        _ => {}
    }
    let (mut gaps, mut end) = (Vec::new(), None);
    for (kind, detail) in events {
        match recorder.record(kind, *now, judgement, |entry| entry.detail = Some(detail)) {
            Ok(checkpoint) => end = checkpoint,
            Err(gap) => gaps.push(gap),
        }
    }
    Ok((gaps, end))
}

/// The check run shows the state; `apply` never looks at it.
fn show_check(
    context: &Context,
    facts: &PullFacts,
    situation: &Situation,
    checkpoint: Option<Checkpoint>,
) -> Result<()> {
    let conclusion = match situation.judgement.state() {
        State::Open(_) | State::NotRequired | State::Applied(_) => Conclusion::Success,
        State::Pending | State::Partial | State::Expired | State::Revoked | State::Applying(_) => {
            Conclusion::ActionRequired
        }
        _ => Conclusion::Failure,
    };
    let subject = &situation.subject;
    context.forge.publish(&CheckReport {
        name: format!("tollgate ({})", subject.parts().stack),
        head_sha: facts.head_sha.clone(),
        title: situation.title(),
        summary: checkpoint_line(checkpoint) + &situation.describe(),
        subject: Some((subject.digest(), subject.document()?)),
        annotations: Vec::new(),
        conclusion,
    })?;
    Ok(())
}

/// Starts the apply workflow, once a comment completes what is needed.
fn start(
    context: &Context,
    config: &Config,
    facts: &PullFacts,
    event: &Event<'_>,
    situation: &Situation,
) -> Result<()> {
    let mine = |source: Source| matches!(source, Source::Comment(id) if id == event.comment);
    let completes = situation.judgement.counted.iter().any(|counted| mine(counted.source));
    match (&config.apply.workflow, situation.judgement.state()) {
        (Some(workflow), State::Open(_)) if completes && event.action == Action::Created => {
            let inputs = BTreeMap::from([
                ("pr".to_owned(), event.pull.to_string()),
                ("stack".to_owned(), situation.subject.parts().stack.to_string()),
            ]);
            Ok(context.forge.dispatch(workflow, &facts.default_branch, &inputs)?)
        }
        _ => Ok(()),
    }
}
