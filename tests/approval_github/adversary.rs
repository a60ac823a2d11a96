//! Attacks beyond the table: races with the reading, names that look alike, commits by nobody, floods.

use tollgate::approval::{BanReason, NotCounted, State, Subject};

use crate::fake_github::{Commit, Race};
use crate::site::{ALICE, AUTHOR, BOB, CAROL, HEAD, STRANGER, Site};

fn why(site: &Site) -> NotCounted {
    let judgement = site.judge();
    assert!(!matches!(judgement.state(), State::Open(_)), "{judgement:?}");
    judgement.rejected.first().unwrap_or_else(|| panic!("{judgement:?}")).why.clone()
}

fn approval(state: &crate::fake_github::State) -> u64 {
    state.comments.iter().find(|comment| comment.author == Some(ALICE)).unwrap().id
}

/// Whatever takes an approval away is seen, at whichever point of the reading it happens.
#[test]
fn nothing_slips_in_while_the_pull_request_is_read() {
    let races: [(&str, Race); 9] = [
        ("revoked", |state| {
            state.comment(7, BOB, "/tollgate revoke");
        }),
        ("vetoed", |state| {
            state.review(7, BOB, "CHANGES_REQUESTED", "no");
        }),
        ("edited", |state| state.edit(approval(state), STRANGER, "x")),
        ("deleted", |state| state.delete(approval(state), STRANGER)),
        ("retargeted", |state| state.retarget(7, "lax")),
        ("pushed", |state| {
            let commit = Commit { sha: "2".repeat(40), ..state.pulls[&7].commits[0].clone() };
            state.push(7, AUTHOR, commit, "push");
        }),
        ("forced away and back", |state| {
            let first = state.pulls[&7].commits[0].clone();
            state.push(7, AUTHOR, Commit { sha: "2".repeat(40), ..first.clone() }, "force_push");
            state.push(7, AUTHOR, first, "force_push");
        }),
        ("revoked, and the revocation deleted", |state| {
            let revoke = state.comment(7, BOB, "/tollgate revoke");
            state.delete(revoke, STRANGER);
        }),
        ("closed", |state| {
            state.wait(1);
            let now = state.now;
            let pull = state.pulls.get_mut(&7).unwrap();
            (pull.state, pull.updated_at) = ("closed", now);
        }),
    ];
    let calls = {
        let site = Site::new();
        site.approve(ALICE);
        site.github.control().log.clear();
        assert!(site.is_open());
        site.github.control().log.len()
    };
    for (name, race) in races {
        for at in 0..calls {
            let site = Site::new();
            site.approve(ALICE);
            site.github.control().race(at, race);
            assert!(!site.is_open(), "{name} before call {at}");
        }
    }
}

/// Somebody who writes all the time keeps tollgate from deciding, and opens nothing.
#[test]
fn a_pull_request_that_never_stands_still_is_undecided() {
    let site = Site::new();
    site.approve(ALICE);
    for at in 0..60 {
        site.github.control().race(at, |state| {
            state.comment(7, STRANGER, "noise");
        });
        assert!(site.is_open(), "one comment is read again");
        if at > 2 {
            break;
        }
    }
    let noise = |site: &Site| {
        let mut control = site.github.control();
        control.race(0, |state| {
            state.comment(7, STRANGER, "noise");
        });
        for at in 1..200 {
            control.also_race(at, |state| {
                state.comment(7, STRANGER, "noise");
            });
        }
    };
    noise(&site);
    assert!(site.is_undecided());
}

#[test]
fn a_name_that_looks_alike_is_another_name() {
    let named = |id: usize, login: &'static str| {
        let mut site = Site::new();
        site.rules("[[rules]]\nname = \"m\"\nrequires = { any_of = [\"user:alice\"] }");
        site.github.state().people[1].login = "somebody";
        site.github.state().people[id].login = login;
        site
    };
    // Cyrillic and Turkish letters, and characters that do not show.
    for login in ["\u{430}lice", "alice\u{200b}", "al\u{131}ce", "AL\u{130}CE", "alice-"] {
        let site = named(4, login);
        site.approve(STRANGER);
        assert_eq!(why(&site), NotCounted::NotEligible, "{login}");
    }
    let site = named(1, "Alice");
    site.approve(ALICE);
    assert!(site.is_open(), "letters' case does not matter to GitHub");
}

#[test]
fn a_commit_authored_by_the_forges_own_account_is_by_nobody_known() {
    let site = Site::new();
    {
        let mut state = site.github.state();
        let flow = crate::fake_github::Person { id: 60, login: "web-flow", kind: "User", role: ("none", "none") };
        state.people.push(flow);
        let commit = &mut state.pulls.get_mut(&7).unwrap().commits[0];
        commit.committer = ("noreply@github.com", Some(60));
    }
    site.approve(ALICE);
    assert!(site.is_open(), "as a committer it stands for the author");
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].authors = vec![("noreply@github.com", Some(60))];
    assert!(matches!(why(&site), NotCounted::Nobody(_)));
    // A co-author who is known does not make the author known.
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].authors.push(("bob@example.org", Some(BOB)));
    assert!(matches!(why(&site), NotCounted::Nobody(_)));
}

