//! The fault matrix: every call of an observation fails in every way, and no window is ever open.

use tollgate::approval::State;
use tollgate::edge::forge::{Forge, ForgeError};

use crate::fake_github::{Fault, FaultKind};
use crate::site::{ALICE, BOB, HEAD, Site, client, patience};

const KINDS: [FaultKind; 12] = [
    FaultKind::Timeout,
    FaultKind::Status(500),
    FaultKind::Status(502),
    FaultKind::Status(429),
    FaultKind::Status(401),
    FaultKind::Status(403),
    FaultKind::Status(301),
    FaultKind::RateLimit,
    FaultKind::Reset,
    FaultKind::HalfBody,
    FaultKind::CutBody,
    FaultKind::Garbage,
];

/// A site with something in every list, so that every call is made.
fn full() -> Site {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\", \"codeowner\"] }");
    let author = site.github.state().user(Some(1));
    let run =
        serde_json::json!({ "id": 5, "run_attempt": 1, "head_sha": HEAD, "actor": author, "triggering_actor": author });
    site.github.state().runs.insert(5, vec![run]);
    site.with_run(5);
    let key = (".github/CODEOWNERS".to_owned(), "main".to_owned());
    site.github.state().files.insert(key, b"* @bob".to_vec());
    site.github.state().review(7, BOB, "COMMENTED", "fine");
    site.github.state().page = 1;
    site.github.state().comment(7, BOB, "hello");
    site.approve(ALICE);
    site.impatient()
}

#[test]
fn a44_every_read_fails_in_every_way_and_nothing_opens() {
    let site = full();
    site.github.control().log.clear();
    assert!(site.is_open());
    let calls = site.github.control().log.len();
    assert!(calls > 15, "{calls}");
    let names: Vec<String> = site.github.control().log.iter().map(|call| call.path.clone()).collect();
    let now = site.github.state().now;
    for (at, name) in names.iter().enumerate() {
        for kind in KINDS {
            site.github.state().now = now;
            site.github.control().fail(&[Fault { at, kind, lasting: false }]);
            let state = site.state();
            assert!(matches!(state, State::Undecided(_)), "{kind:?} at call {at} ({name}): {state:?}");
        }
    }
    site.github.control().fail(&[]);
    assert!(site.is_open(), "and without a fault it is open again");
}

/// 404 is an answer for what may not exist: a code owners' file. Elsewhere it is a failure.
#[test]
fn a44_404_never_opens_more_than_there_is() {
    let site = full();
    site.github.control().log.clear();
    assert!(site.is_open());
    let log = site.github.control().log.clone();
    for (at, call) in log.iter().enumerate() {
        site.github.control().fail(&[Fault { at, kind: FaultKind::Status(404), lasting: false }]);
        let optional = call.path.contains("/contents/");
        assert_eq!(site.is_undecided(), !optional, "404 at {}", call.path);
    }
}

#[test]
fn a44_answers_of_another_shape_are_undecided() {
    let site = full();
    site.github.control().log.clear();
    assert!(site.is_open());
    let log = site.github.control().log.clone();
    for (at, call) in log.iter().enumerate() {
        site.github.control().fail(&[Fault { at, kind: FaultKind::WrongShape, lasting: false }]);
        let state = site.state();
        assert!(matches!(state, State::Undecided(_)), "{}: {state:?}", call.path);
    }
}

#[test]
fn reads_are_tried_again_and_writes_are_not() {
    let site = Site::new();
    site.approve(ALICE);
    let patient = tollgate::edge::forge::github::Patience { tries: 3, ..patience() };
    let forge = client(&site.github.url(), "ghs_token", patient);
    for kind in [FaultKind::Status(500), FaultKind::Reset, FaultKind::Timeout] {
        site.github.control().fail(&[Fault { at: 3, kind, lasting: false }]);
        assert!(matches!(site.judge_with(&forge, 0).state(), State::Open(_)), "{kind:?}");
    }
    site.github.control().fail(&[Fault { at: 3, kind: FaultKind::Status(500), lasting: true }]);
    assert!(matches!(site.judge_with(&forge, 0).state(), State::Undecided(_)));

    site.github.control().fail(&[Fault { at: 0, kind: FaultKind::LostAnswer, lasting: true }]);
    assert!(forge.say(7, "once").is_err());
    let said = site.github.state().comments.iter().filter(|comment| comment.body == "once").count();
    assert_eq!(said, 1, "a write is sent once, whatever comes back");
}

#[test]
fn a_rate_limit_longer_than_the_patience_is_named() {
    let site = Site::new();
    site.github.control().fail(&[Fault { at: 2, kind: FaultKind::RateLimit, lasting: true }]);
    let error = site.observe().unwrap_err();
    assert!(matches!(error, ForgeError::RateLimit { wait: 3600, .. }), "{error}");
}

#[test]
fn a47_a_claim_that_fails_in_any_way_is_no_claim() {
    for kind in KINDS.into_iter().chain([FaultKind::LostAnswer, FaultKind::WrongShape, FaultKind::Status(422)]) {
        let site = Site::new().impatient();
        site.github.control().fail(&[Fault { at: 0, kind, lasting: false }]);
        let claimed = site.forge.claim(site.subject.digest(), HEAD);
        assert!(claimed.is_err(), "{kind:?}: {claimed:?}");
    }
}

#[test]
fn a47_a_claim_whose_answer_was_lost_denies_everybody() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.control().fail(&[Fault { at: 0, kind: FaultKind::LostAnswer, lasting: false }]);
    assert!(site.forge.claim(site.subject.digest(), HEAD).is_err());
    site.github.control().fail(&[]);
    assert!(matches!(site.state(), State::Applying(_)));
    assert!(site.forge.claim(site.subject.digest(), HEAD).unwrap().is_err());
}

#[test]
fn what_changes_while_it_is_read_is_read_again_or_undecided() {
    let site = Site::new();
    site.approve(ALICE);
    let permissions = ["metadata: read", "contents: read", "pull-requests: read", "deployments: read"];
    site.github.state().tokens.get_mut("ghs_token").unwrap().permissions = permissions.into();
    assert!(site.is_open(), "reading needs no more than this");
    for missing in ["metadata: read", "contents: read", "pull-requests: read", "deployments: read"] {
        let mut fewer: std::collections::BTreeSet<_> = permissions.into();
        fewer.remove(missing);
        site.github.state().tokens.get_mut("ghs_token").unwrap().permissions = fewer;
        match site.observe() {
            Err(ForgeError::Permission { needs, status: 403, .. }) => assert_eq!(needs, missing),
            other => panic!("{missing}: {other:?}"),
        }
    }
}
