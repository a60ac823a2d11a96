//! The state machine is total: whatever a forge says, however broken, gives a state, and an open window only where
//! an independent reading of the same facts finds enough live approvals.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tollgate::approval::{
    Account, AccountKind, ApplyPhase, ApplyRecord, Attribution, CodeOwners, Comment, Commit, Digest, Edits, Person,
    PullState, Push, PushKind, Review, ReviewState, Role, RoleLevel, RunInfo, Snapshot, State, TimelineEvent, UserId,
    Window,
};

use crate::world::{ALICE, AUTHOR, BOB, CAROL, HEAD, STRANGER, World, at, user};

const RULES: [&str; 4] = [
    "[[rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\"] }",
    "[[rules]]\nname = \"m\"\nrequires = { count = 2, any_of = [\"role:maintain\", \"user:9\"] }",
    "unattributed_commits = \"raise_by_one\"\n[[rules]]\nname = \"m\"\nrequires = { any_of = [\"user:2\", \"role:maintain\", \"codeowner\"] }",
    "[[rules]]\nname = \"a\"\nrequires = { all_of = [\"user:2\", \"role:maintain\"] }",
];

/// Texts that somebody may write: commands, almost commands, and anything.
fn text(line: String, digest: String) -> impl Strategy<Value = String> {
    let other = line.replace(&digest, &Digest::of(b"other").to_string());
    let spoilt = (Just(line.clone()), any::<prop::sample::Index>(), any::<char>()).prop_map(|(line, at, with)| {
        let place = at.index(line.len());
        let (head, tail) = line.split_at(line.floor_char_boundary(place));
        format!("{head}{with}{tail}")
    });
    prop_oneof![
        6 => Just(line.clone()),
        1 => Just(other),
        2 => spoilt,
        1 => Just(format!("\u{feff}{line}")),
        1 => Just(format!("\n{line}")),
        1 => Just(line.to_uppercase()),
        1 => Just(format!("{line}\r\n/tollgate revoke")),
        2 => Just("/tollgate revoke because no".to_owned()),
        1 => Just("/tollgate status".to_owned()),
        1 => any::<String>(),
        1 => Just(String::new()),
    ]
}

fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        12 => (-300_i64..4000).prop_map(at),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
        1 => any::<i32>().prop_map(|second| Timestamp::from_second(i64::from(second)).unwrap()),
    ]
}

fn account() -> impl Strategy<Value = Option<Account>> {
    let known = prop::sample::select(vec![AUTHOR, ALICE, ALICE, BOB, CAROL, STRANGER]).prop_map(user);
    let odd = (any::<u64>(), any::<String>(), any::<bool>()).prop_map(|(id, login, person)| {
        let kind = if person { AccountKind::User } else { AccountKind::Other };
        Account { id: UserId(id), login, kind }
    });
    let twin = prop::sample::select(vec![ALICE, BOB]).prop_map(|id| Account { kind: AccountKind::Other, ..user(id) });
    prop_oneof![10 => known.prop_map(Some), 1 => odd.prop_map(Some), 1 => twin.prop_map(Some), 1 => Just(None)]
}

fn comment(line: String, digest: String) -> impl Strategy<Value = Comment> {
    let rarely = || prop::bool::weighted(0.06);
    let editors = prop::collection::vec(prop::option::of(any::<u64>().prop_map(UserId)), 0..3);
    let flags = (rarely(), rarely(), rarely(), rarely());
    (0_u64..9, account(), text(line, digest), moment(), flags, editors).prop_map(
        |(id, author, body, created_at, (edited, minimised, by_email, via_app), editors)| Comment {
            id,
            author,
            body,
            created_at,
            edits: Edits { edited, editors },
            minimised,
            by_email,
            via_app,
        },
    )
}

