//! GitHub workflow commands: annotations in the log of a step, worst first.
//!
//! GitHub shows ten annotations of a kind for a step; the rest is counted in a plain line, not printed, so that the
//! ones that are shown are the worst.

use crate::policy::{Level, Location};

use super::escape::workflow::{BREAK, message, property};
use super::{Report, order, wording};

/// What GitHub shows of one kind for one step.
const SHOWN: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
    Notice,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Notice];

    const fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

struct Annotation<'a> {
    kind: Kind,
    location: Option<&'a Location>,
    title: String,
    lines: Vec<String>,
}

/// The summary line and the annotations.
pub(super) fn render(report: &Report) -> String {
    let fatal = if order::is_error(report) { "fatal: " } else { "" };
    let mut out = format!("tollgate: {fatal}{}: {}\n", wording::headline(report.decision), wording::summary(report));
    out.push_str(&format!("new access: {}\n", wording::access_summary(report)));
    let annotations = annotations(report);
    for kind in Kind::ALL {
        let of_kind: Vec<_> = annotations.iter().filter(|annotation| annotation.kind == kind).collect();
        for annotation in of_kind.iter().take(SHOWN) {
            out.push_str(&command(annotation));
        }
        if of_kind.len() > SHOWN {
            let (more, word) = (wording::thousands(of_kind.len() - SHOWN), kind.command());
            out.push_str(&format!(
                "{more} more of kind {word} are not annotated: GitHub shows {SHOWN} for a step; see the full report\n"
            ));
        }
    }
    out.push_str(&format!("next: {}\n", wording::next_step(report)));
    out
}

fn annotations(report: &Report) -> Vec<Annotation<'_>> {
    let mut out = Vec::new();
    let kind_of_gap = if order::is_error(report) { Kind::Error } else { Kind::Warning };
    if order::is_error(report) && report.undetermined.is_empty() {
        out.push(Annotation {
            kind: Kind::Error,
            location: None,
            title: "tollgate".to_owned(),
            lines: vec![wording::headline(report.decision).to_owned()],
        });
    }
    // What could not be determined stands before findings of its kind: it is what the others do not cover.
    for entry in &report.undetermined {
        out.push(Annotation {
            kind: kind_of_gap,
            location: None,
            title: format!("undetermined ({})", entry.code),
            lines: vec![format!("{}: {}", wording::about(entry), entry.message)],
        });
    }
    for finding in order::findings(report) {
        let mut lines = vec![format!("{}: {}", wording::subject(finding), finding.message)];
        if !finding.remediation.is_empty() {
            lines.push(format!("fix: {}", finding.remediation));
        }
        out.push(Annotation {
            kind: match finding.level {
                Level::Deny => Kind::Error,
                Level::Approve => Kind::Warning,
                Level::Warn => Kind::Notice,
            },
            location: finding.location.as_ref(),
            title: format!("{} ({})", finding.rule, wording::severity(finding.severity)),
            lines,
        });
    }
    for unused in &report.unused_waivers {
        out.push(Annotation {
            kind: Kind::Notice,
            location: None,
            title: "unused waiver".to_owned(),
            lines: vec![format!(
                "{} at {}: {}",
                unused.waiver.rule,
                unused.waiver.address,
                wording::unused_because(unused.why)
            )],
        });
    }
    out
}

fn command(annotation: &Annotation<'_>) -> String {
    let mut properties = Vec::new();
    if let Some(Location { file, line }) = annotation.location {
        properties.push(format!("file={}", property(file)));
        properties.push(format!("line={line}"));
    }
    properties.push(format!("title={}", property(&annotation.title)));
    let lines: Vec<_> = annotation.lines.iter().map(|line| message(line)).collect();
    format!("::{} {}::{}\n", annotation.kind.command(), properties.join(","), lines.join(BREAK))
}
