//! Expressions to values, with a hole where a part is not known.
//!
//! The operators and templates follow <https://developer.hashicorp.com/terraform/language/expressions>. Whatever is
//! not evaluated exactly as Terraform does is [`Unresolved`], never a guess.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use hcl_edit::Decorated;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::functions;
use crate::access::worlds::{Hole, Piece, Val};

/// Why an expression has no value here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved(pub String);

/// A value, or why there is none.
pub type Outcome = Result<Val, Unresolved>;

pub(super) fn no<T>(why: impl Into<String>) -> Result<T, Unresolved> {
    Err(Unresolved(why.into()))
}

/// What the names of an expression stand for.
pub trait Scope {
    /// The value of the longest prefix of a reference that is a value by itself, and the number of steps it took.
    /// The first step is the name of the reference's root.
    ///
    /// # Errors
    ///
    /// What is not known, or not supported.
    fn reference(&mut self, steps: &[Step]) -> Result<(Val, usize), Unresolved>;
}

/// A step of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`, or `["name"]`.
    Name(String),
    /// `[0]`.
    Index(usize),
}

/// What evaluation may cost, in nodes.
#[derive(Debug)]
pub struct Budget {
    left: Cell<usize>,
    floor: Cell<usize>,
}

impl Budget {
    /// Nodes for one attribute, with all that it refers to.
    const ATTRIBUTE: usize = 50_000;

    /// Nodes for a plan.
    pub fn new(nodes: usize) -> Self {
        Self { left: Cell::new(nodes), floor: Cell::new(nodes.saturating_sub(Self::ATTRIBUTE)) }
    }

    /// Starts another attribute.
    pub(super) fn restart(&self) {
        self.floor.set(self.left.get().saturating_sub(Self::ATTRIBUTE));
    }

    /// Takes the cost of something; false where nothing is left.
    pub(super) fn take(&self, nodes: usize) -> bool {
        let left = self.left.get().saturating_sub(nodes);
        self.left.set(left.max(self.floor.get()));
        left > self.floor.get()
    }

    fn is_empty(&self) -> bool {
        self.left.get() <= self.floor.get()
    }
}

/// Levels of nesting, calls and locals included.
pub const DEPTH: usize = 60;
/// Bytes of a string.
pub(super) const LONGEST: usize = 256 << 10;

/// Evaluates expressions in a scope.
pub struct Evaluator<'s> {
    scope: &'s mut dyn Scope,
    bound: Vec<(String, Val)>,
    /// Holes that stand for something that is not evaluated here, and not for an attribute.
    opaque: HashSet<Arc<str>>,
    name: String,
    budget: &'s Budget,
    depth: usize,
}

impl<'s> Evaluator<'s> {
    /// An evaluator for the expression that `name` stands for; holes without a better name are called after it.
    pub fn new(scope: &'s mut dyn Scope, name: &str, budget: &'s Budget, depth: usize) -> Self {
        Self { scope, bound: Vec::new(), opaque: HashSet::new(), name: name.to_owned(), budget, depth }
    }

    /// The value of an expression.
    ///
    /// # Errors
    ///
    /// What is unknown as a whole, not supported, or beyond the budget.
    pub fn value(&mut self, expression: &Expression) -> Outcome {
        if self.depth >= DEPTH || !self.budget.take(1) {
            return no("it is too large to evaluate");
        }
        self.depth += 1;
        let value = self.node(expression);
        self.depth -= 1;
        value
    }

    /// The value of a part: a hole where it is not known.
    fn part(&mut self, expression: &Expression) -> Outcome {
        match self.value(expression) {
            Err(_) if self.budget.is_empty() => no("it is too large to evaluate"),
            Err(_) => Ok(self.opaque()),
            value => value,
        }
    }

    fn opaque(&mut self) -> Val {
        // The budget falls with every node, so that a number is not used twice in a plan.
        let id: Arc<str> = format!("{}#{}", self.name, self.budget.left.get()).into();
        self.opaque.insert(id.clone());
        Val::Hole(Hole { path: self.name.as_str().into(), id })
    }

