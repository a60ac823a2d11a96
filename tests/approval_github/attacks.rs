//! Rows of the attack table over the wire. The numbers are those of `docs/approval.md`.

use serde_json::json;
use tollgate::approval::{BanReason, Doubt, NotCounted, State};

use crate::fake_github::{Clock, Commit};
use crate::site::{ALICE, AUTHOR, BOB, CAROL, HEAD, STRANGER, Site, client, patience};

/// Why the first approval does not count.
fn why(site: &Site) -> NotCounted {
    let judgement = site.judge();
    assert!(!matches!(judgement.state(), State::Open(_)), "{judgement:?}");
    match judgement.rejected.first() {
        Some(rejected) => rejected.why.clone(),
        None => panic!("{judgement:?}"),
    }
}

fn commit(sha: &str, author: Option<u64>) -> Commit {
    Commit {
        sha: sha.repeat(40),
        message: "more".into(),
        parents: vec![HEAD.into()],
        authors: vec![("x@example.org", author)],
        committer: ("x@example.org", author),
        signed_by_github: false,
    }
}

#[test]
fn an_eligible_comment_opens_the_window() {
    let site = Site::new();
    assert_eq!(site.state(), State::Pending);
    site.approve(ALICE);
    assert!(site.is_open());
}

#[test]
fn enterprise_addresses_work() {
    let site = Site::at(crate::fake_github::FakeGitHub::enterprise_url);
    site.approve(ALICE);
    assert!(site.is_open());
    assert!(site.github.control().log.iter().all(|call| call.path.starts_with("/api/")));
}

#[test]
fn a01_author_of_the_pull_request() {
    let site = Site::new();
    site.approve(AUTHOR);
    assert_eq!(why(&site), NotCounted::Banned(BanReason::Author));
}

#[test]
fn a02_author_by_a_review() {
    let site = Site::new();
    let line = site.line();
    site.github.state().review(7, AUTHOR, "APPROVED", &line);
    assert_eq!(why(&site), NotCounted::Banned(BanReason::Author));
    site.github.state().review(7, ALICE, "APPROVED", &line);
    assert!(site.is_open());
}

#[test]
fn a03_author_of_a_commit() {
    let site = Site::new();
    site.github.state().push(7, AUTHOR, commit("2", Some(ALICE)), "push");
    let mut site = site;
    let mut parts = site.subject.parts().clone();
    parts.head_sha = "2".repeat(40);
    site.subject = tollgate::approval::Subject::new(parts);
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Banned(BanReason::Commit(_))));
}

#[test]
fn a04_commit_by_the_second_parent_of_a_merge() {
    let site = Site::new();
    {
        let mut state = site.github.state();
        let pull = state.pulls.get_mut(&7).unwrap();
        pull.commits[0].parents.push("4".repeat(40));
        pull.commits.push(commit("4", Some(ALICE)));
    }
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Banned(BanReason::Commit(_))));
}

#[test]
fn a05_co_author() {
    let site = Site::new();
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].authors.push(("alice@example.org", Some(ALICE)));
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Banned(BanReason::Commit(_))));
}

#[test]
fn a05_a_co_author_line_that_the_forge_does_not_resolve_is_somebody_unknown() {
    let site = Site::new();
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].message = "x\n\nCo-authored-by: A <a@nowhere>".into();
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Nobody(_)));
}

#[test]
fn a06_pusher_of_commits_in_another_name() {
    let site = Site::new();
    site.github.state().pushes[0].actor = Some(ALICE);
    site.approve(ALICE);
    assert_eq!(why(&site), NotCounted::Banned(BanReason::Pusher));
}

#[test]
fn a07_commit_without_an_account() {
    let site = Site::new();
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].authors[0].1 = None;
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Nobody(_)));
}

#[test]
fn a07_the_forges_own_committer_counts_only_with_the_forges_signature() {
    let site = Site::new();
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].committer = ("noreply@github.com", None);
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Nobody(_)));
    site.github.state().pulls.get_mut(&7).unwrap().commits[0].signed_by_github = true;
    assert!(site.is_open());
}

