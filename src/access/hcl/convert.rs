//! A module's input as its variable's type makes it.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/type-constraints>

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::expr::{Expression, FuncCall, ObjectKey};

use super::functions;
use super::value::{Outcome, Value, joined, no};

/// Converts a value to the type that an expression names. `default` evaluates the default of an attribute.
pub(super) fn convert(value: Value, kind: &Expression, default: &mut dyn FnMut(&Expression) -> Outcome) -> Outcome {
    if matches!(value, Value::Null | Value::Named(_) | Value::Unknown) {
        return Ok(value);
    }
    match kind {
        Expression::Parenthesis(inner) => convert(value, inner.inner(), default),
        Expression::Variable(name) => match (name.value().as_str(), &value) {
            ("any", _)
            | ("string", Value::Text(_) | Value::Partial(_))
            | ("bool", Value::Bool(_))
            | ("number", Value::Number(_)) => Ok(value),
            ("string", Value::Number(_) | Value::Bool(_)) => joined(value.parts()?),
            ("number" | "bool", Value::Text(_)) => functions::call(&format!("to{}", name.value()), vec![value]),
            // `list` and `map` alone mean those of any one type.
            _ => no("a variable's value is converted"),
        },
        Expression::FuncCall(call) => collection(value, call, default),
        _ => no("a variable's type is not read"),
    }
}

fn collection(value: Value, call: &FuncCall, default: &mut dyn FnMut(&Expression) -> Outcome) -> Outcome {
    let Some(inner) = call.args.get(0) else { return no("a variable's type is not read") };
    let any = matches!(inner, Expression::Variable(name) if name.value().as_str() == "any");
    match (call.name.name.value().as_str(), value) {
        ("list", Value::List(items) | Value::Sequence(items) | Value::Set(items)) => {
            let items = items.into_iter().map(|item| convert(item, inner, default)).collect::<Result<_, _>>();
            let list = Value::List(items?);
            // Of any one type: elements of several become one.
            if any { functions::call("tolist", vec![list]) } else { Ok(list) }
        }
        ("set", Value::List(items) | Value::Sequence(items) | Value::Set(items)) => {
            let items = items.into_iter().map(|item| convert(item, inner, default)).collect::<Result<_, _>>();
            functions::call("toset", vec![Value::List(items?)])
        }
        ("map", Value::Map(members)) => {
            let each = members.into_iter().map(|(key, member)| Ok((key, convert(member, inner, default)?)));
            let map = Value::Map(each.collect::<Result<_, _>>()?);
            if any { functions::call("tomap", vec![map]) } else { Ok(map) }
        }
        ("tuple", Value::List(items) | Value::Sequence(items)) => {
            let kinds = inner.as_array().map(|kinds| kinds.iter().collect::<Vec<_>>()).unwrap_or_default();
            if kinds.len() != items.len() {
                return no("a tuple has another length");
            }
            let each = items.into_iter().zip(kinds).map(|(item, kind)| convert(item, kind, default));
            each.collect::<Result<_, _>>().map(Value::List)
        }
        ("object", Value::Map(members)) => object(members, inner, default),
        _ => no("a variable's value is converted"),
    }
}

/// The attributes that the type names, and no others.
fn object(
    mut members: BTreeMap<Arc<str>, Value>,
    kind: &Expression,
    default: &mut dyn FnMut(&Expression) -> Outcome,
) -> Outcome {
    let Some(wanted) = kind.as_object() else { return no("a variable's type is not read") };
    let mut all = BTreeMap::new();
    for (key, kind) in wanted {
        let name = match key {
            ObjectKey::Ident(name) => name.value().as_str(),
            ObjectKey::Expression(Expression::Variable(name)) => name.value().as_str(),
            ObjectKey::Expression(Expression::String(name)) => name.value().as_str(),
            ObjectKey::Expression(_) => return no("a variable's type is not read"),
        };
        let (kind, optional) = match kind.expr() {
            Expression::FuncCall(call) if call.name.name.value().as_str() == "optional" => {
                (call.args.get(0), Some(call.args.get(1)))
            }
            kind => (Some(kind), None),
        };
        let Some(kind) = kind else { return no("a variable's type is not read") };
        let given = members.remove(name).filter(|member| *member != Value::Null || optional.flatten().is_none());
        let member = match (given, optional) {
            (Some(member), _) => member,
            // A default takes the place of null too.
            (None, Some(Some(expression))) => default(expression)?,
            (None, Some(None)) => Value::Null,
            (None, None) => return no("a variable lacks an attribute"),
        };
        // Whether an unknown attribute is null, and so takes its default, is not known.
        if matches!(member, Value::Named(_) | Value::Unknown) && optional.flatten().is_some() {
            all.insert(name.into(), Value::Unknown);
            continue;
        }
        all.insert(name.into(), convert(member, kind, default)?);
    }
    Ok(Value::Map(all))
}