#[test]
fn co_author_lines_in_odd_letters_are_read() {
    for line in [
        "CO-AUTHORED-BY: B <BOB@Example.org>",
        "co-authored-by:B<bob@example.org>",
        "\tCo-Authored-By : B <bob@example.org> ",
    ] {
        let site = Site::new();
        {
            let mut state = site.github.state();
            let commit = &mut state.pulls.get_mut(&7).unwrap().commits[0];
            commit.message = format!("x\r\n\r\n{line}\r\n");
        }
        site.approve(ALICE);
        assert!(matches!(why(&site), NotCounted::Nobody(_)), "GitHub did not resolve {line:?}");
        site.github.state().pulls.get_mut(&7).unwrap().commits[0].authors.push(("bob@example.org", Some(BOB)));
        assert!(site.is_open(), "{line:?}");
        site.approve(BOB);
        let judgement = site.judge();
        let bob = judgement.rejected.iter().find(|one| one.by.as_ref().is_some_and(|by| by.id.0 == BOB)).unwrap();
        assert!(matches!(bob.why, NotCounted::Banned(BanReason::Commit(_))), "{bob:?}");
    }
}

#[test]
fn an_approval_of_another_stack_of_the_same_commit_opens_nothing() {
    let site = Site::new();
    let mut parts = site.subject.parts().clone();
    parts.stack = "envs/dev:default".parse().unwrap();
    let other = Subject::new(parts);
    let line = format!("{}ticket OPS-77", other.approval_line("30m".parse().unwrap()).unwrap());
    site.github.state().comment(7, ALICE, &line);
    assert!(matches!(why(&site), NotCounted::OtherSubject(_)));
    // Nor does this digest with the other stack's name.
    let crossed = site.line().replace("stack=envs/prod:default", "stack=envs/dev:default");
    assert_ne!(crossed, site.line());
    site.github.state().comment(7, BOB, &crossed);
    assert!(!site.is_open());
}

#[test]
fn accounts_of_other_kinds_do_not_count() {
    for kind in ["Bot", "Organization", "Mannequin", "EnterpriseUserAccount", "user"] {
        let site = Site::new();
        site.github.state().people[1].kind = kind;
        site.approve(ALICE);
        assert_eq!(why(&site), NotCounted::NotAPerson, "{kind}");
        let site = Site::new();
        site.github.state().people[1].kind = kind;
        let line = site.line();
        site.github.state().review(7, ALICE, "APPROVED", &line);
        assert_eq!(why(&site), NotCounted::NotAPerson, "{kind} by a review");
    }
}

#[test]
fn a_deleted_comment_of_an_account_without_a_number_may_have_been_anybodys() {
    let site = Site::new();
    site.github.state().people[4].kind = "Mannequin";
    let comment = site.github.state().comment(7, STRANGER, "x");
    site.approve(ALICE);
    assert!(site.is_open());
    site.github.state().delete(comment, AUTHOR);
    assert!(matches!(why(&site), NotCounted::CommentDeleted(_)));
    // A bot's is not: its comments come and go.
    let site = Site::new();
    let comment = site.github.state().comment(7, 41, "report");
    site.approve(ALICE);
    site.github.state().delete(comment, AUTHOR);
    assert!(site.is_open());
}

#[test]
fn a_team_that_was_renamed_is_undecided() {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"t\"\nrequires = { any_of = [\"team:org/iam\"] }");
    site.github.state().tokens.get_mut("ghs_token").unwrap().permissions.insert("members: read");
    site.github.state().teams.insert("org/iam", [ALICE].into());
    site.approve(ALICE);
    assert!(site.is_open());
    let members = site.github.state().teams.remove("org/iam").unwrap();
    site.github.state().teams.insert("org/identity", members);
    assert!(site.is_undecided());
}

/// More comments than are read to the end: nothing is decided by the first ones.
#[test]
fn a_flood_of_comments_is_undecided() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().page = 1;
    for _ in 0..200 {
        site.github.state().comment(7, STRANGER, "flood");
    }
    assert!(site.is_undecided());
    site.github.state().page = 100;
    assert!(site.is_open(), "as many in whole pages are read");
}

#[test]
fn two_windows_that_do_not_overlap_are_none() {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"m\"\nrequires = { count = 2, any_of = [\"role:maintain\"] }");
    let line = site.line().replace("30m", "5m");
    site.github.state().comment(7, ALICE, &line);
    assert_eq!(site.state(), State::Partial);
    site.github.state().wait(300);
    let long = site.line().replace("30m", "1h");
    site.github.state().comment(7, BOB, &long);
    assert!(!site.is_open(), "the first ended before the second began");
    site.github.state().comment(7, CAROL, &line);
    let State::Open(window) = site.state() else { panic!("two are live") };
    let carol = site.github.state().comments.last().unwrap().created_at;
    assert_eq!((window.opens(), window.expires()), (carol, carol + jiff::SignedDuration::from_secs(300)));
}

#[test]
fn a_review_of_an_older_commit_or_one_that_was_dismissed_does_not_count() {
    let site = Site::new();
    let line = site.line();
    let review = site.github.state().review(7, ALICE, "APPROVED", &line);
    assert!(site.is_open());
    site.github.state().reviews[0].commit = "2".repeat(40);
    assert_eq!(why(&site), NotCounted::ReviewOfOther);
    site.github.state().reviews[0].commit = HEAD.into();
    site.github.state().dismiss(review, AUTHOR);
    assert_eq!(why(&site), NotCounted::ReviewOfOther);
    // Nor does a review that only comments.
    site.github.state().review(7, BOB, "COMMENTED", &line);
    assert!(!site.is_open());
}
