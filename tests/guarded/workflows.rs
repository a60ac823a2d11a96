//! The example workflows as `tollgate init` writes them, run unchanged by `act` on this machine: a git repository,
//! real Terraform with state and locks, the fake GitHub. Only `actions/checkout` and the place of the action are
//! replaced by local folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use age::secrecy::ExposeSecret as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fake_github::FakeGitHub;
use super::site::*;

const CHECKOUT: &str = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683";
const ACTION: &str = "acme/tollgate@0123456789abcdef0123456789abcdef01234567";

/// What `actions/checkout` does, as far as the workflows use it.
const LOCAL_CHECKOUT: &str = r#"
name: checkout
inputs: { ref: { required: true }, fetch-depth: {}, persist-credentials: {} }
runs:
  using: composite
  steps:
    - shell: bash
      env: { REF: "${{ inputs.ref }}" }
      run: |
        cd "$GITHUB_WORKSPACE"
        find . -mindepth 1 -delete
        git init -q .
        git remote add origin "$TEST_ORIGIN"
        git fetch -q origin '+refs/heads/*:refs/remotes/origin/*'
        git fetch -q origin "$REF"
        git checkout -q --detach FETCH_HEAD
"#;

struct Pipeline {
    github: FakeGitHub,
    directory: tempfile::TempDir,
    key: String,
    runs: std::cell::Cell<u64>,
}

