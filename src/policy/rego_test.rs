//! Tests of policies: every rule `test_*` of the loaded files must be true.

use super::error::{JudgeError, LoadErrors, Problem};
use super::judge::on_deep_stack;
use super::load::Loader;
use super::rego::Value;
use super::rego::engine::{Builtins, Engine, Settings, rule_path};
use super::rego::syntax::{ModuleInfo, Shape};
use super::source::{DataSource, PolicyOptions, PolicySource};

/// What became of a run of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestReport {
    /// How many tests were true.
    pub passed: usize,
    /// Tests named `todo_test_*`, which are not run.
    pub skipped: Vec<String>,
    /// Tests that were not true, in file order.
    pub failures: Vec<TestFailure>,
    /// What policies printed: `file:line: text`.
    pub prints: Vec<String>,
}

/// A test that was not true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFailure {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// Package and name, such as `tollgate.aws.admin_policy_test.test_fires`.
    pub name: String,
    /// What it was instead of true.
    pub message: String,
}

impl TestReport {
    /// Runs the tests of built-in rules (when the options keep them) and of the user's files.
    ///
    /// Tests of a conftest namespace (package `main`, or `main_test`) run as under OPA; all others run strict, as
    /// rules do.
    ///
    /// # Errors
    /// When the files cannot be loaded. A package without `metadata` may define `deny` here: tests often bring
    /// their own.
    pub fn run(options: &PolicyOptions, policies: &[PolicySource], data: &[DataSource]) -> Result<Self, LoadErrors> {
        let ran = on_deep_stack(|| run(options, policies, data));
        ran.unwrap_or_else(|error: JudgeError| Err(LoadErrors(vec![Problem::of_file("", error.to_string())])))
    }
}

fn run(options: &PolicyOptions, policies: &[PolicySource], data: &[DataSource]) -> Result<TestReport, LoadErrors> {
    let mut loader = Loader::new(options);
    if options.builtin {
        loader.add_builtin(PolicySource::embedded());
        loader.add_builtin(PolicySource::embedded_tests());
    }
    loader.add_policies(policies.iter());
    loader.add_data(data);
    let modules = loader.modules();
    if !loader.problems.is_empty() || !loader.lint(&modules) || !loader.problems.is_empty() {
        return Err(loader.errors());
    }
    let engine = |builtins| loader.library.engine(Settings::new(options, builtins));
    let engines = engine(Builtins::Strict).and_then(|strict| Ok((strict, engine(Builtins::Lenient)?)));
    let (mut strict, mut lenient) = engines.map_err(|problem| LoadErrors(vec![problem]))?;
    let mut report = TestReport::default();
    for module in &modules {
        let namespace = module.namespace();
        let tested = namespace.strip_suffix("_test").unwrap_or(&namespace);
        let conftest = options.namespaces.iter().any(|name| name == tested);
        let engine = if conftest { &mut lenient } else { &mut strict };
        run_module(module, engine, &mut report);
    }
    Ok(report)
}

fn run_module(module: &ModuleInfo, engine: &mut Engine, report: &mut TestReport) {
    let mut done: Vec<&str> = Vec::new();
    for head in &module.heads {
        let rule = head.name();
        let name = format!("{}.{rule}", module.namespace());
        if rule.starts_with("todo_test_") {
            report.skipped.push(name);
            continue;
        }
        if !rule.starts_with("test_") || matches!(head.shape, Shape::Function(_)) || done.contains(&rule) {
            continue;
        }
        done.push(rule);
        let input = Value::Undefined;
        engine.set_input(input.clone());
        let failure = match engine.eval(&rule_path(&module.package, rule), &input) {
            Ok(Value::Bool(true)) => None,
            Ok(Value::Object(cases)) if !cases.is_empty() => {
                let failing = cases.iter().filter(|(_, value)| **value != Value::Bool(true));
                let failing: Vec<String> = failing.map(|(key, _)| key.to_string()).collect();
                (!failing.is_empty()).then(|| format!("not true for {}", failing.join(", ")))
            }
            Ok(Value::Undefined) => Some("undefined".to_owned()),
            Ok(other) => Some(format!("is {other} instead of true")),
            Err(error) => Some(error.message()),
        };
        report.prints.append(&mut engine.take_prints());
        match failure {
            None => report.passed += 1,
            Some(message) => {
                report.failures.push(TestFailure { file: module.file.clone(), line: head.line as usize, name, message })
            }
        }
    }
}