fn commit() -> impl Strategy<Value = Commit> {
    let person = prop_oneof![
        4 => Just(Attribution::User(user(AUTHOR))),
        2 => account().prop_map(|account| account.map_or(Attribution::Unlinked, Attribution::User)),
        1 => Just(Attribution::Forge),
    ];
    let sha = prop_oneof![6 => Just(HEAD.to_owned()), 1 => any::<String>()];
    let parents = prop::collection::vec("[0-9a-f]{0,40}", 0..3);
    (sha, parents, prop::collection::vec(person, 0..3), any::<bool>())
        .prop_map(|(sha, parents, people, verified)| Commit { sha, parents, people, verified })
}

fn push() -> impl Strategy<Value = Push> {
    let actor = prop_oneof![3 => Just(Some(user(AUTHOR))), 1 => account()];
    let after = prop_oneof![6 => Just(HEAD.to_owned()), 1 => any::<String>()];
    (0_u64..5, actor, moment(), after, any::<bool>()).prop_map(|(id, actor, at, after, creation)| {
        let kind = if creation { PushKind::Creation } else { PushKind::Other };
        Push { id, actor, at, after, kind }
    })
}

fn event() -> impl Strategy<Value = TimelineEvent> {
    prop_oneof![
        (account(), moment()).prop_map(|(author, at)| TimelineEvent::CommentDeleted { author, at }),
        (prop::option::of(0_u64..9), any::<bool>(), account(), moment())
            .prop_map(|(review, approved, by, at)| TimelineEvent::ReviewDismissed { review, approved, by, at }),
        moment().prop_map(|at| TimelineEvent::TargetChanged { at }),
        (account(), moment()).prop_map(|(by, at)| TimelineEvent::ForcePushed { by, at }),
    ]
}

/// One thing about a sound pull request that is not as it should be.
#[derive(Clone, Debug)]
enum Break {
    Comments(Vec<Comment>),
    Reviews(Vec<Review>),
    Commits(Vec<Commit>),
    Pushes(Vec<Push>),
    Timeline(Vec<TimelineEvent>),
    People(Vec<(u64, RoleLevel)>),
    NoPeople,
    Record(bool, ApplyPhase),
    Run(Option<RunInfo>),
    Pull(u8, String),
    Files(Vec<String>),
    Owners(String),
    Reorder,
}

fn breaks(line: String, digest: String) -> impl Strategy<Value = Vec<Break>> {
    let one = || comment(line.clone(), digest.clone());
    let state = prop::sample::select(vec![
        ReviewState::Approved,
        ReviewState::ChangesRequested,
        ReviewState::Dismissed,
        ReviewState::Other,
    ]);
    let sha = prop_oneof![4 => Just(HEAD.to_owned()), 1 => any::<String>()];
    let review = (one(), state, sha).prop_map(|(comment, state, commit)| Review { comment, state, commit });
    let level = prop::sample::select(vec![RoleLevel::None, RoleLevel::Read, RoleLevel::Maintain, RoleLevel::Admin]);
    let phase = prop::sample::select(vec![ApplyPhase::Claimed, ApplyPhase::Applied, ApplyPhase::Failed]);
    let run = (any::<u64>(), 0_u64..3, prop::collection::vec(account(), 0..2))
        .prop_map(|(id, attempt, actors)| RunInfo { id, attempt, head_sha: HEAD.into(), actors });
    let kind = prop_oneof![
        8 => prop::collection::vec(one(), 1..4).prop_map(Break::Comments),
        3 => prop::collection::vec(review, 1..3).prop_map(Break::Reviews),
        1 => prop::collection::vec(commit(), 0..3).prop_map(Break::Commits),
        1 => prop::collection::vec(push(), 0..3).prop_map(Break::Pushes),
        1 => prop::collection::vec(event(), 1..3).prop_map(Break::Timeline),
        1 => prop::collection::vec((0_u64..10, level), 0..5).prop_map(Break::People),
        1 => Just(Break::NoPeople),
        1 => (prop::bool::weighted(0.3), phase).prop_map(|(mine, phase)| Break::Record(mine, phase)),
        1 => prop::option::of(run).prop_map(Break::Run),
        1 => (any::<u8>(), any::<String>()).prop_map(|(which, text)| Break::Pull(which, text)),
        1 => prop::collection::vec(any::<String>(), 0..4).prop_map(Break::Files),
        1 => any::<String>().prop_map(Break::Owners),
        1 => Just(Break::Reorder),
    ];
    prop::collection::vec(kind, 0..5)
}

