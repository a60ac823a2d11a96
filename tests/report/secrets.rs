//! A secret appears in no output, wherever it stood.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::formats::{FORMATS, text};
use crate::reports;

const CANARY: &str = "c4n4ry-S3cr3t";

fn hide(text: &str) -> Cow<'_, str> {
    if text.contains(CANARY) { Cow::Owned(text.replace(CANARY, "(sensitive)")) } else { Cow::Borrowed(text) }
}

#[test]
fn a_canary_appears_in_no_output() {
    let mut report = reports::everywhere(&format!("before {CANARY} after"));
    // Digests are computed by tollgate and hold no text.
    report.subject.as_mut().unwrap().digest = "ab".repeat(32);
    let before = report.clone();
    report.redact(&hide);
    for (format, word) in FORMATS {
        assert!(text(&before, format).contains(CANARY), "{word}: the test shows nothing");
        let out = text(&report, format);
        assert!(!out.contains(CANARY), "{word}: {out}");
        assert!(out.contains("(sensitive)") || out.contains("\\(sensitive\\)"), "{word}: {out}");
    }
    assert!(!format!("{report:?}").contains(CANARY));
}

#[test]
fn a_fingerprint_does_not_give_a_secret_away() {
    let mut report = reports::everywhere(CANARY);
    let before = report.findings[0].fingerprint.clone();
    report.redact(&hide);
    assert_ne!(report.findings[0].fingerprint, before);
    let mut harmless = reports::one();
    let before = harmless.findings[0].fingerprint.clone();
    harmless.redact(&hide);
    assert_eq!(harmless.findings[0].fingerprint, before);
}

#[test]
fn secret_numbers_and_keys_are_replaced() {
    let mut report = reports::one();
    report.changes[0].facets[0].before = Some(json!({"pin": 271_828, "271828": [271_828.5, true, null]}));
    report.redact(&|text| if text.contains("271828") { "(sensitive)".into() } else { text.into() });
    let expected: Value = json!({"pin": "(sensitive)", "(sensitive)": ["(sensitive)", true, null]});
    assert_eq!(report.changes[0].facets[0].before, Some(expected));
}
