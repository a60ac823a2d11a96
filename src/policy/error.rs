//! What can go wrong with policies: at load, all of it at once; at evaluation, with the rule's name.

use std::fmt;

/// One problem of a policy or data file, found at load.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 when the problem is about the whole file.
    pub line: usize,
    /// The column, from 1; 0 when the problem is about the whole line or file.
    pub column: usize,
    /// What is wrong; lower case, one line.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

/// Everything that is wrong with a policy set, in the order of files and lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", render(.0))]
pub struct LoadErrors(pub Vec<Problem>);

/// A rule could not be evaluated, or gave what a rule must not give. No decision is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// A builtin failed in a tollgate rule, or the engine refused to go on.
    #[error("{rule}: {problem}{}", at(.address))]
    Evaluation {
        /// The rule's id, or `NAMESPACE.SET` of a conftest policy.
        rule: String,
        /// The address it looked at; empty when it looked at the whole plan.
        address: String,
        /// What happened, and where.
        problem: Box<Problem>,
    },
    /// The rule ran longer than it may.
    #[error("{rule}: stopped after {limit_ms} ms{}; make the rule cheaper or raise the time limit", at(.address))]
    TimeLimit {
        /// The rule's id, or `NAMESPACE.SET` of a conftest policy.
        rule: String,
        /// The address it looked at; empty when it looked at the whole plan.
        address: String,
        /// The limit in milliseconds.
        limit_ms: u128,
    },
    /// A result is neither a string nor an object with the members a finding has.
    #[error("{rule}: wrong result: {message}{}", at(.address))]
    Result {
        /// The rule's id, or `NAMESPACE.SET` of a conftest policy.
        rule: String,
        /// The address it looked at; empty when it looked at the whole plan.
        address: String,
        /// What is wrong with it.
        message: String,
    },
    /// The input could not be given to the policies.
    #[error("the plan cannot be given to policies: {0}")]
    Input(String),
}

impl Problem {
    /// A problem about a whole file.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, message: message.into(), help: String::new() }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(out, "{}", self.file)?;
            if self.line > 0 {
                write!(out, ":{}", self.line)?;
            }
            if self.column > 0 {
                write!(out, ":{}", self.column)?;
            }
            write!(out, ": ")?;
        }
        write!(out, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(out, "; help: {}", self.help)?;
        }
        Ok(())
    }
}

fn render(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

fn at(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(" (at `{address}`)") }
}