fn apply(snapshot: &mut Snapshot, broken: Break, subject: Digest) {
    match broken {
        Break::Comments(more) => snapshot.comments.extend(more),
        Break::Reviews(more) => snapshot.reviews.extend(more),
        Break::Commits(all) => snapshot.commits = all,
        Break::Pushes(all) => snapshot.pushes = all,
        Break::Timeline(more) => snapshot.timeline.extend(more),
        Break::People(some) => {
            let person = |level| Person { role: Role { level, custom: None }, teams: BTreeSet::new() };
            snapshot.people.extend(some.into_iter().map(|(id, level)| (UserId(id), person(level))));
        }
        Break::NoPeople => snapshot.people.clear(),
        Break::Record(mine, phase) => {
            let subject = if mine { subject } else { Digest::of(b"other") };
            snapshot.records.push(ApplyRecord { key: "k".into(), subject, phase });
        }
        Break::Run(run) => snapshot.plan_run = run,
        Break::Pull(which, text) => {
            let pull = &mut snapshot.pull;
            match which % 10 {
                0 => pull.state = PullState::Closed,
                1 => pull.state = PullState::Merged,
                2 => pull.draft = true,
                3 => pull.locked = true,
                4 => pull.head_sha = text,
                5 => pull.base_ref = text,
                6 => pull.head_repo = None,
                7 => pull.author = None,
                8 => pull.number = 8,
                _ => snapshot.repo_id = 7,
            }
        }
        Break::Files(files) => snapshot.changed_files = files,
        Break::Owners(text) => snapshot.code_owners = CodeOwners::parse(&text),
        Break::Reorder => {
            snapshot.comments.reverse();
            snapshot.reviews.reverse();
            snapshot.commits.reverse();
            snapshot.pushes.reverse();
            snapshot.timeline.reverse();
        }
    }
}

/// Whether somebody's word could stop this: an approver under any of [`RULES`], the author, or nobody knows who.
fn may_stop(snapshot: &Snapshot, who: Option<&Account>) -> bool {
    let Some(who) = who else { return true };
    let level = snapshot.people.get(&who.id).map_or(RoleLevel::None, |person| person.role.level);
    who.kind == AccountKind::User
        && (level >= RoleLevel::Maintain || snapshot.pull.author.as_ref().map(|author| author.id) == Some(who.id))
}

