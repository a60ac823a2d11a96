//! The runner of policy tests.

#![expect(clippy::panic, reason = "a test may stop at what it did not expect")]

use tollgate::policy::{PolicyOptions, PolicySource, TestReport};

fn run(files: &[(&str, &str)]) -> TestReport {
    let sources: Vec<_> =
        files.iter().map(|(path, text)| PolicySource { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
    let options = PolicyOptions { builtin: false, ..PolicyOptions::default() };
    TestReport::run(&options, &sources, &[]).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn the_built_in_rules_pass_their_tests() {
    let report = TestReport::run(&PolicyOptions::default(), &[], &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(report.failures, []);
    assert!(report.passed > 20, "only {} tests ran", report.passed);
}

#[test]
fn failures_name_file_line_and_test() {
    let report = run(&[(
        "p_test.rego",
        "package p_test\ntest_true if 1 == 1\ntest_false := false\ntest_undefined if input.x\ntodo_test_later if false\ntest_error if upper(1) == \"x\"\ntest_mocked if input.x == 1 with input as {\"x\": 1}\ntest_cases[note] if some note in [\"a\", \"b\"]\ntest_bad_cases[note] := note == \"a\" if some note in [\"a\", \"b\"]\n",
    )]);
    assert_eq!(report.passed, 3);
    assert_eq!(report.skipped, ["p_test.todo_test_later"]);
    let shown: Vec<_> =
        report.failures.iter().map(|failure| (failure.line, failure.name.as_str(), failure.message.as_str())).collect();
    assert_eq!(shown[0], (3, "p_test.test_false", "is false instead of true"));
    assert_eq!(shown[1], (4, "p_test.test_undefined", "undefined"));
    assert_eq!((shown[2].0, shown[2].1), (6, "p_test.test_error"));
    assert_eq!(shown[3], (9, "p_test.test_bad_cases", "not true for \"b\""));
    assert!(report.failures.iter().all(|failure| failure.file == "p_test.rego"));
}

#[test]
fn conftest_packages_are_tested_as_under_opa() {
    let report = run(&[
        ("p.rego", "package main\ndeny contains \"x\" if not json.unmarshal(\"bad\")"),
        ("p_test.rego", "package main_test\nimport data.main\ntest_undefined if count(main.deny) == 1"),
    ]);
    assert_eq!((report.passed, report.failures), (1, vec![]));
}
