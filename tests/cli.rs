//! The program as a pipeline calls it: standard output, standard error, exit code, files.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may fail, read fixtures and say that it skips"
)]

use std::path::Path;
use std::process::Command;

use assert_cmd::assert::Assert;
use serde_json::{Value, json};
use tempfile::TempDir;

const WIDENED: &str = "fixtures/plans/deploy-role-widened.json";
const RESPELLED: &str = "fixtures/plans/deploy-role-respelled.json";

/// The program in an empty directory, without anything of the environment that it reads.
struct Gate {
    directory: TempDir,
}

impl Gate {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn plan(&self, fixture: &str) -> &Self {
        self.write("plan.json", std::fs::read(fixture).unwrap())
    }

    fn run(&self, args: &[&str]) -> Assert {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(args).current_dir(self.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path());
        assert_cmd::Command::from_std(command).assert()
    }

    fn git(&self, args: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
            .args(args)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

fn out(done: &Assert) -> String {
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

fn err(done: &Assert) -> String {
    String::from_utf8(done.get_output().stderr.clone()).unwrap()
}

fn report(done: &Assert) -> Value {
    serde_json::from_str(&out(done)).unwrap()
}

#[test]
fn without_a_comparison_nothing_counts_as_compared() {
    let gate = Gate::new();
    let args = ["check", "--no-access", "--format", "json", "plan.json"];
    let done = gate.plan(RESPELLED).run(&args).code(11);
    let report: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    assert_eq!(report["changes"][0]["verdict"], "possible", "{report}");
    assert_eq!(report["changes"][0]["reasons"][0]["code"], "not_compared", "{report}");
}

#[test]
fn a_plan_that_permits_nothing_new_is_allowed() {
    let gate = Gate::new();
    let done = gate.plan(RESPELLED).run(&["check", "--format", "json", "plan.json"]).code(0);
    let report = report(&done);
    assert_eq!((&report["decision"], &report["access"]["verdict"]), (&json!("allow"), &json!("none")));
    assert_eq!(err(&done), "");
}

#[test]
fn new_access_needs_approval_and_comes_with_a_witness() {
    let gate = Gate::new();
    let done = gate.plan(WIDENED).run(&["check", "--format", "json", "plan.json"]).code(11);
    let report = report(&done);
    let change = &report["changes"][0];
    assert_eq!((&report["decision"], &change["verdict"]), (&json!("needs_approval"), &json!("new")));
    let witness = &change["new"][0]["witness"];
    assert_eq!(witness["principal"], "arn:aws:iam::111122223333:role/app");
    assert!(witness["action"].as_str().unwrap().starts_with("s3:"), "{witness}");
}

#[test]
fn a_threshold_of_the_configuration_blocks() {
    let gate = Gate::new();
    gate.plan(WIDENED).write("tollgate.toml", "version = 1\n[thresholds]\nhigh = \"deny\"\n");
    let done = gate.run(&["check", "plan.json"]).code(10);
    assert!(out(&done).starts_with("blocked"), "{}", out(&done));
}

#[test]
fn a_plan_that_cannot_be_read_is_an_error_and_no_verdict() {
    let gate = Gate::new();
    gate.write("plan.json", "{\"format_version\":\"1.2\",");
    let done = gate.run(&["check", "--format", "json", "plan.json"]).code(1);
    let report = report(&done);
    assert_eq!(report["decision"], "error");
    assert!(!report["undetermined"].as_array().unwrap().is_empty());
    assert!(err(&done).contains("no decision was made"), "{}", err(&done));
    gate.run(&["check", "missing.json"]).code(1);
}

#[test]
fn one_bad_plan_does_not_hide_the_others() {
    let gate = Gate::new();
    gate.plan(WIDENED).write("bad.json", "");
    let done = gate.run(&["check", "--format", "json", "bad.json", "plan.json"]).code(1);
    let report = report(&done);
    let decisions: Vec<&Value> = report["plans"].as_array().unwrap().iter().map(|plan| &plan["decision"]).collect();
    assert_eq!(decisions, [&json!("error"), &json!("needs_approval")]);
}

#[test]
fn wrong_usage_is_told_apart() {
    let gate = Gate::new();
    gate.run(&["check"]).code(2);
    gate.run(&["check", "--format", "yaml", "plan.json"]).code(2);
    gate.run(&["check", "--output", "sarif", "plan.json"]).code(2);
}

#[test]
fn no_rule_at_all_is_an_error() {
    let gate = Gate::new();
    let done = gate.plan(RESPELLED).run(&["check", "--no-builtin-policies", "plan.json"]).code(1);
    assert!(err(&done).contains("no rule"), "{}", err(&done));
}

#[test]
fn a_policy_that_fails_makes_no_decision() {
    let gate = Gate::new();
    gate.plan(WIDENED).write(
        "policy/bad.rego",
        "package mine\nmetadata := {\"id\": \"mine\", \"title\": \"t\", \"description\": \"d\", \"severity\": \"low\", \
         \"remediation\": \"r\", \"references\": []}\napprove contains msg if {\n\tmsg := to_number(\"x\")\n}\n",
    );
    let done = gate.run(&["check", "--policy", "policy", "plan.json"]).code(1);
    assert!(err(&done).contains("mine"), "{}", err(&done));
}

#[test]
fn every_report_is_written_in_one_run() {
    let gate = Gate::new();
    let outputs = ["json", "markdown", "sarif", "junit", "github", "gitlab", "human"];
    let args: Vec<String> =
        outputs.iter().flat_map(|format| ["--output".into(), format!("{format}=r.{format}")]).collect();
    let mut all = vec!["check", "plan.json"];
    all.extend(args.iter().map(String::as_str));
    gate.plan(WIDENED).run(&all).code(11);
    for format in outputs {
        assert!(std::fs::metadata(gate.path().join(format!("r.{format}"))).unwrap().len() > 0, "{format}");
    }
}

#[test]
fn a_pull_request_cannot_waive_itself() {
    let gate = Gate::new();
    gate.plan(WIDENED).write("tollgate.toml", "version = 1\n");
    gate.git(&["init", "-q"]);
    gate.git(&["add", "tollgate.toml"]);
    gate.git(&["commit", "-qm", "policy"]);
    let rules = ["new-access", "aws-permissions-management", "aws-wildcard-action", "aws-wildcard-resource"];
    let lax: String = rules.iter().map(|rule| format!("[rules.{rule}]\nlevel = \"off\"\n")).collect();
    gate.write("tollgate.toml", format!("version = 1\n{lax}"));
    gate.run(&["check", "plan.json"]).code(0);
    let done = gate.run(&["check", "--config-ref", "main", "--format", "json", "plan.json"]).code(11);
    let found = report(&done);
    let rules: Vec<&str> = found["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"gate-changed") && rules.contains(&"new-access"), "{rules:?}");
    gate.run(&["check", "--config-ref", "nowhere", "plan.json"]).code(1);
}

#[test]
fn a_secret_of_the_plan_reaches_no_output() {
    const CANARY: &str = "canary-7f3a9c-secret";
    let gate = Gate::new();
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "errored": false, "applyable": true,
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}},
        "resource_changes": [{
            "address": "aws_iam_user_login_profile.a", "mode": "managed", "type": "aws_iam_user_login_profile", "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["create"], "before": null, "after": {"user": "a", "password": CANARY},
                "after_unknown": {}, "before_sensitive": false, "after_sensitive": {"password": true}}
        }]
    });
    gate.write("plan.json", plan.to_string());
    gate.write(
        "policy/main.rego",
        "package main\ndeny contains msg if {\n\trc := input.resource_changes[_]\n\tmsg := sprintf(\"leak %s\", \
         [rc.change.after.password])\n\tprint(msg)\n}\n",
    );
    for format in ["human", "json", "markdown", "sarif", "junit", "github", "gitlab"] {
        let done = gate.run(&["check", "--policy", "policy", "--format", format, "plan.json"]).code(10);
        assert!(!out(&done).contains(CANARY) && !err(&done).contains(CANARY), "{format}");
        assert!(out(&done).contains("leak"), "{format}: the policy's finding is there, without the secret");
    }
}

