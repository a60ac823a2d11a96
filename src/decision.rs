//! Decide: findings, undetermined entries, thresholds and waivers to a [`Decision`]. The only place that does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::Undetermined;
use crate::policy::{Finding, Level, Severity};

/// What happens to the plan. Ordered from best to worst, so that the worst of several wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing stands against it.
    Allow,
    /// Somebody has to agree.
    NeedsApproval,
    /// A rule forbids it.
    Block,
    /// No decision was made.
    Error,
}

impl Decision {
    /// The decision in words, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::NeedsApproval => "needs approval",
            Self::Block => "blocked",
            Self::Error => "no decision was made",
        }
    }
}

/// A level as configuration may set it for one rule: a [`Level`], or nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleLevel {
    /// The rule's findings are dropped.
    Off,
    /// They inform.
    Warn,
    /// They need approval.
    Approve,
    /// They block.
    Deny,
}

/// How configuration changes what findings and undetermined entries demand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// A minimum level per severity: raises, never lowers.
    pub thresholds: BTreeMap<Severity, Level>,
    /// The level of one rule, by its id: the only way to lower one.
    pub rules: BTreeMap<String, RuleLevel>,
    /// The level of undetermined entries, by their code. The default is [`Level::Approve`].
    pub undetermined: BTreeMap<String, Level>,
}

/// A dated exception, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The rule's id.
    pub rule: String,
    /// A glob over addresses; `*` and `?` are special, brackets are not.
    pub address: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it counts, `YYYY-MM-DD` (UTC).
    pub expires: String,
}

/// A finding that a waiver set aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// The waiver.
    pub waiver: Waiver,
}

/// A waiver that did nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnusedWaiver {
    /// The waiver.
    pub waiver: Waiver,
    /// Why it did nothing.
    pub why: UnusedBecause,
}

/// Why a waiver did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedBecause {
    /// Its last day is over.
    Expired,
    /// No finding has its rule and address.
    Unmatched,
}

/// What was decided, and everything that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Over all plans.
    pub decision: Decision,
    /// Per plan id; a plan that nothing stands against is missing.
    pub plans: BTreeMap<String, Decision>,
    /// The findings that count, at the levels that configuration gives them, worst first.
    pub findings: Vec<Finding>,
    /// The findings that waivers set aside.
    pub waived: Vec<Waived>,
    /// The waivers that did nothing.
    pub unused_waivers: Vec<UnusedWaiver>,
}

impl Judgement {
    /// One plan's decision.
    pub fn of_plan(&self, id: &str) -> Decision {
        self.plans.get(id).copied().unwrap_or(Decision::Allow)
    }
}

/// Decides over all findings and undetermined entries of a run. `today` is `YYYY-MM-DD` in UTC; a waiver counts
/// up to and including its last day.
pub fn decide(
    findings: Vec<Finding>,
    undetermined: &[Undetermined],
    levels: &Levels,
    waivers: &[Waiver],
    today: &str,
) -> Judgement {
    let mut matched = BTreeSet::new();
    let mut counted = Vec::new();
    let mut waived = Vec::new();
    for mut finding in findings {
        let Some(level) = levels.of_rule(&finding.rule, finding.severity, finding.level) else { continue };
        finding.level = level;
        let hits: Vec<usize> =
            waivers.iter().enumerate().filter(|(_, waiver)| waiver.covers(&finding)).map(|(at, _)| at).collect();
        matched.extend(&hits);
        match hits.iter().filter_map(|at| waivers.get(*at)).find(|waiver| waiver.counts_on(today)) {
            Some(waiver) => waived.push(Waived { finding, waiver: waiver.clone() }),
            None => counted.push(finding),
        }
    }
    let mut plans = BTreeMap::new();
    let mut demand = |plan: &str, level: Level| {
        let decision = match level {
            Level::Warn => Decision::Allow,
            Level::Approve => Decision::NeedsApproval,
            Level::Deny => Decision::Block,
        };
        let entry = plans.entry(plan.to_owned()).or_insert(Decision::Allow);
        *entry = decision.max(*entry);
    };
    counted.iter().for_each(|finding| demand(&finding.plan, finding.level));
    for entry in undetermined {
        demand(&entry.plan, levels.of_gap(&entry.code));
    }
    counted.sort_by(|a, b| {
        (b.level, b.severity)
            .cmp(&(a.level, a.severity))
            .then_with(|| (&a.plan, &a.address, &a.rule, &a.message).cmp(&(&b.plan, &b.address, &b.rule, &b.message)))
    });
    Judgement {
        decision: plans.values().copied().max().unwrap_or(Decision::Allow),
        plans,
        findings: counted,
        waived,
        unused_waivers: unused(waivers, &matched, today),
    }
}