    fn node(&mut self, expression: &Expression) -> Outcome {
        match expression {
            Expression::Null(_) => Ok(Val::Null),
            Expression::Bool(it) => Ok(Val::Bool(*it.value())),
            Expression::Number(it) => Ok(Val::Number(it.value().to_string())),
            Expression::String(it) => Ok(Val::Text(it.value().as_str().into())),
            Expression::Array(items) => {
                items.iter().map(|item| self.part(item)).collect::<Result<_, _>>().map(Val::List)
            }
            Expression::Object(members) => {
                let mut map = BTreeMap::new();
                for (key, member) in members {
                    let key: Arc<str> = match key {
                        ObjectKey::Ident(name) => name.value().as_str().into(),
                        ObjectKey::Expression(Expression::Variable(name)) => name.value().as_str().into(),
                        ObjectKey::Expression(key) => known_text(&self.value(key)?)?,
                    };
                    let member = self.part(member.expr())?;
                    map.insert(key, member);
                }
                Ok(Val::Map(map))
            }
            Expression::StringTemplate(template) => {
                let template = Template::from_iter(template.iter().cloned());
                self.template(&template)
            }
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.value(inner.inner()),
            Expression::Variable(name) => self.traversal_of(&[Step::Name(name.value().to_string())], &[]),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::Conditional(it) => match self.value(&it.cond_expr)? {
                Val::Bool(which) => {
                    let taken = self.value(if which { &it.true_expr } else { &it.false_expr })?;
                    // Both branches take one type, so a number may become a string.
                    let other = self.part(if which { &it.false_expr } else { &it.true_expr })?;
                    if unifies(&taken, &other) { Ok(taken) } else { no("the branches of a conditional differ in type") }
                }
                _ => no("a condition is known only after apply"),
            },
            Expression::FuncCall(call) => {
                if call.name.is_namespaced() {
                    return no("functions of providers are not evaluated");
                }
                let name = call.name.name.value().as_str();
                if name == "try" || name == "can" {
                    return no(format!("`{name}` is not evaluated"));
                }
                let mut arguments = Vec::new();
                for argument in call.args.iter() {
                    arguments.push(self.part(argument)?);
                }
                if call.args.expand_final() {
                    match arguments.pop() {
                        Some(Val::List(items)) => arguments.extend(items),
                        _ => return no("the last argument is expanded and not known"),
                    }
                }
                functions::call(name, arguments)
            }
            Expression::UnaryOp(op) => match (op.operator.value(), self.value(&op.expr)?) {
                (UnaryOperator::Not, Val::Bool(it)) => Ok(Val::Bool(!it)),
                (UnaryOperator::Neg, Val::Number(it)) => Ok(Val::Number(number(-integer(&it)?))),
                _ => no("an operand is known only after apply"),
            },
            Expression::BinaryOp(op) => self.binary(op),
            Expression::ForExpr(it) => self.for_expression(it),
        }
    }

    fn binary(&mut self, op: &BinaryOp) -> Outcome {
        let (left, right) = (self.value(&op.lhs_expr)?, self.value(&op.rhs_expr)?);
        if left.has_hole() || right.has_hole() {
            return no("an operand is known only after apply");
        }
        let operator = op.operator.value();
        match (operator, &left, &right) {
            (BinaryOperator::And, Val::Bool(a), Val::Bool(b)) => return Ok(Val::Bool(*a && *b)),
            (BinaryOperator::Or, Val::Bool(a), Val::Bool(b)) => return Ok(Val::Bool(*a || *b)),
            // Operands of different types are different; only primitives are compared here, as sets and lists look
            // alike in this form.
            (BinaryOperator::Eq | BinaryOperator::NotEq, a, b) if is_primitive(a) && is_primitive(b) => {
                let same = match (a, b) {
                    (Val::Number(a), Val::Number(b)) => integer(a)? == integer(b)?,
                    _ => a == b,
                };
                return Ok(Val::Bool(same == (*operator == BinaryOperator::Eq)));
            }
            _ => {}
        }
        let (Val::Number(a), Val::Number(b)) = (&left, &right) else { return no("an operator is not evaluated here") };
        let (a, b) = (integer(a)?, integer(b)?);
        let result = match operator {
            BinaryOperator::Less => return Ok(Val::Bool(a < b)),
            BinaryOperator::LessEq => return Ok(Val::Bool(a <= b)),
            BinaryOperator::Greater => return Ok(Val::Bool(a > b)),
            BinaryOperator::GreaterEq => return Ok(Val::Bool(a >= b)),
            BinaryOperator::Plus => a.checked_add(b),
            BinaryOperator::Minus => a.checked_sub(b),
            BinaryOperator::Mul => a.checked_mul(b),
            _ => None,
        };
        result.map_or_else(|| no("an operator is not evaluated here"), |it| Ok(Val::Number(number(it))))
    }

