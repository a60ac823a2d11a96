//! The GitHub action and the GitLab template, run for real: `tests/pipelines/run.sh`.

#![expect(clippy::disallowed_methods, reason = "the test is about programs of others")]

use std::process::Command;

/// Whether a program is on PATH and runs.
fn runs(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success())
}

#[expect(clippy::print_stderr, reason = "a test that skips says so")]
fn pipeline(forge: &str, programs: &[&str]) {
    if let Some(missing) = programs.iter().find(|program| !runs(program)) {
        eprintln!("skip: the {forge} pipeline needs `{missing}`");
        return;
    }
    let out = Command::new("bash")
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pipelines/run.sh"), forge, env!("CARGO_BIN_EXE_tollgate")])
        .output();
    let out = out.map(|out| (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned()));
    assert!(matches!(&out, Ok((true, _))), "{out:?}");
}

#[test]
fn the_github_action() {
    pipeline("github", &["bash", "git", "act"]);
}

#[test]
fn the_gitlab_template() {
    pipeline("gitlab", &["bash", "git", "rsync", "gitlab-ci-local"]);
}
