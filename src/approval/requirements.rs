//! What a plan asks to have approved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::canonical::Encoder;
use super::risk::severity_word;
use super::{PathPattern, Risk};
use crate::decision::{Levels, Waiver};
use crate::plan::Undetermined;
use crate::policy::{Finding, Level, Severity};

/// The rule id under which a change to the gate's own files asks for approval.
pub const POLICY_FILES_RULE: &str = "policy-files";

/// Before the code of a gap, where a rule's id stands otherwise.
const GAP: &str = "undetermined/";

/// Findings that ask for the same: one rule, one severity, one level, one group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequiredFinding {
    /// The rule's id.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// `approve` or `deny`.
    pub level: Level,
    /// The approver rule that the finding names, if any.
    pub approvers: Option<String>,
    /// The longest window the rule allows, in seconds, if it names one.
    pub max_window: Option<u64>,
    /// How many findings of this kind there are.
    pub count: u64,
}

/// All that has to be approved: sorted, without repetition. Part of the subject, so an approval covers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Requirements(Vec<RequiredFinding>);

impl Requirements {
    /// What these findings (waived ones left out) and gaps, with what configuration makes of them, ask for. A gap is
    /// as bad as what may hide in it: it counts as a finding of severity high, under the rule id
    /// `undetermined/CODE`.
    pub fn new<'a>(
        findings: impl IntoIterator<Item = &'a Finding>,
        gaps: impl IntoIterator<Item = (&'a Undetermined, Level)>,
    ) -> Self {
        let findings =
            findings.into_iter().filter(|finding| finding.level >= Level::Approve).map(|finding| RequiredFinding {
                rule: finding.rule.clone(),
                severity: finding.severity,
                level: finding.level,
                approvers: finding.approvers.clone(),
                max_window: finding.max_window,
                count: 1,
            });
        let gaps = gaps.into_iter().filter(|(_, level)| *level >= Level::Approve).map(|(gap, level)| RequiredFinding {
            rule: format!("{GAP}{}", gap.code),
            severity: Severity::High,
            level,
            approvers: None,
            max_window: None,
            count: 1,
        });
        Self::collect(findings.chain(gaps))
    }

