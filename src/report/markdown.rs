//! For a pull request comment or a step summary: the decision and the counts up front, findings worst first, long
//! parts folded. The text is built from whole pieces and stops before it grows over its limit, so nothing is cut in
//! the middle, and the head always stands.

use crate::access::Verdict;
use crate::policy::{Finding, Level, Severity};

use super::diff;
use super::escape::markdown::{code, fence, html, prose};
use super::{ChangeEntry, Report, order, wording};

/// The longest comment GitHub takes, in characters. Sizes are counted in bytes here, which are never fewer.
pub const LIMIT: usize = 65_536;

/// What a comment keeps free for its marker and the lines about the approval.
const RESERVED: usize = 2_048;

/// What is kept free for the closing note.
const CLOSING: usize = 600;

/// The smallest limit; the head fits into it whatever the report holds.
const LEAST: usize = 16_384;

/// Longest address, pattern or name, and longest message, in characters.
const NAME: usize = 200;
const MESSAGE: usize = 1_000;

/// Findings and undetermined entries that are not folded.
const OPEN: usize = 10;

/// A change that needs more bytes than this is only named, so that one cannot crowd out the others.
const LARGE: usize = 12_288;

/// Lines of a change's diff, and entries of each of its lists.
const DIFF_LINES: usize = 60;
const ENTRIES: usize = 10;

/// A comment: at most [`LIMIT`] characters, with room left for what the comment adds.
pub(super) fn render(report: &Report) -> String {
    render_within(report, LIMIT - RESERVED)
}

/// The report in at most `limit` bytes (16 KiB at least).
pub fn render_within(report: &Report, limit: usize) -> String {
    let limit = limit.max(LEAST).saturating_sub(CLOSING);
    let mut page = Page { out: head(report), limit, share: limit, missing: Vec::new() };

    let several = report.plans.len() > 1;
    let findings = order::findings(report);
    let changes: Vec<_> = order::changes(report).into_iter().filter(|change| is_worth_showing(change)).collect();
    // A long section leaves room for those after it.
    let is_last = changes.is_empty() && report.undetermined.is_empty();
    page.share(if is_last { 90 } else { 60 });
    page.section("Findings", findings.len(), ("finding", "findings"), OPEN, |index| {
        findings.get(index).map(|found| finding(found, several))
    });
    page.share(if changes.is_empty() { 90 } else { 75 });
    page.section(
        "Undetermined",
        report.undetermined.len(),
        ("undetermined entry", "undetermined entries"),
        OPEN,
        |index| {
            let entry = report.undetermined.get(index)?;
            let plan = if several { format!(", plan {}", code(&entry.plan, NAME)) } else { String::new() };
            Some(format!(
                "- **{}** {}{plan}\n  <br>{}\n",
                prose(&entry.code, NAME),
                code(wording::about(entry), NAME),
                prose(&entry.message, MESSAGE)
            ))
        },
    );
    page.share(if report.waived.is_empty() && report.unused_waivers.is_empty() { 100 } else { 90 });
    page.section("Access", changes.len(), ("IAM change", "IAM changes"), usize::MAX, |index| {
        let entry = changes.get(index)?;
        let text = change(entry, several);
        Some(if text.len() <= LARGE { text } else { line(entry) })
    });
    page.share(100);
    page.section("Waived", report.waived.len(), ("waived finding", "waived findings"), 0, |index| {
        let waived = report.waived.get(index)?;
        Some(format!(
            "- {} on {}: {}\n  <br>waived by {} until {}: {}\n",
            code(&waived.finding.rule, NAME),
            code(&wording::subject(&waived.finding), NAME),
            prose(&waived.finding.message, MESSAGE),
            code(&waived.waiver.owner, NAME),
            code(&waived.waiver.expires, NAME),
            prose(&waived.waiver.reason, MESSAGE)
        ))
    });
    page.section("Unused waivers", report.unused_waivers.len(), ("unused waiver", "unused waivers"), 0, |index| {
        let unused = report.unused_waivers.get(index)?;
        Some(format!(
            "- {} on {}: {}\n",
            code(&unused.waiver.rule, NAME),
            code(&unused.waiver.address, NAME),
            wording::unused_because(unused.why)
        ))
    });
    page.close()
}

struct Page {
    out: String,
    limit: usize,
    share: usize,
    missing: Vec<String>,
}

impl Page {
    fn fits(&self, more: usize) -> bool {
        self.out.len().saturating_add(more) <= self.share
    }