/// Why this window must not be open, read from the facts alone.
fn objection(world: &World, window: &Window, count: usize, seconds: i64) -> Option<&'static str> {
    let (snapshot, subject) = (&world.snapshot, &world.subject);
    let (now, parts) = (at(seconds), subject.parts());
    let pull = &snapshot.pull;
    if !(window.opens() <= now && now < window.expires()) || window.subject() != subject.digest() {
        return Some("the window is not now, or another's");
    }
    if pull.head_sha != parts.head_sha || pull.base_ref != parts.target_ref || pull.number != parts.pr_number {
        return Some("the pull request is another");
    }
    if snapshot.repo_id != parts.repo_id || pull.head_repo != Some(snapshot.repo_id) {
        return Some("the repository is another");
    }
    if pull.state == PullState::Closed || pull.draft || pull.locked {
        return Some("the pull request is closed");
    }
    if snapshot.records.iter().any(|record| record.subject == subject.digest()) {
        return Some("it was applied");
    }
    if !snapshot.commits.iter().any(|commit| commit.sha == HEAD) || !snapshot.pushes.iter().any(|p| p.after == HEAD) {
        return Some("nobody knows how the head came about");
    }
    let hands = |id: UserId| {
        let of = |account: Option<&Account>| account.map(|account| account.id) == Some(id);
        of(pull.author.as_ref())
            || snapshot
                .commits
                .iter()
                .flat_map(|commit| &commit.people)
                .any(|person| matches!(person, Attribution::User(account) if account.id == id))
            || snapshot
                .timeline
                .iter()
                .any(|event| matches!(event, TimelineEvent::ForcePushed { by, .. } if of(by.as_ref())))
    };
    let pushed = snapshot.pushes.iter().filter(|push| push.after == HEAD).map(|push| push.at).max()?;
    let texts = || snapshot.texts();
    let stopped = |since: Timestamp| {
        texts().any(|(text, _)| {
            text.created_at >= since
                && (text.body.starts_with("/tollgate revoke because no") || text.edited_by_others())
                && may_stop(snapshot, text.author.as_ref())
        }) || snapshot.timeline.iter().any(|event| match event {
            TimelineEvent::CommentDeleted { author, at } => *at >= since && may_stop(snapshot, author.as_ref()),
            TimelineEvent::TargetChanged { at } => *at >= since,
            _ => false,
        })
    };
    let digest = subject.digest().to_string();
    let live: BTreeSet<UserId> = texts()
        .filter(|(text, review)| {
            !text.edits.edited
                && !text.minimised
                && !text.by_email
                && !text.via_app
                && text.body.starts_with("/tollgate approve 30m ")
                && text.body.contains(&digest)
                && text.created_at > pushed
                && text.created_at <= now
                && now.duration_since(text.created_at).as_secs() < 30 * 60
                && review.is_none_or(|review| review.state == ReviewState::Approved && review.commit == HEAD)
                && !stopped(text.created_at)
        })
        .filter_map(|(text, _)| text.author.as_ref())
        .filter(|author| author.kind == AccountKind::User && !hands(author.id))
        .map(|author| author.id)
        .collect();
    (live.len() < count).then_some("too few live approvals")
}

/// 5,000 pull requests, sound ones with something broken about them; none panics, none is open without reason.
#[test]
fn any_snapshot_gives_a_state_and_none_opens_without_reason() {
    let line = World::new().line("30m");
    let digest = World::new().subject.digest().to_string();
    let good = (0_usize..RULES.len(), prop::bool::weighted(0.8), prop::bool::weighted(0.5), 0_i64..4000);
    let (mut open, mut undecided, mut other) = (0_u32, 0_u32, 0_u32);
    let mut runner = TestRunner::new(Config { cases: 5000, failure_persistence: None, ..Config::default() });
    let counts = std::cell::RefCell::new((&mut open, &mut undecided, &mut other));
    let done = runner.run(&(good, breaks(line, digest)), |((rule, alice, bob, look), broken)| {
        let mut world = World::new().rules(RULES[rule]);
        if alice {
            world.approve(ALICE, "30m", 60);
        }
        if bob {
            world.approve(BOB, "30m", 90);
        }
        let subject = world.subject.digest();
        for one in broken {
            apply(&mut world.snapshot, one, subject);
        }
        let mut counts = counts.borrow_mut();
        match world.state(look) {
            State::Open(window) => {
                *counts.0 += 1;
                let count = if matches!(rule, 1 | 3) { 2 } else { 1 };
                let why = objection(&world, &window, count, look);
                prop_assert!(why.is_none(), "{why:?}");
            }
            State::Undecided(_) => *counts.1 += 1,
            _ => *counts.2 += 1,
        }
        // The same facts give the same state.
        prop_assert_eq!(world.state(look), world.state(look));
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    // Cases of every sort, or the property would hold of nothing.
    assert!(open > 250 && undecided > 250 && other > 250, "{open} open, {undecided} undecided, {other} others");
}
