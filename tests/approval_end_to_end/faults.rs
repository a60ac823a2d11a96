//! The fault matrix of the program: every call that a step makes, as the fake saw them, fails in every way.
//!
//! The steps are publishing, answering a comment, status, revocation, apply (of a file, out of the plan store, and
//! with break-glass), recovery, and doctor. A call fails however often it is tried again. By default each call fails
//! in one of the ways, in turn; `TOLLGATE_FAULTS=all` runs the whole matrix.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use age::secrecy::ExposeSecret as _;
use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::fake_github::{FakeGitHub, FaultKind, State};

const KINDS: [FaultKind; 7] = [
    FaultKind::Timeout,
    FaultKind::Status(500),
    FaultKind::Status(429),
    // A page cut off in the middle, of the length that it claims to have.
    FaultKind::HalfBody,
    FaultKind::Garbage,
    FaultKind::Reset,
    // Carried out, and the answer lost.
    FaultKind::LostAnswer,
];
/// Sites that run at once: most of the time is spent waiting for answers.
const AT_ONCE: usize = 4;

/// A site to which one may return: the plan is made once, Terraform is a script that counts its applies.
struct Stage {
    site: Site,
    forge: State,
    ledger: Vec<(String, Vec<u8>)>,
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

impl Stage {
    fn new(planned: &Site, prepare: fn(&Site)) -> Self {
        let site = Site { github: FakeGitHub::start(), directory: tempfile::tempdir().unwrap() };
        site.github.state().clone_from(&planned.github.state());
        for (name, bytes) in files(planned.directory.path()) {
            let text = planned.directory.path().display().to_string();
            let own = site.directory.path().display().to_string();
            let bytes = if name.ends_with("toml") {
                String::from_utf8(bytes).unwrap().replace(&text, &own).into()
            } else {
                bytes
            };
            std::fs::write(site.path(&name), bytes).unwrap();
        }
        site.configure("");
        // The run that publishes, and the one that applies.
        site.github.state().start_run(98, AUTHOR);
        site.github.state().start_run(99, ALICE);
        let script = "#!/bin/sh\ncase $1 in\nshow) cat plan.json;;\napply) echo x >> applied;;\n*) exec terraform \"$@\";;\nesac\n";
        std::fs::write(site.path("stub"), script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(site.path("stub"), mode).unwrap();
        prepare(&site);
        let (forge, ledger) = (site.github.state().clone(), files(&site.path("ledger/ledger")));
        Self { site, forge, ledger }
    }

    /// Everything as it was, and the forge's clock right.
    fn restore(&self) {
        let site = &self.site;
        site.github.control().fail(&[]);
        site.github.control().log.clear();
        *site.github.state() = self.forge.clone();
        let mut state = site.github.state();
        state.now = state.now.max(Timestamp::now());
        drop(state);
        let _ = std::fs::remove_file(site.path("applied"));
        let _ = std::fs::remove_dir_all(site.path("ledger"));
        std::fs::create_dir_all(site.path("ledger/ledger")).unwrap();
        for (name, bytes) in &self.ledger {
            std::fs::write(site.path("ledger/ledger").join(name), bytes).unwrap();
        }
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        self.run_within(60, args)
    }

    /// Gives up on the forge after some seconds.
    fn run_within(&self, patience: u32, args: &[&str]) -> (i32, String) {
        let mut command = in_run(&self.site, 99, args);
        let terraform = self.site.path("stub");
        command.env("TOLLGATE_FORGE_PATIENCE", patience.to_string()).env("TOLLGATE_TERRAFORM", terraform);
        if let Ok(key) = std::fs::read_to_string(self.site.path("key")) {
            command.env("TOLLGATE_AGE_IDENTITY", key);
        }
        spoken(&command.output().unwrap())
    }

    fn calls(&self) -> Vec<Call> {
        let control = self.site.github.control();
        control.log.iter().map(|call| (call.method.clone(), call.path.clone(), call.request.clone())).collect()
    }

    fn applies(&self) -> usize {
        std::fs::read_to_string(self.site.path("applied")).map_or(0, |text| text.lines().count())
    }

    fn events(&self) -> Vec<String> {
        self.site.events()
    }
}

fn in_run(site: &Site, run: u64, args: &[&str]) -> Command {
    let mut command = site.command(args);
    command.env("GITHUB_RUN_ID", run.to_string()).env("GITHUB_RUN_ATTEMPT", "1");
    command
}

/// Method, path, body.
type Call = (String, String, Option<Value>);

fn writes(call: &Call) -> bool {
    let query =
        call.2.as_ref().is_some_and(|body| body["query"].as_str().is_some_and(|text| text.starts_with("query")));
    call.0 != "GET" && !query
}

/// What is true after a step whose `at`-th call failed.
struct Failed<'a> {
    stage: &'a Stage,
    calls: &'a [Call],
    at: usize,
    kind: FaultKind,
    code: i32,
    said: String,
}

/// Runs a step once, then with every call failing.
fn matrix(name: &str, prepare: fn(&Site), args: &[&str], expected: i32, check: fn(&Failed<'_>)) {
    if !terraform() {
        return;
    }
    let planned = Site::new("echo x >> applied");
    let out =
        Command::new("terraform").args(["show", "-json", "p.tfplan"]).current_dir(planned.directory.path()).output();
    std::fs::write(planned.path("plan.json"), out.unwrap().stdout).unwrap();
    let first = Stage::new(&planned, prepare);
    first.restore();
    let (code, said) = first.run(args);
    assert_eq!(code, expected, "{name} without a fault: {said}");
    let calls = first.calls();
    drop(first);
    let all = std::env::var("TOLLGATE_FAULTS").is_ok_and(|text| text == "all");
    let cases: Vec<(usize, FaultKind)> = (0..calls.len())
        .flat_map(|at| {
            KINDS.iter().enumerate().filter(move |(n, _)| all || at % KINDS.len() == *n).map(move |(_, k)| (at, *k))
        })
        .collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let stage = Stage::new(&planned, prepare);
                while let Some((at, kind)) = cases.get(next.fetch_add(1, Ordering::SeqCst)).copied() {
                    stage.restore();
                    stage.site.github.control().fail_call(at, kind);
                    // A timeout is over after this second; other faults answer, however busy the machine is.
                    let patience = if kind == FaultKind::Timeout { 1 } else { 3 };
                    let (code, said) = stage.run_within(patience, args);
                    stage.site.github.control().fail(&[]);
                    check(&Failed { stage: &stage, calls: &calls, at, kind, code, said });
                }
            });
        }
    });
    let distinct: BTreeSet<String> = calls.iter().map(|call| format!("{} {}", call.0, call.1)).collect();
    eprintln!("{name}: {} calls ({} distinct), {} cases", calls.len(), distinct.len(), cases.len());
}

