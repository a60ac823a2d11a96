//! For a terminal: the decision first, then plans, findings worst first, access with its proof, guard rails, what
//! is undetermined, waivers, and what to do next.

use comfy_table::{ContentArrangement, Table, presets};

use crate::access::Verdict;
use crate::policy::{Finding, Level};

use super::diff::{self, Sign};
use super::escape::terminal::text as escape;
use super::{ChangeEntry, Options, Report, order, wording};

/// ANSI colours (SGR).
#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

/// The text under construction.
struct Page {
    out: String,
    color: bool,
}

impl Page {
    /// Colours text that is escaped already.
    fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Red => "1;31",
            Paint::Green => "32",
            Paint::Yellow => "33",
            Paint::Cyan => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// One line; `line` is escaped already.
    fn line(&mut self, indent: usize, line: &str) {
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// An empty line and a heading.
    fn heading(&mut self, title: &str) {
        let title = self.paint(Paint::Bold, title);
        self.out.push('\n');
        self.line(0, &title);
    }

    /// A label and a datum.
    fn field(&mut self, indent: usize, label: &str, value: &str) {
        let label = self.paint(Paint::Dim, &format!("{label}:"));
        self.line(indent, &format!("{label} {}", escape(value)));
    }
}

/// The whole report.
pub(super) fn render(report: &Report, options: &Options) -> String {
    let mut page = Page { out: String::new(), color: options.color };
    head(&mut page, report);
    plans(&mut page, report, options.width);
    findings(&mut page, report);
    changes(&mut page, report);
    undetermined(&mut page, report);
    waivers(&mut page, report);
    foot(&mut page, report);
    page.out
}

fn head(page: &mut Page, report: &Report) {
    use crate::decision::Decision;
    let fatal = if order::is_error(report) { "fatal: " } else { "" };
    let headline = format!("{fatal}{}", wording::headline(report.decision));
    let paint = match report.decision {
        Decision::Allow => Paint::Green,
        Decision::NeedsApproval => Paint::Yellow,
        Decision::Block | Decision::Error => Paint::Red,
    };
    let headline = page.paint(paint, &headline);
    page.line(0, &format!("{headline}: {}", wording::summary(report)));
    page.line(0, &format!("new access: {}", wording::access_summary(report)));
    if let Some(resolved) = wording::resolved(report) {
        page.line(0, &format!("unknown values: {resolved}"));
    }
    for reason in &report.access.reasons {
        page.field(2, "reason", &format!("{}: {}", reason.code, reason.message));
    }
}

fn plans(page: &mut Page, report: &Report, width: u16) {
    if report.plans.is_empty() {
        return;
    }
    page.heading("Plans");
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table.set_header(["plan", "decision", "new access", "rows", "sha256"]);
    for plan in &report.plans {
        table.add_row([
            escape(&plan.id).into_owned(),
            wording::decision(plan.decision).to_owned(),
            wording::verdict(plan.verdict).to_owned(),
            wording::thousands(plan.rows),
            escape(plan.sha256.get(..12).unwrap_or(&plan.sha256)).into_owned(),
        ]);
    }
    for line in table.trim_fmt().lines() {
        page.line(0, line);
    }
}

fn findings(page: &mut Page, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    page.heading(&format!("Findings ({})", wording::thousands(report.findings.len())));
    for found in order::findings(report) {
        finding(page, found, report.plans.len() > 1);
    }
}

fn finding(page: &mut Page, found: &Finding, name_plan: bool) {
    let paint = match found.level {
        Level::Deny => Paint::Red,
        Level::Approve => Paint::Yellow,
        Level::Warn => Paint::Cyan,
    };
    let level = page.paint(paint, &format!("{:<7}", wording::level(found.level)));
    let severity = format!("{:<8}", wording::severity(found.severity));
    let rule = page.paint(Paint::Bold, &escape(&found.rule));
    page.line(2, &format!("{level} {severity} {rule}"));
    page.field(10, "on", &wording::subject(found));
    page.field(10, "why", &found.message);
    if !found.remediation.is_empty() {
        page.field(10, "fix", &found.remediation);
    }
    if let Some(location) = &found.location {
        page.field(10, "at", &wording::place(location));
    }
    if let Some(approvers) = &found.approvers {
        page.field(10, "approvers", approvers);
    }
    if name_plan {
        page.field(10, "plan", &found.plan);
    }
}

fn changes(page: &mut Page, report: &Report) {
    let is_worth = |change: &&ChangeEntry| {
        change.verdict != Verdict::None || !change.guardrails.is_empty() || !change.escalations.is_empty()
    };
    let (shown, quiet): (Vec<_>, Vec<_>) = order::changes(report).into_iter().partition(is_worth);
    if shown.is_empty() && quiet.is_empty() {
        return;
    }
    page.heading(&format!("IAM changes ({})", wording::thousands(report.changes.len())));
    for entry in shown {
        change(page, entry, report.plans.len() > 1);
    }
    if !quiet.is_empty() {
        let n = wording::count(quiet.len(), "change permits", "changes permit");
        page.line(2, &page.paint(Paint::Dim, &format!("{n} nothing new")));
    }
}

fn change(page: &mut Page, change: &ChangeEntry, name_plan: bool) {
    let paint = match change.verdict {
        Verdict::New => Paint::Red,
        Verdict::Possible => Paint::Yellow,
        Verdict::None => Paint::Green,
    };
    let verdict = page.paint(paint, &format!("{:<8}", wording::verdict(change.verdict)));
    let address = page.paint(Paint::Bold, &escape(&change.address));
    let kind = wording::word(&change.kind);
    page.line(2, &format!("{verdict} {address} ({}, {kind})", escape(&wording::actions(change))));
    if let Some(previous) = &change.previous_address {
        page.field(11, "moved from", previous);
    }
    if let Some(location) = &change.location {
        page.field(11, "at", &wording::place(location));
    }
    if name_plan {
        page.field(11, "plan", &change.plan);
    }
    for line in diff::facets(&change.facets) {
        // A context line has a mark of its own, so that no line starts with what the plan says.
        let sign = if line.sign == Sign::Context { '|' } else { line.sign.as_char() };
        let text = format!("{sign} {}", escape(&line.text));
        let text = match line.sign {
            Sign::Context => text,
            Sign::Changed => page.paint(Paint::Yellow, &text),
            Sign::Removed => page.paint(Paint::Red, &text),
            Sign::Added => page.paint(Paint::Green, &text),
        };
        page.line(11 + 2 * line.depth, &text);
    }
    for new in &change.new {
        page.field(11, "new access", &wording::grant(new));
        page.field(13, "proof", &wording::request(&new.witness));
        if !new.explanation.is_empty() {
            page.field(13, "why", &new.explanation);
        }
    }
    for guardrail in &change.guardrails {
        let label = format!("guard rail {}", wording::word(&guardrail.effect));
        let what = format!("{} of {}: {}", guardrail.kind, guardrail.address, guardrail.explanation);
        page.field(11, &label, &what);
    }
    for removed in &change.removed {
        let what = wording::permission(&removed.principal, &removed.actions, &removed.resources, &removed.conditions);
        page.field(11, "no longer", &what);
    }
    for note in &change.notes {
        page.field(11, "note", note);
    }
    for escalation in &change.escalations {
        page.field(11, "escalation", &escalation.to_string());
    }
    for reason in &change.reasons {
        let path = if reason.path.is_empty() { String::new() } else { format!(" ({})", reason.path) };
        page.field(11, "reason", &format!("{}{path}: {}", reason.code, reason.message));
    }
}

fn undetermined(page: &mut Page, report: &Report) {
    if report.undetermined.is_empty() {
        return;
    }
    page.heading(&format!("Undetermined ({})", wording::thousands(report.undetermined.len())));
    for entry in &report.undetermined {
        let code = page.paint(Paint::Yellow, &escape(&entry.code));
        page.line(2, &format!("unknown {code}"));
        page.field(10, "on", wording::about(entry));
        page.field(10, "why", &entry.message);
        if report.plans.len() > 1 && !entry.plan.is_empty() {
            page.field(10, "plan", &entry.plan);
        }
    }
}

fn waivers(page: &mut Page, report: &Report) {
    if !report.waived.is_empty() {
        page.heading(&format!("Waived ({})", wording::thousands(report.waived.len())));
        for waived in &report.waived {
            let (found, by) = (&waived.finding, &waived.waiver);
            page.line(2, &format!("waived  {}", page.paint(Paint::Bold, &escape(&found.rule))));
            page.field(10, "on", &wording::subject(found));
            page.field(10, "why", &found.message);
            page.field(10, "waiver", &format!("{} until {}: {}", by.owner, by.expires, by.reason));
        }
    }
    if !report.unused_waivers.is_empty() {
        page.heading(&format!("Unused waivers ({})", wording::thousands(report.unused_waivers.len())));
        for unused in &report.unused_waivers {
            let (waiver, why) = (&unused.waiver, wording::unused_because(unused.why));
            page.line(2, &format!("unused  {} ({why})", page.paint(Paint::Bold, &escape(&waiver.rule))));
            page.field(10, "on", &waiver.address);
            page.field(10, "waiver", &format!("{} until {}: {}", waiver.owner, waiver.expires, waiver.reason));
        }
    }
}

fn foot(page: &mut Page, report: &Report) {
    if let Some(subject) = &report.subject {
        page.heading("Subject");
        page.field(2, "digest", &subject.digest);
    }
    page.heading("Next");
    page.line(2, wording::next_step(report));
    let tool = format!("tollgate {}, data of {}", report.tool.version, report.tool.data_date);
    let tool = page.paint(Paint::Dim, &escape(&tool));
    page.line(2, &tool);
    for catalogue in &report.tool.catalogues {
        let roles: usize = catalogue.roles.values().sum();
        let short = catalogue.sha256.get(..12).unwrap_or(&catalogue.sha256);
        let line = format!("{roles} imported roles of {} (sha256 {short})", catalogue.file);
        let line = page.paint(Paint::Dim, &escape(&line));
        page.line(2, &line);
    }
}