fn git(at: &Path, args: &[&str]) -> String {
    let out = Command::new("git").args(args).current_dir(at).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

impl Pipeline {
    /// A repository with the workflows on `main`, and its origin.
    fn new() -> Self {
        let key = age::x25519::Identity::generate();
        let pipeline = Self {
            github: FakeGitHub::start(),
            directory: tempfile::tempdir().unwrap(),
            key: key.to_string().expose_secret().to_owned(),
            runs: std::cell::Cell::new(0),
        };
        let repository = pipeline.path("repository");
        std::fs::create_dir_all(repository.join("envs/prod")).unwrap();
        std::fs::create_dir_all(pipeline.path("checkout")).unwrap();
        std::fs::write(pipeline.path("checkout/action.yml"), LOCAL_CHECKOUT).unwrap();
        // The action alone: act copies the whole folder.
        std::fs::create_dir_all(pipeline.path("action")).unwrap();
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml"), pipeline.path("action/action.yml")).unwrap();
        git(&repository, &["init", "-q", "-b", "main"]);
        git(&repository, &["config", "user.name", "author"]);
        git(&repository, &["config", "user.email", "author@example.org"]);
        let mut init = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        init.args(["init", "--action", ACTION, "--directory", "envs/prod"]).current_dir(&repository);
        let (code, said) = spoken(&init.output().unwrap());
        assert_eq!(code, 0, "{said}");
        // The starter's configuration, with this machine's places.
        let config = std::fs::read_to_string(repository.join("tollgate.toml")).unwrap();
        let config = config.replace("ledger = \"forge\"", &format!("ledger = \"{}\"", pipeline.ledger())).replace(
            "recipients = []",
            &format!("recipients = [\"{}\"]\nurl = \"file://{}\"", key.to_public(), pipeline.path("plans").display()),
        );
        std::fs::write(repository.join("tollgate.toml"), &config).unwrap();
        pipeline.github.state().ticks = true;
        pipeline.github.state().files.insert(("tollgate.toml".into(), "main".into()), config.into_bytes());
        pipeline.configure("true");
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "-m", "Start"]);
        git(&repository, &["clone", "-q", "--bare", ".", &pipeline.path("origin.git").display().to_string()]);
        // act reads the repository's name from the address of its origin.
        git(&repository, &["remote", "add", "origin", "https://github.com/org/infra"]);
        git(&repository, &["checkout", "-q", "-b", "feature/x"]);
        pipeline
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn ledger(&self) -> String {
        format!("file://{}", self.path("ledger").display())
    }

    /// The configuration of the stack; its state lies outside, as in a backend.
    fn configure(&self, script: &str) {
        let state = self.path("state/terraform.tfstate").display().to_string();
        // Replaced by every apply, so that each change runs its script.
        let resource = configuration(script).replacen('\n', "\n  triggers_replace = timestamp()\n", 1);
        let backend = format!("terraform {{\n  backend \"local\" {{\n    path = \"{state}\"\n  }}\n}}\n");
        std::fs::write(self.path("repository/envs/prod/main.tf"), backend + &resource).unwrap();
    }

    /// A commit on the pull request, pushed.
    fn push(&self, script: &str) -> String {
        self.configure(script);
        let repository = self.path("repository");
        git(&repository, &["commit", "-q", "-a", "-m", "Change"]);
        let sha = git(&repository, &["rev-parse", "HEAD"]);
        let origin = self.path("origin.git").display().to_string();
        git(&repository, &["push", "-q", &origin, "HEAD:refs/heads/feature/x", "HEAD:refs/pull/7/head"]);
        let mut state = self.github.state();
        let now = Timestamp::now() - SignedDuration::from_secs(2);
        let pull = state.pulls.get_mut(&7).unwrap();
        let mut commit = pull.commits[0].clone();
        commit.sha.clone_from(&sha);
        if pull.head_sha.starts_with("1111") {
            pull.commits.clear();
        }
        pull.commits.push(commit);
        pull.head_sha.clone_from(&sha);
        pull.updated_at = now;
        let mut push = state.pushes[0].clone();
        (push.id, push.after, push.at) = (state.pushes.len() as u64 + 1, sha.clone(), now);
        state.pushes.push(push);
        state.now = Timestamp::now();
        sha
    }

    fn head(&self) -> String {
        self.github.state().pulls[&7].head_sha.clone()
    }

    fn act(&self, event: &str, workflow: &str, payload: &Value) -> Command {
        std::fs::write(self.path("event.json"), payload.to_string()).unwrap();
        self.runs.set(self.runs.get() + 1);
        let home = self.path("home");
        std::fs::create_dir_all(&home).unwrap();
        // act calls every run number 1.
        self.github.state().start_run(1, AUTHOR);
        let binaries = Path::new(env!("CARGO_BIN_EXE_tollgate")).parent().unwrap();
        let mut command = Command::new("act");
        command.arg(event).args(["-W", &format!(".github/workflows/{workflow}"), "-e"]).arg(self.path("event.json"));
        command.args(["-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-", "--no-cache-server"]);
        command.args(["--local-repository", &format!("{CHECKOUT}={}", self.path("checkout").display())]);
        command.args(["--local-repository", &format!("{ACTION}={}", self.path("action").display())]);
        command.args(["--env", &format!("GITHUB_API_URL={}", self.github.url())]);
        command.args(["--env", &format!("TEST_ORIGIN={}", self.path("origin.git").display())]);
        command.args(["-s", "GITHUB_TOKEN=ghs_token", "-s", &format!("TOLLGATE_AGE_IDENTITY={}", self.key)]);
        command.current_dir(self.path("repository"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            ["GITHUB_", "TOLLGATE_", "TF_", "CI", "GH_", "RUNNER_"].iter().any(|prefix| name.starts_with(prefix))
        }) {
            command.env_remove(name);
        }
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", binaries.display())).env("HOME", &home);
        for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env(name, home.join(name));
        }
        command
    }

    fn plan(&self) -> (i32, String) {
        let payload = json!({
            "pull_request": { "number": 7, "head": { "sha": self.head(), "ref": "feature/x",
                "repo": { "full_name": "org/infra" } }, "base": { "ref": "main" } },
            "repository": { "default_branch": "main", "full_name": "org/infra" },
        });
        spoken(&self.act("pull_request", "tollgate-plan.yml", &payload).output().unwrap())
    }

    /// Somebody comments, and the workflow answers; gives the comment's number.
    fn comment(&self, by: u64, text: &str) -> u64 {
        let id = {
            let mut state = self.github.state();
            state.now = state.now.max(Timestamp::now());
            state.comment(7, by, text)
        };
        let payload = json!({
            "action": "created",
            "issue": { "number": 7, "pull_request": {} },
            "comment": { "id": id, "body": text, "user": { "id": by, "type": "User" } },
            "sender": { "id": by, "type": "User" },
            "repository": { "default_branch": "main", "full_name": "org/infra" },
        });
        let (code, said) = spoken(&self.act("issue_comment", "tollgate-command.yml", &payload).output().unwrap());
        assert_eq!(code, 0, "{said}");
        id
    }

    fn dispatch(&self) -> Command {
        let inputs = json!({ "pr": "7", "stack": "envs/prod:default" });
        let payload = json!({ "inputs": inputs, "repository": { "default_branch": "main", "full_name": "org/infra" } });
        self.act("workflow_dispatch", "tollgate-apply.yml", &payload)
    }

    fn apply(&self) -> (i32, String) {
        spoken(&self.dispatch().output().unwrap())
    }

    fn line(&self) -> String {
        let state = self.github.state();
        let body = &state
            .comments
            .iter()
            .rev()
            .find(|one| one.author == Some(41) && one.body.contains("\n/tollgate approve 1h"))
            .unwrap()
            .body;
        let line = body.lines().find(|line| line.starts_with("/tollgate approve")).unwrap();
        line.replace('…', "ticket OPS-77")
    }

    fn applied(&self) -> String {
        std::fs::read_to_string(self.path("applied")).unwrap_or_default()
    }

    fn tollgate(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(args).current_dir(self.path("repository/envs/prod"));
        command.env("GITHUB_API_URL", self.github.url()).env("GITHUB_REPOSITORY", "org/infra");
        command.env("GITHUB_TOKEN", "ghs_token").env("TOLLGATE_PR", "7").env_remove("GITHUB_EVENT_PATH");
        spoken(&command.output().unwrap())
    }
}

