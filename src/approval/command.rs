//! The commands people write on a pull request.
//!
//! ```text
//! /tollgate approve <N>(m|h) [stack=<s>] plan:<64 hex> risk:<severity>/<count> because <reason>
//! /tollgate revoke [because <reason>]
//! /tollgate status
//! /tollgate help
//! ```
//!
//! A command is the first line of a comment, from its first column; what follows is free text. The parser is
//! total: every text is a command, a near miss (which gets an answer and never an action), or nothing.

use super::{Digest, LengthError, Risk, Stack, WindowLength};

/// The shortest reason that says anything.
const MIN_REASON: usize = 10;
/// The longest first line that is looked at.
const MAX_LINE: usize = 2000;
const WORD: &str = "/tollgate";

/// What a comment says to tollgate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Nothing: an ordinary comment.
    Nothing,
    /// A command.
    Command(Command),
    /// Something that looks like a command and is none. It gets an answer.
    NearMiss(NearMiss),
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open a window.
    Approve(Approve),
    /// Close every window of the pull request.
    Revoke {
        /// Why, where given.
        reason: Option<String>,
    },
    /// Say how things stand.
    Status,
    /// Say what can be said.
    Help,
}

/// `/tollgate approve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approve {
    /// How long the window may be.
    pub length: WindowLength,
    /// The stack, where the line names it. The digest binds it in any case.
    pub stack: Option<Stack>,
    /// The subject that is approved.
    pub plan: Digest,
    /// What the report said at its head.
    pub risk: Risk,
    /// Why, at least ten characters.
    pub reason: String,
}

/// Why a text that looks like a command is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NearMiss {
    /// Something stands before it.
    #[error("a command starts in the first column of the first line")]
    NotAtStart,
    /// Without the slash, or in other letters.
    #[error("a command starts with `/tollgate` and a space")]
    NotTheWord,
    /// More than one command.
    #[error("one comment holds one command")]
    MoreThanOne,
    /// Longer than any command.
    #[error("the line is longer than 2000 bytes")]
    TooLong,
    /// Control, bidirectional, zero-width or other characters that do not show.
    #[error("the line holds the character U+{0:04X}, which does not show")]
    Hidden(u32),
    /// HTML comments hide text.
    #[error("the line holds an HTML comment")]
    HtmlComment,
    /// No verb.
    #[error("`/tollgate` needs a verb: approve, revoke, status or help")]
    NoVerb,
    /// Not a verb.
    #[error("there is no command of this name: it is approve, revoke, status or help")]
    UnknownVerb,
    /// The duration is missing or wrong.
    #[error("`approve` is followed by a duration: {0}")]
    Length(LengthError),
    /// The stack is wrong.
    #[error("`stack=` is not a stack's name")]
    Stack,
    /// The digest is missing or wrong.
    #[error("then comes `plan:` and the 64 hex digits of the report; no shorter form counts")]
    Plan,
    /// The risk is missing or wrong.
    #[error("then comes `risk:`, the severity and the number of findings as the report says, such as `risk:high/3`")]
    Risk,
    /// No reason.
    #[error("a reason is missing: end the line with `because` and at least 10 characters")]
    NoReason,
    /// The reason says too little.
    #[error("the reason has fewer than 10 characters")]
    ShortReason,
    /// A word too many.
    #[error("there are words that do not belong to the command")]
    ExtraWords,
}

/// Reads a comment's or a review's body.
pub fn parse(body: &str) -> Parsed {
    let first = first_line(body);
    if !first.starts_with(WORD) {
        return if looks_like_command(body) { Parsed::NearMiss(near_miss(body)) } else { Parsed::Nothing };
    }
    match command(first, body) {
        Ok(command) => Parsed::Command(command),
        Err(miss) => Parsed::NearMiss(miss),
    }
}

