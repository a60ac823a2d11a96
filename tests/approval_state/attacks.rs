//! Rows of the attack table that the pure state machine answers.

use tollgate::approval::{
    Account, AccountKind, Attribution, BanReason, Comment, Commit, Doubt, NotCounted, PlanRun, Push, PushKind,
    Requirements, ReviewState, RunInfo, State, Subject, TimelineEvent, UserId,
};
use tollgate::policy::{Level, Severity};

use crate::world::{ALICE, AUTHOR, BOB, CAROL, HEAD, STRANGER, World, at, finding, parts, user};

fn why(world: &World, seconds: i64) -> NotCounted {
    let judgement = world.judge(seconds);
    assert!(!matches!(judgement.state(), State::Open(_)), "{judgement:?}");
    judgement.rejected.into_iter().next().expect("one that does not count").why
}

fn banned(reason: &NotCounted) -> &BanReason {
    match reason {
        NotCounted::Banned(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a01_the_author_approves_the_own_change() {
    let mut world = World::new();
    world.approve(AUTHOR, "30m", 60);
    assert_eq!(banned(&why(&world, 100)), &BanReason::Author);
}

#[test]
fn a02_the_author_approves_through_a_review() {
    let mut world = World::new();
    let line = world.line("30m");
    world.review(AUTHOR, ReviewState::Approved, &line, 60);
    assert_eq!(banned(&why(&world, 100)), &BanReason::Author);
}

#[test]
fn a02_one_person_is_one_vote_on_both_channels() {
    let mut world =
        World::new().rules("[[rules]]\nname = \"m\"\nrequires = { count = 2, any_of = [\"role:maintain\"] }");
    world.approve(ALICE, "30m", 60);
    let line = world.line("30m");
    world.review(ALICE, ReviewState::Approved, &line, 70);
    assert_eq!(world.state(100), State::Partial);
}

fn commit(sha: &str, people: Vec<Attribution>) -> Commit {
    Commit { sha: sha.repeat(40), parents: vec![], people, verified: true }
}

#[test]
fn a03_a_commit_author_approves() {
    let mut world = World::new();
    world.snapshot.commits.push(commit("2", vec![Attribution::User(user(ALICE)), Attribution::Forge]));
    world.approve(ALICE, "30m", 60);
    assert!(matches!(banned(&why(&world, 100)), BanReason::Commit(_)));
}

#[test]
fn a04_a_commit_of_the_second_parent_counts_like_any_other() {
    let mut world = World::new();
    world.snapshot.commits[0].parents = vec!["3".repeat(40), "4".repeat(40)];
    world.snapshot.commits.push(commit("3", vec![Attribution::User(user(AUTHOR))]));
    world.snapshot.commits.push(commit("4", vec![Attribution::User(user(ALICE))]));
    world.approve(ALICE, "30m", 60);
    assert!(matches!(banned(&why(&world, 100)), BanReason::Commit(_)));
}

#[test]
fn a05_a_co_author_approves() {
    let mut world = World::new();
    world.snapshot.commits[0].people.push(Attribution::User(user(ALICE)));
    world.approve(ALICE, "30m", 60);
    assert!(matches!(banned(&why(&world, 100)), BanReason::Commit(_)));
}

#[test]
fn a06_the_pusher_approves_commits_in_another_name() {
    let mut world = World::new();
    world.snapshot.pushes.push(Push {
        id: 2,
        actor: Some(user(ALICE)),
        at: at(10),
        after: HEAD.into(),
        kind: PushKind::Other,
    });
    world.approve(ALICE, "30m", 60);
    assert_eq!(banned(&why(&world, 100)), &BanReason::Pusher);
}

#[test]
fn a06_a_forced_push_bans_too() {
    let mut world = World::new();
    world.snapshot.timeline.push(TimelineEvent::ForcePushed { by: Some(user(ALICE)), at: at(10) });
    world.approve(ALICE, "30m", 60);
    assert_eq!(banned(&why(&world, 100)), &BanReason::Pusher);
}

#[test]
fn a06_unverified_commits_deny_where_configured() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    assert!(world.is_open(100));
    world.settings.require_verified_commits = true;
    assert!(matches!(why(&world, 100), NotCounted::Nobody(_)));
}

#[test]
fn a07_an_unlinked_commit_denies_or_raises() {
    let mut world = World::new();
    world.snapshot.commits.push(commit("2", vec![Attribution::Unlinked, Attribution::Forge]));
    world.approve(ALICE, "30m", 60);
    assert!(matches!(why(&world, 100), NotCounted::Nobody(_)));
    world.settings.unattributed_commits = tollgate::approval::Unattributed::RaiseByOne;
    assert_eq!(world.state(100), State::Partial);
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100));
}

