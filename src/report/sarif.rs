//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>), with what GitHub code scanning asks for:
//! `security-severity` and the tag `security` on each rule, a location and a fingerprint on each result.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::policy::{Finding, Level, Location, Severity};

use super::escape::sarif::{message, name, uri};
use super::{Report, RuleEntry, json as json_format, order, wording};

/// The log with its one run.
pub(super) fn render(report: &Report) -> String {
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
    let index = |id: &str| index.get(id).copied().map_or(-1, |index| i64::try_from(index).unwrap_or(-1));

    let mut results: Vec<Value> = Vec::new();
    for finding in order::findings(report) {
        results.push(result(finding, index(&finding.rule)));
    }
    for entry in &report.undetermined {
        let id = gap_rule(&entry.code);
        let about = wording::about(entry);
        results.push(json!({
            "ruleId": name(&id),
            "ruleIndex": index(&id),
            "level": if order::is_error(report) { "error" } else { "warning" },
            "message": {"text": message(&format!("{about}: {}", entry.message))},
            "locations": [location(None, &entry.plan, about)],
            "partialFingerprints": fingerprints(
                &Finding::fingerprint_of("undetermined", about, &entry.code, &entry.message)),
        }));
    }
    for waived in &report.waived {
        let (mut result, waiver) = (result(&waived.finding, index(&waived.finding.rule)), &waived.waiver);
        let why = format!("{} (until {}): {}", waiver.owner, waiver.expires, waiver.reason);
        if let Some(result) = result.as_object_mut() {
            let suppression = json!([{"kind": "external", "status": "accepted", "justification": name(&why)}]);
            result.insert("suppressions".to_owned(), suppression);
        }
        results.push(result);
    }

    json_format::text(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tollgate",
                "semanticVersion": name(&report.tool.version),
                "rules": rules.values().map(Rule::descriptor).collect::<Vec<_>>(),
            }},
            "invocations": [invocation(report)],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "decision": wording::decision(report.decision),
                "verdict": wording::verdict(report.access.verdict),
            },
        }],
    }))
}

/// A rule as the driver lists it.
struct Rule<'a> {
    id: String,
    worst: Severity,
    entry: Option<&'a RuleEntry>,
}

/// The rules that results name, by id.
fn rules(report: &Report) -> BTreeMap<String, Rule<'_>> {
    let entries: BTreeMap<&str, &RuleEntry> = report.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let mut rules = BTreeMap::new();
    let findings = report.findings.iter().chain(report.waived.iter().map(|waived| &waived.finding));
    let named = findings.map(|finding| (finding.rule.clone(), finding.severity));
    let gaps = report.undetermined.iter().map(|entry| (gap_rule(&entry.code), Severity::Medium));
    for (id, severity) in named.chain(gaps) {
        let entry = entries.get(id.as_str()).copied();
        let rule = rules.entry(id.clone()).or_insert(Rule { id, worst: severity, entry });
        rule.worst = rule.worst.max(severity);
    }
    rules
}

fn gap_rule(code: &str) -> String {
    format!("undetermined/{code}")
}

impl Rule<'_> {
    fn descriptor(&self) -> Value {
        let title = self.entry.map(|entry| entry.title.as_str()).filter(|title| !title.is_empty());
        let title = title.unwrap_or(&self.id);
        let description = self.entry.map(|entry| entry.description.as_str()).filter(|text| !text.is_empty());
        let text = |text: &str| json!({"text": message(text)});
        let mut out = json!({
            "id": name(&self.id),
            "shortDescription": text(title),
            "fullDescription": text(description.unwrap_or(title)),
            "help": text(description.unwrap_or(title)),
            "properties": {"tags": ["security"], "security-severity": security_severity(self.worst)},
        });
        let page = self.entry.and_then(|entry| entry.references.iter().find(|page| is_plain_url(page)));
        if let (Some(page), Some(out)) = (page, out.as_object_mut()) {
            out.insert("helpUri".to_owned(), json!(page));
        }
        out
    }
}

/// GitHub's bands: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
        Severity::Info => "0.1",
    }
}

fn result(finding: &Finding, index: i64) -> Value {
    let mut text = format!("{}: {}", wording::subject(finding), finding.message);
    if !finding.remediation.is_empty() {
        text.push_str(&format!(" Fix: {}", finding.remediation));
    }
    json!({
        "ruleId": name(&finding.rule),
        "ruleIndex": index,
        "level": match finding.level {
            Level::Deny => "error",
            Level::Approve => "warning",
            Level::Warn => "note",
        },
        "message": {"text": message(&text)},
        "locations": [location(finding.location.as_ref(), &finding.plan, &finding.address)],
        "partialFingerprints": fingerprints(&finding.fingerprint),
        "properties": {"severity": wording::severity(finding.severity), "plan": name(&finding.plan)},
    })
}

/// The source of the resource, or else the plan itself: GitHub shows no result without a file.
fn location(place: Option<&Location>, plan: &str, address: &str) -> Value {
    let (file, line) = place.map_or((plan, 1), |place| (place.file.as_str(), place.line.max(1)));
    json!({
        "physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": {"startLine": line}},
        "logicalLocations": [{"fullyQualifiedName": name(address), "kind": "resource"}],
    })
}

/// GitHub matches alerts by `primaryLocationLineHash`.
fn fingerprints(fingerprint: &str) -> Value {
    json!({"primaryLocationLineHash": name(fingerprint), "tollgate/v1": name(fingerprint)})
}

fn invocation(report: &Report) -> Value {
    let notifications: Vec<_> = if order::is_error(report) {
        let text = |text: &str| json!({"level": "error", "message": {"text": message(text)}});
        let headline = wording::headline(report.decision);
        let named = report.undetermined.iter().map(|entry| text(&format!("{headline}: {}", entry.message)));
        if report.undetermined.is_empty() { vec![text(headline)] } else { named.collect() }
    } else {
        Vec::new()
    };
    json!({"executionSuccessful": !order::is_error(report), "toolExecutionNotifications": notifications})
}

/// Whether the text is a URL that needs no encoding.
fn is_plain_url(text: &str) -> bool {
    text.starts_with("https://")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/?#&=+,;@!$'()*".contains(c))
}
