//! The ledger's end, noted where a cut tail shows; requests and refusals in it; the cloud account.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::site::*;

/// The first checkpoint in a text, as it is written for people.
fn checkpoint(text: &str) -> String {
    let plain = |c: char| c.is_ascii_digit() || c.is_ascii_lowercase() || c == ':';
    let found = text.split(|c| !plain(c)).find(|word| {
        word.split_once(':').is_some_and(|(count, head)| count.parse::<u64>().is_ok() && head.len() == 64)
    });
    found.unwrap_or_else(|| panic!("no checkpoint in {text}")).to_owned()
}

impl Site {
    fn verify(&self, checkpoint: &str) -> (i32, String) {
        self.said(&["audit", "verify", "--ledger", &self.ledger(), "--checkpoint", checkpoint])
    }

    fn check_summary(&self) -> String {
        self.github.state().checks.last().unwrap()["output"]["summary"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_cut_tail_shows_against_the_check_run_and_the_deployment() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    let line = site.publish(&[]);
    let published = checkpoint(&site.check_summary());
    assert!(published.starts_with("1:"), "{published}");
    assert_eq!(site.verify(&published).0, 0);
    site.comment(AUTHOR, &line);
    let (code, said) = site.said(&["apply", "p.tfplan"]);
    assert!(code == 12 && said.contains("check: approval"), "{said}");
    site.comment(ALICE, &line);
    let (code, said) = site.said(&["apply", "p.tfplan"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(site.events(), ["request", "refuse", "claim", "apply_start", "apply_end"]);
    let entries = site.entries();
    assert_eq!(entries[0]["detail"], "needs_approval");
    assert_eq!(entries[0]["time_source"], "local", "nothing of a request is decided by time");
    assert!(entries[1]["detail"].as_str().unwrap().starts_with("approval: "), "{}", entries[1]["detail"]);
    let (payload, last) = {
        let state = site.github.state();
        let deployment = &state.deployments[0];
        let status = deployment.statuses.last().unwrap();
        (deployment.body["payload"]["ledger_checkpoint"].as_str().unwrap().to_owned(), status["description"].clone())
    };
    assert!(payload.starts_with("3:"), "the claim: {payload}");
    // The fake keeps what a status said only if it is a known field; GitHub shows it as the description.
    let last = last.as_str().map_or(payload.clone(), checkpoint);
    for noted in [&published, &payload, &last] {
        assert_eq!(site.verify(noted).0, 0, "{noted}");
    }
    // The apply disappears from the ledger: the chain is whole, and the deployment contradicts it.
    for number in [3, 4, 5] {
        std::fs::remove_file(site.path(&format!("ledger/ledger/{number:012}.json"))).unwrap();
    }
    assert_eq!(site.verify(&published).0, 0, "the check run is older than what was cut");
    let (code, said) = site.verify(&payload);
    assert!(code == 10 && said.contains("tail was cut off"), "{said}");
    // Another history in its place.
    let (code, said) = site.said(&["apply", "p.tfplan"]);
    assert_eq!(code, 12, "{said}");
    let (code, said) = site.verify(&payload);
    assert!(code == 10 && said.contains("rewritten"), "{said}");
}

#[test]
fn a_request_that_cannot_be_recorded_is_said_and_permits_nothing() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.write("ledger", "a file where the directory should be");
    let line = site.publish(&[]);
    assert!(site.check_summary().contains("not recorded in the ledger"));
    site.comment(ALICE, &line);
    let (code, said) = site.said(&["apply", "p.tfplan", "--result", "result.json"]);
    assert_eq!(code, 1, "{said}");
    assert!(!site.applied(), "nothing runs unrecorded");
}

/// An STS that knows one account; gives its address and, at the end, what it was asked.
fn sts(account: &'static str, asked: usize) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let answer = |_| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut bytes = [0; 4096];
            while !request.contains("Version=2011-06-15") {
                let read = stream.read(&mut bytes).unwrap();
                assert!(read > 0, "{request}");
                request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            let body = format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
            request
        };
        (0..asked).map(answer).collect()
    });
    (url, server)
}

/// Row 52: the credentials of the job are those of another account.
#[test]
fn a52_credentials_of_another_account_are_refused_before_the_claim() {
    if !terraform() {
        return;
    }
    let site = Site::new("echo x >> applied");
    site.configure("[apply]\naccount_id = \"123456789012\"\n");
    let line = site.publish(&[]);
    site.comment(ALICE, &line);
    let (url, server) = sts("210987654321", 1);
    let apply = |url: &str| {
        let mut command = site.command(&["apply", "p.tfplan", "--result", "result.json"]);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "not-a-real-secret");
        command.env("AWS_SESSION_TOKEN", "session").env("AWS_REGION", "eu-west-1");
        spoken(&command.env("AWS_ENDPOINT_URL_STS", url).output().unwrap())
    };
    let (code, said) = apply(&url);
    assert_eq!((code, site.result()["end"]["check"].as_str()), (12, Some("account")), "{said}");
    let asked = server.join().unwrap().remove(0).to_ascii_lowercase();
    assert!(asked.contains("credential=akidexample/") && asked.contains("/eu-west-1/sts/aws4_request"), "{asked}");
    assert!(asked.contains("x-amz-security-token: session") && !asked.contains("not-a-real-secret"));
    // Nobody answers.
    let (code, said) = apply("http://127.0.0.1:9");
    assert!(code == 1 && said.contains("account cannot be told"), "{said}");
    assert!(!site.applied() && site.github.state().refs.is_empty(), "nothing is claimed");
    let (url, _server) = sts("123456789012", 1);
    let (code, said) = apply(&url);
    assert_eq!(code, 0, "{said}");
}
