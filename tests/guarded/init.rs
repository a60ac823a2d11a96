//! `tollgate init`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::site::spoken;

const WORKFLOWS: [&str; 3] = ["tollgate-plan.yml", "tollgate-command.yml", "tollgate-apply.yml"];

fn init(directory: &Path, more: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    spoken(&command.arg("init").args(more).current_dir(directory).output().unwrap())
}

fn workflow(directory: &Path, name: &str) -> (String, Value) {
    let text = std::fs::read_to_string(directory.join(".github/workflows").join(name)).unwrap();
    let value = yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    (text, value)
}

#[test]
fn writes_a_configuration_and_three_workflows_and_overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let (code, said) = init(at, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("replace `OWNER/tollgate@COMMIT`") && said.contains("tollgate doctor"), "{said}");
    // The starter is read by every command that reads a configuration.
    let mut list = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let (code, said) = spoken(&list.args(["policy", "list"]).current_dir(at).output().unwrap());
    assert_eq!(code, 0, "{said}");
    std::fs::write(at.join("tollgate.toml"), "version = 1\n").unwrap();
    std::fs::remove_file(at.join(".github/workflows/tollgate-apply.yml")).unwrap();
    let (code, said) = init(at, &[]);
    assert!(code == 1 && said.contains("nothing was written") && said.contains("tollgate.toml"), "{said}");
    assert_eq!(std::fs::read_to_string(at.join("tollgate.toml")).unwrap(), "version = 1\n");
    assert!(!at.join(".github/workflows/tollgate-apply.yml").exists(), "all or none");
    std::fs::remove_dir_all(at.join(".github")).unwrap();
    std::fs::remove_file(at.join("tollgate.toml")).unwrap();
    std::os::unix::fs::symlink("/nowhere", at.join("tollgate.toml")).unwrap();
    assert_eq!(init(at, &[]).0, 1, "a link that points nowhere is something");
}

#[test]
fn the_workflows_use_checkout_alone_pinned_and_give_no_more_rights_than_needed() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let (code, said) = init(at, &["--action", &format!("acme/tollgate@{sha}"), "--directory", "envs/prod"]);
    assert_eq!(code, 0, "{said}");
    let mut actions = BTreeSet::new();
    for name in WORKFLOWS {
        let (text, workflow) = workflow(at, name);
        assert!(!text.contains("@ACTION@") && !text.contains("@DIRECTORY@"), "{name}");
        for job in workflow["jobs"].as_object().unwrap().values() {
            let steps = job["steps"].as_array().unwrap();
            for step in steps {
                actions.extend(step["uses"].as_str().map(str::to_owned));
                // Text of strangers is never part of a script.
                assert!(step["run"].as_str().is_none_or(|script| !script.contains("${{")), "{name}: {step}");
            }
            if name != "tollgate-command.yml" {
                assert_eq!(job["defaults"]["run"]["working-directory"], "envs/prod");
            }
        }
        assert!(workflow["permissions"].is_object(), "{name} says what its token may");
    }
    assert_eq!(actions.len(), 2, "{actions:?}");
    for action in &actions {
        let (name, at) = action.split_once('@').unwrap();
        assert!(["actions/checkout", "acme/tollgate"].contains(&name) && at.len() == 40, "{action}");
    }
    let (_, plan) = workflow(at, "tollgate-plan.yml");
    assert_eq!(plan["permissions"].to_string(), r#"{"checks":"write","contents":"read","pull-requests":"write"}"#);
    let (_, apply) = workflow(at, "tollgate-apply.yml");
    assert_eq!(apply["jobs"]["apply"]["environment"], "production");
    assert_eq!(apply["concurrency"]["cancel-in-progress"], false);
    assert_eq!(apply["on"].as_object().unwrap().keys().collect::<Vec<_>>(), ["workflow_dispatch"]);
    let (_, command) = workflow(at, "tollgate-command.yml");
    assert_eq!(command["jobs"]["comment"]["steps"].as_array().unwrap().len(), 1, "nothing is checked out");
}

#[test]
fn arguments_stay_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("--action", "acme/tollgate"),
        ("--action", "acme/tollgate@x\n  evil"),
        ("--action", "tollgate@${{ x }}"),
        ("--directory", "../x"),
        ("--directory", "/etc"),
        ("--directory", "a\"b"),
    ] {
        let (code, said) = init(directory.path(), &[name, value]);
        assert_eq!(code, 1, "{value}: {said}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
