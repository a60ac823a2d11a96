//! From a judgement to a permit: the clock, the file and the claim.

use std::time::Duration;

use tollgate::apply::{ApplySettings, Check, Evidence, Refusal, admit};
use tollgate::approval::{ApplyPhase, ApplyRecord, Digest, Doubt, Subject};
use tollgate::exit::Outcome;
use tollgate::policy::{Level, Severity};

use crate::world::{ALICE, BOB, World, finding, now};

fn refusal(world: &World, seconds: i64) -> Refusal {
    let evidence =
        Evidence { copy: world.subject.parts().plan_sha256, approved: &world.subject, recomputed: &world.subject };
    admit(evidence, &world.judge(seconds), &ApplySettings::default(), now(seconds)).expect_err("refused")
}

fn approved() -> World {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world
}

#[test]
fn admitted_until_the_drain_and_the_run_do_not_fit() {
    let world = approved();
    let evidence =
        Evidence { copy: world.subject.parts().plan_sha256, approved: &world.subject, recomputed: &world.subject };
    let end = 60 + 1800;
    for seconds in [61, 1000, end - 120] {
        let admitted = admit(evidence, &world.judge(seconds), &ApplySettings::default(), now(seconds));
        assert!(admitted.is_ok(), "{seconds}");
    }
    assert_eq!(refusal(&world, end - 119), Refusal::TooLate { left: 119, needed: 120 });
    assert_eq!(refusal(&world, end), Refusal::Expired);
}

#[test]
fn a_state_other_than_open_is_refused_by_its_own_check() {
    let mut revoked = approved();
    revoked.comment(BOB, "/tollgate revoke", 70);
    let mut moved = approved();
    moved.snapshot.pull.head_sha = "2".repeat(40);
    let mut closed = approved();
    closed.snapshot.pull.locked = true;
    let mut unreadable = approved();
    unreadable.snapshot.pushes.clear();
    let record = |phase| {
        let mut world = approved();
        let subject = world.subject.digest();
        world.snapshot.records.push(ApplyRecord { key: "k".into(), subject, phase });
        world
    };
    let cases = [
        (World::new(), Check::Approval, Outcome::NoWindow),
        (revoked, Check::Approval, Outcome::NoWindow),
        (moved, Check::PullRequest, Outcome::NoWindow),
        (closed, Check::PullRequest, Outcome::NoWindow),
        (unreadable, Check::Forge, Outcome::Error),
        (record(ApplyPhase::Claimed), Check::Claim, Outcome::NoWindow),
        (record(ApplyPhase::Applied), Check::Claim, Outcome::NoWindow),
        (record(ApplyPhase::Failed), Check::Claim, Outcome::NoWindow),
    ];
    for (world, check, outcome) in cases {
        let refusal = refusal(&world, 100);
        assert_eq!((refusal.check(), refusal.outcome()), (check, outcome), "{refusal}");
    }
}

#[test]
fn a24_another_file_is_refused() {
    let world = approved();
    let evidence = Evidence { copy: Digest::of(b"swapped"), approved: &world.subject, recomputed: &world.subject };
    let refusal = admit(evidence, &world.judge(100), &ApplySettings::default(), now(100)).unwrap_err();
    assert_eq!(refusal.check(), Check::PlanFile);
}

#[test]
fn a40_another_policy_supersedes_and_a_block_blocks() {
    let world = approved();
    let mut parts = world.subject.parts().clone();
    parts.policy_digest = Digest::of(b"tightened");
    let recomputed = Subject::new(parts.clone());
    let evidence =
        Evidence { copy: world.subject.parts().plan_sha256, approved: &world.subject, recomputed: &recomputed };
    let refusal = admit(evidence, &world.judge(100), &ApplySettings::default(), now(100)).unwrap_err();
    assert_eq!(refusal, Refusal::SubjectChanged(vec!["policy_digest"]));
    assert_eq!(refusal.outcome(), Outcome::NoWindow);
    parts.requirements = tollgate::approval::Requirements::new(&[finding("x", Severity::Low, Level::Deny)], []);
    let recomputed = Subject::new(parts);
    let evidence = Evidence { recomputed: &recomputed, ..evidence };
    let refusal = admit(evidence, &world.judge(100), &ApplySettings::default(), now(100)).unwrap_err();
    assert_eq!((refusal.clone(), refusal.outcome()), (Refusal::Blocked, Outcome::Blocked));
}

#[test]
fn a_judgement_of_another_subject_admits_nothing() {
    let (world, mut other) = (approved(), approved());
    let mut parts = other.subject.parts().clone();
    parts.plan_sha256 = Digest::of(b"other");
    other.subject = Subject::new(parts);
    let evidence = Evidence { copy: Digest::of(b"other"), approved: &other.subject, recomputed: &other.subject };
    let refusal = admit(evidence, &world.judge(100), &ApplySettings::default(), now(100)).unwrap_err();
    assert_eq!(refusal, Refusal::Pending);
}

#[test]
fn the_needed_time_is_configured() {
    let settings = ApplySettings { drain_seconds: 600, min_run_seconds: 0, ..ApplySettings::default() };
    assert_eq!(settings.needed(), Duration::from_secs(600));
    let world = approved();
    let evidence =
        Evidence { copy: world.subject.parts().plan_sha256, approved: &world.subject, recomputed: &world.subject };
    assert!(admit(evidence, &world.judge(1261), &settings, now(1261)).is_err());
    assert!(admit(evidence, &world.judge(1260), &settings, now(1260)).is_ok());
}

#[test]
fn an_undecided_refusal_names_the_doubt() {
    let mut world = approved();
    world.snapshot.people.clear();
    assert_eq!(refusal(&world, 100), Refusal::Undecided(Doubt::UnknownPerson(ALICE)));
}
