//! The fake is as strict as GitHub where a test could otherwise pass by accident.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::fake_github::FakeGitHub;
use crate::site::{ALICE, BOB, HEAD, STRANGER, Site};

/// A request by hand: status, head and body.
fn ask(github: &FakeGitHub, token: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, String, Value) {
    let address = github.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let text = body.map_or_else(String::new, Value::to_string);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: test\r\nX-GitHub-Api-Version: 2022-11-28\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // Requests by hand say as little as they can, and are no example of what the client sends.
    github.control().kept.clear();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

const ROOT: &str = "/repos/org/infra";

/// Every route with the least that it takes, and the permission it needs.
fn routes() -> Vec<(&'static str, String, Option<Value>, &'static str)> {
    let body = |value: Value| Some(value);
    vec![
        ("GET", String::new(), None, "metadata: read"),
        ("GET", "/pulls/7".into(), None, "pull-requests: read"),
        ("GET", "/pulls/7/files".into(), None, "pull-requests: read"),
        ("GET", "/pulls/7/reviews".into(), None, "pull-requests: read"),
        ("GET", "/issues/7/comments".into(), None, "pull-requests: read"),
        ("POST", "/issues/7/comments".into(), body(json!({ "body": "x" })), "pull-requests: write"),
        ("GET", "/activity?ref=refs/heads/feature/x".into(), None, "contents: read"),
        ("GET", "/collaborators/alice/permission".into(), None, "metadata: read"),
        ("GET", format!("/commits/{HEAD}/check-runs"), None, "checks: read"),
        ("POST", "/check-runs".into(), body(json!({ "name": "x", "head_sha": HEAD })), "checks: write"),
        ("GET", "/git/matching-refs/tollgate/claims/x".into(), None, "contents: read"),
        ("POST", "/git/refs".into(), body(json!({ "ref": "refs/tollgate/x", "sha": HEAD })), "contents: write"),
        ("GET", "/deployments".into(), None, "deployments: read"),
        ("POST", "/deployments".into(), body(json!({ "ref": HEAD, "task": "x" })), "deployments: write"),
        ("POST", "/actions/workflows/a.yml/dispatches".into(), body(json!({ "ref": "main" })), "actions: write"),
        ("GET", "/actions/runs/5/approvals".into(), None, "actions: read"),
        ("GET", "/environments".into(), None, "actions: read"),
        ("GET", "/environments/production/deployment-branch-policies".into(), None, "actions: read"),
        ("GET", "/branches/main".into(), None, "contents: read"),
        ("GET", "/rules/branches/main".into(), None, "metadata: read"),
        ("GET", "/actions/secrets".into(), None, "secrets: read"),
        ("POST", "/issues".into(), body(json!({ "title": "x" })), "issues: write"),
    ]
}

#[test]
fn each_route_needs_its_permission_and_no_other() {
    for (method, path, body, permission) in routes() {
        let site = Site::new();
        site.github.state().start_run(5, BOB);
        site.github.state().set_up.deploying.insert("production".into(), vec!["main".into()]);
        let ask = || ask(&site.github, "ghs_token", method, &format!("{ROOT}{path}"), body.as_ref()).0;
        let set = |permissions: &[&'static str]| {
            site.github.state().tokens.get_mut("ghs_token").unwrap().permissions =
                permissions.iter().copied().collect();
        };
        let all = ["metadata", "contents", "pull-requests", "checks", "deployments", "actions", "issues", "secrets"];
        let others: Vec<&'static str> = all
            .iter()
            .filter(|name| !permission.starts_with(*name))
            .map(|name| &*format!("{name}: write").leak())
            .collect();
        set(&others);
        assert_eq!(ask(), 403, "{method} {path} without {permission}");
        set(&[permission]);
        assert!((200..300).contains(&ask()), "{method} {path} with {permission}");
        if permission.ends_with("write") {
            set(&[&*permission.replace("write", "read").leak()]);
            assert_eq!(ask(), 403, "{method} {path} with reading alone");
        }
    }
}

#[test]
fn a_token_that_is_unknown_and_things_that_are_not_there() {
    let site = Site::new();
    let ask = |method: &str, path: &str, body: Option<Value>| {
        ask(&site.github, "ghs_token", method, &format!("{ROOT}{path}"), body.as_ref()).0
    };
    assert_eq!(super::strictness::ask(&site.github, "ghs_other", "GET", ROOT, None).0, 401);
    for path in
        ["/pulls/8", "/pulls/8/files", "/contents/x?ref=main", "/actions/runs/1", "/collaborators/nobody/permission"]
    {
        assert_eq!(ask("GET", path, None), 404, "{path}");
    }
    assert_eq!(ask("POST", "/issues/8/comments", Some(json!({ "body": "x" }))), 404);
    assert_eq!(ask("PUT", "/pulls/7/reviews/1/dismissals", Some(json!({ "message": "x" }))), 404);
    let nowhere = "9".repeat(40);
    assert_eq!(ask("POST", "/check-runs", Some(json!({ "name": "x", "head_sha": nowhere }))), 422);
    assert_eq!(ask("POST", "/deployments", Some(json!({ "ref": nowhere }))), 422);
    assert_eq!(ask("POST", "/git/refs", Some(json!({ "ref": "refs/x/y", "sha": nowhere }))), 422);
    assert_eq!(ask("POST", "/git/refs", Some(json!({ "ref": "x", "sha": HEAD }))), 422);
    assert_eq!(ask("POST", "/actions/workflows/a.yml/dispatches", Some(json!({ "ref": "nowhere" }))), 422);
    assert_eq!(ask("POST", "/issues/7/comments", Some(json!({ "body": " " }))), 422);
}

#[test]
fn what_github_would_ignore_is_a_violation() {
    let site = Site::new();
    let wrong = [
        ("GET", "/pull/7", None),
        ("POST", "/issues/7/comments", Some(json!({ "body": "x", "colour": "red" }))),
        ("POST", "/check-runs", Some(json!({ "name": "x", "head_sha": HEAD, "output": { "colour": "red" } }))),
        ("POST", "/graphql", Some(json!({ "query": "query { viewer { login } }" }))),
    ];
    for (method, path, body) in &wrong {
        assert_eq!(ask(&site.github, "ghs_token", method, &format!("{ROOT}{path}"), body.as_ref()).0, 418, "{path}");
    }
    let violations = std::mem::take(&mut site.github.control().violations);
    assert_eq!(violations.len(), wrong.len());
}

#[test]
fn pages_have_at_most_a_hundred_entries_and_name_the_next() {
    let site = Site::new();
    for _ in 0..101 {
        site.github.state().comment(7, STRANGER, "x");
    }
    let get = |query: &str| ask(&site.github, "ghs_token", "GET", &format!("{ROOT}/issues/7/comments{query}"), None);
    for (query, entries, more) in
        [("", 30, true), ("?per_page=100", 100, true), ("?per_page=500", 100, true), ("?per_page=100&page=2", 1, false)]
    {
        let (_, head, body) = get(query);
        assert_eq!((body.as_array().unwrap().len(), head.contains("rel=\"next\"")), (entries, more), "{query}");
    }
}

#[test]
fn requests_of_a_token_run_out() {
    let site = Site::new();
    site.approve(ALICE);
    site.github.state().tokens.get_mut("ghs_token").unwrap().left = Some(5);
    let error = site.observe().unwrap_err().to_string();
    assert!(error.contains("the rate limit is used up"), "{error}");
    assert!(site.is_undecided());
    site.github.state().tokens.get_mut("ghs_token").unwrap().left = Some(100);
    assert!(site.is_open());
}

#[test]
fn times_are_the_servers_and_whole_seconds() {
    let site = Site::new();
    site.github.state().now = "2026-03-01T12:34:56.789Z".parse().unwrap();
    let (_, head, _) = ask(&site.github, "ghs_token", "GET", ROOT, None);
    assert!(head.contains("Date: Sun, 01 Mar 2026 12:34:56 GMT"), "{head}");
    let id = site.github.state().comment(7, BOB, "x");
    assert_eq!(site.github.state().comment_mut(id).created_at.subsec_nanosecond(), 0);
}