#[test]
fn a_secret_document_is_judged_and_not_shown() {
    const CANARY: &str = "canary-7f3a9c-secret";
    let gate = Gate::new();
    let policy = |resource: String| {
        json!({"Statement": {"Sid": CANARY, "Effect": "Allow", "Action": "iam:*", "Resource": resource,
            "Condition": {"StringLike": {"aws:PrincipalTag/t": [CANARY]}}}})
        .to_string()
    };
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "errored": false, "applyable": true,
        "planned_values": {"root_module": {}}, "configuration": {"root_module": {}},
        "resource_changes": [{
            "address": "aws_iam_role_policy.a", "mode": "managed", "type": "aws_iam_role_policy", "name": "a",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": ["update"],
                "before": {"role": "r", "policy": policy(format!("arn:aws:iam::1:role/{CANARY}"))},
                "after": {"role": "r", "policy": policy(format!("arn:aws:iam::1:role/{CANARY}*"))},
                "after_unknown": {}, "before_sensitive": {"policy": true}, "after_sensitive": {"policy": true}}
        }]
    });
    gate.write("plan.json", plan.to_string());
    let rule = |body: &str| {
        format!(
            "package leak\nmetadata := {{\"id\": \"leak\", \"title\": \"t\", \"description\": \"d\", \"severity\": \"high\", \
             \"remediation\": \"r\"}}\nstatement := input.change.documents.after.policy.Statement[0]\n{body}\n"
        )
    };
    gate.write(
        "tells.rego",
        rule("deny contains msg if {\n\tprint(statement)\n\tmsg := sprintf(\"leak %v\", [statement])\n}"),
    );
    gate.write("member.rego", rule("deny contains {\"msg\": \"x\", statement.Sid: \"y\"}"));
    gate.write("errors.rego", rule("deny contains \"x\" if to_number(statement.Sid) == 1"));
    for format in ["human", "json", "markdown", "sarif", "junit", "github", "gitlab"] {
        for (policy, code) in [("tells.rego", 10), ("member.rego", 1), ("errors.rego", 1)] {
            let done = gate.run(&["check", "--policy", policy, "--format", format, "plan.json"]).code(code);
            let (out, err) = (out(&done), err(&done));
            assert!(!out.contains(CANARY) && !err.contains(CANARY), "{format} {policy}\n{out}\n{err}");
            assert!(out.contains("leak"), "{format}: the rule saw the document\n{out}");
        }
    }
}