#[test]
fn a08_pull_request_by_a_bot_and_the_starter_of_its_run() {
    let mut site = Site::new();
    site.github.state().pulls.get_mut(&7).unwrap().author = Some(41);
    site.approve(ALICE);
    assert_eq!(site.state(), State::Partial);
    site.approve(BOB);
    assert!(site.is_open());

    let alice = site.github.state().user(Some(ALICE));
    let author = site.github.state().user(Some(AUTHOR));
    let run = |attempt: u64, by: &serde_json::Value| json!({ "id": 5, "run_attempt": attempt, "head_sha": HEAD, "actor": author, "triggering_actor": by });
    let attempts = vec![run(1, &alice), run(2, &author)];
    site.github.state().runs.insert(5, attempts);
    site.with_run(5);
    let line = site.line();
    site.github.state().comment(7, ALICE, &line);
    let judgement = site.judge();
    let reasons: Vec<_> = judgement.rejected.iter().map(|r| &r.why).collect();
    assert!(reasons.contains(&&NotCounted::Banned(BanReason::PlanRun)), "an earlier attempt counts: {reasons:?}");
    site.with_run(6);
    assert!(site.is_undecided(), "a run that does not exist");
}

#[test]
fn a09_bots_and_apps() {
    let site = Site::new();
    site.approve(41);
    assert_eq!(why(&site), NotCounted::NotAPerson);
    let site = Site::new();
    let id = site.approve(ALICE);
    site.github.state().comment_mut(id).via_app = true;
    assert_eq!(why(&site), NotCounted::ViaApp);
}

#[test]
fn a10_comment_edited_into_an_approval_within_its_first_second() {
    let site = Site::new();
    let line = site.line();
    let id = site.github.state().comment(7, ALICE, "nice work");
    // REST then shows `updated_at == created_at`.
    site.github.state().edit(id, STRANGER, &line);
    assert_eq!(why(&site), NotCounted::Edited);
}

#[test]
fn a11_edited_and_edited_back() {
    let site = Site::new();
    let line = site.line();
    let id = site.approve(ALICE);
    site.github.state().edit(id, STRANGER, "x");
    site.github.state().edit(id, STRANGER, &line);
    assert_eq!(why(&site), NotCounted::Edited);
}

#[test]
fn a12_deleting_the_revocation_does_not_revive() {
    let site = Site::new();
    site.approve(ALICE);
    let revoke = site.github.state().comment(7, BOB, "/tollgate revoke");
    assert_eq!(site.state(), State::Revoked);
    site.github.state().delete(revoke, STRANGER);
    assert!(matches!(why(&site), NotCounted::CommentDeleted(_)));
}

#[test]
fn a12_editing_the_revocation_does_not_revive() {
    let site = Site::new();
    site.approve(ALICE);
    let revoke = site.github.state().comment(7, BOB, "/tollgate revoke");
    site.github.state().edit(revoke, STRANGER, "lgtm");
    assert!(matches!(why(&site), NotCounted::CommentEdited(_)));
}

#[test]
fn a13_dismissing_a_veto_does_not_lift_it() {
    let site = Site::new();
    let veto = site.github.state().review(7, BOB, "CHANGES_REQUESTED", "no");
    site.approve(ALICE);
    assert_eq!(site.state(), State::Revoked);
    site.github.state().dismiss(veto, AUTHOR);
    assert_eq!(site.state(), State::Revoked);
}

#[test]
fn a14_editing_the_duration() {
    let site = Site::new();
    let id = site.approve(ALICE);
    let longer = site.line().replace("30m", "4h");
    site.github.state().edit(id, ALICE, &longer);
    assert_eq!(why(&site), NotCounted::Edited);
}

#[test]
fn a15_a16_an_approval_copied_to_another_pull_request() {
    let site = Site::new();
    let line = site.line();
    let mut other = site.github.state().pulls[&7].clone();
    other.number = 8;
    site.github.state().pulls.insert(8, other);
    site.github.state().comment(8, ALICE, &line);
    let mut site = site;
    let mut parts = site.subject.parts().clone();
    parts.pr_number = 8;
    site.subject = tollgate::approval::Subject::new(parts);
    assert!(matches!(why(&site), NotCounted::OtherSubject(_)));
}

#[test]
fn a17_push_after_the_approval() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().push(7, AUTHOR, commit("2", Some(AUTHOR)), "push");
    assert!(matches!(site.state(), State::Superseded(_)));
}

#[test]
fn a18_forced_back_to_the_approved_commit() {
    let site = Site::new();
    site.approve(ALICE);
    let first = site.github.state().pulls[&7].commits[0].clone();
    site.github.state().push(7, AUTHOR, commit("2", Some(AUTHOR)), "push");
    site.github.state().push(7, AUTHOR, first, "force_push");
    assert_eq!(why(&site), NotCounted::BeforePush);
}

#[test]
fn a26_a_local_clock_set_back_or_forward() {
    let site = Site::new();
    site.approve(ALICE);
    for skew in [-3600, -61, 61, 3600] {
        let judgement = site.judge_with(&site.forge, skew);
        assert!(matches!(judgement.state(), State::Undecided(Doubt::ClockSkew(_))), "{skew}: {judgement:?}");
    }
    assert!(matches!(site.judge_with(&site.forge, 59).state(), State::Open(_)));
}

