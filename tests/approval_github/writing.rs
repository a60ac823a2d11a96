//! What is written: checks, comments, revocations, claims, deployments.

use std::collections::BTreeMap;

use tollgate::approval::{Digest, NotCounted, Source, State, Subject};
use tollgate::edge::forge::{
    Annotation, AnnotationLevel, CheckReport, Conclusion, DeploymentNote, DeploymentState, Forge, ForgeError,
};

use crate::fake_github::{Fault, FaultKind};
use crate::site::{ALICE, BOB, HEAD, Site};

fn report(site: &Site, annotations: usize) -> CheckReport {
    let annotation = |number: usize| Annotation {
        path: "main.tf".into(),
        line: number + 1,
        level: AnnotationLevel::Warning,
        title: "t".repeat(300),
        message: "m".into(),
    };
    CheckReport {
        name: "tollgate (envs/prod:default)".into(),
        head_sha: HEAD.into(),
        title: "needs approval".into(),
        summary: "é".repeat(70_000),
        subject: Some((site.subject.digest(), site.subject.document().unwrap())),
        annotations: (0..annotations).map(annotation).collect(),
        conclusion: Conclusion::ActionRequired,
    }
}

#[test]
fn a_check_carries_all_remarks_and_ends_once() {
    for count in [0, 1, 50, 51, 120] {
        let site = Site::new();
        site.forge.publish(&report(&site, count)).unwrap();
        let state = site.github.state();
        let check = &state.checks[0];
        assert_eq!(check["output"]["annotations"].as_array().unwrap().len(), count);
        assert_eq!((&check["status"], &check["conclusion"]), (&"completed".into(), &"action_required".into()));
        assert_eq!(check["external_id"], site.subject.digest().to_string());
        drop(state);
        let log = &site.github.control().log;
        let ended = log.iter().filter(|c| c.request.as_ref().is_some_and(|r| !r["conclusion"].is_null())).count();
        assert_eq!(ended, 1);
    }
}

#[test]
fn the_subject_document_is_found_among_forgeries() {
    let site = Site::new();
    let digest = site.subject.digest();
    assert_eq!(site.forge.subject_document(HEAD, digest).unwrap(), None);
    let forged = serde_json::json!({ "id": 1, "head_sha": HEAD, "external_id": digest.to_string(),
        "output": { "text": "{\"schema_version\":1}" } });
    site.github.state().checks.push(forged);
    site.github.state().page = 1;
    let text = site.forge.subject_document(HEAD, digest).unwrap().unwrap();
    assert!(Subject::from_document(&text, digest).is_err(), "only the forgery is there, and it is not believed");
    site.forge.publish(&report(&site, 0)).unwrap();
    let text = site.forge.subject_document(HEAD, digest).unwrap().unwrap();
    assert_eq!(Subject::from_document(&text, digest).unwrap(), site.subject);
    assert_eq!(site.forge.subject_document(HEAD, Digest::of(b"other")).unwrap(), None);
}

#[test]
fn a_missing_permission_is_named() {
    let site = Site::new();
    site.github.state().tokens.get_mut("ghs_token").unwrap().permissions.remove("checks: write");
    let error = site.forge.publish(&report(&site, 0)).unwrap_err();
    assert_eq!(error.to_string(), "POST /repos/org/infra/check-runs: 403; the token needs `checks: write`");
}

#[test]
fn one_comment_is_kept_up_to_date() {
    let site = Site::new();
    let marker = "<!-- tollgate:v1 repo=1000 pr=7 stack=envs/prod:default -->";
    site.github.state().comment(7, BOB, &format!("{marker}\nI am not the bot"));
    site.forge.show(7, marker, "one").unwrap();
    site.forge.show(7, marker, "two").unwrap();
    let bodies: Vec<_> =
        site.github.state().comments.iter().filter(|c| c.author == Some(41)).map(|c| c.body.clone()).collect();
    assert_eq!(bodies, [format!("{marker}\ntwo")]);

    // Two runs at once have made two: the oldest is kept, the other folded away.
    site.github.state().comment(7, 41, &format!("{marker}\nsecond"));
    site.forge.show(7, marker, "three").unwrap();
    let state = site.github.state();
    let own: Vec<_> = state.comments.iter().filter(|comment| comment.author == Some(41)).collect();
    assert_eq!((own[0].body.ends_with("three"), own[0].minimised, own[1].minimised), (true, false, true));
}

#[test]
fn a_long_comment_is_cut_to_what_the_forge_takes() {
    let site = Site::new();
    site.forge.say(7, &"é".repeat(100_000)).unwrap();
    assert_eq!(site.github.state().comments[0].body.chars().count(), 65_536);
}

#[test]
fn a12_a_voided_approval_stays_dead_without_the_revocation() {
    let site = Site::new();
    let id = site.approve(ALICE);
    assert!(site.is_open());
    site.forge.void(7, Source::Comment(id), "_revoked by @bob_").unwrap();
    let judgement = site.judge();
    assert_eq!(judgement.rejected[0].why, NotCounted::Edited);

    // Where editing is refused, the comment is deleted.
    let site = Site::new();
    let id = site.approve(ALICE);
    site.github.control().fail(&[Fault { at: 1, kind: FaultKind::Status(403), lasting: false }]);
    site.forge.void(7, Source::Comment(id), "revoked").unwrap();
    assert!(site.github.state().comments.is_empty());
    assert_eq!(site.state(), State::Pending);
}