#[test]
fn a_binary_plan_is_shown_by_the_program_that_is_named() {
    let gate = Gate::new();
    // The archive's content is the program's to read; tollgate reads its configuration.
    let archive = std::fs::read("fixtures/plans/modules/plan.tfplan").unwrap();
    gate.write("plan.tfplan", archive).plan("fixtures/plans/modules/plan.json");
    gate.write("show", "#!/bin/sh\n[ \"$1\" = show ] && [ \"$2\" = -json ] && cat plan.json\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(gate.path().join("show"), mode).unwrap();
        let done = gate.run(&["check", "--format", "json", "--terraform", "./show", "plan.tfplan"]).code(11);
        assert_eq!(report(&done)["plans"][0]["source"], "binary");
    }
    gate.run(&["check", "--terraform", "./missing", "plan.tfplan"]).code(1);
}

#[test]
fn rules_are_listed_explained_and_tested() {
    let gate = Gate::new();
    assert!(out(&gate.run(&["policy", "list"]).code(0)).contains("new-access"));
    assert!(out(&gate.run(&["policy", "explain", "new-access"]).code(0)).contains("## new-access"));
    assert!(err(&gate.run(&["policy", "explain", "new-acces"]).code(1)).contains("did you mean `new-access`"));
    assert!(out(&gate.run(&["policy", "test"]).code(0)).contains(" 0 failed"));
}
