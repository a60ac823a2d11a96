//! Expressions to values, with a hole where a part is not known.
//!
//! The operators follow <https://developer.hashicorp.com/terraform/language/expressions>. Whatever is not evaluated
//! exactly as Terraform does is [`Unresolved`], never a guess.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Decorated;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, ForExpr, FuncCall, ObjectKey, Traversal, TraversalOperator,
    UnaryOperator,
};
use hcl_edit::template::Template;

use super::functions;
use super::value::{Instance, Outcome, Step, Unresolved, Value, alike, fails, member, no, unifies};

/// What the names of an expression stand for.
pub trait Scope {
    /// The value of the longest prefix of a reference that is a value by itself, and the number of steps it took.
    /// The first step is the name of the reference's root.
    ///
    /// # Errors
    ///
    /// What is not known, or not supported.
    fn reference(&mut self, steps: &[Step]) -> Result<(Value, usize), Unresolved>;

    /// An attribute of an instance.
    ///
    /// # Errors
    ///
    /// What is not known, or not supported.
    fn attribute(&mut self, of: &Instance, name: &str) -> Outcome {
        let _ = of;
        no(format!("`{name}` is not known"))
    }
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

    pub(super) fn is_empty(&self) -> bool {
        self.left.get() <= self.floor.get()
    }
}

/// Levels of nesting, calls and local values included.
pub const DEPTH: usize = 80;
/// Characters from here on may combine with others, which Terraform then writes as one.
const COMBINING: char = '\u{300}';

/// Evaluates expressions in a scope.
pub struct Evaluator<'s> {
    scope: &'s mut dyn Scope,
    pub(super) bound: Vec<(String, Value)>,
    pub(super) budget: &'s Budget,
    depth: usize,
    /// Whether something was left out that may turn out to fail: a part that is not evaluated, a member of something
    /// unknown.
    unsure: bool,
}

impl<'s> Evaluator<'s> {
    /// An evaluator that starts at a depth of nesting.
    pub fn new(scope: &'s mut dyn Scope, budget: &'s Budget, depth: usize) -> Self {
        Self { scope, bound: Vec::new(), budget, depth, unsure: false }
    }

    /// With names of its own, as in a dynamic block.
    #[must_use]
    pub fn with(mut self, bound: &[(String, Value)]) -> Self {
        self.bound = bound.to_vec();
        self
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

    /// The value of a part: unknown where it is not evaluated. What fails for certain fails as a whole.
    pub(super) fn part(&mut self, expression: &Expression) -> Outcome {
        match self.value(expression) {
            Err(_) if self.budget.is_empty() => no("it is too large to evaluate"),
            Err(error) if !error.certain => {
                self.unsure = true;
                Ok(Value::Unknown)
            }
            value => value,
        }
    }

    fn node(&mut self, expression: &Expression) -> Outcome {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(it) => Ok(Value::Bool(*it.value())),
            Expression::Number(it) => {
                // The parser goes through a binary fraction, which is exact up to here.
                const EXACT: i64 = 1 << 53;
                let whole = it.value().as_i64().filter(|it| (-EXACT..=EXACT).contains(it));
                whole.map_or_else(|| no("only whole numbers are evaluated"), |it| Ok(Value::Number(it)))
            }
            Expression::String(it) => literal(it.value()).map(Value::Text),
            Expression::Array(items) => {
                items.iter().map(|item| self.part(item)).collect::<Result<_, _>>().map(Value::List)
            }
            Expression::Object(members) => {
                let mut map = BTreeMap::new();
                for (key, member) in members {
                    let key = self.key(key)?;
                    let member = self.part(member.expr())?;
                    map.insert(key, member);
                }
                Ok(Value::Map(map))
            }
            Expression::StringTemplate(template) => {
                let template = Template::from_iter(template.iter().cloned());
                self.template(&template)
            }
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.value(inner.inner()),
            Expression::Variable(name) => self.reference(&[Step::Name(name.value().to_string())], &[]),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::Conditional(it) => self.conditional(it),
            Expression::FuncCall(call) => self.call(call),
            Expression::UnaryOp(op) => match (op.operator.value(), self.value(&op.expr)?) {
                (UnaryOperator::Not, Value::Bool(it)) => Ok(Value::Bool(!it)),
                (UnaryOperator::Neg, Value::Number(it)) => Ok(Value::Number(it.saturating_neg())),
                _ => no("an operand is known only after apply"),
            },
            Expression::BinaryOp(op) => self.binary(op),
            Expression::ForExpr(it) => self.for_expression(it),
        }
    }

