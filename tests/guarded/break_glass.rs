//! `apply --break-glass`: issues, reviews of environments, and the review afterwards.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tollgate::edge::store::{append, open};

use super::site::*;

const CONFIG: &str = "[break_glass]\nenabled = true\nany_of = [\"user:2\"]\n";
const USE: [&str; 7] =
    ["--break-glass", "--reason", "the site is down", "--ticket", "INC-9", "--result", "result.json"];

impl Site {
    /// The program in run 99, which `starter` started.
    fn in_run(&self, starter: u64, args: &[&str]) -> (i32, String) {
        self.github.state().start_run(99, starter);
        let mut command = self.command(args);
        spoken(&command.env("GITHUB_RUN_ID", "99").env("GITHUB_RUN_ATTEMPT", "1").output().unwrap())
    }

    fn apply_in_run(&self, starter: u64, more: &[&str]) -> (i32, String) {
        self.in_run(starter, &[&["apply", "p.tfplan"], more].concat())
    }

    /// Somebody lets run 99 into an environment, or does not.
    fn review_run(&self, by: u64, state: &str, environment: &str) {
        self.github.state().review_run(99, by, state, environment);
    }
}

fn refused(site: &Site, outcome: (i32, String), check: &str) {
    assert_eq!((outcome.0, site.result()["end"]["check"].as_str()), (12, Some(check)), "{}", outcome.1);
    assert!(!site.applied());
}

/// Row 60: off by default, loud, in an environment of its own.
#[test]
fn a60_the_glass_is_broken_loudly_once_and_by_two_people() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.publish(&[]);
    site.review_run(BOB, "approved", "break-glass");
    refused(&site, site.apply_in_run(ALICE, &USE), "break_glass");
    site.configure(CONFIG);
    site.publish(&[]);
    refused(&site, site.apply_in_run(BOB, &USE), "break_glass");
    for (by, state, environment) in
        [(ALICE, "approved", "break-glass"), (BOB, "rejected", "break-glass"), (BOB, "approved", "production")]
    {
        site.review_run(by, state, environment);
        refused(&site, site.apply_in_run(ALICE, &USE), "break_glass");
    }
    site.review_run(BOB, "approved", "break-glass");
    let (code, said) = site.apply_in_run(ALICE, &["--break-glass", "--ticket", "INC-9"]);
    assert!(code == 1 && said.contains("--reason"), "{said}");
    assert!(site.github.state().set_up.issues.is_empty() && site.github.state().refs.is_empty());

    let (code, said) = site.apply_in_run(ALICE, &USE);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("BREAK-GLASS by alice") && said.contains("rule `m` (0 of 1 approvals)"), "{said}");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    let issue = site.github.state().set_up.issues[0].clone();
    assert_eq!(issue["labels"], json!([{ "name": "break-glass" }]));
    assert!(issue["body"].as_str().unwrap().contains("INC-9"), "{issue}");
    {
        let state = site.github.state();
        assert!(state.comments.iter().any(|one| one.body.contains("See issue 101")));
        assert_eq!(state.deployments[0].body["environment"], "break-glass");
        assert_eq!(state.deployments[0].body["payload"]["break_glass"], "2");
    }
    let entry = site.entries().into_iter().find(|entry| entry["event"] == "break_glass").unwrap();
    assert_eq!((entry["actor"]["id"].as_u64(), entry["reason"].as_str()), (Some(2), Some("the site is down")));
    let minutes = |name: &str| entry[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(minutes("expires").duration_since(minutes("opens")).as_mins(), 30, "its own, short window");
    let (code, _) = site.apply_in_run(ALICE, &USE);
    assert_eq!(code, 12, "once");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
}

#[test]
fn it_bypasses_missing_approvals_and_nothing_else() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.configure(CONFIG);
    let line = site.publish(&[]);
    site.review_run(BOB, "approved", "break-glass");
    // A window is open: there is no need.
    site.comment(ALICE, &line);
    refused(&site, site.apply_in_run(ALICE, &USE), "break_glass");
    // Somebody said no.
    site.comment(BOB, "/tollgate revoke because the account is wrong");
    refused(&site, site.apply_in_run(ALICE, &USE), "approval");
    assert!(!site.applied() && site.github.state().set_up.issues.is_empty());
}

#[test]
fn a_policy_that_blocks_still_blocks() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.configure(CONFIG);
    site.publish(&[]);
    site.review_run(BOB, "approved", "break-glass");
    site.configure("[thresholds]\nlow = \"deny\"\nmedium = \"deny\"\nhigh = \"deny\"\ncritical = \"deny\"\n");
    let (code, said) = site.apply_in_run(ALICE, &USE);
    assert_eq!(code, 10, "{said}");
    assert!(!site.applied() && site.github.state().set_up.issues.is_empty());
}

#[test]
fn an_overdue_review_blocks_the_next_normal_window_until_somebody_else_reviews() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.configure(CONFIG);
    site.publish(&[]);
    site.review_run(BOB, "approved", "break-glass");
    let (code, said) = site.apply_in_run(ALICE, &USE);
    assert_eq!(code, 0, "{said}");
    std::fs::remove_file(site.path("applied")).unwrap();
    // The same use, two days and an hour ago.
    let mut entry = site.entries().into_iter().find(|entry| entry["event"] == "break_glass").unwrap();
    entry["time"] = (Timestamp::now() - SignedDuration::from_hours(49)).to_string().into();
    let old = append(open(&site.ledger()).unwrap().as_ref(), &serde_json::from_value(entry).unwrap()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    site.terraform(&["apply", "-destroy", "-auto-approve"]);
    site.plan("p.tfplan");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    refused(&site, site.apply_in_run(BOB, &["--result", "result.json"]), "break_glass");
    let number = old.seq().to_string();
    let ledger = site.ledger();
    let review = ["audit", "review", &number, "--ledger", &ledger, "--reason", "seen, and justified"];
    let (code, said) = site.in_run(ALICE, &review);
    assert!(code == 1 && said.contains("another person"), "{said}");
    let (code, said) =
        site.in_run(BOB, &["audit", "review", "1", "--ledger", &ledger, "--reason", "seen, and justified"]);
    assert!(code == 1 && said.contains("no use of break-glass"), "{said}");
    let (code, said) = site.in_run(BOB, &review);
    assert_eq!(code, 0, "{said}");
    let (code, said) = site.apply_in_run(BOB, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(site.events().contains(&"review".to_owned()));
}
