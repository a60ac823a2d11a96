//! Evaluation: modules and data in, values out, every error with its place.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::unstable::{Module, Ref};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{PolicyLengthConfig, Value};

use super::builtins::{self, BUILTINS, Failure};
use super::rewrite;
use crate::policy::error::Problem;
use crate::policy::source::{PolicySource, RegoVersion};

/// What happens when a builtin is given wrong operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Builtins {
    /// It is an error: tollgate rules.
    Strict,
    /// It is undefined, as under OPA: conftest policies.
    Lenient,
}

/// Modules and data, before evaluation.
#[derive(Clone)]
pub(in crate::policy) struct Library {
    engine: regorus::Engine,
    files: Vec<(PolicySource, RegoVersion)>,
    data: Vec<Value>,
}

/// Evaluates rules of a library.
#[derive(Clone)]
pub(in crate::policy) struct Engine {
    inner: regorus::Engine,
    library: Library,
    settings: Settings,
    wrapped: bool,
}

/// How an engine evaluates.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct Settings {
    /// What wrong operands do.
    pub(in crate::policy) builtins: Builtins,
    /// The longest one evaluation may take.
    pub(in crate::policy) time_limit: Duration,
    /// What `time.now_ns` answers.
    pub(in crate::policy) now_ns: i64,
}

/// Why an evaluation gave no value.
#[derive(Debug)]
pub(in crate::policy) enum EvalError {
    /// It ran too long.
    TimeLimit,
    /// Anything else, with its place where known.
    Problem(Problem),
}

impl EvalError {
    /// What happened, in words.
    pub(in crate::policy) fn message(&self) -> String {
        match self {
            Self::TimeLimit => "it runs too long".to_owned(),
            Self::Problem(problem) => problem.to_string(),
        }
    }
}

impl Library {
    /// An empty library.
    pub(in crate::policy) fn new() -> Self {
        Self { engine: empty_engine(), files: Vec::new(), data: Vec::new() }
    }

    /// Parses and adds a file.
    pub(in crate::policy) fn add(&mut self, source: PolicySource, version: RegoVersion) -> Result<(), Problem> {
        self.engine.set_rego_v0(version == RegoVersion::V0);
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text).to_owned();
        let added = self.engine.add_policy(source.path.clone(), text);
        added.map_err(|error| problem_of(&error.to_string(), &source.path))?;
        self.files.push((source, version));
        Ok(())
    }

    /// Merges a document into `data`; two different values for one key are a conflict.
    pub(in crate::policy) fn add_data(&mut self, value: Value) -> Result<(), String> {
        let added = self.engine.add_data(value.clone());
        added.map_err(|error| one_line(&error.to_string()))?;
        self.data.push(value);
        Ok(())
    }

    /// The parsed modules, in the order they were added.
    pub(in crate::policy) fn modules(&mut self) -> Vec<Ref<Module>> {
        self.engine.get_modules().clone()
    }

    /// An engine over this library. The analysis that regorus does before its first evaluation is done here, so
    /// that its errors are load errors.
    pub(in crate::policy) fn engine(&self, settings: Settings) -> Result<Engine, Problem> {
        let mut inner = self.engine.clone();
        configure(&mut inner, settings).map_err(|error| Problem::of_file("", one_line(&error.to_string())))?;
        let prepared = inner.eval_query("true".to_owned(), false);
        prepared.map_err(|error| problem_of(&error.to_string(), ""))?;
        Ok(Engine { inner, library: self.clone(), settings, wrapped: false })
    }

    /// The same library with the collections of `some .. in` wrapped.
    fn wrapped(&self) -> anyhow::Result<regorus::Engine> {
        let mut parsed = self.engine.clone();
        let mut engine = empty_engine();
        for ((source, version), module) in self.files.iter().zip(parsed.get_modules()) {
            engine.set_rego_v0(*version == RegoVersion::V0);
            engine.add_policy(source.path.clone(), rewrite::wrap_collections(module))?;
        }
        for data in &self.data {
            engine.add_data(data.clone())?;
        }
        Ok(engine)
    }
}

