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

#[path = "../support/site.rs"]
mod site;

mod comments;
mod faults;
mod recovering;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use site::{ALICE, AUTHOR, BOB, Site, configuration, spoken, terraform};
use tollgate::approval::{Requirements, Subject, SubjectParts};

#[test]
fn an_approved_plan_is_applied_once() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    assert_eq!(site.apply(), 1, "nothing was published");
    let line = site.publish(&[]);
    assert!(line.starts_with("/tollgate approve 1h "), "time for the jobs to start: {line}");
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
    assert_eq!(
        site.events(),
        ["undecided", "request", "refuse", "refuse", "claim", "apply_start", "apply_end", "refuse"]
    );
    let state = site.github.state();
    assert_eq!(state.deployments.len(), 1);
    assert_eq!(state.deployments[0].statuses.last().unwrap()["state"], "success");
    let told = &state.comments.last().unwrap().body;
    assert!(told.starts_with("**prod** was applied.") && told.contains("plan `"), "{told}");
}

/// Whoever may write to the repository deletes the claim and the deployment, and the approval still stands.
#[test]
fn a62_deleting_claim_and_deployment_revives_nothing() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    assert_eq!(site.apply(), 0, "{}", site.result());
    {
        let mut state = site.github.state();
        state.refs.clear();
        state.deployments.clear();
    }
    assert_eq!(site.apply(), 12, "{}", site.result());
    let why = site.result()["end"].clone();
    assert!(why["check"] == "claim" && why["why"].as_str().unwrap().contains("beside the ledger"), "{why}");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    assert_eq!(site.events(), ["request", "claim", "apply_start", "apply_end", "refuse"]);
}

#[test]
fn a23_a24_another_plan_file_is_refused() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish(&[]);
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
    let line = site.publish(&[]);
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