/// Up to the first line feed, without the carriage return before it.
fn first_line(body: &str) -> &str {
    let line = body.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

fn command(line: &str, body: &str) -> Result<Command, NearMiss> {
    if line.len() > MAX_LINE {
        return Err(NearMiss::TooLong);
    }
    if let Some(hidden) = line.chars().find(|c| is_hidden(*c)) {
        return Err(NearMiss::Hidden(hidden.into()));
    }
    if line.contains("<!--") {
        return Err(NearMiss::HtmlComment);
    }
    if body.split('\n').skip(1).any(|line| visible_start(line).starts_with(WORD)) {
        return Err(NearMiss::MoreThanOne);
    }
    let mut words = Words(line.strip_prefix(WORD).ok_or(NearMiss::NotTheWord)?);
    if !words.0.is_empty() && !words.0.starts_with(' ') {
        return Err(NearMiss::NotTheWord);
    }
    match words.next().ok_or(NearMiss::NoVerb)? {
        "approve" => approve(words).map(Command::Approve),
        "revoke" => revoke(words),
        "status" => words.end().map(|()| Command::Status),
        "help" => words.end().map(|()| Command::Help),
        _ => Err(NearMiss::UnknownVerb),
    }
}

fn approve(mut words: Words<'_>) -> Result<Approve, NearMiss> {
    let length = words.next().unwrap_or_default().parse().map_err(NearMiss::Length)?;
    let mut word = words.next().unwrap_or_default();
    let mut stack = None;
    if let Some(name) = word.strip_prefix("stack=") {
        stack = Some(name.parse().map_err(|_| NearMiss::Stack)?);
        word = words.next().unwrap_or_default();
    }
    let plan = word.strip_prefix("plan:").and_then(|digits| digits.parse().ok()).ok_or(NearMiss::Plan)?;
    let word = words.next().unwrap_or_default();
    let risk = word.strip_prefix("risk:").and_then(|risk| risk.parse().ok()).ok_or(NearMiss::Risk)?;
    if words.next() != Some("because") {
        return Err(NearMiss::NoReason);
    }
    let reason = words.0.trim_matches(' ').to_owned();
    if reason.chars().count() < MIN_REASON {
        return Err(NearMiss::ShortReason);
    }
    Ok(Approve { length, stack, plan, risk, reason })
}

fn revoke(mut words: Words<'_>) -> Result<Command, NearMiss> {
    match words.next() {
        None => Ok(Command::Revoke { reason: None }),
        Some("because") if words.0.trim_matches(' ').is_empty() => Err(NearMiss::NoReason),
        Some("because") => Ok(Command::Revoke { reason: Some(words.0.trim_matches(' ').to_owned()) }),
        Some(_) => Err(NearMiss::ExtraWords),
    }
}

/// Words between runs of spaces.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches(' ');
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn end(mut self) -> Result<(), NearMiss> {
        self.next().map_or(Ok(()), |_| Err(NearMiss::ExtraWords))
    }
}

/// Characters that do not show or that reorder what shows: a line that holds one does not say what it seems to.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The line without what does not show at its start.
fn visible_start(line: &str) -> &str {
    line.trim_start_matches(|c: char| c.is_whitespace() || is_hidden(c))
}

/// Whether somebody seems to have meant a command. Quotes and code are talk about commands.
fn looks_like_command(body: &str) -> bool {
    body.split('\n')
        .scan(false, |fenced, line| {
            let start = visible_start(line);
            if start.starts_with("```") || start.starts_with("~~~") {
                *fenced = !*fenced;
            }
            Some((*fenced, start))
        })
        .any(|(fenced, start)| !fenced && seems_command(start))
}

fn seems_command(start: &str) -> bool {
    let head: String = start.chars().take(40).filter(|c| !is_hidden(*c)).collect::<String>().to_lowercase();
    let rest = head.strip_prefix(WORD).or_else(|| {
        let rest = head.strip_prefix("@tollgate").or_else(|| head.strip_prefix("tollgate"))?;
        let verb = rest.trim_start();
        ["approve", "revoke", "status", "help"].iter().any(|word| verb.starts_with(word)).then_some(rest)
    });
    rest.is_some()
}