impl Failed<'_> {
    fn place(&self) -> String {
        let (method, path, _) = &self.calls[self.at];
        format!("{:?} at call {} ({method} {path}): exit {}: {}", self.kind, self.at, self.code, self.said)
    }

    /// A write that the forge confirmed by its status; nobody reads the body of most of them.
    fn confirmed(&self) -> bool {
        writes(&self.calls[self.at]) && matches!(self.kind, FaultKind::HalfBody | FaultKind::Garbage)
    }

    /// A comment, whose answer nobody reads.
    fn says_only(&self) -> bool {
        self.calls[self.at].1.ends_with("/comments")
    }

    /// The place of the first call that ends so.
    fn first(&self, method: &str, end: &str) -> usize {
        self.calls.iter().position(|call| call.0 == method && call.1.ends_with(end)).unwrap()
    }
}

fn published(site: &Site) -> String {
    let (code, said) =
        spoken(&in_run(site, 98, &["check", "--publish", "--stack", "prod", "p.tfplan"]).output().unwrap());
    assert_eq!(code, 11, "{said}");
    site.line()
}

/// For as long as any machine may need for the whole matrix: nothing here is about the window's end.
fn approved(site: &Site) {
    site.configure("[approvals]\nmax_window = { critical = \"168h\", high = \"168h\", medium = \"168h\" }\n");
    let line = published(site);
    let long = line.replace(" approve 1h ", " approve 168h ");
    assert_ne!(long, line);
    let line = long;
    site.comment(ALICE, &line);
    let id = site.github.state().comments.last().unwrap().id;
    let event = serde_json::json!({
        "action": "created",
        "issue": { "number": 7, "pull_request": {} },
        "comment": { "id": id, "body": line, "user": { "id": ALICE, "type": "User" } },
        "sender": { "id": ALICE, "type": "User" },
    });
    std::fs::write(site.path("event.json"), event.to_string()).unwrap();
}