#[test]
fn a26_a_window_that_is_over_by_the_servers_clock() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().wait(1800);
    assert_eq!(site.state(), State::Expired);
}

#[test]
fn a27_a_cached_answer_or_one_without_a_date() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.control().clock = Clock::Cached(5);
    assert_eq!(site.state(), State::Undecided(Doubt::StaleAnswer(5)));
    site.github.control().clock = Clock::Missing;
    assert!(site.is_undecided());
    site.github.control().clock = Clock::True;
    assert!(site.is_open());
}

#[test]
fn a36_everything_beyond_the_first_page_counts() {
    let site = Site::new();
    site.github.state().page = 2;
    for text in ["a", "b", "c", "d", "e"] {
        site.github.state().comment(7, STRANGER, text);
    }
    site.approve(ALICE);
    assert!(site.is_open());
    for text in ["f", "g"] {
        site.github.state().comment(7, STRANGER, text);
    }
    site.github.state().comment(7, BOB, "/tollgate revoke");
    assert_eq!(site.state(), State::Revoked);
}

#[test]
fn a36_a_commit_or_veto_on_a_late_page_counts() {
    let site = Site::new();
    site.github.state().page = 1;
    for (sha, author) in [("3", AUTHOR), ("4", ALICE)] {
        site.github.state().pulls.get_mut(&7).unwrap().commits.push(commit(sha, Some(author)));
    }
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Banned(BanReason::Commit(_))));
    site.approve(BOB);
    assert!(site.is_open());
    site.github.state().review(7, STRANGER, "COMMENTED", "");
    site.github.state().review(7, CAROL, "CHANGES_REQUESTED", "");
    assert_eq!(site.state(), State::Revoked);
}

#[test]
fn a37_more_than_can_be_listed() {
    let site = Site::new();
    site.approve(ALICE);
    let files = (0..3001).map(|n| format!("f{n}")).collect();
    site.github.state().pulls.get_mut(&7).unwrap().files = files;
    assert!(site.is_undecided());
}

#[test]
fn a37_300_commits_are_read_to_the_last() {
    let site = Site::new();
    for number in 0..300 {
        let author = if number == 299 { ALICE } else { AUTHOR };
        let mut more = commit("5", Some(author));
        more.sha = format!("{number:040}");
        site.github.state().pulls.get_mut(&7).unwrap().commits.push(more);
    }
    site.approve(ALICE);
    assert!(matches!(why(&site), NotCounted::Banned(BanReason::Commit(_))));
}

#[test]
fn a39_retargeted_and_back() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().retarget(7, "lax");
    assert!(matches!(site.state(), State::Superseded(_)));
    site.github.state().retarget(7, "main");
    assert_eq!(why(&site), NotCounted::TargetChanged);
}

#[test]
fn a41_rights_lost_since() {
    let site = Site::new();
    site.approve(ALICE);
    assert!(site.is_open());
    site.github.state().people[1].role = ("write", "write");
    assert_eq!(why(&site), NotCounted::NotEligible);
}

#[test]
fn a42_a_name_that_changed_hands() {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"m\"\nrequires = { any_of = [\"user:2\"] }");
    {
        let mut state = site.github.state();
        state.people[1].login = "alice-renamed";
        state.people[4].login = "alice";
    }
    site.approve(STRANGER);
    assert_eq!(why(&site), NotCounted::NotEligible, "the name alone is nobody");
    site.approve(ALICE);
    assert!(site.is_open(), "the number is still the same person");
}

#[test]
fn a43_association_is_not_a_right() {
    // Every comment of the fake says `author_association: MEMBER`.
    let site = Site::new();
    site.approve(STRANGER);
    assert_eq!(why(&site), NotCounted::NotEligible);
}

#[test]
fn a45_a_forged_green_check_changes_nothing() {
    let site = Site::new();
    let green =
        json!({ "id": 1, "name": "tollgate", "head_sha": HEAD, "status": "completed", "conclusion": "success" });
    site.github.state().checks.push(green);
    assert_eq!(site.state(), State::Pending);
}

#[test]
fn a46_a_forged_report_changes_nothing() {
    let site = Site::new();
    site.github.state().comment(7, 41, "<!-- tollgate:v1 -->\nstate: approved, window open");
    assert_eq!(site.state(), State::Pending);
}

