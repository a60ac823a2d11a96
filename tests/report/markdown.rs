//! Markdown, read by a CommonMark parser.

use pulldown_cmark::{Event, Options, Parser, Tag};
use tollgate::report::{Format, MARKDOWN_LIMIT, markdown_within};

use crate::formats::text;
use crate::reports;

/// The HTML that the renderer itself writes.
fn is_ours(html: &str) -> bool {
    let html = html.trim();
    html.is_empty() || html == "<br>" || html == "</details>" || {
        // `<details><summary>new: <code>ADDRESS</code> (update, identity_policy)</summary>`, or a count.
        html.strip_prefix("<details><summary>").and_then(|rest| rest.strip_suffix("</summary>")).is_some_and(|inner| {
            let inner = match inner.split_once("<code>") {
                Some((before, rest)) => format!("{before}{}", rest.replacen("</code>", "", 1)),
                None => inner.to_owned(),
            };
            !inner.contains(['<', '>'])
        })
    }
}

/// Nothing but the renderer's own markup: no link, image or HTML of somebody else, every fold closed, no mention and
/// no command line.
pub(crate) fn assert_inert(markdown: &str) {
    let (mut open, mut is_code) = (0_i32, 0);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_GFM) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(is_ours(&html), "{html:?} in\n{markdown}");
                open += i32::from(html.starts_with("<details>")) - i32::from(html.starts_with("</details>"));
                assert!((0..=1).contains(&open), "{markdown}");
            }
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_)) => {
                panic!("a link in\n{markdown}")
            }
            Event::Start(Tag::CodeBlock(_)) => is_code += 1,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => is_code -= 1,
            Event::Text(text) if is_code == 0 => {
                for (position, _) in text.match_indices('@') {
                    let next = text.get(position + 1..).and_then(|rest| rest.chars().next());
                    assert!(next.is_none_or(|c| c == '\u{200b}'), "a mention in {text:?}");
                }
                assert!(!text.contains("://") && !text.to_lowercase().contains("www."), "a link in {text:?}");
            }
            _ => {}
        }
    }
    assert_eq!(open, 0, "a fold is open in\n{markdown}");
    assert!(!markdown.lines().any(|line| line.trim_start().starts_with('/')), "a command in\n{markdown}");
}

#[test]
fn a_comment_fits_and_says_what_is_missing() {
    let report = reports::huge();
    let out = text(&report, Format::Markdown);
    assert!(out.len() <= MARKDOWN_LIMIT && out.len() > MARKDOWN_LIMIT / 2, "{}", out.len());
    assert_inert(&out);
    assert!(out.starts_with("## tollgate: blocked\n"));
    assert!(out.contains("Cut to fit; not shown here: "));
    let shown = |text: &str| out.lines().filter(|line| line.starts_with("- **") && line.contains(text)).count();
    let (findings, gaps) = (shown("wildcard-action"), shown("unknown\\_value"));
    let folds = out.matches("<details><summary>new: ").count();
    assert!(findings > 100 && gaps > 20 && folds > 5, "{findings} {gaps} {folds}\n{out}");
    let [findings, gaps, folds] =
        [report.findings.len() - findings, report.undetermined.len() - gaps, report.changes.len() - folds]
            .map(|n| format!("{},{:03}", n / 1_000, n % 1_000));
    let missing = format!("{findings} findings, {gaps} undetermined entries, {folds} IAM changes.");
    assert!(out.contains(&missing), "{missing}\n{out}");
    // The worst stand first.
    let first = out.lines().find(|line| line.starts_with("- **")).unwrap();
    assert!(first.starts_with("- **deny, critical** "), "{first}");
}

#[test]
fn a_step_summary_may_be_longer() {
    let out = markdown_within(&reports::huge(), 1_000_000);
    assert!(out.len() > 500_000 && out.len() <= 1_000_000, "{}", out.len());
    assert_inert(&out);
}

#[test]
fn everything_is_shown_when_there_is_room() {
    for (name, report) in reports::all() {
        assert!(!text(&report, Format::Markdown).contains("Cut to fit"), "{name}");
    }
}
