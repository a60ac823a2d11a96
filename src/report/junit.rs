//! JUnit XML, as GitLab, Jenkins and Azure read it: a suite per plan. Findings that block or need approval are
//! failures, those that inform and IAM changes without a finding pass, waived ones are skipped, and what is
//! undetermined is an error.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::Decision;
use crate::policy::{Finding, Level};

use super::escape::xml::text as escape;
use super::{Report, order, wording};

/// The outcome of one test case; the strings are raw.
enum Outcome {
    Passed { output: String },
    Failed { kind: String, message: String, detail: String },
    Error { kind: String, message: String },
    Skipped { message: String },
}

struct Case {
    suite: String,
    name: String,
    file: Option<String>,
    outcome: Outcome,
}

/// The whole document.
pub(super) fn render(report: &Report) -> String {
    let cases = cases(report);
    // Suites in the order of the plans; the decision's own suite first.
    let mut suites: Vec<&str> = Vec::new();
    let mut known = BTreeSet::new();
    for case in &cases {
        if known.insert(case.suite.as_str()) {
            suites.push(&case.suite);
        }
    }
    let (tests, failures, errors, skipped) = totals(cases.iter());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!(
        "<testsuites name=\"tollgate\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
         skipped=\"{skipped}\">\n"
    ));
    let mut by_suite: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        by_suite.entry(&case.suite).or_default().push(case);
    }
    for suite in suites {
        let of_suite = by_suite.get(suite).map(Vec::as_slice).unwrap_or_default();
        let (tests, failures, errors, skipped) = totals(of_suite.iter().copied());
        out.push_str(&format!(
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">\n",
            escape(suite)
        ));
        for case in of_suite {
            out.push_str(&element(case));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn cases(report: &Report) -> Vec<Case> {
    let mut cases = vec![decision(report)];
    for finding in order::findings(report) {
        cases.push(Case {
            suite: suite(&finding.plan),
            name: name(finding),
            file: finding.location.as_ref().map(|place| place.file.clone()),
            outcome: match finding.level {
                Level::Deny | Level::Approve => failure(finding),
                Level::Warn => Outcome::Passed { output: finding.message.clone() },
            },
        });
    }
    for entry in &report.undetermined {
        cases.push(Case {
            suite: suite(&entry.plan),
            name: format!("undetermined/{}: {}", entry.code, wording::about(entry)),
            file: None,
            outcome: Outcome::Error { kind: entry.code.clone(), message: entry.message.clone() },
        });
    }
    for waived in &report.waived {
        let (finding, waiver) = (&waived.finding, &waived.waiver);
        cases.push(Case {
            suite: suite(&finding.plan),
            name: name(finding),
            file: finding.location.as_ref().map(|place| place.file.clone()),
            outcome: Outcome::Skipped {
                message: format!(
                    "waived by {} until {}: {} ({})",
                    waiver.owner, waiver.expires, waiver.reason, finding.message
                ),
            },
        });
    }
    let named: BTreeSet<(&str, &str)> = (report.findings.iter())
        .chain(report.waived.iter().map(|waived| &waived.finding))
        .map(|finding| (finding.plan.as_str(), finding.address.as_str()))
        .chain(report.undetermined.iter().map(|entry| (entry.plan.as_str(), wording::about(entry))))
        .collect();
    for change in &report.changes {
        if !named.contains(&(change.plan.as_str(), change.address.as_str())) {
            cases.push(Case {
                suite: suite(&change.plan),
                name: format!("no finding: {}", change.address),
                file: change.location.as_ref().map(|place| place.file.clone()),
                outcome: Outcome::Passed { output: format!("new access: {}", wording::verdict(change.verdict)) },
            });
        }
    }
    tell_apart(&mut cases);
    cases
}

/// GitLab keeps one case of each name in a suite: those after the first get a number.
fn tell_apart(cases: &mut [Case]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in cases {
        let count = seen.entry((case.suite.clone(), case.name.clone())).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name);
        }
    }
}

fn decision(report: &Report) -> Case {
    let (kind, message) = (wording::decision(report.decision).to_owned(), wording::summary(report));
    let detail = wording::next_step(report).to_owned();
    Case {
        suite: "tollgate".to_owned(),
        name: "decision".to_owned(),
        file: None,
        outcome: match report.decision {
            Decision::Allow => Outcome::Passed { output: format!("allowed: {message}") },
            Decision::NeedsApproval | Decision::Block => Outcome::Failed { kind, message, detail },
            Decision::Error => {
                Outcome::Error { kind, message: format!("{}: {message}", wording::headline(report.decision)) }
            }
        },
    }
}

fn failure(finding: &Finding) -> Outcome {
    let mut detail = format!("severity: {}", wording::severity(finding.severity));
    if let Some(place) = &finding.location {
        detail.push_str(&format!("; at: {}", wording::place(place)));
    }
    if !finding.remediation.is_empty() {
        detail.push_str(&format!("; fix: {}", finding.remediation));
    }
    Outcome::Failed { kind: wording::level(finding.level).to_owned(), message: finding.message.clone(), detail }
}

/// Stable between runs: GitLab tells new failures from known ones by it.
fn name(finding: &Finding) -> String {
    format!("{}: {}", finding.rule, wording::subject(finding))
}

fn suite(plan: &str) -> String {
    if plan.is_empty() { "tollgate".to_owned() } else { plan.to_owned() }
}

fn totals<'a>(cases: impl Iterator<Item = &'a Case>) -> (usize, usize, usize, usize) {
    cases.fold((0, 0, 0, 0), |(tests, failures, errors, skipped), case| match case.outcome {
        Outcome::Passed { .. } => (tests + 1, failures, errors, skipped),
        Outcome::Failed { .. } => (tests + 1, failures + 1, errors, skipped),
        Outcome::Error { .. } => (tests + 1, failures, errors + 1, skipped),
        Outcome::Skipped { .. } => (tests + 1, failures, errors, skipped + 1),
    })
}

fn element(case: &Case) -> String {
    let file = case.file.as_ref().map(|file| format!(" file=\"{}\"", escape(file))).unwrap_or_default();
    let body = match &case.outcome {
        Outcome::Passed { output } => format!("<system-out>{}</system-out>", escape(output)),
        Outcome::Failed { kind, message, detail } => {
            format!("<failure type=\"{}\" message=\"{}\">{}</failure>", escape(kind), escape(message), escape(detail))
        }
        Outcome::Error { kind, message } => {
            format!("<error type=\"{}\" message=\"{}\"/>", escape(kind), escape(message))
        }
        Outcome::Skipped { message } => format!("<skipped message=\"{}\"/>", escape(message)),
    };
    format!(
        "    <testcase classname=\"{}\" name=\"{}\"{file}>{body}</testcase>\n",
        escape(&case.suite),
        escape(&case.name)
    )
}