fn with_workflow(site: &Site) {
    site.configure("[apply]\nworkflow = \"apply.yml\"\n");
    approved(site);
}

/// The plan file is in the plan store alone.
fn kept(site: &Site) {
    let key = age::x25519::Identity::generate();
    site.configure(&format!(
        "[plan_store]\nurl = \"file://{}\"\nrecipients = [\"{}\"]\n",
        site.path("kept").display(),
        key.to_public()
    ));
    site.write("key", key.to_string().expose_secret());
    approved(site);
    std::fs::remove_file(site.path("p.tfplan")).unwrap();
}

/// Nobody approves; Alice started the run, and Bob let it into the environment.
fn emergency(site: &Site) {
    site.configure("[break_glass]\nenabled = true\nany_of = [\"user:2\"]\n");
    published(site);
    site.github.state().review_run(99, BOB, "approved", "break-glass");
}

/// A set-up with something in every list.
fn set_up(site: &Site) {
    let mut state = site.github.state();
    state.tokens.get_mut("ghs_token").unwrap().permissions.insert("secrets: read");
    state.set_up.environments = vec![serde_json::json!({ "name": "production", "protection_rules": [],
        "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true } })];
    state.set_up.deploying.insert("production".into(), vec!["main".into()]);
    let workflow = b"on: workflow_dispatch\njobs: { apply: { environment: production, steps: [] } }\n".to_vec();
    state.files.insert((".github/workflows/tollgate-apply.yml".into(), "main".into()), workflow);
}

/// An apply that died while Terraform ran.
fn dead(site: &Site) {
    approved(site);
    let mut command = in_run(site, 99, &["apply", "p.tfplan"]);
    std::fs::write(site.path("hang"), "#!/bin/sh\ncase $1 in\nshow) cat plan.json;;\napply) kill -9 $PPID;;\nesac\n")
        .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(site.path("hang"), mode).unwrap();
    let out = command.env("TOLLGATE_TERRAFORM", site.path("hang")).output().unwrap();
    assert_eq!(out.status.code(), None, "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn a44_publish() {
    matrix(
        "publish",
        |_| {},
        &["check", "--publish", "--stack", "prod", "p.tfplan"],
        11,
        |failed| {
            assert!(failed.code == 1 || (failed.confirmed() && failed.code == 11), "{}", failed.place());
            let state = failed.stage.site.github.state();
            assert!(state.checks.iter().all(|check| check["conclusion"] != "success"), "{}", failed.place());
            assert_eq!(failed.stage.applies(), 0);
            assert!(state.refs.is_empty() && state.deployments.is_empty() && state.dispatches.is_empty());
        },
    );
}

#[test]
fn a44_comment() {
    matrix("comment", with_workflow, &["comment", "--event", "event.json"], 0, |failed| {
        let started = failed.first("POST", "/dispatches");
        let state = failed.stage.site.github.state();
        let dispatches = state.dispatches.len();
        // What was read failed: nothing is started. What was written failed: at most one is.
        if failed.at < started {
            let read = !writes(&failed.calls[failed.at]);
            assert!(!read || dispatches == 0, "{}", failed.place());
        }
        assert!(dispatches <= 1, "{}", failed.place());
        assert!(failed.code == 1 || !writes(&failed.calls[failed.at]) || failed.confirmed(), "{}", failed.place());
        let green = state.checks.iter().any(|check| check["conclusion"] == "success");
        drop(state);
        if green {
            assert!(failed.stage.run(&["status"]).1.contains("approved until"), "{}", failed.place());
        }
        assert_eq!(failed.stage.applies(), 0);
    });
}

#[test]
fn a44_status() {
    matrix("status", approved, &["status"], 0, |failed| {
        assert!(failed.code == 1 || !failed.said.contains("approved until"), "{}", failed.place());
        assert!(!failed.stage.calls().iter().any(writes), "{}", failed.place());
    });
}

#[test]
fn a44_revoke() {
    matrix("revoke", approved, &["revoke", "--reason", "wrong account"], 0, |failed| {
        assert_eq!(failed.code, i32::from(!failed.confirmed()), "{}", failed.place());
        let state = failed.stage.site.github.state();
        let said = state.comments.iter().filter(|comment| comment.body.starts_with("/tollgate revoke")).count();
        assert_eq!(said, usize::from(failed.kind == FaultKind::LostAnswer || failed.confirmed()), "{}", failed.place());
    });
}

/// Before the claim nothing runs and nothing is left but records; after it Terraform is not started; once it has
/// started the result stands, nothing is applied twice, and the ledger says what is missing.
fn guarded(failed: &Failed<'_>, again: &[&str]) {
    let claim = failed.first("POST", "/git/refs");
    let last = failed.calls.iter().rposition(|call| call.0 == "POST" && call.1.ends_with("/statuses")).unwrap();
    let (stage, place) = (failed.stage, failed.place());
    let ran = failed.at >= last;
    if failed.confirmed() && (failed.calls[failed.at].1.ends_with("/statuses") || failed.says_only()) {
        assert_eq!((failed.code, stage.applies()), (0, 1), "{place}");
        return;
    }
    assert_eq!(stage.applies(), usize::from(ran), "{place}");
    assert_eq!(failed.code, i32::from(!ran), "{place}");
    let events = stage.events();
    let refs = stage.site.github.state().refs.len();
    let has = |event: &str| events.iter().any(|name| name == event);
    if failed.at < claim {
        assert_eq!(refs, 0, "{place}");
        assert!(!has("claim") && !has("apply_start"), "{place}");
        assert!(has("undecided") || has("refuse"), "an error is a record: {events:?} {place}");
    } else if failed.at < last {
        // The claim may have failed itself; whatever is there denies.
        assert!(has("record_gap") || has("refuse"), "{events:?} {place}");
    } else {
        assert!(has("apply_end") && has("record_gap"), "{events:?} {place}");
        assert_eq!(stage.site.result()["end"]["not_recorded"].as_array().unwrap().len(), 1, "{place}");
    }
    if failed.at >= claim {
        // Again, without faults: what was claimed stays claimed.
        let before = stage.applies();
        let (code, said) = stage.run(again);
        assert_eq!(code, if refs > 0 { 12 } else { 0 }, "again after {place}: {said}");
        assert_eq!(stage.applies(), before + usize::from(refs == 0), "again after {place}");
    }
}

#[test]
fn a44_apply() {
    const ARGS: [&str; 6] = ["apply", "p.tfplan", "--stack", "prod", "--result", "result.json"];
    matrix("apply", approved, &ARGS, 0, |failed| guarded(failed, &ARGS));
}

#[test]
fn a44_apply_from_the_plan_store() {
    const ARGS: [&str; 6] = ["apply", "--from-store", "--stack", "prod", "--result", "result.json"];
    matrix("apply from the store", kept, &ARGS, 0, |failed| guarded(failed, &ARGS));
}

/// What is loud about it comes before Terraform: an issue or a comment that fails stops it.
#[test]
fn a44_break_glass() {
    const ARGS: [&str; 9] = [
        "apply",
        "p.tfplan",
        "--break-glass",
        "--reason",
        "the site is down",
        "--ticket",
        "INC-9",
        "--result",
        "result.json",
    ];
    matrix("break-glass", emergency, &ARGS, 0, |failed| guarded(failed, &ARGS));
}

/// What cannot be read is unknown or the end, and never a better mode.
#[test]
fn a44_doctor() {
    matrix("doctor", set_up, &["doctor"], 1, |failed| {
        assert!(!failed.stage.calls().iter().any(writes), "{}", failed.place());
        let worse = failed.said.contains("deployment mode: unknown") || failed.said.contains("cannot be read");
        let same = failed.said.contains("deployment mode: C");
        let told = failed.said.matches("\nunknown").count() >= 3 || failed.said.contains("broken");
        assert!(worse || (same && told), "{}", failed.place());
    });
}

#[test]
fn a44_recover() {
    matrix("recover", dead, &["recover", "--finish"], 0, |failed| {
        let place = failed.place();
        assert_eq!(failed.code, i32::from(!failed.confirmed()), "{place}");
        assert_eq!(failed.stage.applies(), 0);
        let (code, said) = failed.stage.run(&["apply", "p.tfplan", "--stack", "prod"]);
        assert_eq!((code, failed.stage.applies()), (12, 0), "a dead apply stays over: {said} {place}");
        let (code, said) = failed.stage.run(&["recover", "--finish"]);
        assert_eq!(code, 0, "{said} {place}");
    });
}