#[test]
fn from_a_pull_request_to_a_guarded_apply() {
    if !terraform() || !runs("act", "--version") || !runs("git", "--version") {
        return;
    }
    let site = Pipeline::new();
    let echo = |word: &str| format!("echo {word} >> {}", site.path("applied").display());
    site.push(&echo("one"));

    // The plan job asks for approval, and its job is no failure.
    let (code, said) = site.plan();
    assert_eq!(code, 0, "{said}");
    let check = site.github.state().checks.last().unwrap().clone();
    assert_eq!(
        (check["name"].as_str(), check["conclusion"].as_str()),
        (Some("tollgate (envs/prod:default)"), Some("action_required"))
    );
    assert!(!said.contains(&site.key), "the log holds no key");

    // Nobody has approved; then only the author.
    let (code, said) = site.apply();
    assert!(code != 0 && said.contains("check: approval"), "{said}");
    let line = site.line();
    site.comment(AUTHOR, &line);
    assert!(site.github.state().dispatches.is_empty());
    assert!(site.apply().1.contains("check: approval"));

    // Alice opens the window; the command workflow starts the apply workflow with what that needs.
    site.comment(ALICE, &line);
    let started = site.github.state().dispatches.clone();
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["workflow"], "tollgate-apply.yml");
    assert_eq!(started[0]["body"]["inputs"], json!({ "pr": "7", "stack": "envs/prod:default" }));
    assert_eq!(site.applied(), "");
    let (code, said) = site.apply();
    assert_eq!(code, 0, "{said}");
    assert_eq!(site.applied(), "one\n");
    assert!(!said.contains(&site.key), "the log holds no key");

    // Once.
    let (code, said) = site.apply();
    assert!(code != 0 && said.contains("check: claim"), "{said}");
    assert_eq!(site.applied(), "one\n");

    // A changed plan: the approval was for another.
    site.push(&echo("two"));
    let (code, said) = site.plan();
    assert_eq!(code, 0, "{said}");
    let (code, said) = site.apply();
    assert!(code != 0 && said.contains("check: approval"), "{said}");

    // An approval whose end has passed: the same hour, earlier.
    let approval = site.comment(ALICE, &site.line());
    {
        let mut state = site.github.state();
        let head = state.pulls[&7].head_sha.clone();
        let earlier = SignedDuration::from_hours(2);
        for push in state.pushes.iter_mut().filter(|push| push.after == head) {
            push.at -= earlier;
        }
        state.comment_mut(approval).created_at -= earlier;
    }
    let (code, said) = site.apply();
    assert!(code != 0 && said.contains("it has ended"), "{said}");
    assert_eq!(site.applied(), "one\n");
    let (code, said) = site.tollgate(&["audit", "verify", "--ledger", &site.ledger()]);
    assert_eq!(code, 0, "{said}");
}

