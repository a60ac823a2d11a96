//! From a plan to an apply with real parts: the `tollgate` program, real `terraform` plans and applies, and the fake
//! GitHub. Skipped, with a line that says so, where `terraform` is not on `PATH`.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

#[path = "../fake_github/mod.rs"]
#[expect(dead_code, unused_imports, reason = "this test needs less of the fake than others")]
mod fake_github;

mod comments;
mod faults;
mod recovering;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use fake_github::FakeGitHub;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const ALICE: u64 = 2;
const AUTHOR: u64 = 1;
const BOB: u64 = 3;

struct Site {
    github: FakeGitHub,
    directory: tempfile::TempDir,
}

fn terraform() -> bool {
    let found = Command::new("terraform").arg("version").output().is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("skipped: terraform is not on PATH");
    }
    found
}

/// A provisioner that runs `script`: code at apply, which asks for approval.
fn configuration(script: &str) -> String {
    format!(
        "resource \"terraform_data\" \"x\" {{\n  provisioner \"local-exec\" {{\n    command = \"{script}\"\n  }}\n}}\n"
    )
}

impl Site {
    fn new(script: &str) -> Self {
        let site = Self { github: FakeGitHub::start(), directory: tempfile::tempdir().unwrap() };
        // The clocks have to agree.
        {
            let mut state = site.github.state();
            let now = Timestamp::now();
            state.pushes[0].at = now - SignedDuration::from_secs(100);
            state.now = now - SignedDuration::from_secs(10);
        }
        let ledger = site.path("ledger");
        let config = format!(
            "version = 1\nledger = \"file://{}\"\n[[approvals.rules]]\nname = \"m\"\nrequires = {{ any_of = [\"role:maintain\"] }}\n",
            ledger.display()
        );
        std::fs::write(site.path("tollgate.toml"), config).unwrap();
        std::fs::write(site.path("main.tf"), configuration(script)).unwrap();
        site.terraform(&["init", "-input=false"]);
        site.plan("p.tfplan");
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn terraform(&self, args: &[&str]) {
        let out = Command::new("terraform").args(args).current_dir(self.directory.path()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    fn plan(&self, name: &str) {
        self.terraform(&["plan", "-input=false", "-out", name]);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(args).current_dir(self.directory.path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            ["GITHUB_", "TOLLGATE_", "TF_", "CI", "GH_"].iter().any(|prefix| name.starts_with(prefix))
        }) {
            command.env_remove(name);
        }
        command
            .env("GITHUB_API_URL", self.github.url())
            .env("GITHUB_REPOSITORY", "org/infra")
            .env("GITHUB_TOKEN", "ghs_token")
            .env("CI", "true")
            .env("TOLLGATE_PR", "7");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn code(&self, args: &[&str]) -> i32 {
        let out = self.run(args);
        out.status.code().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&out.stderr)))
    }

    /// Publishes, and gives the line that the comment asks to paste.
    fn publish(&self) -> String {
        let out = self.run(&["check", "--publish", "--stack", "prod", "p.tfplan"]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(11), "{said}\n{}", String::from_utf8_lossy(&out.stdout));
        let state = self.github.state();
        let body = &state.comments.iter().rev().find(|comment| comment.author == Some(41)).unwrap().body;
        let line = body.lines().find(|line| line.starts_with("/tollgate approve")).unwrap();
        line.replace('…', "ticket OPS-77")
    }

    fn comment(&self, by: u64, text: &str) {
        let mut state = self.github.state();
        state.comment(7, by, text);
        // The forge's clock never runs backwards, however fast the test is.
        state.now = state.now.max(Timestamp::now());
    }

    fn apply(&self) -> i32 {
        let _ = std::fs::remove_file(self.path("result.json"));
        self.code(&["apply", "p.tfplan", "--result", "result.json"])
    }

    fn result(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path("result.json")).unwrap()).unwrap()
    }

    fn applied(&self) -> bool {
        self.path("applied").exists()
    }

    /// The events of a whole ledger.
    fn events(&self) -> Vec<String> {
        let url = format!("file://{}", self.path("ledger").display());
        assert_eq!(self.code(&["audit", "verify", "--ledger", &url]), 0);
        let out = self.run(&["audit", "export", "--ledger", &url]);
        let text = String::from_utf8(out.stdout).unwrap();
        let event = |line: &str| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["entry"]["event"].as_str().unwrap().to_owned()
        };
        text.lines().map(event).collect()
    }
}