    /// Lets the next section grow up to this part of the whole.
    fn share(&mut self, percent: usize) {
        self.share = self.limit / 100 * percent;
    }

    /// A heading and `n` items, those after the first `open` folded. Stops at the first that does not fit, so that
    /// no worse one is missing while a lesser one is shown.
    fn section(
        &mut self,
        title: &str,
        n: usize,
        (one, many): (&str, &str),
        open: usize,
        item: impl Fn(usize) -> Option<String>,
    ) {
        if n == 0 {
            return;
        }
        let heading = format!("\n### {title} ({})\n\n", wording::thousands(n));
        let unfold = |folded: usize| format!("\n<details><summary>{}</summary>\n\n", wording::count(folded, one, many));
        const FOLD: &str = "\n</details>\n";

        let mut shown = 0;
        let mut is_folded = false;
        while let Some(text) = (shown < n).then(|| item(shown)).flatten() {
            let mut piece = if shown == 0 { heading.clone() } else { String::new() };
            if shown == open {
                piece.push_str(&unfold(n - open));
            }
            piece.push_str(&text);
            if !self.fits(piece.len() + FOLD.len()) {
                break;
            }
            is_folded |= shown == open;
            self.out.push_str(&piece);
            shown += 1;
        }
        if is_folded {
            self.out.push_str(FOLD);
        }
        if shown < n {
            self.missing.push(wording::count(n - shown, one, many));
        }
    }

    fn close(mut self) -> String {
        if !self.missing.is_empty() {
            let missing = self.missing.join(", ");
            self.out.push_str(&format!(
                "\n> [!WARNING]\n> Cut to fit; not shown here: {missing}. The full report is the `json` output of the \
                 same run.\n"
            ));
        }
        self.out
    }
}

fn head(report: &Report) -> String {
    /// Plans and reasons that the head lists.
    const LISTED: usize = 10;
    /// The longest of their names and messages, in characters.
    const SHORT: usize = 100;
    let fatal = if order::is_error(report) { "fatal: " } else { "" };
    let mut out = format!("## tollgate: {fatal}{}\n\n", wording::headline(report.decision));
    out.push_str(&format!("**{}**\n", wording::summary(report)));
    out.push_str(&format!("<br>New access: {}.\n\n", wording::access_summary(report)));
    out.push_str(&counts(report));
    for plan in report.plans.iter().take(LISTED) {
        out.push_str(&format!(
            "- plan {}: {}, new access: {} ({}, sha256 {})\n",
            code(&plan.id, SHORT),
            wording::headline(plan.decision),
            wording::verdict(plan.verdict),
            wording::count(plan.rows, "row", "rows"),
            code(plan.sha256.get(..12).unwrap_or("unknown"), SHORT)
        ));
    }
    if report.plans.len() > LISTED {
        out.push_str(&format!("- and {} more plans\n", wording::thousands(report.plans.len() - LISTED)));
    }
    for reason in report.access.reasons.iter().take(LISTED / 3) {
        out.push_str(&format!("- **{}** {}\n", prose(&reason.code, SHORT), prose(&reason.message, SHORT)));
    }
    if let Some(subject) = &report.subject {
        out.push_str(&format!("- subject {}\n", code(&subject.digest, NAME)));
    }
    out.push_str(&format!("\n**Next:** {}\n", wording::next_step(report)));
    out
}

/// Level by severity.
fn counts(report: &Report) -> String {
    if report.findings.is_empty() {
        return String::new();
    }
    const SEVERITIES: [Severity; 5] =
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let mut out = String::from("| | critical | high | medium | low | info |\n|---|--:|--:|--:|--:|--:|\n");
    for level in [Level::Deny, Level::Approve, Level::Warn] {
        let row = SEVERITIES.map(|severity| {
            let n = report.findings.iter().filter(|found| found.level == level && found.severity == severity).count();
            if n == 0 { String::new() } else { wording::thousands(n) }
        });
        out.push_str(&format!("| {} | {} |\n", wording::level(level), row.join(" | ")));
    }
    out.push('\n');
    out
}