    /// Pays for a value that is copied.
    fn weigh(&self, value: &Value) -> Result<(), Unresolved> {
        match value.weight() {
            Some(weight) if self.budget.take(weight) => Ok(()),
            _ => no("it is too large to evaluate"),
        }
    }

    fn key(&mut self, key: &ObjectKey) -> Result<Arc<str>, Unresolved> {
        match key {
            ObjectKey::Ident(name) => literal(name.value()),
            ObjectKey::Expression(Expression::Variable(name)) => literal(name.value()),
            ObjectKey::Expression(key) => self.value(key)?.text(),
        }
    }

    fn conditional(&mut self, it: &Conditional) -> Outcome {
        let Value::Bool(which) = self.value(&it.cond_expr)? else {
            return no("a condition is known only after apply");
        };
        let (chosen, left) = if which { (&it.true_expr, &it.false_expr) } else { (&it.false_expr, &it.true_expr) };
        let taken = self.value(chosen)?;
        // Both take one type. What fails has none.
        let other = match self.value(left) {
            Ok(other) => other,
            Err(error) => {
                self.unsure |= !error.certain;
                Value::Unknown
            }
        };
        if self.budget.is_empty() {
            return no("it is too large to evaluate");
        }
        match (&taken, &other) {
            (Value::Number(it), Value::Text(_) | Value::Partial(_)) => Ok(Value::Text(it.to_string().into())),
            (Value::Bool(it), Value::Text(_) | Value::Partial(_)) => Ok(Value::Text(it.to_string().into())),
            // A type that is not known may turn a number into a string.
            (Value::Number(_) | Value::Bool(_), Value::Unknown | Value::Named(_)) => {
                no("the branches of a conditional may differ in type")
            }
            _ if alike(&taken, &other) && unifies(&taken, &other) => Ok(taken),
            _ => no("the branches of a conditional differ in type"),
        }
    }