/// No approval helps a plan that the policy blocks, so whether there is one does not matter; and the plan need not be
/// read for it.
#[test]
fn a_plan_that_the_policy_blocks_is_blocked_approved_or_not() {
    if !terraform() {
        return;
    }
    const STRICT: &str = "[thresholds]\nlow = \"deny\"\nmedium = \"deny\"\nhigh = \"deny\"\ncritical = \"deny\"\n";
    let blocked = |site: &Site, why: &str| {
        let (code, said) =
            site.said(&["apply", "p.tfplan", "--result", "result.json", "--terraform", "./no-terraform"]);
        assert_eq!((code, site.result()["end"]["check"].as_str()), (10, Some("policy")), "{why}: {said}");
        let (code, said) = site.said(&["status", "--permitted", "--stack", "prod"]);
        assert!(code == 10 && said.contains("check: policy"), "{why}: {said}");
    };
    // Asked for, and the policy has become stricter since.
    let site = Site::new("echo x >> applied");
    site.write("no-terraform", "#!/bin/sh\nexit 99\n");
    std::fs::set_permissions(site.path("no-terraform"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let line = site.publish(&[]);
    let before = std::fs::read_to_string(site.path("tollgate.toml")).unwrap();
    site.configure(STRICT);
    blocked(&site, "nobody approved");
    site.comment(AUTHOR, &line);
    blocked(&site, "the author did");
    assert_eq!(site.events(), ["request", "refuse", "refuse", "refuse", "refuse"]);
    // A waiver may set the finding aside: only reading the plan tells, so what is missing is the approval.
    for rule in ["code-at-apply", "not-compared"] {
        site.configure(&format!(
            "[[waivers]]\nrule = \"{rule}\"\naddress = \"*\"\nreason = \"known\"\nowner = \"ops\"\nexpires = \"2099-01-01\"\n"
        ));
    }
    assert_eq!((site.apply(), site.result()["end"]["check"].as_str()), (12, Some("approval")));
    // Blocked from the start.
    site.write("tollgate.toml", &before);
    site.configure(STRICT);
    assert_eq!(site.code(&["check", "--publish", "--stack", "prod", "p.tfplan"]), 10);
    blocked(&site, "the newest report says so");
    site.comment(ALICE, &line);
    assert_eq!(site.apply(), 10, "approved, and judged again");
    assert!(!site.applied());
}

/// Reading a plan starts its plugins, in the job that holds the credentials: not before an approval.
#[test]
fn a52_terraform_does_not_even_read_a_plan_that_nobody_approved() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish(&[]);
    let script = "#!/bin/sh\necho \"$1\" >> calls\nenv >> environment\nexec terraform \"$@\"\n";
    site.write("spy", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(site.path("spy"), mode).unwrap();
    let apply = || {
        let mut command = site.command(&["apply", "p.tfplan", "--result", "result.json"]);
        command.env("TOLLGATE_TERRAFORM", site.path("spy")).env("TOLLGATE_AGE_IDENTITY", "AGE-SECRET-KEY-1X");
        spoken(&command.output().unwrap())
    };
    let calls = || std::fs::read_to_string(site.path("calls")).unwrap_or_default();
    let (code, said) = apply();
    assert_eq!((code, calls().as_str()), (12, ""), "{said}");
    assert_eq!(site.result()["end"]["check"], "approval");
    site.comment(AUTHOR, &line);
    assert_eq!((apply().0, calls().as_str()), (12, ""));
    // A forged report: nothing is asked for, and the gate's own files are changed.
    let genuine = site.github.state().checks.clone();
    {
        let mut state = site.github.state();
        let digest = genuine[0]["external_id"].as_str().unwrap().parse().unwrap();
        let published = Subject::from_document(genuine[0]["output"]["text"].as_str().unwrap(), digest).unwrap();
        let parts = SubjectParts { requirements: Requirements::default(), ..published.parts().clone() };
        let forged = Subject::new(parts);
        state.checks[0]["output"]["text"] = forged.document().unwrap().into();
        state.checks[0]["external_id"] = forged.digest().to_string().into();
        state.pulls.get_mut(&7).unwrap().files.push("envs/prod/.terraform.lock.hcl".into());
    }
    let (code, said) = apply();
    assert_eq!((code, calls().as_str()), (12, ""), "{said}");
    assert_eq!(site.result()["end"]["check"], "subject");
    {
        let mut state = site.github.state();
        state.checks = genuine;
        state.pulls.get_mut(&7).unwrap().files.pop();
    }
    site.comment(ALICE, &line);
    let (code, said) = apply();
    assert_eq!((code, calls().as_str()), (0, "show\napply\n"), "{said}");
    let environment = std::fs::read_to_string(site.path("environment")).unwrap();
    assert!(!environment.contains("ghs_token") && !environment.contains("AGE-SECRET-KEY"), "plugins get no token");
}

/// What the apply job asks first, before it checks anything of the pull request out.
#[test]
fn status_says_whether_the_plan_may_be_applied_now_and_which_commit_it_is_of() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let ask = || {
        let _ = std::fs::remove_file(site.path("outputs"));
        let mut command = site.command(&["status", "--permitted", "--stack", "prod"]);
        let (code, said) = spoken(&command.env("GITHUB_OUTPUT", site.path("outputs")).output().unwrap());
        (code, said, std::fs::read_to_string(site.path("outputs")).unwrap_or_default())
    };
    assert_eq!(ask().0, 1, "nothing is published");
    let line = site.publish(&[]);
    let (code, said, outputs) = ask();
    assert!(code == 12 && said.contains("check: approval") && outputs.is_empty(), "{said}");
    site.comment(ALICE, &line);
    let (code, said, outputs) = ask();
    let head = site.github.state().pulls[&7].head_sha.clone();
    assert!(code == 0 && outputs.contains(&head), "{said} {outputs}");
    site.comment(BOB, "/tollgate revoke because wrong account");
    assert_eq!(ask().0, 12);
    assert_eq!(site.events(), ["request", "refuse", "refuse"], "a refusal is a record");
}

#[test]
fn a_revoked_window_is_closed() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish(&[]);
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
    let line = site.publish(&[]);
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
