//! What the client sends and the fake answers, held against GitHub's published descriptions: `validate.mjs` beside
//! the fake, with the npm packages below `TOLLGATE_OCTOKIT` or `target/ci-tools/npm`
//! (`npm install --prefix DIR @octokit/openapi@23.0.2 @octokit/graphql-schema@15.26.1 graphql@16 ajv@8 ajv-formats@3
//! @stoplight/prism-cli@5.14.2`). `.ci/run` holds the exchanges of all tests against them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tollgate::edge::forge::{
    Annotation, AnnotationLevel, CheckReport, Conclusion, DeploymentNote, DeploymentState, Forge,
};

use crate::fake_github::Exchange;
use crate::site::{ALICE, BOB, HEAD, Site};

/// Runs a script of the contract over these exchanges; `None` where the packages are not installed.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test runs a program and says when it is skipped"
)]
fn contract(script: &str, packages: &[&str], log: &[Exchange]) -> Option<Output> {
    let root = std::env::var_os("TOLLGATE_OCTOKIT").map_or_else(|| PathBuf::from("target/ci-tools/npm"), Into::into);
    if let Some(missing) = packages.iter().find(|name| !root.join("node_modules").join(name).is_dir()) {
        eprintln!("skipped: the npm package {missing} is not below {} (see TOLLGATE_OCTOKIT)", root.display());
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let lines: Vec<String> = log.iter().map(|exchange| serde_json::to_string(exchange).unwrap()).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let script = Path::new("tests/fake_github/contract").join(script);
    Some(Command::new("node").arg(script).arg(file).env("TOLLGATE_OCTOKIT", root).output().unwrap())
}

const DESCRIPTIONS: [&str; 5] = ["@octokit/openapi", "@octokit/graphql-schema", "graphql", "ajv", "ajv-formats"];

/// One use of everything, so that every route is in the log.
fn everything() -> Site {
    let mut site = Site::new();
    site.rules("[[rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\", \"codeowner\", \"team:org/iam\"] }");
    site.github.state().tokens.get_mut("ghs_token").unwrap().permissions.insert("members: read");
    site.github.state().teams.insert("org/iam", [BOB].into());
    let author = site.github.state().user(Some(1));
    let run = |attempt: u64| serde_json::json!({ "id": 5, "run_attempt": attempt, "head_sha": HEAD, "actor": author, "triggering_actor": author });
    site.github.state().runs.insert(5, vec![run(1), run(2)]);
    site.with_run(5);
    let key = (".github/CODEOWNERS".to_owned(), "main".to_owned());
    site.github.state().files.insert(key, b"* @bob".to_vec());
    let veto = site.github.state().review(7, BOB, "CHANGES_REQUESTED", "no");
    site.github.state().dismiss(veto, BOB);
    let gone = site.github.state().comment(7, BOB, "x");
    site.github.state().delete(gone, BOB);
    site.github.state().retarget(7, "main");
    let approval = site.approve(ALICE);
    let edited = site.github.state().comment(7, ALICE, "x");
    site.github.state().edit(edited, ALICE, "y");
    assert!(site.is_open());

    let remark = Annotation {
        path: "main.tf".into(),
        line: 1,
        level: AnnotationLevel::Notice,
        title: "t".into(),
        message: "m".into(),
    };
    let report = CheckReport {
        name: "tollgate".into(),
        head_sha: HEAD.into(),
        title: "t".into(),
        summary: "s".into(),
        subject: Some((site.subject.digest(), site.subject.document().unwrap())),
        annotations: vec![remark; 60],
        conclusion: Conclusion::Success,
    };
    site.forge.publish(&report).unwrap();
    site.forge.subject_document(HEAD, site.subject.digest()).unwrap();
    site.forge.show(7, "<!-- m -->", "a").unwrap();
    site.forge.show(7, "<!-- m -->", "b").unwrap();
    site.github.state().comment(7, 41, "<!-- m -->\nc");
    site.forge.show(7, "<!-- m -->", "d").unwrap();
    site.forge.claim(site.subject.digest(), HEAD).unwrap().unwrap();
    let note = DeploymentNote {
        subject: site.subject.digest(),
        head_sha: HEAD.into(),
        environment: "production".into(),
        details: BTreeMap::new(),
    };
    let key = site.forge.record(&note).unwrap();
    site.forge.record_state(&key, DeploymentState::InProgress).unwrap();
    site.forge.record_state(&key, DeploymentState::Success).unwrap();
    site.observe().unwrap();
    site.forge.void(7, tollgate::approval::Source::Comment(approval), "revoked").unwrap();
    let line = site.line();
    let review = site.github.state().review(7, ALICE, "APPROVED", &line);
    site.forge.void(7, tollgate::approval::Source::Review(review), "revoked").unwrap();
    site.forge.dispatch("apply.yml", "main", &BTreeMap::from([("pr".into(), "7".into())])).unwrap();
    site
}

fn said(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr)
}