#[test]
fn a07_a_commit_by_nobody_but_the_forge_is_unattributed() {
    let mut world = World::new();
    world.snapshot.commits.push(commit("2", vec![Attribution::Forge]));
    world.approve(ALICE, "30m", 60);
    assert!(matches!(why(&world, 100), NotCounted::Nobody(_)));
}

#[test]
fn a08_a_pull_request_by_a_bot_needs_one_more() {
    let mut world = World::new();
    let bot = Account { id: UserId(50), login: "github-actions[bot]".into(), kind: AccountKind::Other };
    world.snapshot.pull.author = Some(bot);
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Partial);
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100));
}

#[test]
fn a08_whoever_started_the_plan_run_is_banned() {
    let mut world = World::new();
    let mut parts = parts(&[finding("x", Severity::High, Level::Approve)]);
    parts.plan_run = Some(PlanRun { id: 5, attempt: 1 });
    world.subject = Subject::new(parts);
    world.approve(ALICE, "30m", 60);
    assert!(matches!(world.doubt(100), Doubt::PlanRun(_)), "a run that was not read");
    let run = |actor, sha: &str| RunInfo { id: 5, attempt: 1, head_sha: sha.into(), actors: vec![Some(user(actor))] };
    world.snapshot.plan_run = Some(run(AUTHOR, &"9".repeat(40)));
    assert!(matches!(world.doubt(100), Doubt::PlanRun(_)), "a run of another commit");
    world.snapshot.plan_run = Some(run(ALICE, HEAD));
    assert_eq!(banned(&why(&world, 100)), &BanReason::PlanRun);
    world.snapshot.plan_run = Some(run(AUTHOR, HEAD));
    assert!(world.is_open(100));
}

#[test]
fn a09_bots_and_apps_do_not_count() {
    let mut world = World::new();
    let bot = Account { id: UserId(ALICE), login: "alice".into(), kind: AccountKind::Other };
    let line = world.line("30m");
    world.comment_of(Some(bot), &line, 60);
    assert_eq!(why(&world, 100), NotCounted::NotAPerson);
    let mut world = World::new();
    world.approve(ALICE, "30m", 60).via_app = true;
    assert_eq!(why(&world, 100), NotCounted::ViaApp);
}

#[test]
fn a09_service_accounts_do_not_count() {
    let mut world = World::new();
    world.settings.service_accounts = vec!["user:ALICE".parse().unwrap()];
    world.approve(ALICE, "30m", 60);
    assert_eq!(banned(&why(&world, 100)), &BanReason::ServiceAccount);
}

#[test]
fn a10_a11_a14_an_edited_comment_is_void() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60).edits.edited = true;
    assert_eq!(why(&world, 100), NotCounted::Edited);
}

#[test]
fn a10_a_minimised_comment_is_void() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60).minimised = true;
    assert_eq!(why(&world, 100), NotCounted::Minimised);
}

