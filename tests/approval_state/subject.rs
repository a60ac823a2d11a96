//! The subject: one digest over everything an approval binds.

use tollgate::approval::{Digest, DocumentError, PlanRun, Requirements, Subject, SubjectParts};
use tollgate::policy::{Level, Severity};

use crate::world::{finding, parts};

fn base() -> SubjectParts {
    parts(&[finding("x", Severity::High, Level::Approve)])
}

#[test]
fn every_part_changes_the_digest() {
    type Change = fn(&mut SubjectParts);
    let changes: [(&str, Change); 13] = [
        ("forge_host", |p| p.forge_host = "ghe.example".into()),
        ("repo_id", |p| p.repo_id += 1),
        ("pr_number", |p| p.pr_number += 1),
        ("head_sha", |p| p.head_sha = "2".repeat(40)),
        ("target_ref", |p| p.target_ref = "release".into()),
        ("stack", |p| p.stack = "envs/dev:default".parse().unwrap()),
        ("plan_sha256", |p| p.plan_sha256 = Digest::of(b"other")),
        ("iam_digest", |p| p.iam_digest = Digest::of(b"other")),
        ("findings_digest", |p| p.findings_digest = Digest::of(b"other")),
        ("policy_digest", |p| p.policy_digest = Digest::of(b"other")),
        ("tollgate_major", |p| p.tollgate_major += 1),
        ("requirements", |p| p.requirements = Requirements::default()),
        ("plan_run", |p| p.plan_run = Some(PlanRun { id: 1, attempt: 1 })),
    ];
    let subject = Subject::new(base());
    for (name, change) in changes {
        let mut parts = base();
        change(&mut parts);
        let other = Subject::new(parts);
        assert_ne!(other.digest(), subject.digest(), "{name}");
        assert_eq!(subject.differences(&other), [name]);
    }
}

#[test]
fn the_digest_is_stable() {
    // A change here makes every approval given before an upgrade worthless: raise the version in the domain.
    assert_eq!(
        Subject::new(base()).digest().to_string(),
        "703abf6f605133c3f2f3ac11b4f1ab759d6eaa97ac99ed7b2fb96bdd5da8623e"
    );
}

#[test]
fn the_document_is_believed_only_under_its_own_digest() {
    let subject = Subject::new(base());
    let text = subject.document().unwrap();
    assert_eq!(Subject::from_document(&text, subject.digest()), Ok(subject.clone()));
    let wrong = Subject::from_document(&text, Digest::of(b"other"));
    assert!(matches!(wrong, Err(DocumentError::Digest { .. })));
    let softened = text.replace("\"high\"", "\"low\"");
    assert_ne!(softened, text);
    assert!(matches!(Subject::from_document(&softened, subject.digest()), Err(DocumentError::Digest { .. })));
    let newer = text.replace("\"schema_version\":1", "\"schema_version\":2");
    assert_eq!(Subject::from_document(&newer, subject.digest()), Err(DocumentError::Version(2)));
    for broken in [
        "",
        "{}",
        "[]",
        &text.replace("\"parts\":{", "\"parts\":{\"repo_id\":1,"),
        &text.replace("\"parts\":{", "\"parts\":{\"extra\":1,"),
        &text.replace("\"schema_version\":1", "\"schema_version\":1,\"schema_version\":1"),
        &"[".repeat(10_000),
        &format!("{text}{}", " ".repeat(70_000)),
    ] {
        let read = Subject::from_document(broken, subject.digest());
        assert!(matches!(read, Err(DocumentError::Unreadable(_))), "{read:?}");
    }
}

#[test]
fn the_line_to_paste_is_a_command_but_for_the_reason() {
    let subject = Subject::new(base());
    let line = subject.approval_line("30m".parse().unwrap()).unwrap();
    assert!(line.ends_with("risk:high/1 because "), "{line}");
    let parsed = tollgate::approval::parse(&format!("{line}ticket OPS-77"));
    assert!(matches!(parsed, tollgate::approval::Parsed::Command(_)), "{parsed:?}");
}

#[test]
fn a22_findings_digest_knows_no_order() {
    let (a, b) = (finding("a", Severity::Low, Level::Approve), finding("b", Severity::Low, Level::Approve));
    let digest =
        |findings: &[&tollgate::policy::Finding]| tollgate::approval::findings_digest(findings.iter().copied());
    assert_eq!(digest(&[&a, &b]), digest(&[&b, &a]));
    assert_ne!(digest(&[&a, &b]), digest(&[&a]));
    assert_ne!(digest(&[&a, &a]), digest(&[&a]));
}
