//! What holds for any text in a report.

use proptest::prelude::*;
use tollgate::report::{Format, MARKDOWN_LIMIT, Options, markdown_within, render};

use crate::hostile::assert_contained;
use crate::reports;

/// Pieces that mean something to some format, and any character at all.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "`", "```", "~~~", "\n", "\r", "::", "::error", "##", "[", "]", "(", ")", "<", ">", "</details>", "<code>",
            "</code>", "@", "@org", "#", "!", "%0A", "%", ",", ":", "://", "www.", "$", "|", "\\", "*", "_", "-", "+", "=",
            "1.", "/", "&", "&lt;", ";", "'", "\"", " ", "]]>", "<!--", "-->", "<?", "\u{1b}[0m", "\u{202e}", "\u{200b}",
            "\u{0}", "{0}", "{", "}", "a", "aws_iam_role.x", "\u{fffe}", "ä", "漢", "😀",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_out(text in text()) {
        assert_contained(&reports::everywhere(&text));
    }

    #[test]
    fn a_comment_always_fits(text in text(), times in 1_usize..200, copies in 1_usize..30) {
        let mut report = reports::everywhere(&text.repeat(times.min(3_000 / text.len().max(1))));
        let (findings, changes, plans) = (report.findings.clone(), report.changes.clone(), report.plans.clone());
        for _ in 1..copies {
            report.findings.extend(findings.clone());
            report.changes.extend(changes.clone());
            report.plans.extend(plans.clone());
        }
        let comment = render(&report, Format::Markdown, &Options::default());
        prop_assert!(comment.chars().count() <= MARKDOWN_LIMIT);
        crate::markdown::assert_inert(&comment);
        prop_assert!(comment.contains("**Next:**"));
        let small = markdown_within(&report, 0);
        prop_assert!(small.len() <= 16_384, "{}", small.len());
        crate::markdown::assert_inert(&small);
    }
}
