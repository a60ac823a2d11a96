//! `apply --break-glass`, with a small server before the fake that knows issues and reviews of environments.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tollgate::edge::store::{append, open};

use super::site::*;

const CONFIG: &str = "[break_glass]\nenabled = true\nany_of = [\"user:2\"]\n";
const USE: [&str; 7] =
    ["--break-glass", "--reason", "the site is down", "--ticket", "INC-9", "--result", "result.json"];

/// What the fake does not know, answered here; all else goes on to it.
struct Front {
    address: String,
    reviews: Arc<Mutex<Value>>,
    issues: Arc<Mutex<Vec<Value>>>,
    stop: Arc<AtomicBool>,
}

impl Front {
    fn before(backend: &str) -> Self {
        let backend = backend.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let front = Self {
            address: listener.local_addr().unwrap().to_string(),
            reviews: Arc::new(Mutex::new(json!([]))),
            issues: Arc::default(),
            stop: Arc::default(),
        };
        let (reviews, issues, stop) = (Arc::clone(&front.reviews), Arc::clone(&front.issues), Arc::clone(&front.stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
                    let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                    length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let first = head.lines().next().unwrap_or_default().to_owned();
                let own = if first.starts_with("POST /repos/org/infra/issues HTTP") {
                    let mut issues = issues.lock().unwrap();
                    issues.push(serde_json::from_slice(&body).unwrap());
                    Some((201, json!({ "id": 1, "number": 100 + issues.len() })))
                } else if first.starts_with("GET /repos/org/infra/actions/runs/99/approvals") {
                    Some((200, reviews.lock().unwrap().clone()))
                } else {
                    None
                };
                if let Some((status, answer)) = own {
                    let text = answer.to_string();
                    let head =
                        format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close\r\n");
                    let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
                } else {
                    let mut onward = TcpStream::connect(&backend).unwrap();
                    onward.write_all(head.as_bytes()).unwrap();
                    onward.write_all(&body).unwrap();
                    let mut answer = Vec::new();
                    let _ = onward.read_to_end(&mut answer);
                    let _ = stream.write_all(&answer);
                }
            }
        });
        front
    }

    fn review(&self, by: (u64, &str), state: &str, environment: &str) {
        let review = json!({ "state": state, "comment": "", "user": { "id": by.0, "login": by.1, "type": "User" },
            "environments": [{ "id": 1, "name": environment }] });
        *self.reviews.lock().unwrap() = json!([review]);
    }

    /// The program in run 99, which `starter` started.
    fn run(&self, site: &Site, starter: u64, args: &[&str]) -> (i32, String) {
        {
            let mut state = site.github.state();
            let user = state.user(Some(starter));
            let head = state.pulls[&7].head_sha.clone();
            let run = json!({ "id": 99, "run_attempt": 1, "head_sha": head, "actor": user, "triggering_actor": user });
            state.runs.insert(99, vec![run]);
            state.now = state.now.max(Timestamp::now());
        }
        let mut command = site.command(args);
        command.env("GITHUB_API_URL", format!("http://{}", self.address));
        command.env("GITHUB_RUN_ID", "99").env("GITHUB_RUN_ATTEMPT", "1");
        spoken(&command.output().unwrap())
    }

    /// Publishes by the same address: a subject names its forge.
    fn publish(&self, site: &Site) -> String {
        let mut command = site.command(&["check", "--publish", "--stack", "prod", "p.tfplan"]);
        let (code, said) = spoken(&command.env("GITHUB_API_URL", format!("http://{}", self.address)).output().unwrap());
        assert_eq!(code, 11, "{said}");
        site.line()
    }

    fn apply(&self, site: &Site, starter: u64, more: &[&str]) -> (i32, String) {
        self.run(site, starter, &[&["apply", "p.tfplan"], more].concat())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
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
    let front = Front::before(&site.github.url());
    front.publish(&site);
    front.review((3, "bob"), "approved", "break-glass");
    refused(&site, front.apply(&site, ALICE, &USE), "break_glass");
    site.configure(CONFIG);
    front.publish(&site);
    refused(&site, front.apply(&site, BOB, &USE), "break_glass");
    for (by, state, environment) in [
        ((2, "alice"), "approved", "break-glass"),
        ((3, "bob"), "rejected", "break-glass"),
        ((3, "bob"), "approved", "production"),
    ] {
        front.review(by, state, environment);
        refused(&site, front.apply(&site, ALICE, &USE), "break_glass");
    }
    front.review((3, "bob"), "approved", "break-glass");
    let (code, said) = front.apply(&site, ALICE, &["--break-glass", "--ticket", "INC-9"]);
    assert!(code == 1 && said.contains("--reason"), "{said}");
    assert!(front.issues.lock().unwrap().is_empty() && site.github.state().refs.is_empty());

    let (code, said) = front.apply(&site, ALICE, &USE);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("BREAK-GLASS by alice") && said.contains("rule `m` (0 of 1 approvals)"), "{said}");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
    let issue = front.issues.lock().unwrap()[0].clone();
    assert_eq!(issue["labels"], json!(["break-glass"]));
    assert!(issue["body"].as_str().unwrap().contains("INC-9"), "{issue}");
    {
        let state = site.github.state();
        assert!(state.comments.last().unwrap().body.contains("See issue 101"));
        assert_eq!(state.deployments[0].body["environment"], "break-glass");
        assert_eq!(state.deployments[0].body["payload"]["break_glass"], "2");
    }
    let entry = site.entries().into_iter().find(|entry| entry["event"] == "break_glass").unwrap();
    assert_eq!((entry["actor"]["id"].as_u64(), entry["reason"].as_str()), (Some(2), Some("the site is down")));
    let minutes = |name: &str| entry[name].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(minutes("expires").duration_since(minutes("opens")).as_mins(), 30, "its own, short window");
    let (code, _) = front.apply(&site, ALICE, &USE);
    assert_eq!(code, 12, "once");
    assert_eq!(std::fs::read_to_string(site.path("applied")).unwrap(), "x\n");
}

