//! Builtins that OPA offers to Rego v0 only.

use regorus::Value;
use regorus::unstable::BUILTINS;

use super::{Context, Failure, elements};

pub(super) fn all(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(Value::from(items(operands)?.into_iter().all(|item| *item == Value::Bool(true))))
}

pub(super) fn any(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(Value::from(items(operands)?.into_iter().any(|item| *item == Value::Bool(true))))
}

fn items(operands: &[Value]) -> Result<Vec<&Value>, Failure> {
    operands.first().and_then(elements).ok_or_else(|| Failure::Operand("operand 1 must be an array or set".to_owned()))
}

pub(super) fn set_diff(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let (Some(Value::Set(left)), Some(Value::Set(right))) = (operands.first(), operands.get(1)) else {
        return Err(Failure::Operand("both operands must be sets".to_owned()));
    };
    let rest = left.iter().filter(|item| right.get(item).is_none()).cloned();
    Ok(Value::from(rest.collect::<std::collections::BTreeSet<_>>()))
}

pub(super) fn re_match(operands: &[Value], _: Context) -> Result<Value, Failure> {
    // The same as `regex.match`, under its name before OPA 0.20.
    let Some((run, _)) = BUILTINS.get("regex.match") else {
        return Err(Failure::Limit("regex.match is not built in".to_owned()));
    };
    let source = regorus::unstable::Source::from_contents("re_match".to_owned(), "x".to_owned());
    let source = source.map_err(|error| Failure::Limit(error.to_string()))?;
    let span = regorus::unstable::Span { source, line: 1, col: 1, start: 0, end: 1 };
    let expr = || {
        regorus::unstable::Ref::new(regorus::unstable::Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 })
    };
    run(&span, &[expr(), expr()], operands, true)
        .map_err(|_| Failure::Operand("not a valid pattern and text".to_owned()))
}