fn finding(found: &Finding, name_plan: bool) -> String {
    let mut out = format!(
        "- **{}, {}** {} on {}",
        wording::level(found.level),
        wording::severity(found.severity),
        code(&found.rule, NAME),
        code(if found.address.is_empty() { "the whole plan" } else { &found.address }, NAME)
    );
    if !found.path.is_empty() {
        out.push_str(&format!(" ({})", code(&found.path, NAME)));
    }
    if let Some(place) = &found.location {
        out.push_str(&format!(", {}", code(&wording::place(place), NAME)));
    }
    if name_plan {
        out.push_str(&format!(", plan {}", code(&found.plan, NAME)));
    }
    out.push_str(&format!("\n  <br>{}\n", prose(&found.message, MESSAGE)));
    if !found.remediation.is_empty() {
        out.push_str(&format!("  <br>*Fix:* {}\n", prose(&found.remediation, MESSAGE)));
    }
    out
}

fn is_worth_showing(change: &ChangeEntry) -> bool {
    change.verdict != Verdict::None || !change.guardrails.is_empty() || !change.escalations.is_empty()
}

/// A change in one line.
fn line(change: &ChangeEntry) -> String {
    format!(
        "- **{}** {} ({}): too long to show here\n",
        wording::verdict(change.verdict),
        code(&change.address, NAME),
        prose(&wording::actions(change), NAME)
    )
}

fn change(change: &ChangeEntry, name_plan: bool) -> String {
    let mut out = format!(
        "<details><summary>{}: <code>{}</code> ({}, {})</summary>\n\n",
        wording::verdict(change.verdict),
        html(&change.address, NAME),
        html(&wording::actions(change), NAME),
        html(&wording::word(&change.kind), NAME)
    );
    if name_plan {
        out.push_str(&format!("- plan {}\n", code(&change.plan, NAME)));
    }
    if let Some(previous) = &change.previous_address {
        out.push_str(&format!("- moved from {}\n", code(previous, NAME)));
    }
    if let Some(place) = &change.location {
        out.push_str(&format!("- at {}\n", code(&wording::place(place), NAME)));
    }
    let mut list = |n: usize, item: &dyn Fn(usize) -> Option<String>| {
        out.extend((0..n.min(ENTRIES)).filter_map(item));
        if n > ENTRIES {
            out.push_str(&format!("- and {} more\n", wording::thousands(n - ENTRIES)));
        }
    };
    list(change.new.len(), &|index| {
        let new = change.new.get(index)?;
        Some(format!(
            "- **new access** {}\n  <br>proof: {}\n  <br>why: {}\n",
            code(&wording::grant(new), MESSAGE),
            code(&wording::request(&new.witness), MESSAGE),
            prose(&new.explanation, MESSAGE)
        ))
    });
    list(change.guardrails.len(), &|index| {
        let guardrail = change.guardrails.get(index)?;
        Some(format!(
            "- **guard rail {}** {} of {}: {}\n",
            wording::word(&guardrail.effect),
            code(&guardrail.kind, NAME),
            code(&guardrail.address, NAME),
            prose(&guardrail.explanation, MESSAGE)
        ))
    });
    list(change.removed.len(), &|index| {
        let removed = change.removed.get(index)?;
        let what = wording::permission(&removed.principal, &removed.actions, &removed.resources, &removed.conditions);
        Some(format!("- no longer {}\n", code(&what, MESSAGE)))
    });
    list(change.notes.len(), &|index| Some(format!("- note: {}\n", prose(change.notes.get(index)?, MESSAGE))));
    list(change.escalations.len(), &|index| {
        Some(format!("- **escalation** {}\n", code(&change.escalations.get(index)?.to_string(), MESSAGE)))
    });
    list(change.reasons.len(), &|index| {
        let reason = change.reasons.get(index)?;
        let path = if reason.path.is_empty() { String::new() } else { format!(" ({})", code(&reason.path, NAME)) };
        Some(format!("- **{}** {}{path}\n", prose(&reason.code, NAME), prose(&reason.message, MESSAGE)))
    });

    let lines = diff::facets(&change.facets);
    if !lines.is_empty() {
        // The sign stands first in its line, as the highlighter of `diff` wants it.
        let shown = lines.iter().take(DIFF_LINES).map(|line| {
            let sign = if line.sign == diff::Sign::Changed { '!' } else { line.sign.as_char() };
            format!("{sign} {}{}", "  ".repeat(line.depth), line.text).into()
        });
        let more = (lines.len() > DIFF_LINES)
            .then(|| format!("  … {} more lines", wording::thousands(lines.len() - DIFF_LINES)).into());
        out.push('\n');
        out.push_str(&fence("diff", shown.chain(more), NAME));
    }
    out.push_str("\n</details>\n");
    out
}
