//! Worst first, and the counts every format puts up front.

use std::cmp::Reverse;

use crate::access::Verdict;
use crate::decision::Decision;
use crate::policy::{Finding, Level, Severity};

use super::{ChangeEntry, Report};

/// The counts of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) deny: usize,
    pub(super) approve: usize,
    pub(super) warn: usize,
    pub(super) undetermined: usize,
    pub(super) new: usize,
    pub(super) possible: usize,
    pub(super) changes: usize,
}

impl Counts {
    pub(super) fn of(report: &Report) -> Self {
        let mut counts =
            Self { undetermined: report.undetermined.len(), changes: report.changes.len(), ..Self::default() };
        for finding in &report.findings {
            match finding.level {
                Level::Deny => counts.deny += 1,
                Level::Approve => counts.approve += 1,
                Level::Warn => counts.warn += 1,
            }
        }
        for change in &report.changes {
            match change.verdict {
                Verdict::New => counts.new += 1,
                Verdict::Possible => counts.possible += 1,
                Verdict::None => {}
            }
        }
        counts
    }
}

type FindingKey<'a> = (Reverse<Level>, Reverse<Severity>, &'a str, &'a str, &'a str, &'a str);

fn finding_key(finding: &Finding) -> FindingKey<'_> {
    let Finding { level, severity, plan, address, rule, path, .. } = finding;
    (Reverse(*level), Reverse(*severity), plan, address, rule, path)
}

/// The findings, worst first: by level, severity, plan, address, rule, path.
pub(super) fn findings(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<_> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding_key(finding));
    findings
}

/// The changes, worst first; equal ones in the plan's order.
pub(super) fn changes(report: &Report) -> Vec<&ChangeEntry> {
    let mut changes: Vec<_> = report.changes.iter().collect();
    changes.sort_by_key(|change| (Reverse(change.verdict), change.guardrails.is_empty()));
    changes
}

impl Report {
    /// Puts the findings in the order every format shows: worst first.
    pub fn sort(&mut self) {
        self.findings.sort_by(|a, b| finding_key(a).cmp(&finding_key(b)));
    }
}

/// Whether the run came to no decision.
pub(super) fn is_error(report: &Report) -> bool {
    report.decision == Decision::Error
}