    fn for_expression(&mut self, it: &ForExpr) -> Outcome {
        let pairs: Vec<(Val, Val)> = match self.value(&it.intro.collection_expr)? {
            Val::List(items) => {
                // A set has no positions: its key is its value. A list and a set look alike here.
                if it.intro.key_var.is_some() {
                    return no("a `for` over a list or set with two names is not evaluated");
                }
                items.into_iter().map(|item| (Val::Null, item)).collect()
            }
            Val::Map(members) => members.into_iter().map(|(key, value)| (Val::Text(key), value)).collect(),
            _ => return no("what `for` goes through is known only after apply"),
        };
        if it.grouping {
            return no("a `for` that groups is not evaluated");
        }
        let before = self.bound.len();
        let mut list = Vec::new();
        let mut map = BTreeMap::new();
        let mut round = |this: &mut Self, key: Val, value: Val| -> Result<(), Unresolved> {
            if let Some(name) = &it.intro.key_var {
                this.bound.push((name.value().to_string(), key));
            }
            this.bound.push((it.intro.value_var.value().to_string(), value));
            if let Some(condition) = &it.cond {
                match this.value(&condition.expr)? {
                    Val::Bool(true) => {}
                    Val::Bool(false) => return Ok(()),
                    _ => return no("the condition of a `for` is known only after apply"),
                }
            }
            match &it.key_expr {
                None => list.push(this.part(&it.value_expr)?),
                Some(key) => {
                    let key = known_text(&this.value(key)?)?;
                    let value = this.part(&it.value_expr)?;
                    if map.insert(key, value).is_some() {
                        return no("a `for` gives a key twice");
                    }
                }
            }
            Ok(())
        };
        for (key, value) in pairs {
            let done = round(self, key, value);
            self.bound.truncate(before);
            done?;
        }
        Ok(if it.key_expr.is_some() { Val::Map(map) } else { Val::List(list) })
    }

    fn traversal(&mut self, traversal: &Traversal) -> Outcome {
        let Expression::Variable(root) = &traversal.expr else {
            let value = self.value(&traversal.expr)?;
            return self.steps_of(value, &traversal.operators);
        };
        let mut steps = vec![Step::Name(root.value().to_string())];
        for operator in &traversal.operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => steps.push(Step::Name(name.value().to_string())),
                TraversalOperator::LegacyIndex(at) => {
                    steps.push(Step::Index(usize::try_from(*at.value()).unwrap_or(usize::MAX)));
                }
                TraversalOperator::Index(index) => match self.value(index) {
                    Ok(Val::Text(key)) => steps.push(Step::Name(key.to_string())),
                    Ok(Val::Number(at)) => match at.parse() {
                        Ok(at) => steps.push(Step::Index(at)),
                        Err(_) => break,
                    },
                    _ => return no("an index is known only after apply"),
                },
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => break,
            }
        }
        let rest = traversal.operators.get(steps.len() - 1..).unwrap_or_default();
        self.traversal_of(&steps, rest)
    }

    fn traversal_of(&mut self, steps: &[Step], rest: &[Decorated<TraversalOperator>]) -> Outcome {
        let [Step::Name(root), ..] = steps else { return no("a reference has no name") };
        let bound = self.bound.iter().rev().find(|(name, _)| name == root).map(|(_, value)| value.clone());
        let (mut value, used) = match bound {
            Some(value) => (value, 1),
            None => self.scope.reference(steps)?,
        };
        for step in steps.get(used..).unwrap_or_default() {
            value = member(value, step)?;
        }
        self.steps_of(value, rest)
    }

    /// What operators make of a value: from the first splat on, each element goes through the rest.
    fn steps_of(&mut self, value: Val, operators: &[Decorated<TraversalOperator>]) -> Outcome {
        let Some((first, rest)) = operators.split_first() else { return Ok(value) };
        let next = match first.value() {
            TraversalOperator::GetAttr(name) => member(value, &Step::Name(name.value().to_string()))?,
            TraversalOperator::LegacyIndex(_) => return no("an old index is not evaluated"),
            TraversalOperator::Index(index) => match self.value(index)? {
                Val::Text(key) => member(value, &Step::Name(key.to_string()))?,
                Val::Number(at) => match at.parse() {
                    Ok(at) => member(value, &Step::Index(at))?,
                    Err(_) => return no("an index is not a position"),
                },
                _ => return no("an index is known only after apply"),
            },
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                let Val::List(items) = value else { return no("a splat is on something that is not a known list") };
                return items
                    .into_iter()
                    .map(|item| self.steps_of(item, rest))
                    .collect::<Result<_, _>>()
                    .map(Val::List);
            }
        };
        self.steps_of(next, rest)
    }

    /// A template: a string, or the value itself where it is a single interpolation.
    fn template(&mut self, template: &Template) -> Outcome {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.value(&only.expr);
        }
        let mut pieces = Vec::new();
        let documents = template.iter().any(|element| element.as_literal().is_some_and(|text| text.contains('"')));
        let mut quoted = false;
        for element in template {
            match element {
                Element::Literal(text) => {
                    quoted ^= quotes(text) % 2 == 1;
                    push(&mut pieces, text);
                }
                Element::Interpolation(it) => {
                    if it.strip != Default::default() {
                        return no("a template strips spaces");
                    }
                    match self.part(&it.expr)? {
                        // A value that could end the string it stands in, or bring members with it, says nothing
                        // about the document.
                        Val::Hole(hole) if documents && (!quoted || self.opaque.contains(&hole.id)) => {
                            return no(format!("`{}` in a document's text may be any part of it", hole.id));
                        }
                        Val::Hole(hole) => pieces.push(Piece::Hole(hole)),
                        Val::Partial(more) => {
                            let opaque =
                                |piece: &Piece| matches!(piece, Piece::Hole(hole) if self.opaque.contains(&hole.id));
                            if documents && more.iter().any(opaque) {
                                return no("a part of a document's text may be anything");
                            }
                            if documents && !quoted && functions::json(&more).is_none() {
                                return no("a part of a document's text is not a whole value");
                            }
                            pieces.extend(more);
                        }
                        other => {
                            let text = known_text(&other)?;
                            quoted ^= documents && quotes(&text) % 2 == 1;
                            push(&mut pieces, &text);
                        }
                    }
                }
                Element::Directive(_) => return no("template directives are not evaluated"),
            }
        }
        functions::joined(pieces)
    }
}