#[test]
fn a12_deleting_a_comment_that_may_have_revoked_voids() {
    for author in [Some(user(BOB)), Some(user(AUTHOR)), None] {
        let mut world = World::new();
        world.approve(ALICE, "30m", 60);
        world.snapshot.timeline.push(TimelineEvent::CommentDeleted { author, at: at(80) });
        assert!(matches!(why(&world, 100), NotCounted::CommentDeleted(_)));
    }
    let mut world = World::new();
    world.snapshot.timeline.push(TimelineEvent::CommentDeleted { author: Some(user(BOB)), at: at(50) });
    world.approve(ALICE, "30m", 60);
    world.snapshot.timeline.push(TimelineEvent::CommentDeleted { author: Some(user(STRANGER)), at: at(80) });
    assert!(world.is_open(100), "deleted before, or by nobody who may revoke");
}

#[test]
fn a12_editing_a_comment_that_may_have_revoked_voids() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    let edits = &mut world.comment(BOB, "never mind", 80).edits;
    edits.edited = true;
    edits.editors = vec![Some(UserId(STRANGER))];
    assert!(matches!(why(&world, 100), NotCounted::CommentEdited(_)));
    world.snapshot.comments[1].edits.editors = vec![Some(UserId(BOB))];
    assert!(world.is_open(100), "edited by its own author");
}

#[test]
fn a13_dismissing_a_veto_does_not_lift_it() {
    let mut world = World::new();
    world.review(BOB, ReviewState::ChangesRequested, "no", 50);
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Revoked);
    world.snapshot.reviews[0].state = ReviewState::Dismissed;
    assert_eq!(world.state(100), State::Revoked, "dismissed without a trace");
    let dismissed =
        |by| TimelineEvent::ReviewDismissed { review: Some(1), approved: false, by: Some(user(by)), at: at(70) };
    world.snapshot.timeline = vec![dismissed(AUTHOR)];
    assert_eq!(world.state(100), State::Revoked, "dismissed by somebody else");
    world.snapshot.timeline = vec![dismissed(BOB)];
    assert!(world.is_open(100), "dismissed by its author");
}

#[test]
fn a13_a_veto_is_taken_back_by_the_same_persons_approval() {
    let mut world = World::new();
    world.review(BOB, ReviewState::ChangesRequested, "no", 50);
    world.approve(ALICE, "30m", 60);
    world.review(BOB, ReviewState::Approved, "fine now", 70);
    assert!(world.is_open(100));
    let mut world = World::new();
    world.review(STRANGER, ReviewState::ChangesRequested, "no", 50);
    world.approve(ALICE, "30m", 60);
    assert!(world.is_open(100), "a stranger has no veto");
}

/// Whoever has the address that answers Bob's notifications, or an app that acts for him, cannot take his veto back.
#[test]
fn a13_a58_a_veto_is_not_taken_back_in_somebodys_name() {
    let forgeries: [fn(&mut Comment); 4] = [
        |comment| comment.by_email = true,
        |comment| comment.via_app = true,
        |comment| comment.edits.edited = true,
        |comment| comment.minimised = true,
    ];
    for (number, forge) in forgeries.into_iter().enumerate() {
        let mut world = World::new();
        world.review(BOB, ReviewState::ChangesRequested, "no", 50);
        world.approve(ALICE, "30m", 60);
        forge(world.approve(BOB, "30m", 70));
        assert_eq!(world.state(100), State::Revoked, "comment, way {number}");
        world.snapshot.comments.pop();
        forge(&mut world.review(BOB, ReviewState::Approved, "fine now", 70).comment);
        assert_eq!(world.state(100), State::Revoked, "review, way {number}");
    }
}

#[test]
fn a15_a16_another_pull_request_or_target_has_another_subject() {
    let mut world = World::new();
    let line = world.line("30m");
    world.comment(ALICE, &line, 60);
    let mut other = parts(&[finding("star-admin", Severity::High, Level::Approve)]);
    other.pr_number = 8;
    let other = Subject::new(other);
    assert_ne!(other.digest(), world.subject.digest());
    world.subject = other;
    world.snapshot.pull.number = 8;
    assert!(matches!(why(&world, 100), NotCounted::OtherSubject(_)));
    let mut other = parts(&[finding("star-admin", Severity::High, Level::Approve)]);
    other.target_ref = "release".into();
    assert_ne!(Subject::new(other).digest(), world.subject.digest());
}