#[test]
fn a48_an_approval_and_a_revocation_in_the_same_second() {
    let site = Site::new();
    site.approve(ALICE);
    let revoke = site.github.state().comment(7, BOB, "/tollgate revoke");
    let at = site.github.state().comments[0].created_at;
    site.github.state().comment_mut(revoke).created_at = at;
    assert_eq!(site.state(), State::Revoked);
}

#[test]
fn a49_the_same_run_again_after_the_end() {
    let site = Site::new();
    site.approve(ALICE);
    assert!(site.is_open());
    site.github.state().wait(3600);
    assert_eq!(site.state(), State::Expired);
}

#[test]
fn a51_a_fork() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().pulls.get_mut(&7).unwrap().head_repo = Some(2000);
    assert!(matches!(site.state(), State::Closed(_)));
    let mut site = site;
    site.settings.forks = true;
    assert!(site.is_undecided(), "pushes to a fork cannot be read");
}

#[test]
fn a56_no_error_shows_the_token() {
    let site = Site::new();
    let stranger = client(&site.github.url(), "ghs_wrong_secret", patience());
    let error = site.observe_with(&stranger, &[]).unwrap_err().to_string();
    assert_eq!(error, "GET /repos/org/infra: 401; the token needs `metadata: read`");
    let nowhere = client("http://127.0.0.1:1", "ghs_wrong_secret", patience());
    let error = site.observe_with(&nowhere, &[]).unwrap_err().to_string();
    assert!(error.starts_with("GET /repos/org/infra: no answer: ") && !error.contains("secret"), "{error}");
    assert!(!error.contains('\n') && !error.to_lowercase().contains("backtrace"), "{error}");
    assert!(!format!("{:?}", site.forge).contains("ghs_"), "{:?}", site.forge);
}

#[test]
fn a58_by_email() {
    let site = Site::new();
    let id = site.approve(ALICE);
    site.github.state().comment_mut(id).by_email = true;
    assert_eq!(why(&site), NotCounted::ByEmail);
}

#[test]
fn a61_a_line_pasted_from_a_forged_report() {
    let site = Site::new();
    let forged = site.line().replace("risk:high/1", "risk:low/1");
    site.github.state().comment(7, ALICE, &forged);
    assert!(matches!(why(&site), NotCounted::RiskDiffers { .. }));
}

#[test]
fn minimised_approvals_are_void() {
    let site = Site::new();
    let id = site.approve(ALICE);
    site.github.state().comment_mut(id).minimised = true;
    assert_eq!(why(&site), NotCounted::Minimised);
}

#[test]
fn a_comment_whose_author_is_gone_does_not_break_the_page() {
    let site = Site::new();
    site.approve(ALICE);
    let ghost = site.github.state().comment(7, STRANGER, "hello");
    site.github.state().comment_mut(ghost).author = None;
    assert!(site.is_open());
}

#[test]
fn teams_are_asked_for_and_unreadable_ones_are_undecided() {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"t\"\nrequires = { any_of = [\"team:org/iam\"] }");
    site.approve(ALICE);
    assert!(site.is_undecided(), "GITHUB_TOKEN cannot read teams");
    {
        let mut state = site.github.state();
        state.tokens.get_mut("ghs_token").unwrap().permissions.insert("members: read");
        state.teams.insert("org/iam", [BOB].into());
    }
    assert_eq!(why(&site), NotCounted::NotEligible);
    site.github.state().teams.get_mut("org/iam").unwrap().insert(ALICE);
    assert!(site.is_open());
}

#[test]
fn code_owners_are_read_from_the_base_branch() {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"o\"\nrequires = { any_of = [\"codeowner\"] }");
    site.approve(ALICE);
    assert_eq!(why(&site), NotCounted::NotEligible);
    let put = |branch: &str, text: &str| {
        let key = (".github/CODEOWNERS".to_owned(), branch.to_owned());
        site.github.state().files.insert(key, text.as_bytes().to_vec());
    };
    put("feature/x", "* @alice");
    assert_eq!(why(&site), NotCounted::NotEligible);
    put("main", "* @alice");
    assert!(site.is_open());
}

#[test]
fn what_the_forge_says_arrives_whole() {
    let site = Site::new();
    site.github.state().review(7, BOB, "COMMENTED", "hm");
    site.approve(ALICE);
    let snapshot = site.snapshot();
    assert_eq!((snapshot.repo_id, snapshot.default_branch.as_str()), (1000, "main"));
    assert_eq!((snapshot.comments.len(), snapshot.reviews.len(), snapshot.pushes.len()), (1, 1, 1));
    assert_eq!(snapshot.pull.head_ref, "feature/x");
}