impl Levels {
    /// The level a rule's finding gets: the rule's own, raised to its severity's minimum, unless configuration names
    /// the rule. `None` when the rule is off.
    pub fn of_rule(&self, rule: &str, severity: Severity, own: Level) -> Option<Level> {
        match self.rules.get(rule) {
            Some(RuleLevel::Off) => None,
            Some(RuleLevel::Warn) => Some(Level::Warn),
            Some(RuleLevel::Approve) => Some(Level::Approve),
            Some(RuleLevel::Deny) => Some(Level::Deny),
            None => Some(self.thresholds.get(&severity).map_or(own, |minimum| own.max(*minimum))),
        }
    }

    /// The level of undetermined entries with this code.
    pub fn of_gap(&self, code: &str) -> Level {
        self.undetermined.get(code).copied().unwrap_or(Level::Approve)
    }
}

fn unused(waivers: &[Waiver], matched: &BTreeSet<usize>, today: &str) -> Vec<UnusedWaiver> {
    waivers
        .iter()
        .enumerate()
        .filter_map(|(at, waiver)| {
            let why = match (waiver.counts_on(today), matched.contains(&at)) {
                (true, true) => return None,
                (false, _) => UnusedBecause::Expired,
                (true, false) => UnusedBecause::Unmatched,
            };
            Some(UnusedWaiver { waiver: waiver.clone(), why })
        })
        .collect()
}

impl Waiver {
    /// Whether the waiver still counts on this day. Dates of the form `YYYY-MM-DD` order as text.
    fn counts_on(&self, today: &str) -> bool {
        today <= self.expires.as_str()
    }

    /// Whether the waiver is about this finding, whatever the day.
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && address_pattern(&self.address).is_ok_and(|glob| glob.matches(&finding.address))
    }
}