#[test]
fn a17_a_push_supersedes() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world.snapshot.pull.head_sha = "2".repeat(40);
    assert!(matches!(world.state(100), State::Superseded(_)));
}

#[test]
fn a17_an_approval_older_than_the_push_of_the_head_does_not_count() {
    for seconds in [-10, 0] {
        let mut world = World::new();
        world.approve(ALICE, "30m", seconds);
        assert_eq!(why(&world, 100), NotCounted::BeforePush);
    }
}

#[test]
fn a18_forcing_the_branch_back_does_not_revive() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    let push = |id, seconds, after: &str| Push {
        id,
        actor: Some(user(AUTHOR)),
        at: at(seconds),
        after: after.into(),
        kind: PushKind::Other,
    };
    world.snapshot.pushes.extend([push(2, 70, &"2".repeat(40)), push(3, 80, HEAD)]);
    assert_eq!(why(&world, 100), NotCounted::BeforePush);
}

#[test]
fn a39_retargeting_supersedes_and_going_back_does_not_revive() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world.snapshot.pull.base_ref = "evil".into();
    assert!(matches!(world.state(100), State::Superseded(_)));
    world.snapshot.pull.base_ref = "main".into();
    world.snapshot.timeline.push(TimelineEvent::TargetChanged { at: at(70) });
    assert_eq!(why(&world, 100), NotCounted::TargetChanged);
}

#[test]
fn a40_another_policy_is_another_subject() {
    let world = World::new();
    let mut other = parts(&[finding("star-admin", Severity::High, Level::Approve)]);
    other.policy_digest = tollgate::approval::policy_digest([("tollgate.toml", b"lax".as_slice())]);
    let other = Subject::new(other);
    assert_ne!(other.digest(), world.subject.digest());
    assert_eq!(world.subject.differences(&other), ["policy_digest"]);
}

#[test]
fn a41_rights_lost_since_do_not_count() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60);
    world.snapshot.people.get_mut(&UserId(ALICE)).unwrap().role.level = tollgate::approval::RoleLevel::Write;
    assert_eq!(why(&world, 100), NotCounted::NotEligible);
}

#[test]
fn a42_numbers_are_people_names_are_not() {
    let rule = |who: &str| format!("[[rules]]\nname = \"m\"\nrequires = {{ any_of = [\"{who}\"] }}");
    let mut world = World::new().rules(&rule("user:2"));
    let impostor = Account { id: UserId(77), login: "alice".into(), kind: AccountKind::User };
    let line = world.line("30m");
    world.snapshot.people.insert(UserId(77), world.snapshot.people[&UserId(ALICE)].clone());
    world.comment_of(Some(impostor), &line, 60);
    assert_eq!(why(&world, 100), NotCounted::NotEligible);
    world.approve(ALICE, "30m", 61);
    assert!(world.is_open(100));
    let mut world = World::new().rules(&rule("user:ALICE"));
    world.approve(ALICE, "30m", 60);
    assert!(world.is_open(100), "names compare without case");
}

#[test]
fn a44_an_unreadable_forge_is_undecided() {
    let world = World::new();
    let doubt = Doubt::Forge("page 3 of the comments: 500".into());
    let judgement = tollgate::approval::decide(Err(&doubt), &world.settings, &world.subject, crate::world::now(100));
    assert_eq!(*judgement.state(), State::Undecided(doubt));
}

