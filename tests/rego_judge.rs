//! Judging with tollgate rules: what a rule is called for, what it sees, what it may answer, and what stops it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it did not expect")]

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tollgate::access::{Access, Reason, Verdict};
use tollgate::iam::{Facet, IamChange, Kind, Origin, Platform};
use tollgate::plan::{Action, Actions, Change, Mode, Provider, Undetermined};
use tollgate::policy::{
    ChangeCase, JudgeError, Judgement, Level, Location, PlanCase, PlanFacts, PolicyOptions, PolicySet, PolicySource,
    RunContext, Severity,
};

fn row(address: &str, before: Value, after: Value) -> Change {
    Change {
        address: address.to_owned(),
        previous_address: None,
        module_address: None,
        mode: Mode::Managed,
        type_name: "aws_iam_policy".to_owned(),
        name: "x".to_owned(),
        index: None,
        provider: Provider("registry.terraform.io/hashicorp/aws".to_owned()),
        deposed: None,
        actions: Actions(vec![Action::Update]),
        before,
        after,
        after_unknown: json!({}),
        before_sensitive: json!({}),
        after_sensitive: json!({}),
        replace_paths: Vec::new(),
        importing: None,
        action_reason: None,
        generated_config: None,
        before_identity: Value::Null,
        after_identity: Value::Null,
    }
}

fn change(row: Change) -> IamChange {
    let document = |side: &Value| side.get("policy").cloned();
    let facet = Facet {
        purpose: "policy".to_owned(),
        path: "policy".to_owned(),
        before: document(&row.before),
        after: document(&row.after),
        unknown: false,
    };
    IamChange {
        row: Arc::new(row),
        origin: Origin::Resource,
        provider: "hashicorp/aws".to_owned(),
        platform: Platform::Aws,
        kind: Kind::IdentityPolicy,
        facets: vec![facet],
        authoritative: false,
        removal_elevates: false,
        entry: None,
        notes: Vec::new(),
    }
}

fn simple() -> IamChange {
    let policy = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    change(row("aws_iam_policy.x", json!({"policy": "{}"}), json!({"policy": policy, "tags": null})))
}

fn access(verdict: Verdict) -> Access {
    let reason = Reason { code: "not_compared".into(), path: String::new(), message: "m".into() };
    Access { verdict, reasons: vec![reason], ..Access::default() }
}

fn rule(head: &str, body: &str) -> String {
    format!(
        "package my.rule\nmetadata := {{\"id\": \"my-rule\", \"title\": \"t\", \"description\": \"d\", \"severity\": \"high\", \"remediation\": \"r\"{head}}}\n{body}\n"
    )
}

fn options() -> PolicyOptions {
    PolicyOptions { builtin: false, time_limit: Duration::from_millis(300), ..PolicyOptions::default() }
}

