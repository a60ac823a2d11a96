//! `tollgate doctor` against the fake: what it says of a set-up, and that it only reads.

use std::process::Command;

use serde_json::{Value, json};

use super::fake_github::{FakeGitHub, State};
use super::site::spoken;

const CONFIG: &str = "version = 1\nledger = \"s3://bucket/ledger\"\n[apply]\nenvironment = \"production\"\nworkflow = \"apply.yml\"\n[[approvals.rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\"] }\n";

/// The workflow that applies.
const WORKFLOW: &str = ".github/workflows/apply.yml";

/// Mode C, as documented, seen by a token that may read everything.
fn protected() -> FakeGitHub {
    let github = FakeGitHub::start();
    let mut state = github.state();
    state.tokens.get_mut("ghs_token").unwrap().permissions.insert("secrets: read");
    let reviewers: Vec<Value> =
        [2, 3].map(|id| json!({ "type": "User", "reviewer": state.user(Some(id)) })).into_iter().collect();
    let set_up = &mut state.set_up;
    set_up.environments = vec![json!({
        "name": "production", "can_admins_bypass": false,
        "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true },
        "protection_rules": [
            { "type": "required_reviewers", "prevent_self_review": true, "reviewers": reviewers },
            { "type": "branch_policy" },
        ],
    })];
    set_up.deploying.insert("production".into(), vec!["main".into()]);
    let pull_request = json!({ "required_approving_review_count": 1, "require_code_owner_review": true,
        "dismiss_stale_reviews_on_push": false, "require_last_push_approval": false,
        "required_review_thread_resolution": false });
    let check = json!({ "context": "tollgate (prod)", "integration_id": 15368 });
    set_up.rules = vec![
        json!({ "type": "pull_request", "parameters": pull_request }),
        json!({ "type": "non_fast_forward" }),
        json!({ "type": "required_status_checks", "parameters": { "required_status_checks": [check],
            "strict_required_status_checks_policy": false } }),
    ];
    set_up.secrets = vec!["SLACK".into()];
    write(&mut state, "tollgate.toml", CONFIG);
    write(
        &mut state,
        WORKFLOW,
        "on: workflow_dispatch\njobs:\n  apply:\n    environment: { name: production }\n    steps: []\n",
    );
    drop(state);
    github
}

fn write(state: &mut State, path: &str, text: &str) {
    state.files.insert((path.into(), "main".into()), text.into());
}

fn doctor(github: &FakeGitHub) -> (i32, String) {
    github.control().log.clear();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.arg("doctor").env_remove("GITHUB_EVENT_PATH").env("CI", "true");
    command.env("GITHUB_API_URL", github.url()).env("GITHUB_REPOSITORY", "org/infra").env("GITHUB_TOKEN", "ghs_token");
    let (code, said) = spoken(&command.output().unwrap());
    let control = github.control();
    assert!(!control.log.is_empty() && control.log.iter().all(|call| call.method == "GET"), "it reads only");
    assert!(!said.contains("ghs_token"));
    (code, said)
}

#[test]
fn a_protected_environment_is_told_from_a_seat_belt() {
    let github = protected();
    let (code, said) = doctor(&github);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("deployment mode: C") && !said.contains("broken"), "{said}");
    assert!(said.contains("whom the cloud trusts"), "what is not read is said: {said}");
    github.state().set_up.rules[2]["parameters"]["required_status_checks"][0]["integration_id"] = json!(77);
    let (code, said) = doctor(&github);
    assert!(code == 0 && said.contains("deployment mode: D"), "{said}");
    github.state().set_up.admin = true;
    assert!(doctor(&github).1.contains("the token of this run may administer the repository"));
}

#[test]
fn what_opens_the_lock_is_broken_and_exits_with_1() {
    type Change = fn(&mut State);
    let cases: [(&str, Change); 6] = [
        ("there is no environment `production`", |state| state.set_up.environments.clear()),
        ("every branch may deploy", |state| {
            state.set_up.environments[0]["deployment_branch_policy"] = Value::Null;
        }),
        ("branches beside the default one", |state| {
            state.set_up.deploying.insert("production".into(), vec!["main".into(), "*".into()]);
        }),
        ("has a job outside environment", |state| {
            write(state, WORKFLOW, "on: workflow_dispatch\njobs:\n  apply: { steps: [] }\n");
        }),
        ("every workflow of every branch can read AWS_SECRET_ACCESS_KEY", |state| {
            state.set_up.secrets = vec!["AWS_SECRET_ACCESS_KEY".into()];
        }),
        ("anybody who can push can push to `main`", |state| state.set_up.rules.clear()),
    ];
    for (expected, change) in cases {
        let github = protected();
        change(&mut github.state());
        let (code, said) = doctor(&github);
        assert!(code == 1 && said.contains(expected) && said.contains("broken"), "{expected}: {code} {said}");
    }
}

/// `GITHUB_TOKEN` with the permissions of the plan workflow: it sees little, and is told so.
#[test]
fn what_the_token_cannot_read_is_unknown() {
    let github = protected();
    let may = |permissions: &[&'static str]| {
        github.state().tokens.get_mut("ghs_token").unwrap().permissions = permissions.iter().copied().collect();
    };
    may(&["metadata: read", "contents: read"]);
    let (code, said) = doctor(&github);
    assert_eq!(code, 0, "unknown is not broken: {said}");
    assert!(said.contains("deployment mode: unknown") && said.contains("actions: read"), "{said}");
    assert!(said.matches("\nunknown").count() >= 3, "{said}");
    may(&[]);
    let (code, said) = doctor(&github);
    assert!(code == 1 && said.contains("cannot be read"), "{said}");
}
