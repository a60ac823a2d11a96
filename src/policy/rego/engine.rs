//! Evaluation: modules and data in, values out, every error with its place.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use regorus::unstable::{Module, Ref};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{PolicyLengthConfig, Value};

use super::builtins::{self, BUILTINS, Failure};
use super::rewrite::{self, Extent, Rewritten};
use super::syntax::{ModuleInfo, package_of};
use crate::policy::error::Problem;
use crate::policy::source::{PolicyOptions, PolicySource, RegoVersion};

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
    /// The files as they are: what analyses read.
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
    /// The texts that are evaluated, by file.
    rewritten: Arc<BTreeMap<String, Rewritten>>,
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

impl Settings {
    /// As the options of the run ask.
    pub(in crate::policy) fn new(options: &PolicyOptions, builtins: Builtins) -> Self {
        Self { builtins, time_limit: options.time_limit, now_ns: options.now_ns }
    }
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

    /// A library of files that are known to be right, and an engine over it: while a file is parsed, the rewritten
    /// text of the one before it is, in another thread. The files of a package stand beside each other.
    pub(in crate::policy) fn loaded(
        files: Vec<PolicySource>,
        version: RegoVersion,
        settings: Settings,
    ) -> Result<Engine, Problem> {
        let (extent, mut library) = (Extent::of(settings), Self::new());
        let (texts, parsed) = mpsc::channel::<(String, Rewritten)>();
        let rewritten = thread::scope(|scope| {
            let parse = scope.spawn(move || {
                let mut engine = Rewriting::new();
                parsed.into_iter().try_for_each(|(path, text)| engine.add(path, text, version))?;
                Ok(engine)
            });
            let send = |package: &[Ref<Module>]| {
                for module in ModuleInfo::all(package) {
                    // Nobody takes it only where an earlier text was refused, which is told below.
                    let _ = texts.send((module.file.clone(), rewrite::rewrite(&module, extent)));
                }
            };
            let mut package: Vec<Ref<Module>> = Vec::new();
            for source in files {
                library.add(source, version)?;
                let Some(module) = library.engine.get_modules().last().cloned() else { continue };
                if package.first().is_some_and(|first| package_of(first) != package_of(&module)) {
                    send(&package);
                    package.clear();
                }
                package.push(module);
            }
            send(&package);
            drop(texts);
            parse.join().map_err(|_| Problem::of_file("", "the parser panicked"))?
        })?;
        library.prepared(rewritten, settings)
    }

    /// An engine over this library. The analysis that regorus does before its first evaluation is done here, so
    /// that its errors are load errors.
    pub(in crate::policy) fn engine(&self, settings: Settings) -> Result<Engine, Problem> {
        self.prepared(self.rewritten(Extent::of(settings))?, settings)
    }

    fn prepared(&self, rewritten: Rewriting, settings: Settings) -> Result<Engine, Problem> {
        let Rewriting { engine: mut inner, texts } = rewritten;
        configure(&mut inner, settings).map_err(|error| Problem::of_file("", one_line(&error.to_string())))?;
        let prepared = inner.eval_query("true".to_owned(), false);
        let rewritten = Arc::new(texts);
        prepared.map_err(|error| mapped(problem_of(&error.to_string(), ""), &rewritten))?;
        Ok(Engine { inner, library: self.clone(), settings, wrapped: false, rewritten })
    }

    /// The same library with its texts rewritten, see `rewrite`.
    fn rewritten(&self, extent: Extent) -> Result<Rewriting, Problem> {
        let mut parsed = self.engine.clone();
        let mut rewriting = Rewriting::new();
        for ((source, version), module) in self.files.iter().zip(ModuleInfo::all(parsed.get_modules())) {
            rewriting.add(source.path.clone(), rewrite::rewrite(&module, extent), *version)?;
        }
        for data in &self.data {
            let added = rewriting.engine.add_data(data.clone());
            added.map_err(|error| Problem::of_file("", one_line(&error.to_string())))?;
        }
        Ok(rewriting)
    }
}

/// The rewritten files of a library.
struct Rewriting {
    engine: regorus::Engine,
    texts: BTreeMap<String, Rewritten>,
}

impl Rewriting {
    fn new() -> Self {
        Self { engine: empty_engine(), texts: BTreeMap::new() }
    }

    fn add(&mut self, path: String, rewritten: Rewritten, version: RegoVersion) -> Result<(), Problem> {
        self.engine.set_rego_v0(version == RegoVersion::V0);
        let added = self.engine.add_policy(path.clone(), rewritten.text.clone());
        self.texts.insert(path.clone(), rewritten);
        added.map(drop).map_err(|error| mapped(problem_of(&error.to_string(), &path), &self.texts))
    }
}

impl Extent {
    /// What is rewritten from the beginning.
    fn of(settings: Settings) -> Self {
        Self { negations: settings.builtins == Builtins::Lenient, iterations: false }
    }
}

impl Engine {
    /// Sets the input of the evaluations to come.
    pub(in crate::policy) fn set_input(&mut self, input: Value) {
        self.inner.set_input(input);
    }

    /// Evaluates a rule; `Value::Undefined` where no body of it holds.
    pub(in crate::policy) fn eval(&mut self, path: &str, input: &Value) -> Result<Value, EvalError> {
        let mut result = self.inner.eval_rule(path.to_owned());
        if let Err(error) = &result
            && !self.wrapped
            && error.to_string().contains(rewrite::SOME_IN_ERROR)
            && self.wrap().is_ok()
        {
            self.inner.set_input(input.clone());
            result = self.inner.eval_rule(path.to_owned());
        }
        result.map_err(|error| {
            let message = error.to_string();
            if message.contains("execution exceeded time limit") {
                return EvalError::TimeLimit;
            }
            EvalError::Problem(mapped(problem_of(&message, ""), &self.rewritten))
        })
    }

    /// What `print` wrote since the last call, `file:line: text` each.
    pub(in crate::policy) fn take_prints(&mut self) -> Vec<String> {
        self.inner.take_prints().unwrap_or_default()
    }

    fn wrap(&mut self) -> Result<(), Problem> {
        let extent = Extent { iterations: true, ..Extent::of(self.settings) };
        let Rewriting { engine: mut inner, texts: rewritten } = self.library.rewritten(extent)?;
        configure(&mut inner, self.settings).map_err(|error| Problem::of_file("", error.to_string()))?;
        self.inner = inner;
        self.rewritten = Arc::new(rewritten);
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

/// The problem at its place in the original text.
fn mapped(mut problem: Problem, rewritten: &BTreeMap<String, Rewritten>) -> Problem {
    if let Some(text) = rewritten.get(&problem.file) {
        problem.column = text.original_column(problem.line, problem.column);
    }
    problem
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
    if problem.message.contains("used before definition") {
        // Legal under OPA; regorus does not tell the two apart.
        problem.help = "rename the variable: a rule or a variable around it has the same name".to_owned();
    }
    problem
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