fn near_miss(body: &str) -> NearMiss {
    let start = visible_start(first_line(body));
    if seems_command(start) && start.len() == first_line(body).len() {
        NearMiss::NotTheWord
    } else {
        NearMiss::NotAtStart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Severity;
    use proptest::prelude::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn line(text: &str) -> String {
        text.replace("HEX", HEX)
    }

    #[test]
    fn a_whole_approval() {
        let body =
            line("/tollgate approve 30m stack=envs/prod:default plan:HEX risk:high/3 because ticket OPS-77\r\nthanks!");
        let Parsed::Command(Command::Approve(approve)) = parse(&body) else { panic!("{:?}", parse(&body)) };
        assert_eq!(approve.length.to_string(), "30m");
        assert_eq!(approve.stack.unwrap().as_str(), "envs/prod:default");
        assert_eq!(approve.plan.to_string(), HEX);
        assert_eq!(approve.risk, Risk { severity: Severity::High, count: 3 });
        assert_eq!(approve.reason, "ticket OPS-77");
    }

    #[test]
    fn the_other_commands() {
        assert_eq!(parse("/tollgate revoke"), Parsed::Command(Command::Revoke { reason: None }));
        assert_eq!(
            parse("/tollgate revoke because wrong account\n"),
            Parsed::Command(Command::Revoke { reason: Some("wrong account".into()) })
        );
        assert_eq!(parse("/tollgate status"), Parsed::Command(Command::Status));
        assert_eq!(parse("/tollgate help  "), Parsed::Command(Command::Help));
    }

    #[test]
    fn near_misses_get_an_answer() {
        let cases = [
            ("/tollgate", NearMiss::NoVerb),
            ("/tollgate ", NearMiss::NoVerb),
            ("/tollgate aprove 1h", NearMiss::UnknownVerb),
            ("/tollgate Approve 1h", NearMiss::UnknownVerb),
            ("/tollgateapprove 1h", NearMiss::NotTheWord),
            ("/Tollgate approve 1h", NearMiss::NotTheWord),
            ("tollgate approve 1h", NearMiss::NotTheWord),
            ("@tollgate approve 1h", NearMiss::NotTheWord),
            (" /tollgate approve 1h", NearMiss::NotAtStart),
            ("\u{feff}/tollgate approve 1h", NearMiss::NotAtStart),
            ("\u{a0}/tollgate approve 1h", NearMiss::NotAtStart),
            ("\n/tollgate approve 1h", NearMiss::NotAtStart),
            ("LGTM\n/tollgate approve 1h", NearMiss::NotAtStart),
            ("/tollgate approve", NearMiss::Length(LengthError::Form)),
            ("/tollgate approve 1d plan:HEX risk:high/3 because ticket OPS-77", NearMiss::Length(LengthError::Form)),
            (
                "/tollgate approve 0h plan:HEX risk:high/3 because ticket OPS-77",
                NearMiss::Length(LengthError::TooShort),
            ),
            ("/tollgate approve 1h because ticket OPS-77", NearMiss::Plan),
            ("/tollgate approve 1h plan:0123456789ab risk:high/3 because ticket OPS-77", NearMiss::Plan),
            ("/tollgate approve 1h plan:HEX because ticket OPS-77", NearMiss::Risk),
            ("/tollgate approve 1h plan:HEX risk:none/0 because ticket OPS-77", NearMiss::Risk),
            ("/tollgate approve 1h plan:HEX risk:high/3", NearMiss::NoReason),
            ("/tollgate approve 1h plan:HEX risk:high/3 ticket OPS-77", NearMiss::NoReason),
            ("/tollgate approve 1h plan:HEX risk:high/3 because ok", NearMiss::ShortReason),
            ("/tollgate approve 1h stack=../x plan:HEX risk:high/3 because ticket OPS-77", NearMiss::Stack),
            ("/tollgate approve 1h stack=a stack=b plan:HEX risk:high/3 because ticket OPS-77", NearMiss::Plan),
            ("/tollgate approve 1h plan:HEX stack=a risk:high/3 because ticket OPS-77", NearMiss::Risk),
            ("/tollgate revoke please", NearMiss::ExtraWords),
            ("/tollgate status now", NearMiss::ExtraWords),
            ("/tollgate status\n/tollgate revoke", NearMiss::MoreThanOne),
            ("/tollgate\tstatus", NearMiss::Hidden(9)),
            ("/tollgate status\u{200b}", NearMiss::Hidden(0x200b)),
            ("/tollgate status\rmore", NearMiss::Hidden(13)),
            ("/tollgate revoke because <!-- /tollgate approve", NearMiss::HtmlComment),
        ];
        for (text, miss) in cases {
            assert_eq!(parse(&line(text)), Parsed::NearMiss(miss), "{text:?}");
        }
    }

    #[test]
    fn a30_talk_about_commands_is_nothing() {
        for text in [
            "",
            "please run it",
            "> /tollgate approve 1h",
            "```\n/tollgate approve 1h\n```",
            "`/tollgate approve`",
            "use `/tollgate status`",
            "<!-- /tollgate approve 1h -->",
            "tollgate is a tool",
        ] {
            assert_eq!(parse(text), Parsed::Nothing, "{text:?}");
        }
    }

    #[test]
    fn a30_an_html_comment_hides_no_command() {
        let body = line("<!--\n/tollgate approve 1h plan:HEX risk:high/3 because ticket OPS-77\n-->");
        assert!(!matches!(parse(&body), Parsed::Command(_)));
    }

    proptest! {
        #[test]
        fn total(body in any::<String>()) {
            let _ = parse(&body);
        }

        /// Every character that changes the first line's meaning is seen: a command prints back to itself.
        #[test]
        fn total_near_commands(
            head in "[ \u{feff}>`]{0,2}",
            body in "/tollgate( [ a-z0-9:=/\u{200b}\u{202e}\r\n\t-]{0,80}){0,3}",
        ) {
            let text = format!("{head}{body}");
            if let Parsed::Command(_) = parse(&text) {
                prop_assert!(head.is_empty());
                prop_assert!(!first_line(&text).chars().any(is_hidden));
            }
        }

        #[test]
        fn only_64_hex_digits_approve(digits in "[0-9a-f]{0,80}") {
            let parsed = parse(&format!("/tollgate approve 1h plan:{digits} risk:high/3 because ticket OPS-77"));
            prop_assert_eq!(matches!(parsed, Parsed::Command(_)), digits.len() == 64);
        }

        /// One inserted character that does not show turns any approval into a near miss.
        #[test]
        fn hidden_characters_never_pass(
            at in 0_usize..120,
            hidden in prop::sample::select(vec!['\u{200b}', '\u{202e}', '\u{2066}', '\u{feff}', '\0', '\u{7f}', '\u{85}', '\u{a0}', '\u{2028}']),
        ) {
            let mut text = line("/tollgate approve 30m plan:HEX risk:high/3 because ticket OPS-77");
            text.insert(at.min(text.len()), hidden);
            prop_assert!(!matches!(parse(&text), Parsed::Command(_)));
        }
    }
}