#[test]
fn a_voided_review_is_dismissed() {
    let site = Site::new();
    let line = site.line();
    let id = site.github.state().review(7, ALICE, "APPROVED", &line);
    assert!(site.is_open());
    site.forge.void(7, Source::Review(id), "revoked").unwrap();
    assert!(!site.is_open());
}

#[test]
fn a47_a_subject_is_claimed_once() {
    let site = Site::new();
    let digest = site.subject.digest();
    let claim = site.forge.claim(digest, HEAD).unwrap().unwrap();
    assert_eq!(claim.key(), format!("refs/tollgate/claims/{digest}"));
    let refused = site.forge.claim(digest, HEAD).unwrap().unwrap_err();
    assert_eq!(refused.check(), tollgate::apply::Check::Claim);
    assert!(site.forge.claim(Digest::of(b"other"), HEAD).unwrap().is_ok());
    let unknown = site.forge.claim(Digest::of(b"third"), &"9".repeat(40)).unwrap_err();
    assert!(matches!(unknown, ForgeError::Status { status: 422, .. }), "{unknown}");
}

#[test]
fn a47_eight_claims_at_once_have_one_winner() {
    let site = Site::new();
    let (url, digest) = (site.github.url(), site.subject.digest());
    let barrier = std::sync::Barrier::new(8);
    let won: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let patience = tollgate::edge::forge::github::Patience::default();
                    let forge = crate::site::client(&url, "ghs_token", patience);
                    barrier.wait();
                    forge.claim(digest, HEAD).unwrap().is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
}

fn note(site: &Site) -> DeploymentNote {
    DeploymentNote {
        subject: site.subject.digest(),
        head_sha: HEAD.into(),
        environment: "production".into(),
        details: BTreeMap::from([("run".into(), "5".into()), ("subject".into(), "not this".into())]),
    }
}

#[test]
fn a62_deleting_the_claim_revives_nothing() {
    let site = Site::new();
    site.approve(ALICE);
    let digest = site.subject.digest();
    let claim = site.forge.claim(digest, HEAD).unwrap().unwrap();
    let key = site.forge.record(&note(&site)).unwrap();
    assert_eq!(site.state(), State::Applying(claim.key().into()));
    site.github.state().refs.clear();
    assert_eq!(site.state(), State::Applying(key.clone()));
    site.forge.record_state(&key, DeploymentState::InProgress).unwrap();
    assert_eq!(site.state(), State::Applying(key.clone()));
    site.forge.record_state(&key, DeploymentState::Success).unwrap();
    assert_eq!(site.state(), State::Applied(key.clone()));
    // A later status by anybody does not make it undone.
    site.forge.record_state(&key, DeploymentState::InProgress).unwrap();
    assert_eq!(site.state(), State::Applied(key.clone()));

    let site = Site::new();
    site.approve(ALICE);
    let key = site.forge.record(&note(&site)).unwrap();
    site.forge.record_state(&key, DeploymentState::Failure).unwrap();
    assert_eq!(site.state(), State::Failed(key));
}

#[test]
fn the_own_claim_is_not_held_against_the_second_look() {
    let site = Site::new();
    site.approve(ALICE);
    let claim = site.forge.claim(site.subject.digest(), HEAD).unwrap().unwrap();
    let key = site.forge.record(&note(&site)).unwrap();
    let own = [claim.key().to_owned(), key];
    let records = site.observe_with(&site.forge, &own).unwrap().snapshot.records;
    assert_eq!(records, []);
    let records = site.observe_with(&site.forge, &own[..1]).unwrap().snapshot.records;
    assert_eq!(records.len(), 1);
}

#[test]
fn a_record_of_another_subject_or_task_is_not_this_ones() {
    let site = Site::new();
    site.approve(ALICE);
    let mut other = note(&site);
    other.subject = Digest::of(b"other");
    site.forge.record(&other).unwrap();
    assert!(site.is_open());
    site.forge.record(&note(&site)).unwrap();
    site.github.state().deployments[1].body["task"] = "deploy".into();
    assert!(site.is_open());
    // Some clients keep the payload as a text that holds JSON.
    let text = site.github.state().deployments[1].body["payload"].to_string();
    site.github.state().deployments[1].body["task"] = "tollgate:apply".into();
    site.github.state().deployments[1].body["payload"] = text.into();
    assert!(matches!(site.state(), State::Applying(_)));
}

#[test]
fn a_workflow_is_started_on_the_default_branch() {
    let site = Site::new();
    let inputs = BTreeMap::from([("pr".to_owned(), "7".to_owned())]);
    site.forge.dispatch("tollgate-apply.yml", "main", &inputs).unwrap();
    let sent = site.github.state().dispatches[0].clone();
    assert_eq!(sent["body"], serde_json::json!({ "ref": "main", "inputs": { "pr": "7" } }));
}

#[test]
fn files_are_read_at_a_branch() {
    let site = Site::new();
    assert_eq!(site.forge.file("tollgate.toml", "main").unwrap(), None);
    let key = ("tollgate.toml".to_owned(), "main".to_owned());
    site.github.state().files.insert(key, b"[approvals]\n".to_vec());
    assert_eq!(site.forge.file("tollgate.toml", "main").unwrap().unwrap(), b"[approvals]\n");
    assert!(matches!(site.forge.file("../secrets", "main"), Err(ForgeError::Name(_))));
}
