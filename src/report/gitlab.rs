//! GitLab code quality: a JSON array in the format of Code Climate's issues, as GitLab reads it
//! (<https://docs.gitlab.com/ci/testing/code_quality/>): `description`, `check_name`, `fingerprint`, `severity`,
//! `location.path` and `location.lines.begin` are always there.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::policy::{Finding, Level, Location, Severity};

use super::escape::visible_cut;
use super::{Report, json, order, wording};

/// The longest description, in characters.
const LONGEST: usize = 2_000;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}

/// The array of issues.
pub(super) fn render(report: &Report) -> String {
    let mut issues = Vec::new();
    if order::is_error(report) && report.undetermined.is_empty() {
        issues.push(gap("", None, "error", wording::headline(report.decision), "blocker"));
    }
    let severity = if order::is_error(report) { "blocker" } else { "major" };
    for entry in &report.undetermined {
        let message = if order::is_error(report) {
            format!("{}: {}", wording::headline(report.decision), entry.message)
        } else {
            entry.message.clone()
        };
        issues.push(gap(&entry.plan, entry.address.as_deref(), &entry.code, &message, severity));
    }
    issues.extend(order::findings(report).into_iter().map(issue));

    // GitLab shows one issue of a fingerprint: those of a second plan get one of their own.
    let mut seen = BTreeSet::new();
    for issue in &mut issues {
        let own = issue.fingerprint.clone();
        let mut copy = 1_usize;
        while !seen.insert(issue.fingerprint.clone()) {
            copy += 1;
            issue.fingerprint = Finding::fingerprint_of("copy", &own, "", &copy.to_string());
        }
    }
    json::text(&issues)
}

fn issue(finding: &Finding) -> Issue {
    let demand = match finding.level {
        Level::Deny => "blocks",
        Level::Approve => "needs approval",
        Level::Warn => "informs",
    };
    let mut description = format!("{} ({demand}): {}", wording::subject(finding), finding.message);
    if !finding.remediation.is_empty() {
        description.push_str(&format!(" Fix: {}", finding.remediation));
    }
    Issue {
        description: text(&description),
        check_name: text(&finding.rule),
        fingerprint: text(&finding.fingerprint),
        severity: match finding.severity {
            Severity::Critical => "blocker",
            Severity::High => "critical",
            Severity::Medium => "major",
            Severity::Low => "minor",
            Severity::Info => "info",
        },
        location: place(finding.location.as_ref(), &finding.plan),
    }
}

fn gap(plan: &str, address: Option<&str>, code: &str, message: &str, severity: &'static str) -> Issue {
    let about = address.unwrap_or("the whole plan");
    Issue {
        description: text(&format!("{about} (undetermined): {message}")),
        check_name: text(&format!("undetermined/{code}")),
        fingerprint: Finding::fingerprint_of("undetermined", about, code, message),
        severity,
        location: place(None, plan),
    }
}

/// The source of the resource, or else the first line of the plan.
fn place(location: Option<&Location>, plan: &str) -> Place {
    let (path, begin) = location.map_or((plan, 1), |place| (place.file.as_str(), place.line.max(1)));
    let path = path.trim_start_matches("./");
    Place { path: if path.is_empty() { "-".to_owned() } else { text(path) }, lines: Lines { begin } }
}

fn text(text: &str) -> String {
    visible_cut(text, LONGEST).into_owned()
}