#[test]
fn a48_in_the_same_second_the_revocation_wins() {
    for revoke_first in [true, false] {
        let mut world = World::new();
        if revoke_first {
            world.comment(BOB, "/tollgate revoke", 60);
            world.approve(ALICE, "30m", 60);
        } else {
            world.approve(ALICE, "30m", 60);
            world.comment(BOB, "/tollgate revoke", 60);
        }
        assert_eq!(world.state(100), State::Revoked);
    }
}

#[test]
fn a58_by_email_does_not_count() {
    let mut world = World::new();
    world.approve(ALICE, "30m", 60).by_email = true;
    assert_eq!(why(&world, 100), NotCounted::ByEmail);
}

#[test]
fn a61_a_line_from_a_forged_report_does_not_count() {
    let mut world = World::new();
    let digest = world.subject.digest();
    world.comment(ALICE, &format!("/tollgate approve 30m plan:{digest} risk:low/1 because ticket OPS-77"), 60);
    assert!(matches!(why(&world, 100), NotCounted::RiskDiffers { .. }));
}

#[test]
fn a61_another_stack_does_not_count() {
    let mut world = World::new();
    let digest = world.subject.digest();
    world.comment(
        ALICE,
        &format!("/tollgate approve 30m stack=dev plan:{digest} risk:high/1 because ticket OPS-77"),
        60,
    );
    assert!(matches!(why(&world, 100), NotCounted::OtherStack(_)));
}

#[test]
fn a38_the_gates_own_files_ask_their_owners() {
    let toml = "
        [[rules]]
        name = \"maintainers\"
        when = { rules = [\"star-*\"] }
        requires = { any_of = [\"role:maintain\"] }
        [[rules]]
        name = \"policy\"
        when = { rules = [\"policy-files\"] }
        requires = { any_of = [\"user:3\"] }";
    let mut world = World::new().rules(toml);
    world.snapshot.changed_files.push("policies/iam.rego".into());
    let findings = [finding("star-admin", Severity::High, Level::Approve)];
    let mut with_files = parts(&findings);
    with_files.requirements = Requirements::new(&findings, [])
        .with_policy_files(world.snapshot.changed_files.iter().map(String::as_str), &world.settings.policy_files);
    world.subject = Subject::new(with_files);
    world.approve(ALICE, "30m", 60);
    assert_eq!(world.state(100), State::Partial);
    world.approve(BOB, "30m", 70);
    assert!(world.is_open(100));
}

#[test]
fn newest_command_of_a_person_wins() {
    let mut world = World::new();
    world.approve(ALICE, "4h", 60);
    world.approve(ALICE, "5m", 70);
    let State::Open(window) = world.state(100) else { panic!() };
    assert_eq!(window.expires(), at(370));
    world.approve(ALICE, "30m", 80).edits.edited = true;
    assert!(!world.is_open(100), "the newest is void, and the older ones are replaced");
    world.snapshot.comments[2].edits.editors = vec![Some(UserId(ALICE))];
    world.approve(CAROL, "30m", 90);
    assert!(world.is_open(100), "another person's word is another matter");
}

/// The line that somebody read is of the commit that they read.
#[test]
fn a19_a_push_between_reading_and_commenting() {
    let mut world = World::new();
    let line = world.line("30m");
    let pushed = "2".repeat(40);
    world.snapshot.pull.head_sha.clone_from(&pushed);
    world.snapshot.commits.push(Commit { sha: pushed.clone(), ..world.snapshot.commits[0].clone() });
    let push =
        Push { id: 2, at: at(50), after: pushed.clone(), kind: PushKind::Other, ..world.snapshot.pushes[0].clone() };
    world.snapshot.pushes.push(push);
    world.comment(ALICE, &line, 60);
    assert!(matches!(world.state(100), State::Superseded(_)));
    let mut parts = world.subject.parts().clone();
    let read = world.subject.digest();
    parts.head_sha = pushed;
    world.subject = Subject::new(parts);
    assert_eq!(world.state(100), State::Pending);
    assert_eq!(world.judge(100).rejected[0].why, NotCounted::OtherSubject(read));
}