#[test]
fn an_approved_plan_is_applied_once() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    assert_eq!(site.apply(), 1, "nothing was published");
    let line = site.publish();
    assert_eq!(site.apply(), 12, "nobody has approved");
    assert_eq!(site.result()["end"]["check"], "approval");
    site.comment(AUTHOR, &line);
    assert_eq!(site.apply(), 12, "the author's word does not count");
    assert!(!site.applied());
    site.comment(ALICE, &line);
    assert_eq!(site.apply(), 0, "{}", site.result());
    assert_eq!(site.result()["stage"], "applied");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    assert_eq!(site.apply(), 12, "a plan is applied once");
    assert_eq!(site.result()["end"]["check"], "claim");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    assert_eq!(site.events(), ["request", "refuse", "refuse", "claim", "apply_start", "apply_end", "refuse"]);
    let state = site.github.state();
    assert_eq!(state.deployments.len(), 1);
    assert_eq!(state.deployments[0].statuses.last().unwrap()["state"], "success");
}

#[test]
fn a23_a24_another_plan_file_is_refused() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish();
    site.comment(ALICE, &line);
    std::fs::rename(site.path("p.tfplan"), site.path("approved.tfplan")).unwrap();
    std::fs::write(site.path("main.tf"), configuration("echo evil >> applied")).unwrap();
    site.plan("p.tfplan");
    assert_eq!(site.apply(), 1, "no report is about this file");
    std::fs::remove_file(site.path("p.tfplan")).unwrap();
    std::os::unix::fs::symlink(site.path("approved.tfplan"), site.path("p.tfplan")).unwrap();
    assert_eq!(site.apply(), 1, "a symbolic link");
    assert!(!site.applied());
    std::fs::remove_file(site.path("p.tfplan")).unwrap();
    std::fs::rename(site.path("approved.tfplan"), site.path("p.tfplan")).unwrap();
    assert_eq!(site.apply(), 0);
}

#[test]
fn a40_a_policy_that_changed_since_supersedes_or_blocks() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish();
    site.comment(ALICE, &line);
    let config = std::fs::read_to_string(site.path("tollgate.toml")).unwrap();
    std::fs::write(site.path("tollgate.toml"), format!("{config}# changed\n")).unwrap();
    assert_eq!(site.apply(), 12);
    assert_eq!(site.result()["end"]["check"], "subject");
    let stricter =
        format!("{config}[thresholds]\nlow = \"deny\"\nmedium = \"deny\"\nhigh = \"deny\"\ncritical = \"deny\"\n");
    std::fs::write(site.path("tollgate.toml"), stricter).unwrap();
    assert_eq!(site.apply(), 10);
    assert!(!site.applied());
}

#[test]
fn a_revoked_window_is_closed() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish();
    site.comment(ALICE, &line);
    site.comment(BOB, "/tollgate revoke because wrong account");
    assert_eq!(site.apply(), 12);
    assert!(!site.applied());
}

#[test]
fn plan_json_cannot_be_published() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let out = Command::new("terraform").args(["show", "-json", "p.tfplan"]).current_dir(site.directory.path()).output();
    std::fs::write(site.path("p.json"), out.unwrap().stdout).unwrap();
    assert_eq!(site.code(&["check", "--publish", "p.json"]), 2);
    assert!(site.github.state().checks.is_empty());
}

fn wait_for(path: &Path, child: &mut Child) {
    for _ in 0..600 {
        if path.exists() {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} never came", path.display());
}

#[test]
fn two_signals_are_one_interrupt_and_the_state_is_saved() {
    if !terraform() {
        return;
    }
    let site = Site::new("touch started; sleep 60; echo x >> applied");
    let line = site.publish();
    site.comment(ALICE, &line);
    let mut command = site.command(&["apply", "p.tfplan", "--result", "result.json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&site.path("started"), &mut child);
    for signal in ["-INT", "-TERM"] {
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
    }
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("Interrupt received") && !said.contains("Two interrupts received"), "{said}");
    assert_eq!(site.result()["end"]["interrupted"], true);
    assert!(site.path("terraform.tfstate").exists() && !site.path(".terraform.tfstate.lock.info").exists());
    assert!(!site.applied());
    assert_eq!(site.apply(), 12, "a failed apply is over for its subject");
    assert_eq!(site.events(), ["request", "claim", "apply_start", "apply_end", "refuse"]);
}
