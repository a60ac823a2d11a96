//! Expressions seen as values: what is constant is known, the rest is unknown.

use serde_json::{Map, Value};

use crate::plan::secrets::is_credential;
use crate::plan::value::Side;

/// Constants of expressions, with masks as a change has them.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// The constants.
    pub value: Value,
    /// `true` for every expression that is not constant.
    pub unknown: Value,
    /// `true` for every constant whose name says that it is a credential.
    pub sensitive: Value,
}

impl Overlay {
    /// As one side of a change.
    pub fn side(&self) -> Side<'_> {
        Side { value: &self.value, unknown: &self.unknown, sensitive: &self.sensitive }
    }
}

/// The constants of a tree of expressions (arguments of a provider block, a provisioner, a resource or a call).
pub fn overlay(expressions: &Value) -> Overlay {
    match expressions {
        Value::Object(map) => {
            let mut out = [Map::new(), Map::new(), Map::new()];
            for (name, expression) in map {
                let mut inner = match constant(expression) {
                    Some(Some(value)) => Overlay { value: value.clone(), ..Overlay::default() },
                    Some(None) => Overlay { unknown: Value::Bool(true), ..Overlay::default() },
                    None => overlay(expression),
                };
                if is_credential(name) && !inner.value.is_null() {
                    inner.sensitive = Value::Bool(true);
                }
                let known = inner.unknown != Value::Bool(true);
                for (out, value) in out.iter_mut().zip([inner.value, inner.unknown, inner.sensitive]) {
                    // An unknown member is missing from the values, as in a plan.
                    if !value.is_null() || known {
                        out.insert(name.clone(), value);
                    }
                }
            }
            let [value, unknown, sensitive] = out.map(Value::Object);
            Overlay { value, unknown, sensitive }
        }
        Value::Array(list) => {
            let parts: Vec<Overlay> = list.iter().map(overlay).collect();
            Overlay {
                value: parts.iter().map(|part| part.value.clone()).collect(),
                unknown: parts.iter().map(|part| part.unknown.clone()).collect(),
                sensitive: parts.iter().map(|part| part.sensitive.clone()).collect(),
            }
        }
        other => Overlay { value: other.clone(), ..Overlay::default() },
    }
}

/// The value of an expression: `None` when this is a block, `Some(None)` when it is not constant.
fn constant(expression: &Value) -> Option<Option<&Value>> {
    is_leaf(expression).then(|| expression.get("constant_value"))
}

/// Whether this is an expression and not a block of them.
pub(super) fn is_leaf(expression: &Value) -> bool {
    expression.as_object().is_some_and(|map| map.keys().all(|key| key == "constant_value" || key == "references"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constants_are_known_and_credentials_secret() {
        let overlay = overlay(&json!({
            "region": {"constant_value": "eu-west-1"}, "secret_key": {"constant_value": "hunter2"},
            "token": {"references": ["var.t"]}, "made": {},
            "assume_role": [{"role_arn": {"references": ["var.r"]}, "session_name": {"constant_value": "s"}}],
        }));
        assert_eq!(
            overlay.side().redacted(),
            json!({"region": "eu-west-1", "secret_key": {"$tollgate": "sensitive"}, "token": {"$tollgate": "unknown"},
                "made": {"$tollgate": "unknown"},
                "assume_role": [{"role_arn": {"$tollgate": "unknown"}, "session_name": "s"}]})
        );
    }
}