/// A glob over addresses. Brackets belong to addresses (`aws_iam_role.app["a"]`) and are literal; `*` crosses dots.
///
/// # Errors
/// When the pattern is not a glob, such as `a***b`.
pub fn address_pattern(text: &str) -> Result<glob::Pattern, glob::PatternError> {
    let literal: String = text
        .chars()
        .map(|c| match c {
            '[' => "[[]".to_owned(),
            ']' => "[]]".to_owned(),
            other => other.to_string(),
        })
        .collect();
    glob::Pattern::new(&literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, address: &str, level: Level, severity: Severity) -> Finding {
        Finding {
            plan: "p".into(),
            rule: rule.into(),
            level,
            severity,
            address: address.into(),
            path: String::new(),
            message: "m".into(),
            remediation: String::new(),
            fingerprint: Finding::fingerprint_of(rule, address, "", "m"),
            location: None,
            approvers: None,
            max_window: None,
        }
    }

    fn waiver(rule: &str, address: &str, expires: &str) -> Waiver {
        Waiver {
            rule: rule.into(),
            address: address.into(),
            reason: "r".into(),
            owner: "o".into(),
            expires: expires.into(),
        }
    }

    fn decision_of(findings: Vec<Finding>, levels: &Levels, waivers: &[Waiver]) -> Decision {
        decide(findings, &[], levels, waivers, "2026-11-21").decision
    }

    #[test]
    fn the_set_a_finding_comes_from_decides() {
        let levels = Levels::default();
        for (level, decision) in
            [(Level::Warn, Decision::Allow), (Level::Approve, Decision::NeedsApproval), (Level::Deny, Decision::Block)]
        {
            assert_eq!(decision_of(vec![finding("r", "a", level, Severity::Critical)], &levels, &[]), decision);
        }
        assert_eq!(decision_of(vec![], &levels, &[]), Decision::Allow);
    }

    #[test]
    fn a_threshold_raises_and_never_lowers() {
        let levels = Levels { thresholds: [(Severity::High, Level::Approve)].into(), ..Levels::default() };
        let raised = decision_of(vec![finding("r", "a", Level::Warn, Severity::High)], &levels, &[]);
        let kept = decision_of(vec![finding("r", "a", Level::Deny, Severity::High)], &levels, &[]);
        let other = decision_of(vec![finding("r", "a", Level::Warn, Severity::Critical)], &levels, &[]);
        assert_eq!((raised, kept, other), (Decision::NeedsApproval, Decision::Block, Decision::Allow));
    }

    #[test]
    fn only_the_rule_id_lowers() {
        let levels = Levels {
            thresholds: [(Severity::High, Level::Deny)].into(),
            rules: [("r".into(), RuleLevel::Warn), ("s".into(), RuleLevel::Off)].into(),
            ..Levels::default()
        };
        let judged = decide(
            vec![
                finding("r", "a", Level::Deny, Severity::High),
                finding("s", "a", Level::Deny, Severity::High),
                finding("t", "a", Level::Warn, Severity::High),
            ],
            &[],
            &levels,
            &[],
            "2026-11-21",
        );
        let levels: Vec<_> = judged.findings.iter().map(|f| (f.rule.as_str(), f.level)).collect();
        assert_eq!(levels, [("t", Level::Deny), ("r", Level::Warn)]);
    }

    #[test]
    fn undetermined_needs_approval_until_configuration_says_otherwise() {
        let entry = |plan: &str| Undetermined { plan: plan.into(), ..Undetermined::of_plan("errored", "x") };
        let judged = decide(vec![], &[entry("p")], &Levels::default(), &[], "2026-11-21");
        assert_eq!((judged.of_plan("p"), judged.of_plan("q")), (Decision::NeedsApproval, Decision::Allow));
        let lowered = Levels { undetermined: [("errored".into(), Level::Warn)].into(), ..Levels::default() };
        assert_eq!(decide(vec![], &[entry("p")], &lowered, &[], "2026-11-21").decision, Decision::Allow);
    }

    #[test]
    fn a_waiver_counts_up_to_its_last_day() {
        let found = || vec![finding("r", r#"m.a["x"]"#, Level::Deny, Severity::High)];
        let levels = Levels::default();
        for (expires, decision, unused) in
            [("2026-11-21", Decision::Allow, None), ("2026-11-20", Decision::Block, Some(UnusedBecause::Expired))]
        {
            let judged = decide(found(), &[], &levels, &[waiver("r", r#"m.*["x"]"#, expires)], "2026-11-21");
            assert_eq!(judged.decision, decision, "{expires}");
            assert_eq!(judged.unused_waivers.first().map(|u| u.why), unused, "{expires}");
        }
    }

    #[test]
    fn a_waiver_needs_both_rule_and_address() {
        let levels = Levels::default();
        for (rule, address) in [("other", "*"), ("r", "b"), ("r", "[a]")] {
            let judged = decide(
                vec![finding("r", "a", Level::Deny, Severity::High)],
                &[],
                &levels,
                &[waiver(rule, address, "2030-01-01")],
                "2026-11-21",
            );
            assert_eq!(judged.decision, Decision::Block, "{rule} {address}");
            assert_eq!(judged.unused_waivers.first().map(|u| u.why), Some(UnusedBecause::Unmatched));
        }
    }

    #[test]
    fn an_expired_waiver_does_not_hide_a_live_one() {
        let waivers = [waiver("r", "a", "2020-01-01"), waiver("r", "*", "2030-01-01")];
        let judged = decide(
            vec![finding("r", "a", Level::Deny, Severity::High)],
            &[],
            &Levels::default(),
            &waivers,
            "2026-11-21",
        );
        assert_eq!(judged.decision, Decision::Allow);
        assert_eq!(judged.waived.first().map(|w| w.waiver.address.as_str()), Some("*"));
    }
}