fn judge_with(options: &PolicyOptions, text: &str, changes: &[(IamChange, Verdict)]) -> Result<Judgement, JudgeError> {
    let source = PolicySource { path: "p.rego".to_owned(), text: text.to_owned() };
    let set = PolicySet::load(options, &[source], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let accesses: Vec<Access> = changes.iter().map(|(_, verdict)| access(*verdict)).collect();
    let location = Location { file: "main.tf".into(), line: 7 };
    let cases: Vec<ChangeCase<'_>> = changes
        .iter()
        .zip(&accesses)
        .map(|((change, _), access)| ChangeCase { change, access, location: Some(&location) })
        .collect();
    let plan = PlanFacts {
        id: "plan.json".into(),
        rows: 3,
        undetermined: vec![Undetermined::of_plan("incomplete_plan", "m")],
        ..PlanFacts::default()
    };
    let context = RunContext { actor: Some("alice".into()), ..RunContext::default() };
    set.judge(&PlanCase { plan: &plan, context: &context, changes: &cases, raw: None })
}

fn judge(text: &str) -> Result<Judgement, JudgeError> {
    judge_with(&options(), text, &[(simple(), Verdict::Possible)])
}

fn messages(text: &str) -> Vec<String> {
    judge(text).unwrap().findings.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn the_set_decides_the_level() {
    let judged = judge(&rule("", "deny contains \"d\"\napprove contains {\"msg\": \"a\", \"severity\": \"low\", \"path\": \"policy\", \"approvers\": \"security\", \"max_window\": \"30m\", \"remediation\": \"fix\"}\nwarn contains \"w\"")).unwrap();
    let [deny, approve, warn] = judged.findings.as_slice() else { panic!("{judged:?}") };
    assert_eq!((deny.level, deny.severity, deny.message.as_str()), (Level::Deny, Severity::High, "d"));
    assert_eq!(
        (deny.rule.as_str(), deny.address.as_str(), deny.remediation.as_str()),
        ("my-rule", "aws_iam_policy.x", "r")
    );
    assert_eq!((approve.level, approve.severity, approve.path.as_str()), (Level::Approve, Severity::Low, "policy"));
    assert_eq!((approve.approvers.as_deref(), approve.max_window), (Some("security"), Some(1800)));
    assert_eq!(approve.remediation, "fix");
    assert_eq!(warn.level, Level::Warn);
    assert_eq!(deny.fingerprint.len(), 32);
    assert_ne!(deny.fingerprint, warn.fingerprint);
}

#[test]
fn a_rule_is_called_only_for_what_it_declares() {
    let everything = "deny contains \"x\"";
    for (head, verdict, expected) in [
        ("", Verdict::New, 1),
        ("", Verdict::None, 0),
        (", \"verdicts\": [\"none\"]", Verdict::None, 1),
        (", \"verdicts\": [\"none\"]", Verdict::New, 0),
        (", \"platforms\": [\"gcp\"]", Verdict::New, 0),
        (", \"platforms\": [\"gcp\", \"aws\"]", Verdict::New, 1),
        (", \"kinds\": [\"trust_policy\"]", Verdict::New, 0),
        (", \"kinds\": [\"identity_policy\"]", Verdict::New, 1),
        (", \"purposes\": [\"boundary\"]", Verdict::New, 0),
        (", \"purposes\": [\"boundary\", \"policy\"]", Verdict::New, 1),
    ] {
        let judged = judge_with(&options(), &rule(head, everything), &[(simple(), verdict)]).unwrap();
        assert_eq!(judged.findings.len(), expected, "{head} {verdict:?}");
    }
}

#[test]
fn the_input_is_what_the_contract_promises() {
    let text = rule(
        "",
        r#"
deny contains json.marshal(input)"#,
    );
    let message = messages(&text).remove(0);
    let input: Value = serde_json::from_str(&message).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&input).unwrap());
}

#[test]
fn the_plan_scope_sees_all_changes_once() {
    let text = rule(
        ", \"scope\": \"plan\"",
        r#"
warn contains {"msg": sprintf("%d of %d", [count(input.changes), input.plan.rows])}
deny contains {"msg": "at", "address": input.changes[_].change.address}
approve contains entry.code if some entry in input.plan.undetermined"#,
    );
    let changes = [(simple(), Verdict::None), (simple(), Verdict::New)];
    let judged = judge_with(&options(), &text, &changes).unwrap();
    let shown: Vec<_> = judged.findings.iter().map(|found| (found.address.as_str(), found.message.as_str())).collect();
    assert_eq!(shown, [("aws_iam_policy.x", "at"), ("", "incomplete_plan"), ("", "2 of 3")]);
}