/// Nothing of a comment reaches a shell, an expression or the environment.
#[test]
fn a31_a_comment_is_never_run() {
    if !terraform() || !runs("act", "--version") || !runs("git", "--version") {
        return;
    }
    let site = Pipeline::new();
    let pwned = site.path("pwned").display().to_string();
    for text in [
        format!("/tollgate approve $(touch {pwned}) `touch {pwned}`"),
        format!("/tollgate revoke because \"; touch {pwned} #"),
        format!("/tollgate help\n'; touch {pwned}; echo '${{{{ github.token }}}}\n::set-output name=path::{pwned}"),
    ] {
        site.comment(ALICE, &text);
        assert!(!site.path("pwned").exists(), "{text}");
    }
    let state = site.github.state();
    let answers: Vec<&str> =
        state.comments.iter().filter(|one| one.author == Some(41)).map(|one| one.body.as_str()).collect();
    assert!(!answers.is_empty() && !answers.iter().any(|text| text.contains("ghs_token")), "{answers:?}");
    assert!(state.dispatches.is_empty());
}

/// A run that is cancelled: the state is saved and unlocked, and `recover` says what happened.
#[test]
fn an_interrupted_run_saves_its_state_and_recover_explains_it() {
    if !terraform() || !runs("act", "--version") || !runs("git", "--version") {
        return;
    }
    let site = Pipeline::new();
    let started = site.path("started");
    site.push(&format!("echo $PPID > {0}.new; mv {0}.new {0}; sleep 60", started.display()));
    let (code, said) = site.plan();
    assert_eq!(code, 0, "{said}");
    site.comment(ALICE, &site.line());
    let mut run = site.dispatch();
    let child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut waited = 0;
    while !started.exists() && waited < 600 {
        std::thread::sleep(Duration::from_millis(100));
        waited += 1;
    }
    let terraform = std::fs::read_to_string(&started).unwrap().trim().to_owned();
    // GitHub interrupts the process of the step, which is tollgate: the parent of Terraform.
    let status = std::fs::read_to_string(format!("/proc/{terraform}/status")).unwrap();
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().to_owned();
    assert!(Command::new("kill").args(["-INT", &parent]).status().unwrap().success());
    // The second signal of a cancelled run; by then it may be over.
    let _ = Command::new("kill").args(["-TERM", &parent]).status();
    let (code, said) = spoken(&child.wait_with_output().unwrap());
    assert!(code != 0 && said.contains("Interrupt received") && !said.contains("Two interrupts"), "{said}");
    assert!(site.path("state/terraform.tfstate").exists(), "the state is saved");
    assert!(!site.path("state/.terraform.tfstate.lock.info").exists(), "and unlocked");
    let (code, said) = site.tollgate(&["recover"]);
    assert!(code == 0 && said.contains("ended with a failure") && said.contains("apply_end"), "{said}");
    let (code, said) = site.apply();
    assert!(code != 0 && said.contains("check: claim"), "a failed apply is over for its subject: {said}");
}
