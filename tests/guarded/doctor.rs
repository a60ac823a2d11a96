//! `tollgate doctor` against a server that knows one repository's set-up, and notes what it is asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::site::spoken;

const ROOT: &str = "/repos/org/infra";

struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers by path; what it does not know is forbidden to this token.
    fn start(answers: BTreeMap<String, (u16, Value)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(first)) = lines.next() else { continue };
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let words: Vec<&str> = first.split(' ').collect();
                log.lock().unwrap().push(format!("{} {}", words[0], words[1]));
                let path = words[1].split('?').next().unwrap();
                let forbidden = (403, json!({ "message": "Resource not accessible by integration" }));
                let (status, body) = answers.get(path).cloned().unwrap_or(forbidden);
                let body = body.to_string();
                let head = format!("HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close\r\n");
                let _ = stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
            }
        });
        Self { address, asked, stop }
    }

    fn doctor(&self) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.arg("doctor").env_remove("GITHUB_EVENT_PATH").env("CI", "true");
        command.env("GITHUB_API_URL", format!("http://{}", self.address));
        command.env("GITHUB_REPOSITORY", "org/infra").env("GITHUB_TOKEN", "ghs_secret");
        let (code, said) = spoken(&command.output().unwrap());
        let asked = self.asked.lock().unwrap();
        assert!(!asked.is_empty() && asked.iter().all(|call| call.starts_with("GET ")), "it reads only: {asked:?}");
        assert!(!said.contains("ghs_secret"));
        (code, said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn file(text: &str) -> (u16, Value) {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encoded: String = text
        .as_bytes()
        .chunks(3)
        .map(|group| {
            let value = (0..3).fold(0_u32, |value, at| value << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
            let digit = |at: usize| char::from(digits[(value >> (18 - 6 * at) & 63) as usize]);
            (0..4).map(|at| if at <= group.len() { digit(at) } else { '=' }).collect::<String>()
        })
        .collect();
    (200, json!({ "type": "file", "encoding": "base64", "size": text.len(), "content": encoded }))
}

const CONFIG: &str = "version = 1\nledger = \"s3://bucket/ledger\"\n[apply]\nenvironment = \"production\"\nworkflow = \"apply.yml\"\n[[approvals.rules]]\nname = \"m\"\nrequires = { any_of = [\"role:maintain\"] }\n";

/// Mode C, as documented.
fn protected() -> BTreeMap<String, (u16, Value)> {
    let rules = json!([
        { "type": "pull_request",
          "parameters": { "required_approving_review_count": 1, "require_code_owner_review": true } },
        { "type": "non_fast_forward" },
        { "type": "required_status_checks",
          "parameters": { "required_status_checks": [{ "context": "tollgate (prod)", "integration_id": 15368 }] } },
    ]);
    let environment = json!({
        "name": "production", "can_admins_bypass": false,
        "deployment_branch_policy": { "protected_branches": false, "custom_branch_policies": true },
        "protection_rules": [{ "type": "required_reviewers", "prevent_self_review": true, "reviewers": [{}, {}] },
            { "type": "branch_policy" }],
    });
    let policies = json!({ "total_count": 1, "branch_policies": [{ "id": 1, "name": "main" }] });
    let missing = (404, json!({ "message": "Not Found" }));
    BTreeMap::from([
        (ROOT.to_owned(), (200, json!({ "id": 1000, "default_branch": "main", "permissions": { "admin": false } }))),
        (format!("{ROOT}/environments"), (200, json!({ "total_count": 1, "environments": [environment] }))),
        (format!("{ROOT}/environments/production/deployment-branch-policies"), (200, policies)),
        (format!("{ROOT}/rules/branches/main"), (200, rules)),
        (format!("{ROOT}/branches/main"), (200, json!({ "name": "main", "protected": true }))),
        (format!("{ROOT}/actions/secrets"), (200, json!({ "total_count": 1, "secrets": [{ "name": "SLACK" }] }))),
        (format!("{ROOT}/contents/tollgate.toml"), file(CONFIG)),
        (format!("{ROOT}/contents/.github/tollgate.toml"), missing),
        (
            format!("{ROOT}/contents/.github/workflows/apply.yml"),
            file("on: workflow_dispatch\njobs:\n  apply:\n    environment: { name: production }\n    steps: []\n"),
        ),
    ])
}

#[test]
fn a_protected_environment_is_told_from_a_seat_belt() {
    let (code, said) = Server::start(protected()).doctor();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("deployment mode: C") && !said.contains("broken"), "{said}");
    assert!(said.contains("whom the cloud trusts"), "what is not read is said: {said}");
    let mut bound = protected();
    let rules = &mut bound.get_mut(&format!("{ROOT}/rules/branches/main")).unwrap().1;
    rules[2]["parameters"]["required_status_checks"][0]["integration_id"] = json!(77);
    let (code, said) = Server::start(bound).doctor();
    assert!(code == 0 && said.contains("deployment mode: D"), "{said}");
}

#[test]
fn what_opens_the_lock_is_broken_and_exits_with_1() {
    let set = |answers: &mut BTreeMap<String, (u16, Value)>, path: &str, body: Value| {
        answers.insert(format!("{ROOT}{path}"), (200, body));
    };
    type Change<'a> = Box<dyn Fn(&mut BTreeMap<String, (u16, Value)>) + 'a>;
    let cases: [(&str, Change<'_>); 6] = [
        (
            "there is no environment `production`",
            Box::new(|a| {
                set(a, "/environments", json!({ "total_count": 0, "environments": [] }));
            }),
        ),
        (
            "every branch may deploy",
            Box::new(|a| {
                let path = format!("{ROOT}/environments");
                a.get_mut(&path).unwrap().1["environments"][0]["deployment_branch_policy"] = Value::Null;
            }),
        ),
        (
            "branches beside the default one",
            Box::new(|a| {
                set(
                    a,
                    "/environments/production/deployment-branch-policies",
                    json!({ "total_count": 2, "branch_policies": [{ "name": "main" }, { "name": "*" }] }),
                );
            }),
        ),
        (
            "has a job outside environment",
            Box::new(|a| {
                a.insert(
                    format!("{ROOT}/contents/.github/workflows/apply.yml"),
                    file("on: workflow_dispatch\njobs:\n  apply: { steps: [] }\n"),
                );
            }),
        ),
        (
            "every workflow of every branch can read AWS_SECRET_ACCESS_KEY",
            Box::new(|a| {
                set(a, "/actions/secrets", json!({ "secrets": [{ "name": "AWS_SECRET_ACCESS_KEY" }] }));
            }),
        ),
        ("anybody who can push can push to `main`", Box::new(|a| set(a, "/rules/branches/main", json!([])))),
    ];
    for (expected, change) in cases {
        let mut answers = protected();
        change(&mut answers);
        let (code, said) = Server::start(answers).doctor();
        assert!(code == 1 && said.contains(expected) && said.contains("broken"), "{expected}: {code} {said}");
    }
}

/// `GITHUB_TOKEN` with the permissions of the plan workflow: it sees little, and is told so.
#[test]
fn what_the_token_cannot_read_is_unknown() {
    let mut answers = protected();
    let hidden = ["/environments", "/environments/production/deployment-branch-policies", "/actions/secrets"];
    answers.retain(|path, _| !hidden.iter().any(|end| path.ends_with(end)));
    let (code, said) = Server::start(answers).doctor();
    assert_eq!(code, 0, "unknown is not broken: {said}");
    assert!(said.contains("deployment mode: unknown") && said.contains("actions: read"), "{said}");
    assert!(said.matches("\nunknown").count() >= 3, "{said}");
    // Nothing at all.
    let (code, said) = Server::start(BTreeMap::new()).doctor();
    assert!(code == 1 && said.contains("cannot be read"), "{said}");
}
