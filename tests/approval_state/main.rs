//! The state machine of approvals, against snapshots made by hand: what opens a window and what does not.
//! The numbers are the rows of the attack table in `docs/approval.md`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod admission;
mod attacks;
mod broken;
mod properties;
mod rules;
mod subject;
mod world;

use tollgate::approval::{ApplyPhase, ApplyRecord, Doubt, NotCounted, PullState, ReviewState, State};
use tollgate::policy::{Level, Severity};
use world::{ALICE, AUTHOR, BOB, STRANGER, World, at, finding, now};

#[test]
fn an_approval_opens_a_window_from_its_time_to_its_end() {
    let mut world = World::new();
    assert_eq!(world.state(100), State::Pending);
    world.approve(ALICE, "30m", 60);
    let State::Open(window) = world.state(100) else { panic!("{:?}", world.judge(100)) };
    assert_eq!((window.opens(), window.expires()), (at(60), at(60 + 1800)));
    assert_eq!(window.left(now(100)).as_secs(), 60 + 1800 - 100);
    assert_eq!(window.subject(), world.subject.digest());
    assert!(world.is_open(60 + 1799));
    assert_eq!(world.state(60 + 1800), State::Expired, "the end is not in the window");
}

#[test]
fn the_severity_cuts_the_window() {
    let mut world = World::new().findings(&[finding("x", Severity::Critical, Level::Approve)]);
    world.approve(ALICE, "4h", 60);
    let State::Open(window) = world.state(100) else { panic!() };
    assert_eq!(window.expires(), at(60 + 3600));
}

#[test]
fn a_rule_cuts_the_window_further() {
    let mut asked = finding("x", Severity::High, Level::Approve);
    asked.max_window = Some(600);
    let mut world = World::new().findings(&[asked]);
    world.approve(ALICE, "4h", 60);
    let State::Open(window) = world.state(100) else { panic!() };
    assert_eq!(window.expires(), at(660));
}

#[test]
fn longer_than_anybody_may_have_does_not_count() {
    let mut world = World::new();
    world.approve(ALICE, "168h", 60);
    let judgement = world.judge(100);
    assert_eq!(*judgement.state(), State::Pending);
    assert!(matches!(judgement.rejected[0].why, NotCounted::TooLong(_)));
}

#[test]
fn nothing_to_approve_needs_no_window_and_a_block_allows_none() {
    let mut world = World::new().findings(&[finding("x", Severity::Critical, Level::Warn)]);
    assert_eq!(world.state(100), State::NotRequired);
    world = World::new().findings(&[finding("x", Severity::Low, Level::Deny)]);
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Blocked);
}

#[test]
fn no_rule_means_nobody() {
    let mut world = World::new().rules("");
    world.approve(ALICE, "30m", 60);
    let judgement = world.judge(100);
    assert_eq!(*judgement.state(), State::Pending);
    assert_eq!(judgement.uncovered.len(), 1);
}

#[test]
fn a_surplus_approval_never_shortens_the_window() {
    let mut world = World::new();
    world.approve(ALICE, "4h", 60);
    world.approve(BOB, "5m", 120);
    let State::Open(window) = world.state(130) else { panic!() };
    assert_eq!(window.expires(), at(60 + 4 * 3600));
    assert!(world.is_open(3600), "after the shorter one has ended");
}

#[test]
fn with_two_needed_the_window_runs_from_the_last_to_the_first_end() {
    let mut world =
        World::new().rules("[[rules]]\nname = \"m\"\nrequires = { count = 2, any_of = [\"role:maintain\"] }");
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(70), State::Partial);
    world.approve(BOB, "10m", 300);
    let State::Open(window) = world.state(310) else { panic!() };
    assert_eq!((window.opens(), window.expires()), (at(300), at(900)));
    assert_eq!(world.state(900), State::Expired);
    assert_eq!(world.judge(900).counted.len(), 1);
}