#[test]
fn requests_and_answers_are_githubs() {
    let site = everything();
    let log = site.github.control().log.clone();
    let Some(out) = contract("validate.mjs", &DESCRIPTIONS, &log) else { return };
    assert!(out.status.success(), "{}", said(&out));
    let routes = said(&out).lines().filter(|line| line.starts_with("  ")).count();
    assert!(routes >= 26, "{}", said(&out));
}

/// The check can fail: on a wrong word, an unknown and a missing field, a wrong parameter, a wrong query.
#[test]
fn what_github_does_not_know_is_found() {
    let site = everything();
    let log = site.github.control().log.clone();
    let find = |method: &str, end: &str| {
        log.iter().find(|call| call.method == method && call.path.ends_with(end)).unwrap().clone()
    };
    let mut broken: Vec<(&str, Exchange)> = Vec::new();
    let mut add = |expected, mut exchange: Exchange, change: fn(&mut Exchange)| {
        change(&mut exchange);
        broken.push((expected, exchange));
    };
    add("request: data/conclusion", find("PATCH", &format!("check-runs/{}", id_of(&log))), |call| {
        call.request.as_mut().unwrap()["conclusion"] = "fine".into();
    });
    add("request: unknown /colour", find("POST", "/check-runs"), |call| {
        call.request.as_mut().unwrap()["colour"] = "red".into();
    });
    add("request: data must have required property 'head_sha'", find("POST", "/check-runs"), |call| {
        call.request.as_mut().unwrap().as_object_mut().unwrap().remove("head_sha");
    });
    add("unknown parameter `colour`", find("GET", "/files"), |call| call.query.push(("colour".into(), "red".into())));
    add("answer: data must have required property 'html_url'", find("GET", "/pulls/7"), |call| {
        call.response.as_object_mut().unwrap().remove("html_url");
    });
    add("answer: unknown /colour", find("GET", "/pulls/7"), |call| call.response["colour"] = "red".into());
    add("never answers 418", find("GET", "/pulls/7"), |call| call.status = 418);
    add("no such route", find("GET", "/pulls/7"), |call| call.path = "/repos/org/infra/pull/7".into());
    add("Cannot query field \"bodi\"", find("POST", "/graphql"), |call| {
        let query = call.request.as_ref().unwrap()["query"].as_str().unwrap().replace(" body ", " bodi ");
        call.request.as_mut().unwrap()["query"] = query.into();
    });
    add(
        "is no DateTime",
        log.iter().find(|call| call.response.to_string().contains("lastEditedAt\":\"")).unwrap().clone(),
        |call| {
            let text = call.response.to_string().replace("lastEditedAt\":\"", "lastEditedAt\":\"on ");
            call.response = serde_json::from_str(&text).unwrap();
        },
    );
    let exchanges: Vec<Exchange> = broken.iter().map(|(_, exchange)| exchange.clone()).collect();
    let Some(out) = contract("validate.mjs", &DESCRIPTIONS, &exchanges) else { return };
    let missed: Vec<_> =
        broken.iter().map(|(expected, _)| expected).filter(|text| !said(&out).contains(**text)).collect();
    assert!(!out.status.success() && missed.is_empty(), "{missed:?}: {}", said(&out));
}

fn id_of(log: &[Exchange]) -> u64 {
    let created = log.iter().find(|call| call.method == "POST" && call.path.ends_with("/check-runs")).unwrap();
    created.response["id"].as_u64().unwrap()
}

/// Another reader of the same description: every distinct request goes through Prism, which checks it and the
/// recorded answer.
#[test]
fn prism_has_no_objection() {
    let site = everything();
    let log = site.github.control().log.clone();
    let packages = ["@octokit/openapi", "@stoplight/prism-cli"];
    let Some(out) = contract("prism.mjs", &packages, &log) else { return };
    assert!(out.status.success(), "{}", said(&out));
}