impl Engine {
    /// Sets the input of the evaluations to come.
    pub(in crate::policy) fn set_input(&mut self, input: Value) {
        self.inner.set_input(input);
    }

    /// Evaluates a rule; `Value::Undefined` where no body of it holds.
    pub(in crate::policy) fn eval(&mut self, path: &str, input: &Value) -> Result<Value, EvalError> {
        match self.inner.eval_rule(path.to_owned()) {
            Ok(value) => Ok(value),
            Err(error) => {
                let message = error.to_string();
                if !self.wrapped && message.contains(rewrite::SOME_IN_ERROR) && self.wrap().is_ok() {
                    self.inner.set_input(input.clone());
                    let again = self.inner.eval_rule(path.to_owned());
                    return again.map_err(|error| eval_error(&error.to_string()));
                }
                Err(eval_error(&message))
            }
        }
    }

    /// What `print` wrote since the last call, `file:line: text` each.
    pub(in crate::policy) fn take_prints(&mut self) -> Vec<String> {
        self.inner.take_prints().unwrap_or_default()
    }

    fn wrap(&mut self) -> anyhow::Result<()> {
        let mut inner = self.library.wrapped()?;
        configure(&mut inner, self.settings)?;
        self.inner = inner;
        self.wrapped = true;
        Ok(())
    }
}

/// The path that [`Engine::eval`] takes for a rule of a package.
pub(in crate::policy) fn rule_path(package: &[String], rule: &str) -> String {
    let mut path = String::from("data");
    for part in package.iter().map(String::as_str).chain([rule]) {
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !part.starts_with(|first: char| first.is_ascii_digit());
        if plain {
            path.push('.');
            path.push_str(part);
        } else {
            path.push_str(&format!("[{}]", serde_json::Value::from(part)));
        }
    }
    path
}

fn empty_engine() -> regorus::Engine {
    let mut engine = regorus::Engine::new();
    // Long lines are data tables or generated policies; the file size stays limited.
    engine.set_policy_length_config(PolicyLengthConfig { max_col: MAX_COLUMNS, ..PolicyLengthConfig::default() });
    engine
}

const MAX_COLUMNS: NonZeroU32 = NonZeroU32::MAX;

fn configure(engine: &mut regorus::Engine, settings: Settings) -> anyhow::Result<()> {
    engine.set_strict_builtin_errors(settings.builtins == Builtins::Strict);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: settings.time_limit,
        check_interval: NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN),
    });
    let context = builtins::Context { now_ns: settings.now_ns };
    let lenient = settings.builtins == Builtins::Lenient;
    for builtin in BUILTINS {
        let call = move |operands: Vec<Value>| match builtin.call(&operands, context) {
            Ok(value) => Ok(value),
            Err(Failure::Operand(_)) if lenient => Ok(Value::Undefined),
            Err(Failure::Operand(message) | Failure::Limit(message)) => {
                Err(anyhow::anyhow!("`{}`: {message}", builtin.name))
            }
        };
        engine.add_extension(builtin.name.to_owned(), builtin.arity, Box::new(call))?;
    }
    Ok(())
}

fn eval_error(message: &str) -> EvalError {
    if message.contains("execution exceeded time limit") {
        return EvalError::TimeLimit;
    }
    EvalError::Problem(problem_of(message, ""))
}

/// Reads regorus' error text: `--> file:line:col`, the line with a caret, then `error: message`.
fn problem_of(text: &str, file: &str) -> Problem {
    let place = text.lines().find_map(|line| line.strip_prefix("--> "));
    let mut problem = Problem::of_file(file, "");
    if let Some(place) = place {
        let mut parts = place.rsplitn(3, ':');
        problem.column = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        problem.line = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        problem.file = parts.next().unwrap_or(file).to_owned();
    }
    let message = match text.split_once("\nerror: ") {
        Some((_, message)) => message,
        None => text,
    };
    problem.message = one_line(message.split("\n--> ").next().unwrap_or(message));
    problem
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