#[test]
fn a_new_approval_reopens_an_expired_window() {
    let mut world = World::new();
    world.approve(ALICE, "5m", 60);
    assert_eq!(world.state(1000), State::Expired);
    world.approve(ALICE, "5m", 1010);
    assert!(world.is_open(1020));
}

#[test]
fn revoked_by_an_approver_or_the_author_and_opened_again_by_a_new_approval() {
    for who in [AUTHOR, BOB, ALICE] {
        let mut world = World::new();
        world.approve(ALICE, "30m", 60);
        world.comment(who, "/tollgate revoke because wrong account", 90);
        assert_eq!(world.state(100), State::Revoked, "{who}");
        world.approve(ALICE, "30m", 120);
        assert!(world.is_open(130), "{who}");
    }
}

#[test]
fn a_stranger_cannot_revoke() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world.comment(STRANGER, "/tollgate revoke", 90);
    assert!(world.is_open(100));
}

#[test]
fn closed_draft_locked_and_fork_are_closed() {
    let cases: [fn(&mut World); 6] = [
        |w| w.snapshot.pull.state = PullState::Closed,
        |w| w.snapshot.pull.draft = true,
        |w| w.snapshot.pull.locked = true,
        |w| w.snapshot.pull.head_repo = Some(2000),
        |w| w.snapshot.pull.head_repo = None,
        |w| w.snapshot.default_branch = "trunk".into(),
    ];
    for close in cases {
        let mut world = World::new();
        world.approve(ALICE, "30m", 60);
        close(&mut world);
        assert!(matches!(world.state(100), State::Closed(_)), "{:?}", world.state(100));
    }
}

#[test]
fn the_window_stays_open_after_the_merge_unless_configured() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world.snapshot.pull.state = PullState::Merged;
    assert!(world.is_open(100));
    world.settings.merged = false;
    assert!(matches!(world.state(100), State::Closed(_)));
}

#[test]
fn an_earlier_apply_ends_everything() {
    let cases = [
        (ApplyPhase::Claimed, State::Applying("k".into())),
        (ApplyPhase::Applied, State::Applied("k".into())),
        (ApplyPhase::Failed, State::Failed("k".into())),
    ];
    for (phase, state) in cases {
        let mut world = World::new();
        world.approve(ALICE, "30m", 60);
        let subject = world.subject.digest();
        world.snapshot.records.push(ApplyRecord { key: "k".into(), subject, phase });
        assert_eq!(world.state(100), state);
    }
}

#[test]
fn whatever_is_missing_is_undecided() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    assert!(world.is_open(100));

    let mut missing = World::new();
    missing.approve(ALICE, "30m", 60);
    missing.snapshot.people.clear();
    assert_eq!(missing.doubt(100), Doubt::UnknownPerson(ALICE));

    let mut missing = World::new();
    missing.approve(ALICE, "30m", 60);
    missing.snapshot.pushes.clear();
    assert!(matches!(missing.doubt(100), Doubt::UnknownPush(_)));

    let mut missing = World::new();
    missing.approve(ALICE, "30m", 60);
    missing.snapshot.commits.clear();
    assert!(matches!(missing.doubt(100), Doubt::HeadNotListed(_)));

    let mut future = World::new();
    future.approve(ALICE, "30m", 200);
    assert_eq!(future.state(150), State::Pending, "less than a minute ahead: not yet");
    assert!(matches!(future.doubt(100), Doubt::FutureTime { .. }));
}

#[test]
fn a_review_is_a_channel_too() {
    let mut world = World::new();
    let line = world.line("30m");
    world.review(ALICE, ReviewState::Approved, &line, 60);
    assert!(world.is_open(100));
    world.snapshot.reviews[0].commit = "2".repeat(40);
    assert_eq!(world.state(100), State::Pending);
    world.snapshot.reviews[0].commit = world::HEAD.into();
    world.snapshot.reviews[0].state = ReviewState::Other;
    assert_eq!(world.state(100), State::Pending);
}