    /// The same, and approval of a change to the gate's own files, if `changed` holds any that `patterns` match.
    #[must_use]
    pub fn with_policy_files<'a>(self, changed: impl IntoIterator<Item = &'a str>, patterns: &[PathPattern]) -> Self {
        let count = changed.into_iter().filter(|path| patterns.iter().any(|pattern| pattern.matches(path))).count();
        if count == 0 {
            return self;
        }
        let entry = RequiredFinding {
            rule: POLICY_FILES_RULE.to_owned(),
            severity: Severity::High,
            level: Level::Approve,
            approvers: None,
            max_window: None,
            count: count as u64,
        };
        Self::collect(self.0.into_iter().chain([entry]))
    }

    fn collect(entries: impl Iterator<Item = RequiredFinding>) -> Self {
        let mut counts = BTreeMap::<RequiredFinding, u64>::new();
        for entry in entries {
            let count = entry.count;
            let sum = counts.entry(RequiredFinding { count: 0, ..entry }).or_default();
            *sum = sum.saturating_add(count);
        }
        Self(counts.into_iter().map(|(entry, count)| RequiredFinding { count, ..entry }).collect())
    }

    /// The entries.
    pub fn entries(&self) -> &[RequiredFinding] {
        &self.0
    }

    /// Whether nothing asks for approval.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything blocks; no approval helps then.
    pub fn blocks(&self) -> bool {
        self.0.iter().any(|entry| entry.level == Level::Deny)
    }

    /// Whether configuration as it is now blocks what was found when this was published. Only what is certain without
    /// the plan: a finding that a waiver may be about is left out, and rules that came later are not known here.
    pub fn blocked_by(&self, levels: &Levels, waivers: &[Waiver]) -> bool {
        self.0.iter().any(|entry| {
            let level = match entry.rule.strip_prefix(GAP) {
                Some(code) => Some(levels.of_gap(code)),
                None if waivers.iter().any(|waiver| waiver.rule == entry.rule) => None,
                None => levels.of_rule(&entry.rule, entry.severity, entry.level),
            };
            level == Some(Level::Deny)
        })
    }

    /// The worst severity and the number; `None` where nothing asks for approval.
    pub fn risk(&self) -> Option<Risk> {
        let severity = self.0.iter().map(|entry| entry.severity).max()?;
        let count = self.0.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.count));
        Some(Risk { severity, count })
    }

    pub(super) fn encode(&self, encoder: &mut Encoder) {
        encoder.list(self.0.len());
        for entry in &self.0 {
            encoder.record(6);
            encoder.text("rule").text(&entry.rule);
            encoder.text("severity").text(severity_word(entry.severity));
            encoder.text("level").text(match entry.level {
                Level::Warn => "warn",
                Level::Approve => "approve",
                Level::Deny => "deny",
            });
            encoder.text("approvers").optional(entry.approvers.as_deref());
            encoder.text("max_window");
            match entry.max_window {
                Some(seconds) => encoder.number(&seconds.to_string()),
                None => encoder.null(),
            };
            encoder.text("count").number(&entry.count.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, severity: Severity, level: Level) -> Finding {
        Finding {
            plan: "p".into(),
            rule: rule.into(),
            level,
            severity,
            address: "a.b".into(),
            path: String::new(),
            message: "m".into(),
            remediation: String::new(),
            fingerprint: "f".into(),
            location: None,
            approvers: None,
            max_window: None,
        }
    }

    #[test]
    fn warnings_do_not_count_and_order_does_not_matter() {
        let [a, b, warning] = [
            finding("x", Severity::High, Level::Approve),
            finding("y", Severity::Low, Level::Approve),
            finding("z", Severity::Critical, Level::Warn),
        ];
        let one = Requirements::new([&a, &b, &warning, &a], []);
        assert_eq!(one, Requirements::new([&warning, &a, &a, &b], []));
        assert_eq!(one.risk().unwrap().to_string(), "high/3");
        assert!(Requirements::new([&warning], []).is_empty());
    }

    #[test]
    fn a_gap_asks_for_approval() {
        let gap = Undetermined::of_plan("incomplete_plan", "x");
        let asked = Requirements::new([], [(&gap, Level::Approve)]);
        assert_eq!(asked.risk().unwrap().to_string(), "high/1");
        assert!(Requirements::new([], [(&gap, Level::Deny)]).blocks());
        assert!(Requirements::new([], [(&gap, Level::Warn)]).is_empty(), "configuration says so by its id");
    }

    /// Row 40, the part that is told without the plan.
    #[test]
    fn stricter_levels_block_what_was_asked_for() {
        use crate::decision::RuleLevel;
        let gap = Undetermined::of_plan("errored", "x");
        let asked = Requirements::new([&finding("x", Severity::High, Level::Approve)], [(&gap, Level::Approve)]);
        let levels = Levels::default();
        assert!(!asked.blocked_by(&levels, &[]));
        let stricter = [
            Levels { thresholds: [(Severity::High, Level::Deny)].into(), ..Levels::default() },
            Levels { rules: [("x".into(), RuleLevel::Deny)].into(), ..Levels::default() },
        ];
        let waiver = Waiver {
            rule: "x".into(),
            address: "other".into(),
            reason: "r".into(),
            owner: "o".into(),
            expires: "2099-01-01".into(),
        };
        for levels in &stricter {
            assert!(asked.blocked_by(levels, &[]), "{levels:?}");
            assert!(!asked.blocked_by(levels, std::slice::from_ref(&waiver)), "nobody knows its address: {levels:?}");
        }
        let gaps = Levels { undetermined: [("errored".into(), Level::Deny)].into(), ..Levels::default() };
        assert!(asked.blocked_by(&gaps, &[waiver]));
        let lower = Levels { rules: [("x".into(), RuleLevel::Off)].into(), ..stricter[0].clone() };
        assert!(!asked.blocked_by(&lower, &[]));
    }

    #[test]
    fn the_gates_own_files_ask_for_approval() {
        let patterns = ["tollgate.toml".parse().unwrap(), "policies/**".parse().unwrap()];
        assert!(Requirements::default().with_policy_files(["main.tf"], &patterns).is_empty());
        let asked = Requirements::default().with_policy_files(["main.tf", "policies/a/b.rego"], &patterns);
        assert_eq!(asked.entries()[0].rule, POLICY_FILES_RULE);
    }
}
