//! The words that several formats share.

use serde::Serialize;

use crate::access::{NewAccess, Verdict, Witness};
use crate::decision::{Decision, UnusedBecause};
use crate::plan::Undetermined;
use crate::policy::{Finding, Level, Location, Severity};

use super::order::Counts;
use super::{ChangeEntry, Report};

/// The decision as a headline.
pub(super) fn headline(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allowed",
        Decision::NeedsApproval => "needs approval",
        Decision::Block => "blocked",
        Decision::Error => "no decision was made",
    }
}

/// The decision in the JSON report's word.
pub const fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::NeedsApproval => "needs_approval",
        Decision::Block => "block",
        Decision::Error => "error",
    }
}

/// The verdict in the JSON report's word.
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None => "none",
        Verdict::Possible => "possible",
        Verdict::New => "new",
    }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "deny",
        Level::Approve => "approve",
        Level::Warn => "warn",
    }
}

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::Info => "info",
    }
}

pub(super) fn unused_because(why: UnusedBecause) -> &'static str {
    match why {
        UnusedBecause::Expired => "expired",
        UnusedBecause::Unmatched => "matches no finding",
    }
}

/// The word a unit enum has in the JSON report.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// `1 finding`, `2 findings`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// `1,234,567`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// What was found, in one line: the parts that are not zero.
pub(super) fn summary(report: &Report) -> String {
    let counts = Counts::of(report);
    let mut parts = Vec::new();
    let mut part = |n: usize, one: &str, many: &str| {
        if n > 0 {
            parts.push(count(n, one, many));
        }
    };
    part(counts.deny, "finding blocks", "findings block");
    part(counts.approve, "finding needs approval", "findings need approval");
    part(counts.warn, "finding informs", "findings inform");
    part(counts.undetermined, "undetermined entry", "undetermined entries");
    part(report.waived.len(), "waived", "waived");
    if parts.is_empty() {
        parts.push("nothing found".to_owned());
    }
    parts.join(", ")
}

/// The verdict over all plans, with its counts.
pub(super) fn access_summary(report: &Report) -> String {
    let counts = Counts::of(report);
    let changes = count(counts.changes, "IAM change", "IAM changes");
    match report.access.verdict {
        Verdict::None if counts.changes == 0 => "none; no IAM change".to_owned(),
        Verdict::None => format!("none; {changes}"),
        Verdict::Possible => format!("possible; {} of {changes} may permit more", thousands(counts.possible)),
        Verdict::New => format!(
            "new; {} of {changes} newly permit something{}",
            thousands(counts.new),
            if counts.possible > 0 { format!(", {} may", thousands(counts.possible)) } else { String::new() }
        ),
    }
}

/// What the reader does now.
pub(super) fn next_step(report: &Report) -> &'static str {
    match report.decision {
        Decision::Allow => "nothing to do: the plan may be applied as it is.",
        Decision::NeedsApproval => {
            "somebody who may approve has to agree to exactly this plan; or narrow the change, plan again and \
             check again."
        }
        Decision::Block => {
            "change what the findings at level deny name, plan again and check again; an exception is a waiver \
             (rule, address, owner, reason, expiry) in tollgate.toml on the default branch."
        }
        Decision::Error => "repair what is named above and run the check again; nothing may be applied until then.",
    }
}

/// The row's actions as one word where Terraform has one.
pub(super) fn actions(change: &ChangeEntry) -> String {
    let words: Vec<_> = change.actions.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["delete", "create"] | ["create", "delete"] => "replace".to_owned(),
        _ => words.join(", "),
    }
}

/// `file:line`.
pub(super) fn place(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

/// Who newly may do what, on what and when, in one line. At most a few patterns of each list are named.
pub(super) fn grant(new: &NewAccess) -> String {
    permission(&new.principal, &new.actions, &new.resources, &new.conditions)
}

/// Who may do what, on what and when, in one line.
pub(super) fn permission(who: &str, actions: &[String], resources: &[String], conditions: &[String]) -> String {
    let mut out = format!("{who}: {}", some(actions));
    if !resources.is_empty() {
        out.push_str(" on ");
        out.push_str(&some(resources));
    }
    if !conditions.is_empty() {
        out.push_str(" when ");
        out.push_str(&some(conditions));
    }
    out
}

/// The request of a witness in one line.
pub(super) fn request(witness: &Witness) -> String {
    let mut out = format!("{} {} on {}", witness.principal, witness.action, witness.resource);
    for (position, (key, values)) in witness.context.iter().enumerate() {
        out.push_str(if position == 0 { " with " } else { ", " });
        out.push_str(key);
        out.push('=');
        out.push_str(&values.join("|"));
    }
    out
}

/// What a finding is about: the address and the attribute path.
pub(super) fn subject(finding: &Finding) -> String {
    let address = if finding.address.is_empty() { "the whole plan" } else { &finding.address };
    if finding.path.is_empty() { address.to_owned() } else { format!("{address} ({})", finding.path) }
}

/// What an undetermined entry is about.
pub(super) fn about(entry: &Undetermined) -> &str {
    entry.address.as_deref().unwrap_or("the whole plan")
}

/// The first entries of a list, and how many more there are.
fn some(list: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut out = list.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if list.len() > SHOWN {
        out.push_str(&format!(", and {} more", thousands(list.len() - SHOWN)));
    }
    out
}

/// How unknown values were resolved, over all plans; `None` where there were none.
pub(super) fn resolved(report: &Report) -> Option<String> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for (way, count) in report.plans.iter().flat_map(|plan| &plan.resolved) {
        *counts.entry(way).or_default() += count;
    }
    let left = counts.remove("unknown").unwrap_or_default();
    let ways: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(way, count)| format!("{count} by {}", way.replace('_', " ")))
        .collect();
    match (ways.is_empty(), left) {
        (true, 0) => None,
        (true, left) => Some(format!("{left} left unknown")),
        (false, left) => Some(format!("{} resolved; {left} left unknown", ways.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(["0", "999", "1,000", "1,234,567"].map(String::from), [0, 999, 1_000, 1_234_567].map(thousands));
    }
}