    fn call(&mut self, call: &FuncCall) -> Outcome {
        if call.name.is_namespaced() {
            return no("functions of providers are not evaluated");
        }
        let name = call.name.name.value().as_str();
        if matches!(name, "try" | "can") {
            return self.attempt(name == "can", call);
        }
        let mut arguments = Vec::new();
        for argument in call.args.iter() {
            arguments.push(self.part(argument)?);
        }
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Value::List(items) | Value::Set(items) | Value::Sequence(items)) => arguments.extend(items),
                _ => return no("the last argument is expanded and not known"),
            }
        }
        for argument in &arguments {
            self.weigh(argument)?;
        }
        functions::call(name, arguments)
    }

    /// `try` and `can`: the first argument that does not fail. Whether one fails has to be certain.
    fn attempt(&mut self, can: bool, call: &FuncCall) -> Outcome {
        for argument in call.args.iter() {
            let before = std::mem::take(&mut self.unsure);
            let outcome = self.value(argument);
            let unsure = std::mem::replace(&mut self.unsure, before);
            match outcome {
                Ok(_) if unsure => return no("whether an argument of `try` fails is known only after apply"),
                Ok(_) if can => return Ok(Value::Bool(true)),
                Ok(value) => return Ok(value),
                Err(error) if !error.certain => return Err(error),
                Err(_) if can => return Ok(Value::Bool(false)),
                Err(_) => {}
            }
        }
        fails("every argument of `try` fails")
    }

    fn binary(&mut self, op: &BinaryOp) -> Outcome {
        let operator = op.operator.value();
        let (left, right) = (self.part(&op.lhs_expr)?, self.part(&op.rhs_expr)?);
        match (operator, &left, &right) {
            (BinaryOperator::And, Value::Bool(false), _) | (BinaryOperator::And, _, Value::Bool(false)) => {
                return Ok(Value::Bool(false));
            }
            (BinaryOperator::Or, Value::Bool(true), _) | (BinaryOperator::Or, _, Value::Bool(true)) => {
                return Ok(Value::Bool(true));
            }
            (BinaryOperator::And, Value::Bool(a), Value::Bool(b)) => return Ok(Value::Bool(*a && *b)),
            (BinaryOperator::Or, Value::Bool(a), Value::Bool(b)) => return Ok(Value::Bool(*a || *b)),
            // Operands of different types are different. Collections are not compared: their types count too.
            (BinaryOperator::Eq | BinaryOperator::NotEq, a, b) => {
                let same = match (a, b) {
                    (a, b) if a.is_primitive() && b.is_primitive() => a == b,
                    (Value::Null, Value::List(_) | Value::Set(_) | Value::Sequence(_) | Value::Map(_))
                    | (Value::List(_) | Value::Set(_) | Value::Sequence(_) | Value::Map(_), Value::Null) => false,
                    _ => return no("what is compared is known only after apply"),
                };
                return Ok(Value::Bool(same == (*operator == BinaryOperator::Eq)));
            }
            _ => {}
        }
        let (Value::Number(a), Value::Number(b)) = (&left, &right) else {
            return no("an operand is known only after apply");
        };
        let (a, b) = (*a, *b);
        let result = match operator {
            BinaryOperator::Less => return Ok(Value::Bool(a < b)),
            BinaryOperator::LessEq => return Ok(Value::Bool(a <= b)),
            BinaryOperator::Greater => return Ok(Value::Bool(a > b)),
            BinaryOperator::GreaterEq => return Ok(Value::Bool(a >= b)),
            BinaryOperator::Plus => a.checked_add(b),
            BinaryOperator::Minus => a.checked_sub(b),
            BinaryOperator::Mul => a.checked_mul(b),
            BinaryOperator::Div if b != 0 && a % b == 0 => a.checked_div(b),
            BinaryOperator::Mod if a >= 0 && b > 0 => a.checked_rem(b),
            _ => None,
        };
        result.map_or_else(|| no("an operator is not evaluated here"), |it| Ok(Value::Number(it)))
    }

    fn for_expression(&mut self, it: &ForExpr) -> Outcome {
        let pairs = pairs(self.value(&it.intro.collection_expr)?, it.intro.key_var.is_some())?;
        let before = self.bound.len();
        let mut list = Vec::new();
        let mut map: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut groups: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
        let mut round = |this: &mut Self, key: Value, value: Value| -> Result<(), Unresolved> {
            if let Some(name) = &it.intro.key_var {
                this.bound.push((name.value().to_string(), key));
            }
            this.bound.push((it.intro.value_var.value().to_string(), value));
            if let Some(condition) = &it.cond {
                match this.value(&condition.expr)? {
                    Value::Bool(true) => {}
                    Value::Bool(false) => return Ok(()),
                    _ => return no("the condition of a `for` is known only after apply"),
                }
            }
            let Some(key) = &it.key_expr else {
                list.push(this.part(&it.value_expr)?);
                return Ok(());
            };
            let key = this.value(key)?.text()?;
            let value = this.part(&it.value_expr)?;
            if it.grouping {
                groups.entry(key).or_default().push(value);
            } else if map.insert(key, value).is_some() {
                return fails("a `for` gives a key twice");
            }
            Ok(())
        };
        for (key, value) in pairs {
            let done = round(self, key, value);
            self.bound.truncate(before);
            done?;
        }
        Ok(match (&it.key_expr, it.grouping) {
            (None, _) => Value::List(list),
            (Some(_), false) => Value::Map(map),
            (Some(_), true) => Value::Map(groups.into_iter().map(|(key, all)| (key, Value::List(all))).collect()),
        })
    }

    fn traversal(&mut self, traversal: &Traversal) -> Outcome {
        let Expression::Variable(root) = &traversal.expr else {
            let value = self.value(&traversal.expr)?;
            return self.operators(value, &traversal.operators);
        };
        let mut steps = vec![Step::Name(root.value().to_string())];
        for operator in &traversal.operators {
            match operator.value() {
                TraversalOperator::GetAttr(name) => steps.push(Step::Name(name.value().to_string())),
                TraversalOperator::LegacyIndex(at) => {
                    steps.push(Step::Index(usize::try_from(*at.value()).unwrap_or(usize::MAX)));
                }
                TraversalOperator::Index(index) => steps.push(self.index(index)?),
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => break,
            }
        }
        let rest = traversal.operators.get(steps.len() - 1..).unwrap_or_default();
        self.reference(&steps, rest)
    }

    fn index(&mut self, index: &Expression) -> Result<Step, Unresolved> {
        match self.value(index)? {
            Value::Text(key) => Ok(Step::Name(key.to_string())),
            Value::Number(at) => usize::try_from(at).map(Step::Index).or_else(|_| no("an index is not a position")),
            _ => no("an index is known only after apply"),
        }
    }

    fn reference(&mut self, steps: &[Step], rest: &[Decorated<TraversalOperator>]) -> Outcome {
        let [Step::Name(root), ..] = steps else { return no("a reference has no name") };
        let bound = self.bound.iter().rev().find(|(name, _)| name == root).map(|(_, value)| value.clone());
        let (mut value, used) = match bound {
            Some(value) => (value, 1),
            None => self.scope.reference(steps)?,
        };
        self.weigh(&value)?;
        for step in steps.get(used..).unwrap_or_default() {
            value = self.member(value, step)?;
        }
        self.operators(value, rest)
    }

    fn member(&mut self, value: Value, step: &Step) -> Outcome {
        match (value, step) {
            (Value::Instance(of), Step::Name(name)) => self.scope.attribute(&of, name),
            (value, step) => {
                self.unsure |= matches!(value, Value::Named(_) | Value::Unknown);
                // A list has positions; a string that is one counts as a number.
                let position = match (&value, step) {
                    (Value::List(_) | Value::Sequence(_), Step::Name(name)) => name.parse().ok().map(Step::Index),
                    _ => None,
                };
                member(value, position.as_ref().unwrap_or(step))
            }
        }
    }

    /// What operators make of a value.
    fn operators(&mut self, value: Value, operators: &[Decorated<TraversalOperator>]) -> Outcome {
        if !self.budget.take(1) {
            return no("it is too large to evaluate");
        }
        let Some((first, rest)) = operators.split_first() else { return Ok(value) };
        let next = match first.value() {
            TraversalOperator::GetAttr(name) => self.member(value, &Step::Name(name.value().to_string()))?,
            TraversalOperator::LegacyIndex(at) => {
                self.member(value, &Step::Index(usize::try_from(*at.value()).unwrap_or(usize::MAX)))?
            }
            TraversalOperator::Index(index) => {
                let step = self.index(index)?;
                self.member(value, &step)?
            }
            TraversalOperator::FullSplat(_) => return self.splat(value, rest).map(Value::List),
            TraversalOperator::AttrSplat(_) => {
                // `.*` goes through the attributes behind it; an index behind them is of the list.
                let each = rest.iter().take_while(|it| matches!(it.value(), TraversalOperator::GetAttr(_))).count();
                let (each, rest) = rest.split_at_checked(each).unwrap_or((rest, &[]));
                let list = self.splat(value, each).map(Value::List)?;
                return self.operators(list, rest);
            }
        };
        self.operators(next, rest)
    }

    fn splat(&mut self, value: Value, each: &[Decorated<TraversalOperator>]) -> Result<Vec<Value>, Unresolved> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) | Value::Set(items) | Value::Sequence(items) => {
                items.into_iter().map(|item| self.operators(item, each)).collect()
            }
            Value::Named(_) | Value::Unknown => no("a splat is on something that is known only after apply"),
            single => Ok(vec![self.operators(single, each)?]),
        }
    }
}

/// What `for` goes through: keys and values.
pub(super) fn pairs(collection: Value, keyed: bool) -> Result<Vec<(Value, Value)>, Unresolved> {
    match collection {
        Value::List(items) => {
            Ok(items.into_iter().enumerate().map(|(at, item)| (Value::Number(at as i64), item)).collect())
        }
        Value::Set(items) => Ok(items.into_iter().map(|item| (item.clone(), item)).collect()),
        // The key of a set's element is the element.
        Value::Sequence(_) if keyed => no("whether the plan's value is a list or a set is not known"),
        Value::Sequence(items) => Ok(items.into_iter().map(|item| (Value::Null, item)).collect()),
        Value::Map(members) => Ok(members.into_iter().map(|(key, value)| (Value::Text(key), value)).collect()),
        _ => no("what `for` goes through is known only after apply"),
    }
}

/// A string of the configuration. Terraform composes characters (Unicode NFC); text that this could change is not
/// evaluated.
pub(super) fn literal(text: &str) -> Result<Arc<str>, Unresolved> {
    if text.chars().any(|c| c >= COMBINING) { no("a string may be normalised") } else { Ok(text.into()) }
}
