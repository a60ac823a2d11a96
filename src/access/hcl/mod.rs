//! The configuration of a plan archive, evaluated as far as it is known.
//!
//! The plan shows of an expression what it refers to, not what it does. Its archive holds the expression itself: here
//! it is evaluated, with the plan's values for what it refers to and holes for what only apply will tell. Only values
//! that the plan leaves unknown are evaluated; what the plan knows always wins.
//!
//! The configuration is hostile text: its size, nesting and cost are bounded, and what passes a bound is unknown.

mod blocks;
mod convert;
mod eval;
mod functions;
mod json;
mod program;
mod reach;
mod template;
mod text;
mod value;

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::expr::Expression;
use serde_json::Value as Json;

pub use eval::{Budget, DEPTH, Evaluator, Scope};
pub use program::Program;
pub use value::{Instance, Outcome, Part, Step, Unresolved, Value};

use crate::access::worlds::Val;
use crate::plan::Address;
use crate::plan::configuration::ResourceRef;
use value::no;

/// The values of a plan, for what expressions refer to.
pub trait Values {
    /// The value of a resource's attribute: known, or a hole with its name.
    ///
    /// # Errors
    ///
    /// When it is not clear which value is meant.
    fn attribute(&mut self, target: &ResourceRef, depth: usize) -> Result<Val, Unresolved>;

    /// The value of a variable of the root module.
    fn variable(&self, name: &str) -> Option<&Json>;

    /// Whether the plan has a row of an instance that will be there.
    fn has(&self, address: &Address) -> bool;
}

/// Parses the text of an expression; `None` where it is no expression, or one that no configuration needs.
pub fn parse(text: &str) -> Option<Expression> {
    const NESTED: i32 = 40;
    const OPERATORS: usize = 1500;
    const LONGEST: usize = 128 << 10;
    let (mut depth, mut deepest, mut operators) = (0, 0, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            ')' | ']' | '}' => depth -= 1,
            '!' | '?' => operators += 20,
            '+' | '*' | '/' | '%' | '&' | '|' | '<' | '>' | '-' => operators += 1,
            _ => {}
        }
    }
    // Which spaces an indented heredoc loses is told differently where a line has nothing else, or a directive.
    let spaces = |line: &str| !line.is_empty() && line.trim().is_empty();
    if text.contains("<<-") && (text.contains("%{") || text.lines().any(spaces)) {
        return None;
    }
    if deepest > NESTED || operators > OPERATORS || text.len() > LONGEST {
        return None;
    }
    let body = hcl_edit::parser::parse_body(&format!("x = {text}\n")).ok()?;
    let mut structures = body.into_iter();
    let only = structures.next()?.into_attribute().ok()?;
    structures.next().is_none().then_some(only.value)
}

/// Known values by name, for tests and constants: everything else is not known.
#[derive(Debug, Default)]
pub struct Known(pub BTreeMap<Arc<str>, Value>);

impl Scope for Known {
    fn reference(&mut self, steps: &[Step]) -> Result<(Value, usize), Unresolved> {
        match steps {
            [Step::Name(name), ..] if self.0.contains_key(name.as_str()) => {
                Ok((self.0.get(name.as_str()).cloned().unwrap_or_default(), 1))
            }
            _ => no("not known"),
        }
    }
}