/// Unescaped quotes in a JSON text.
fn quotes(text: &str) -> usize {
    let (mut count, mut escaped) = (0, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => count += 1,
            _ => {}
        }
    }
    count
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
}

fn member(value: Val, step: &Step) -> Outcome {
    match (value, step) {
        (Val::Map(mut members), Step::Name(name)) => {
            members.remove(name.as_str()).map_or_else(|| no(format!("`{name}` is not there")), Ok)
        }
        (Val::List(mut items), Step::Index(at)) if *at < items.len() => Ok(items.swap_remove(*at)),
        (Val::Hole(hole), step) => {
            let step = match step {
                Step::Name(name) => format!(".{name}"),
                Step::Index(at) => format!("[{at}]"),
            };
            Ok(Val::Hole(Hole { id: format!("{}{step}", hole.id).into(), path: hole.path }))
        }
        _ => no("a member is taken of something else"),
    }
}

fn is_primitive(value: &Val) -> bool {
    matches!(value, Val::Null | Val::Bool(_) | Val::Number(_) | Val::Text(_))
}

/// A known primitive as a string, by Terraform's automatic conversion.
pub(super) fn known_text(value: &Val) -> Result<Arc<str>, Unresolved> {
    match value {
        Val::Text(text) => Ok(text.clone()),
        Val::Bool(it) => Ok(it.to_string().into()),
        Val::Number(it) => Ok(number(integer(it)?).into()),
        _ => no("a string is expected that is known"),
    }
}

pub(super) fn integer(text: &str) -> Result<i64, Unresolved> {
    text.parse().or_else(|_| no("only whole numbers are evaluated"))
}

pub(super) fn number(value: i64) -> String {
    value.to_string()
}

/// Whether a value stays as it is when it takes one type with another.
pub(super) fn unifies(one: &Val, other: &Val) -> bool {
    fn leaves(value: &Val, found: &mut HashSet<u8>) {
        match value {
            Val::Bool(_) => drop(found.insert(0)),
            Val::Number(_) => drop(found.insert(1)),
            Val::Text(_) | Val::Partial(_) => drop(found.insert(2)),
            Val::List(items) => items.iter().for_each(|item| leaves(item, found)),
            Val::Map(members) => members.values().for_each(|member| leaves(member, found)),
            Val::Null | Val::Hole(_) => {}
        }
    }
    let (mut a, mut b) = (HashSet::new(), HashSet::new());
    leaves(one, &mut a);
    leaves(other, &mut b);
    // Strings stay strings; anything else could be converted to match.
    a.union(&b).count() <= 1 || a.iter().all(|kind| *kind == 2)
}