#[test]
fn secrets_do_not_reach_a_rule() {
    let mut row = row("x.y", json!({"key": "canary"}), json!({"key": "canary", "open": 1}));
    row.before_sensitive = json!(true);
    row.after_sensitive = json!({"key": true});
    let text = rule("", "deny contains json.marshal(input)\nwarn contains \"p\" if print(input.change.after)");
    let judged = judge_with(&options(), &text, &[(change(row), Verdict::New)]).unwrap();
    assert!(judged.findings[0].message.contains(r#""key":{"$tollgate":"sensitive"}"#));
    assert!(!format!("{judged:?}").contains("canary"));
    assert!(judged.prints[0].starts_with("p.rego:"), "{:?}", judged.prints);
}

#[test]
fn a_failing_builtin_fails_the_run_and_names_rule_and_line() {
    let error = judge(&rule("", "deny contains \"x\" if json.unmarshal(input.change.address).a")).unwrap_err();
    let shown = error.to_string();
    assert!(shown.starts_with("my-rule: p.rego:3:"), "{shown}");
    assert!(shown.ends_with("(at `aws_iam_policy.x`)"), "{shown}");
    let error = judge(&rule("", "deny contains \"x\" if upper(input.change.after.tags) == \"X\"")).unwrap_err();
    assert!(error.to_string().contains("p.rego:3:"), "{error}");
    let error = judge(&rule("", "deny contains sprintf(input.change.address, 3)")).unwrap_err();
    assert!(error.to_string().contains("`sprintf`: operand 2 must be an array but is a number"), "{error}");
}

#[test]
fn a_long_plan_is_judged_change_by_change_all_the_same() {
    let numbered =
        |number: usize| (change(row(&format!("aws_iam_policy.x[{number:03}]"), json!({}), json!({}))), Verdict::New);
    let changes: Vec<_> = (0..300).map(numbered).collect();
    let text = rule("", "deny contains input.change.address if { print(input.change.address) }");
    let judged = judge_with(&options(), &text, &changes).unwrap();
    let addresses: Vec<&str> = changes.iter().map(|(change, _)| change.row.address.as_str()).collect();
    assert_eq!(judged.findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>(), addresses);
    let printed = |print: &String| print.rsplit(' ').next().unwrap_or_default().to_owned();
    assert_eq!(judged.prints.iter().map(printed).collect::<Vec<_>>(), addresses);

    // Of several errors, the first change's is told.
    let text = rule(
        "",
        r#"deny contains "x" if { not contains(input.change.address, "[0"); to_number(input.change.address) }"#,
    );
    let error = judge_with(&options(), &text, &changes).unwrap_err().to_string();
    assert!(error.contains("x[100]"), "{error}");
}

#[test]
fn wrong_results_are_errors() {
    for (body, part) in [
        ("deny contains 3", "a string or an object"),
        ("deny contains \"\"", "must have a message"),
        ("deny contains {\"message\": \"x\"}", "unknown member `message`"),
        ("deny contains {\"msg\": 3}", "must be a string"),
        ("deny contains {\"msg\": \"x\", \"severity\": \"severe\"}", "unknown `severity`"),
        ("deny contains {\"msg\": \"x\", \"max_window\": \"soon\"}", "duration"),
        ("deny contains {\"msg\": \"x\", \"address\": \"y\"}", "scope `plan`"),
        ("deny := true", "must yield a set"),
        ("deny := {\"a\": 1}", "must yield a set"),
    ] {
        let error = judge(&rule("", body)).unwrap_err().to_string();
        assert!(error.contains(part), "{body}: {error}");
        assert!(error.starts_with("my-rule: wrong result: "), "{error}");
    }
}

#[test]
fn undefined_is_no_finding_and_false_is_no_message() {
    assert_eq!(messages(&rule("", "deny contains \"x\" if input.nope")), Vec::<String>::new());
    assert_eq!(messages(&rule("", "deny contains \"x\" if not input.nope")), ["x"]);
    assert_eq!(messages(&rule("", "deny contains \"x\" if not input.change.authoritative")), ["x"]);
    assert!(judge(&rule("", "deny contains input.change.authoritative")).is_err());
}

#[test]
fn iterating_what_cannot_be_iterated_has_no_results() {
    for collection in [
        "null",
        "\"text\"",
        "3",
        "input.change.after.tags",
        "input.change.address",
        "[input.change.after.tags][0]",
        "upper(input.change.type)",
        "`raw`",
        "object.get(input, [\"a\", \"b\"], null)",
    ] {
        let text =
            rule("", &format!("deny contains \"in\" if {{ some x in {collection}; x }}\ndeny contains \"after\""));
        assert_eq!(messages(&text), ["after"], "{collection}");
    }
    let nested = "deny contains x if { some y in [input.change.after.tags, [\"a\"]]; some x in y }\nwarn contains \"c\" if count([x | some x in input.change.after.tags]) == 0";
    assert_eq!(messages(&rule("", nested)), ["a", "c"]);
    // A function whose other definition holds must not hide the error's clause.
    let function = "f(x) := \"list\" if { some y in x; y == 1 }\nf(x) := \"null\" if x == null\ndeny contains f(input.change.after.tags)\ndeny contains f([1])";
    assert_eq!(messages(&rule("", function)), ["list", "null"]);
}

#[test]
fn endless_and_huge_rules_are_stopped() {
    let endless = "deny contains \"x\" if { some a in numbers.range(1, 900000); some b in numbers.range(1, 900000); a * b == -1 }";
    assert!(matches!(judge(&rule("", endless)), Err(JudgeError::TimeLimit { .. })));
    let within_a_function = "f(n) if { some a in numbers.range(1, n); some b in numbers.range(1, n); a * b == -1 }\ndeny contains \"x\" if not f(900000)";
    assert!(matches!(judge(&rule("", within_a_function)), Err(JudgeError::TimeLimit { .. })));
    for huge in [
        "deny contains \"x\" if count(numbers.range(1, 2000000000)) > 1",
        "deny contains \"x\" if count(numbers.range_step(1, 2000000000, 2)) > 1",
        "deny contains \"x\" if bits.lsh(1, 9999999999) > 1",
        "deny contains \"x\" if count(sprintf(\"%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d%999999d\", [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1])) > 1",
    ] {
        let error = judge(&rule("", huge)).unwrap_err().to_string();
        assert!(error.starts_with("my-rule: p.rego:3:"), "{error}");
    }
    let mut doubling = String::from("a0 := \"xxxxxxxxxxxxxxxx\"\n");
    for at in 1..40 {
        doubling.push_str(&format!("a{at} := concat(\"\", [a{0}, a{0}])\n", at - 1));
    }
    let error = judge(&rule("", &format!("{doubling}deny contains a39"))).unwrap_err().to_string();
    assert!(error.contains("a string may have at most"), "{error}");
    let limited = PolicyOptions { max_result_bytes: 1000, ..options() };
    let many = rule("", "deny contains sprintf(\"%d\", [x]) if some x in numbers.range(1, 1000)");
    let error = judge_with(&limited, &many, &[(simple(), Verdict::New)]).unwrap_err();
    assert!(error.to_string().contains("larger than 1000 bytes"), "{error}");
}

#[test]
fn the_deepest_chain_of_rules_that_loads_also_runs() {
    let mut text = String::from("f0(x) := {\"a\": [x]}\n");
    for at in 1..120 {
        text.push_str(&format!("f{at}(x) := {{\"a\": [y | some z in [x]; y := f{}(z)]}}\n", at - 1));
    }
    text.push_str("deny contains \"deep\" if f119(1)\n");
    let slow = PolicyOptions { time_limit: Duration::from_secs(60), ..options() };
    let judged = judge_with(&slow, &rule("", &text), &[(simple(), Verdict::New)]).unwrap();
    assert_eq!(judged.findings.len(), 1);
}

#[test]
fn time_is_the_runs_time() {
    let at = PolicyOptions { now_ns: 1_700_000_000_000_000_000, ..options() };
    let text = rule("", "deny contains time.format(time.now_ns())");
    let judged = judge_with(&at, &text, &[(simple(), Verdict::New)]).unwrap();
    assert_eq!(judged.findings[0].message, "2023-11-14T22:13:20Z");
}

#[test]
fn the_answer_does_not_depend_on_what_ran_before() {
    let text = rule("", "p contains input.change.address\ndeny contains concat(\",\", p)");
    let two = [(simple(), Verdict::New), (change(row("other.x", json!(null), json!({}))), Verdict::New)];
    let judged = judge_with(&options(), &text, &two).unwrap();
    let shown: Vec<_> = judged.findings.iter().map(|found| (found.address.as_str(), found.message.as_str())).collect();
    assert_eq!(shown, [("aws_iam_policy.x", "aws_iam_policy.x"), ("other.x", "other.x")]);
}
