//! A working directory with a plan, and the fake GitHub with pull request 7.
//!
//! Whoever uses it has `fake_github` as a module of the crate's root.

use std::path::PathBuf;
use std::process::{Command, Output};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::fake_github::FakeGitHub;

/// Wrote the pull request.
pub(crate) const AUTHOR: u64 = 1;
/// May approve.
pub(crate) const ALICE: u64 = 2;
/// May approve too.
pub(crate) const BOB: u64 = 3;

pub(crate) struct Site {
    pub(crate) github: FakeGitHub,
    pub(crate) directory: tempfile::TempDir,
}

pub(crate) fn runs(program: &str, argument: &str) -> bool {
    let found = Command::new(program).arg(argument).output().is_ok_and(|out| out.status.success());
    if !found {
        eprintln!("skipped: {program} is not on PATH");
    }
    found
}

pub(crate) fn terraform() -> bool {
    runs("terraform", "version")
}

/// A provisioner that runs `script`: code at apply, which asks for approval.
pub(crate) fn configuration(script: &str) -> String {
    format!(
        "resource \"terraform_data\" \"x\" {{\n  provisioner \"local-exec\" {{\n    command = \"{script}\"\n  }}\n}}\n"
    )
}

impl Site {
    /// A planned directory. The configuration names a ledger and lets maintainers approve.
    pub(crate) fn new(script: &str) -> Self {
        let site = Self { github: FakeGitHub::start(), directory: tempfile::tempdir().unwrap() };
        // The clocks have to agree.
        {
            let mut state = site.github.state();
            let now = Timestamp::now();
            state.pushes[0].at = now - SignedDuration::from_secs(100);
            state.now = now - SignedDuration::from_secs(10);
            state.ticks = true;
        }
        let config = format!(
            "version = 1\nledger = \"{}\"\n[[approvals.rules]]\nname = \"m\"\nrequires = {{ any_of = [\"role:maintain\"] }}\n",
            site.ledger()
        );
        site.write("tollgate.toml", &config);
        site.publish_config();
        site.write("main.tf", &configuration(script));
        site.terraform(&["init", "-input=false"]);
        site.plan("p.tfplan");
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn ledger(&self) -> String {
        format!("file://{}", self.path("ledger").display())
    }

    /// More of the configuration, here and on the default branch.
    pub(crate) fn configure(&self, more: &str) {
        let config = std::fs::read_to_string(self.path("tollgate.toml")).unwrap();
        self.write("tollgate.toml", &format!("{config}{more}"));
        self.publish_config();
    }

    fn publish_config(&self) {
        let config = std::fs::read(self.path("tollgate.toml")).unwrap();
        self.github.state().files.insert(("tollgate.toml".into(), "main".into()), config);
    }

    pub(crate) fn terraform(&self, args: &[&str]) {
        let out = Command::new("terraform").args(args).current_dir(self.directory.path()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    pub(crate) fn plan(&self, name: &str) {
        self.terraform(&["plan", "-input=false", "-out", name]);
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
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

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub(crate) fn code(&self, args: &[&str]) -> i32 {
        self.said(args).0
    }

    /// Applies the plan file, with a `result.json` of this run.
    pub(crate) fn apply(&self) -> i32 {
        let _ = std::fs::remove_file(self.path("result.json"));
        self.code(&["apply", "p.tfplan", "--result", "result.json"])
    }

    /// The exit code, and what was printed to both streams.
    pub(crate) fn said(&self, args: &[&str]) -> (i32, String) {
        spoken(&self.run(args))
    }

    /// Publishes, and gives the line that the comment asks to paste.
    pub(crate) fn publish(&self, more: &[&str]) -> String {
        let args = [&["check", "--publish", "--stack", "prod", "p.tfplan"], more].concat();
        let (code, said) = self.said(&args);
        assert_eq!(code, 11, "{said}");
        self.line()
    }

    /// The line to paste, from the newest report.
    pub(crate) fn line(&self) -> String {
        let state = self.github.state();
        let asks = |body: &str| body.contains("\n/tollgate approve");
        let mut reports = state.comments.iter().rev().filter(|one| one.author == Some(41) && asks(&one.body));
        let body = &reports.next().unwrap().body;
        let line = body.lines().find(|line| line.starts_with("/tollgate approve")).unwrap();
        line.replace('…', "ticket OPS-77")
    }

    pub(crate) fn comment(&self, by: u64, text: &str) {
        let mut state = self.github.state();
        state.comment(7, by, text);
        // The forge's clock never runs backwards, however fast the test is.
        state.now = state.now.max(Timestamp::now());
    }

    pub(crate) fn applied(&self) -> bool {
        self.path("applied").exists()
    }

    pub(crate) fn result(&self) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.path("result.json")).unwrap()).unwrap()
    }

    /// The entries of a whole ledger.
    pub(crate) fn entries(&self) -> Vec<Value> {
        let (code, said) = self.said(&["audit", "verify", "--ledger", &self.ledger()]);
        assert_eq!(code, 0, "{said}");
        let out = self.run(&["audit", "export", "--ledger", &self.ledger()]);
        let text = String::from_utf8(out.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["entry"].clone()).collect()
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.entries().iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn spoken(out: &Output) -> (i32, String) {
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.code().unwrap_or_else(|| panic!("{said}")), said)
}
