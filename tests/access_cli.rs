//! `tollgate access diff` and `tollgate access allows` as users run them.

#![expect(clippy::expect_used, reason = "a test may fail, read fixtures and say that it skips")]

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

struct Docs(TempDir);

impl Docs {
    fn new() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    #[expect(clippy::disallowed_methods, reason = "tests write their documents")]
    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    }

    fn policy(&self, name: &str, statements: &Value) -> String {
        self.file(name, &json!({"Version": "2012-10-17", "Statement": statements}).to_string())
    }
}

fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("tollgate").expect("the program").arg("access").args(args).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
}

#[test]
fn diff_says_none_new_and_possible_with_its_exit_codes() {
    let docs = Docs::new();
    let narrow = docs
        .policy("narrow", &json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}]));
    let wide = docs.policy(
        "wide",
        &json!([{"Sid": "Wide", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::*"}]),
    );
    assert_eq!(run(&["diff", &wide, &narrow]).0, 0);
    let (code, out, _) = run(&["diff", &narrow, &wide, "--format", "json"]);
    assert_eq!(code, 10);
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["verdict"], "new");
    let piece = &answer["new"][0];
    assert_eq!(piece["statement"]["sid"], "Wide");
    assert!(piece["witness"]["action"].as_str().is_some_and(|action| action.starts_with("s3:Get")), "{piece}");
    assert!(piece["explanation"].as_str().is_some_and(|text| text.contains("before, statement 0")), "{piece}");
    let unread = |operator: &str| json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {operator: {"aws:x": "1"}}}]);
    let (before, after) = (docs.policy("b", &unread("StringFuzzy")), docs.policy("a", &unread("StringFuzzier")));
    assert_eq!(run(&["diff", &before, &before]).0, 0, "the same unknown operator cancels");
    let (code, out, _) = run(&["diff", &before, &after]);
    assert_eq!((code, out.contains("StringFuzzier")), (11, true), "{out}");
}

#[test]
fn diff_refuses_what_is_no_policy() {
    let docs = Docs::new();
    let good = docs.policy("good", &json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let bad = docs.policy("bad", &json!([{"Effect": "Allow", "Actoin": "*", "Resource": "*"}]));
    let (code, _, error) = run(&["diff", &good, &bad]);
    assert_eq!(code, 1);
    assert!(error.contains("Statement[0]") && error.contains("Actoin"), "{error}");
    assert_eq!(run(&["diff", &good, "no-such-file"]).0, 1);
    assert_eq!(run(&["diff", "-", "-"]).0, 1);
    assert_eq!(run(&["diff", &good]).0, 2);
}

#[test]
fn a_document_with_principals_is_a_resource_policy() {
    let docs = Docs::new();
    let to = |who: Value| json!([{"Effect": "Allow", "Principal": who, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]);
    let account = docs.policy("account", &to(json!({"AWS": "123456789012"})));
    let role = docs.policy("role", &to(json!({"AWS": "arn:aws:iam::123456789012:role/app"})));
    let everyone = docs.policy("everyone", &to(json!("*")));
    assert_eq!(run(&["diff", &account, &role]).0, 0);
    let (code, out, _) = run(&["diff", &account, &everyone, "--format", "json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &answer["new"][0]["principal"]), (10, &json!("arn:aws:iam::999999999999:user/x")), "{out}");
    assert_eq!(run(&["diff", &account, &role, "--kind", "identity"]).0, 1);
}

#[test]
fn pairs_answer_line_by_line() {
    let docs = Docs::new();
    let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    let lines = [
        json!({"id": 1, "before": policy("s3:*"), "after": policy("s3:GetObject")}).to_string(),
        json!({"id": "two", "before": policy("s3:GetObject").to_string(), "after": policy("s3:*"), "kind": "identity"})
            .to_string(),
    ];
    let good = docs.file("good", &lines.join("\n"));
    let (code, out, error) = run(&["diff", "--pairs", &good, "--format", "json"]);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((code, answers.len()), (0, 2), "{error}");
    assert_eq!(answers[0], json!({"id": 1, "verdict": "none", "witness": null, "reasons": []}));
    assert_eq!((&answers[1]["id"], &answers[1]["verdict"]), (&json!("two"), &json!("new")));
    assert!(answers[1]["witness"]["action"].is_string());
    let bad = docs
        .file("bad", &format!("{}\nnot json\n{{\"id\":3,\"before\":{{}},\"after\":\"\"}}\n{}\n", lines[0], lines[1]));
    let (code, out, _) = run(&["diff", "--pairs", &bad, "--format", "json"]);
    let verdicts: Vec<Value> =
        out.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")["verdict"].clone()).collect();
    assert_eq!((code, verdicts), (1, vec![json!("none"), json!(null), json!(null), json!("new")]), "{out}");
}

/// More lines than one thread takes at a time.
#[test]
fn many_pairs_are_answered_in_their_order() {
    let docs = Docs::new();
    let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    let line = |at: usize| match at % 7 {
        3 => "not a pair".to_owned(),
        odd if odd % 2 == 1 => json!({"id": at, "before": policy("s3:Get*"), "after": policy("s3:*")}).to_string(),
        _ => json!({"id": at, "before": policy("*"), "after": policy("s3:*")}).to_string(),
    };
    let file = docs.file("many", &(0..200).map(line).collect::<Vec<_>>().join("\n\n"));
    let (code, out, error) = run(&["diff", "--pairs", &file, "--format", "json"]);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((code, answers.len()), (1, 200), "{error}");
    for (at, answer) in answers.iter().enumerate() {
        let expected = match at % 7 {
            3 => (json!(null), json!(null)),
            odd if odd % 2 == 1 => (json!(at), json!("new")),
            _ => (json!(at), json!("none")),
        };
        assert_eq!((&answer["id"], &answer["verdict"]), (&expected.0, &expected.1), "{answer}");
    }
}

#[test]
fn allows_answers_one_request() {
    let docs = Docs::new();
    let policy = docs.policy(
        "policy",
        &json!([
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}},
            {"Sid": "Never", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret/*"}
        ]),
    );
    let ask = |resource: &str, tag: &str| {
        let context = format!("aws:PrincipalTag/team={tag}");
        run(&["allows", &policy, "--action", "s3:GetObject", "--resource", resource, "--context", &context])
    };
    let (code, out, _) = ask("arn:aws:s3:::b/x", "red");
    assert_eq!((code, out.contains("`Read`")), (0, true), "{out}");
    assert_eq!(ask("arn:aws:s3:::b/x", "blue").0, 10);
    let (code, out, _) = ask("arn:aws:s3:::b/secret/x", "red");
    assert_eq!((code, out.contains("`Never`")), (10, true), "{out}");
    assert_eq!(run(&["allows", &policy, "--action", "s3:Get*"]).0, 1);
}
