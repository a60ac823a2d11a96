//! A module's input as its variable's type makes it.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/type-constraints>

use std::collections::BTreeMap;

use hcl_edit::expr::{Expression, FuncCall};

use super::eval::{Outcome, known_text, no};
use super::functions;
use crate::access::worlds::Val;

/// Converts a value to the type that an expression names.
pub(super) fn convert(value: Val, kind: &Expression) -> Outcome {
    if matches!(value, Val::Null | Val::Hole(_)) {
        return Ok(value);
    }
    match kind {
        Expression::Variable(name) => match (name.value().as_str(), &value) {
            ("any", _)
            | ("string", Val::Text(_) | Val::Partial(_))
            | ("bool", Val::Bool(_))
            | ("number", Val::Number(_)) => Ok(value),
            ("string", _) => known_text(&value).map(Val::Text),
            _ => no("a variable's value is converted"),
        },
        Expression::FuncCall(call) => collection(value, call),
        _ => no("a variable's type is not read"),
    }
}

fn collection(value: Val, call: &FuncCall) -> Outcome {
    let Some(inner) = call.args.get(0) else { return no("a variable's type is not read") };
    match (call.name.name.value().as_str(), value) {
        ("list", Val::List(items)) => {
            items.into_iter().map(|item| convert(item, inner)).collect::<Result<_, _>>().map(Val::List)
        }
        ("set", Val::List(items)) => {
            let items = items.into_iter().map(|item| convert(item, inner)).collect::<Result<_, _>>().map(Val::List)?;
            functions::call("toset", vec![items])
        }
        ("map", Val::Map(members)) => {
            let each = members.into_iter().map(|(key, member)| Ok((key, convert(member, inner)?)));
            each.collect::<Result<_, _>>().map(Val::Map)
        }
        ("object", Val::Map(mut members)) => {
            let Some(wanted) = inner.as_object() else { return no("a variable's type is not read") };
            let mut all = BTreeMap::new();
            for (key, kind) in wanted {
                let Some(name) = key.as_ident().map(|name| name.as_str()).or_else(|| match key.as_expr() {
                    Some(Expression::Variable(name)) => Some(name.value().as_str()),
                    Some(Expression::String(name)) => Some(name.value().as_str()),
                    _ => None,
                }) else {
                    return no("a variable's type is not read");
                };
                let (kind, default) = match kind.expr() {
                    Expression::FuncCall(call) if call.name.name.value().as_str() == "optional" => {
                        (call.args.get(0), Some(call.args.get(1)))
                    }
                    kind => (Some(kind), None),
                };
                let Some(kind) = kind else { return no("a variable's type is not read") };
                let member = match (members.remove(name), default) {
                    (Some(Val::Null) | None, Some(Some(_))) => return no("an attribute takes its default"),
                    (None, Some(None)) => Val::Null,
                    (None, None) => return no("a variable lacks an attribute"),
                    (Some(member), _) => convert(member, kind)?,
                };
                all.insert(name.into(), member);
            }
            Ok(Val::Map(all))
        }
        _ => no("a variable's value is converted"),
    }
}
