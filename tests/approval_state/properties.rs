//! Properties: over any history, a window is open only when somebody who may has approved this very plan, and
//! nothing since took it back.

use proptest::prelude::*;
use tollgate::approval::{ApplyPhase, ApplyRecord, Digest, ReviewState, State, TimelineEvent, UserId};

use crate::world::{ALICE, AUTHOR, BOB, CAROL, STRANGER, World, at, user};

#[derive(Clone, Debug)]
enum Event {
    Approve { by: u64, minutes: u32, edited: bool },
    ApproveOther { by: u64 },
    Revoke { by: u64 },
    Text { by: u64, edited_by: Option<u64> },
    Review { by: u64, state: ReviewState },
    Deleted { by: u64 },
    Retargeted,
    Record,
}

fn people() -> impl Strategy<Value = u64> {
    prop::sample::select(vec![AUTHOR, ALICE, BOB, CAROL, STRANGER])
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (people(), 5_u32..90, prop::bool::weighted(0.1))
            .prop_map(|(by, minutes, edited)| Event::Approve { by, minutes, edited }),
        1 => people().prop_map(|by| Event::ApproveOther { by }),
        1 => people().prop_map(|by| Event::Revoke { by }),
        1 => (people(), prop::option::of(people())).prop_map(|(by, edited_by)| Event::Text { by, edited_by }),
        1 => (people(), prop::sample::select(vec![ReviewState::Approved, ReviewState::ChangesRequested, ReviewState::Dismissed]))
            .prop_map(|(by, state)| Event::Review { by, state }),
        1 => people().prop_map(|by| Event::Deleted { by }),
        1 => Just(Event::Retargeted),
        1 => Just(Event::Record),
    ]
}

fn play(history: &[(i64, Event)], count: usize) -> World {
    let rules = format!("[[rules]]\nname = \"m\"\nrequires = {{ count = {count}, any_of = [\"role:maintain\"] }}");
    let mut world = World::new().rules(&rules);
    for (seconds, event) in history {
        let seconds = *seconds;
        match event {
            Event::Approve { by, minutes, edited } => {
                world.approve(*by, &format!("{minutes}m"), seconds).edits.edited = *edited;
            }
            Event::ApproveOther { by } => {
                let line =
                    world.line("30m").replace(&world.subject.digest().to_string(), &Digest::of(b"x").to_string());
                world.comment(*by, &line, seconds);
            }
            Event::Revoke { by } => {
                world.comment(*by, "/tollgate revoke", seconds);
            }
            Event::Text { by, edited_by } => {
                let edits = &mut world.comment(*by, "hello", seconds).edits;
                edits.edited = edited_by.is_some();
                edits.editors = edited_by.iter().map(|id| Some(UserId(*id))).collect();
            }
            Event::Review { by, state } => {
                world.review(*by, *state, "", seconds);
            }
            Event::Deleted { by } => {
                world.snapshot.timeline.push(TimelineEvent::CommentDeleted { author: Some(user(*by)), at: at(seconds) })
            }
            Event::Retargeted => world.snapshot.timeline.push(TimelineEvent::TargetChanged { at: at(seconds) }),
            Event::Record => world.snapshot.records.push(ApplyRecord {
                key: "k".into(),
                subject: world.subject.digest(),
                phase: ApplyPhase::Claimed,
            }),
        }
    }
    world
}

fn may(by: u64) -> bool {
    by != STRANGER
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// An independent reading of the rules: each open window has enough approvals by different people who are not
    /// the author, each unedited, begun and not over, with nothing since that takes it back.
    #[test]
    fn open_only_with_live_approvals(
        history in prop::collection::vec((-60_i64..7200, events()), 0..8),
        count in 1_usize..3,
        look in 7200_i64..9000,
    ) {
        let world = play(&history, count);
        if let State::Open(window) = world.state(look) {
            prop_assert!(window.opens() <= at(look) && at(look) < window.expires());
            prop_assert!(!history.iter().any(|(_, e)| matches!(e, Event::Record)));
            let live = |person: u64| history.iter().any(|(then, event)| {
                let Event::Approve { by, minutes, edited: false } = event else { return false };
                let until = then + i64::from(*minutes).min(240) * 60;
                let killed = history.iter().any(|(later, event)| *later >= *then && match event {
                    Event::Revoke { by } | Event::Deleted { by } => may(*by),
                    Event::Text { by, edited_by: Some(editor) } => may(*by) && by != editor,
                    Event::Retargeted => true,
                    _ => false,
                });
                *by == person && *then > 0 && look < until && !killed
            });
            let people = [ALICE, BOB, CAROL].into_iter().filter(|p| live(*p)).count();
            prop_assert!(people >= count, "{people} of {count}");
        }
    }

    /// Never open for another digest, whatever has been said about this one.
    #[test]
    fn never_open_for_another_subject(
        history in prop::collection::vec((1_i64..3600, events()), 0..8),
        part in any::<[u8; 4]>(),
    ) {
        let mut world = play(&history, 1);
        let mut parts = world.subject.parts().clone();
        parts.plan_sha256 = Digest::of(&part);
        world.subject = tollgate::approval::Subject::new(parts);
        prop_assert!(!world.is_open(3700));
    }

    /// Never open before the first approval or at and after the end of the last.
    #[test]
    fn never_open_outside(history in prop::collection::vec((600_i64..3600, events()), 0..8)) {
        let world = play(&history, 1);
        let first = history.iter().filter(|(_, e)| matches!(e, Event::Approve { .. })).map(|(t, _)| *t).min();
        if let Some(first) = first {
            let early = play(&history.iter().filter(|(t, _)| *t <= first).cloned().collect::<Vec<_>>(), 1);
            prop_assert!(!early.is_open(first - 1));
        }
        prop_assert!(!world.is_open(3600 + 90 * 60));
    }

    /// The order in which a forge lists things does not matter.
    #[test]
    fn order_of_pages_does_not_matter(
        history in prop::collection::vec((1_i64..3600, events()), 0..8),
        look in 3600_i64..7200,
    ) {
        let mut world = play(&history, 1);
        let state = world.state(look);
        world.snapshot.comments.reverse();
        world.snapshot.reviews.reverse();
        world.snapshot.timeline.reverse();
        prop_assert_eq!(world.state(look), state);
    }

    /// Once somebody who may has revoked, nothing said before opens a window again.
    #[test]
    fn never_open_after_a_revocation(
        history in prop::collection::vec((1_i64..3600, events()), 0..8),
        by in prop::sample::select(vec![AUTHOR, ALICE, BOB, CAROL]),
        look in 3600_i64..9000,
    ) {
        let mut world = play(&history, 1);
        world.comment(by, "/tollgate revoke", 3600);
        prop_assert!(!world.is_open(look));
    }

    /// A window lies within as many approvals by different people as the rule asks for.
    #[test]
    fn a_window_lies_within_enough_approvals(
        history in prop::collection::vec((1_i64..3600, events()), 0..10),
        count in 1_usize..4,
        look in 1_i64..9000,
    ) {
        let world = play(&history, count);
        let judgement = world.judge(look);
        if let State::Open(window) = judgement.state() {
            let around = judgement.counted.iter().filter(|one| one.at <= window.opens() && window.expires() <= one.until);
            let people: std::collections::BTreeSet<_> = around.map(|one| one.by.id).collect();
            prop_assert!(people.len() >= count, "{people:?} of {count}");
            prop_assert_eq!(window.subject(), world.subject.digest());
        }
    }
}