#[test]
fn it_bypasses_missing_approvals_and_nothing_else() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let front = Front::before(&site.github.url());
    site.configure(CONFIG);
    let line = front.publish(&site);
    front.review((3, "bob"), "approved", "break-glass");
    // A window is open: there is no need.
    site.comment(ALICE, &line);
    refused(&site, front.apply(&site, ALICE, &USE), "break_glass");
    // Somebody said no.
    site.comment(BOB, "/tollgate revoke because the account is wrong");
    refused(&site, front.apply(&site, ALICE, &USE), "approval");
    // A policy that blocks.
    site.configure("[thresholds]\nlow = \"deny\"\nmedium = \"deny\"\nhigh = \"deny\"\ncritical = \"deny\"\n");
    assert_eq!(front.apply(&site, ALICE, &USE).0, 10);
    assert!(!site.applied() && front.issues.lock().unwrap().is_empty());
}

#[test]
fn an_overdue_review_blocks_the_next_normal_window_until_somebody_else_reviews() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let front = Front::before(&site.github.url());
    site.configure(CONFIG);
    front.publish(&site);
    front.review((3, "bob"), "approved", "break-glass");
    let (code, said) = front.apply(&site, ALICE, &USE);
    assert_eq!(code, 0, "{said}");
    std::fs::remove_file(site.path("applied")).unwrap();
    // The same use, two days and an hour ago.
    let mut entry = site.entries().into_iter().find(|entry| entry["event"] == "break_glass").unwrap();
    entry["time"] = (Timestamp::now() - SignedDuration::from_hours(49)).to_string().into();
    let old = append(open(&site.ledger()).unwrap().as_ref(), &serde_json::from_value(entry).unwrap()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    site.terraform(&["apply", "-destroy", "-auto-approve"]);
    site.plan("p.tfplan");
    let line = front.publish(&site);
    site.comment(ALICE, &line);
    refused(&site, front.apply(&site, BOB, &["--result", "result.json"]), "break_glass");
    let number = old.seq().to_string();
    let ledger = site.ledger();
    let review = ["audit", "review", &number, "--ledger", &ledger, "--reason", "seen, and justified"];
    let (code, said) = front.run(&site, ALICE, &review);
    assert!(code == 1 && said.contains("another person"), "{said}");
    let (code, said) =
        front.run(&site, BOB, &["audit", "review", "1", "--ledger", &ledger, "--reason", "seen, and justified"]);
    assert!(code == 1 && said.contains("no use of break-glass"), "{said}");
    let (code, said) = front.run(&site, BOB, &review);
    assert_eq!(code, 0, "{said}");
    let (code, said) = front.apply(&site, BOB, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(site.events().contains(&"review".to_owned()));
}
