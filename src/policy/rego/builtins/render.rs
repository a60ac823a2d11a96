//! `strings.render_template`: OPA renders Go's `text/template`. The part that policies use is field access,
//! `{{.name}}` and `{{.a.b}}`; any other action is refused, never rendered wrongly.

use regorus::Value;

use super::bounded::limit_string;
use super::sprintf::go_value;
use super::{Context, Failure, text};

pub(super) fn render_template(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let mut rest = text(operands, 0)?;
    let variables = operands.get(1).unwrap_or(&Value::Undefined);
    let mut rendered = String::new();
    while let Some((before, after)) = rest.split_once("{{") {
        rendered.push_str(before);
        let Some((action, after)) = after.split_once("}}") else {
            return Err(Failure::Operand("the template has an unclosed action".to_owned()));
        };
        rendered.push_str(&go_value(field(action.trim(), variables)?));
        limit_string(rendered.len())?;
        rest = after;
    }
    rendered.push_str(rest);
    limit_string(rendered.len())?;
    Ok(Value::from(rendered))
}

fn field<'a>(action: &str, variables: &'a Value) -> Result<&'a Value, Failure> {
    let unsupported = || {
        Failure::Limit(format!(
            "the template action `{action}` is not supported; only fields such as `{{{{.name}}}}` are"
        ))
    };
    let mut value = variables;
    for name in action.strip_prefix('.').ok_or_else(unsupported)?.split('.') {
        if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            return Err(unsupported());
        }
        value = &value[name];
    }
    if *value == Value::Undefined {
        return Err(Failure::Operand(format!("the template names `{action}`, which is not among the variables")));
    }
    Ok(value)
}
