//! Conditions, evaluated as they stand.
//!
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md>: `&&` and `||` go over an error where the other side
//! decides. A condition that ends in an error does not hold. What is not known here is unknown.

use super::{Request, Truth};
use crate::access::point::KeyValue;
use crate::access::scalar;

/// Whether a condition holds for a request.
pub(super) fn holds(text: &str, request: &Request<'_>) -> Truth {
    evaluate(text, &|name| request.key(name), request)
}

/// The same, with the values of attributes looked up by `key`.
pub(super) fn evaluate<'k>(text: &str, key: &dyn Fn(&str) -> Option<&'k str>, request: &Request<'_>) -> Truth {
    let mut reader = Reader { rest: text, key, request, depth: 0 };
    match reader.any() {
        Some(value) if reader.skip().is_empty() => match value {
            Value::Bool(truth) => truth,
            Value::Error => Truth::No,
            _ => Truth::Unknown,
        },
        _ => Truth::Unknown,
    }
}

/// What a part of an expression is.
#[derive(Clone, Debug)]
enum Value {
    Bool(Truth),
    Text(String),
    List(Vec<String>),
    Time(u128),
    /// An attribute by its path.
    Path(String),
    /// The values of an API attribute.
    Values(Vec<String>),
    /// An evaluation that fails.
    Error,
    /// Not known here.
    Unknown,
}

struct Reader<'r, 'k> {
    rest: &'r str,
    key: &'r dyn Fn(&str) -> Option<&'k str>,
    request: &'r Request<'r>,
    depth: usize,
}

impl<'r> Reader<'r, '_> {
    fn skip(&mut self) -> &'r str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn takes(&mut self, sign: &str) -> bool {
        let Some(rest) = self.skip().strip_prefix(sign) else { return false };
        self.rest = rest;
        true
    }

    fn truth(&self, value: Value) -> Option<Truth> {
        match value {
            Value::Bool(truth) => Some(truth),
            Value::Error => None,
            _ => Some(Truth::Unknown),
        }
    }

    fn any(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > 300 {
            return None;
        }
        let mut value = self.all()?;
        while self.takes("||") {
            let other = self.all()?;
            value = match (self.truth(value), self.truth(other)) {
                (Some(a), Some(b)) => Value::Bool(a.or(b)),
                (Some(Truth::Yes), None) | (None, Some(Truth::Yes)) => Value::Bool(Truth::Yes),
                (None, Some(Truth::Unknown)) | (Some(Truth::Unknown), None) => Value::Unknown,
                _ => Value::Error,
            };
        }
        Some(value)
    }

    fn all(&mut self) -> Option<Value> {
        let mut value = self.relation()?;
        while self.takes("&&") {
            let other = self.relation()?;
            value = match (self.truth(value), self.truth(other)) {
                (Some(a), Some(b)) => Value::Bool(a.and(b)),
                (Some(Truth::No), None) | (None, Some(Truth::No)) => Value::Bool(Truth::No),
                (None, Some(Truth::Unknown)) | (Some(Truth::Unknown), None) => Value::Unknown,
                _ => Value::Error,
            };
        }
        Some(value)
    }

    fn relation(&mut self) -> Option<Value> {
        let left = self.unary()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.takes(sign) {
                let right = self.unary()?;
                return Some(self.compared(sign, left, right));
            }
        }
        let rest = self.skip();
        if rest.strip_prefix("in").is_some_and(|after| after.starts_with([' ', '['])) {
            self.rest = rest.get(2..)?;
            let right = self.unary()?;
            return Some(match (self.text(&left), right) {
                (Some(Ok(text)), Value::List(list)) => Value::Bool(Truth::of(list.contains(&text))),
                (Some(Err(())), _) => Value::Error,
                _ => Value::Unknown,
            });
        }
        Some(left)
    }

    /// The text of a value: `None` if it has none here, an error where the attribute is missing.
    fn text(&self, value: &Value) -> Option<Result<String, ()>> {
        match value {
            Value::Text(text) => Some(Ok(text.clone())),
            Value::Path(path) => {
                let roots =
                    ["resource.name", "resource.type", "resource.service", "assertion.", "attribute.", "google."];
                let known = roots.iter().any(|root| path.starts_with(root));
                known.then(|| (self.key)(path).map(str::to_owned).ok_or(()))
            }
            _ => None,
        }
    }

    fn compared(&self, sign: &str, left: Value, right: Value) -> Value {
        let time = |value: &Value| match value {
            Value::Time(at) => Some(Ok(*at)),
            Value::Path(path) if path == "request.time" => {
                Some(self.request.key("request.time").and_then(scalar::date).ok_or(()))
            }
            _ => None,
        };
        if let (Some(a), Some(b)) = (time(&left), time(&right)) {
            let (Ok(a), Ok(b)) = (a, b) else { return Value::Error };
            return Value::Bool(Truth::of(match sign {
                "<" => a < b,
                "<=" => a <= b,
                ">" => a > b,
                ">=" => a >= b,
                _ => return Value::Unknown,
            }));
        }
        match (self.text(&left), self.text(&right), sign) {
            (Some(Ok(a)), Some(Ok(b)), "==") => Value::Bool(Truth::of(a == b)),
            (Some(Ok(a)), Some(Ok(b)), "!=") => Value::Bool(Truth::of(a != b)),
            (Some(Err(())), Some(_), "==" | "!=") | (Some(_), Some(Err(())), "==" | "!=") => Value::Error,
            _ => Value::Unknown,
        }
    }

    fn unary(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > 300 {
            return None;
        }
        if self.skip().starts_with('!') && !self.rest.starts_with("!=") {
            self.rest = self.rest.get(1..)?;
            let value = self.unary()?;
            return Some(self.truth(value).map_or(Value::Error, |truth| Value::Bool(truth.not())));
        }
        let mut value = self.primary()?;
        loop {
            if self.takes(".") {
                let name = self.word()?;
                value = match self.takes("(") {
                    true => {
                        let arguments = self.arguments(")")?;
                        self.call(value, &name, &arguments)
                    }
                    false => match value {
                        Value::Path(path) => Value::Path(format!("{path}.{name}")),
                        _ => Value::Unknown,
                    },
                };
            } else if self.takes("[") {
                let index = self.any()?;
                if !self.takes("]") {
                    return None;
                }
                let simple = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                value = match (value, index) {
                    (Value::Path(path), Value::Text(text)) if simple(&text) => Value::Path(format!("{path}.{text}")),
                    _ => Value::Unknown,
                };
            } else {
                return Some(value);
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.skip();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = rest.get(..end).filter(|word| !word.is_empty())?;
        self.rest = rest.get(end..)?;
        Some(word.to_owned())
    }

    fn arguments(&mut self, end: &str) -> Option<Vec<Value>> {
        let mut all = Vec::new();
        while !self.takes(end) {
            all.push(self.any()?);
            if !self.takes(",") && !self.skip().starts_with(end) {
                return None;
            }
        }
        Some(all)
    }

    fn primary(&mut self) -> Option<Value> {
        let rest = self.skip();
        let first = rest.chars().next()?;
        if self.takes("(") {
            let value = self.any()?;
            return self.takes(")").then_some(value);
        }
        if self.takes("[") {
            let all = self.arguments("]")?;
            let texts = all.iter().map(|value| if let Value::Text(it) = value { Some(it.clone()) } else { None });
            return Some(texts.collect::<Option<Vec<String>>>().map_or(Value::Unknown, Value::List));
        }
        if first == '"' || first == '\'' {
            let inner = rest.get(1..)?;
            let end = inner.find(first)?;
            let text = inner.get(..end)?;
            self.rest = inner.get(end + 1..)?;
            return (!text.contains(['\\', '\n'])).then(|| Value::Text(text.to_owned()));
        }
        let word = self.word()?;
        match word.as_str() {
            "true" | "false" => Some(Value::Bool(Truth::of(word == "true"))),
            "timestamp" if self.takes("(") => {
                let arguments = self.arguments(")")?;
                Some(match arguments.as_slice() {
                    [Value::Text(text)] => scalar::date(text).map_or(Value::Error, Value::Time),
                    _ => Value::Unknown,
                })
            }
            _ if self.takes("(") => self.arguments(")").map(|_| Value::Unknown),
            _ => Some(Value::Path(word)),
        }
    }

    fn call(&self, on: Value, name: &str, arguments: &[Value]) -> Value {
        let text = |at: usize| match arguments.get(at) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        match (&on, name, arguments.len()) {
            (Value::Path(path), "matchTag" | "matchTagId", 2) if path == "resource" => match (text(0), text(1)) {
                (Some(tag), Some(value)) => {
                    Value::Bool(Truth::of(self.request.key(&format!("tag:{tag}")) == Some(value)))
                }
                _ => Value::Unknown,
            },
            (Value::Path(path), "getAttribute", 2) if path == "api" => match text(0) {
                Some(name) => {
                    let own = self.request.keys.get(name).map(KeyValue::values).unwrap_or_default();
                    Value::Values(own.to_vec())
                }
                None => Value::Unknown,
            },
            (Value::Values(own), "hasOnly", 1) => match arguments.first() {
                Some(Value::List(list)) => Value::Bool(Truth::of(own.iter().all(|one| list.contains(one)))),
                _ => Value::Unknown,
            },
            (_, "startsWith" | "endsWith" | "contains", 1) => match (self.text(&on), text(0)) {
                (Some(Ok(own)), Some(part)) => Value::Bool(Truth::of(match name {
                    "startsWith" => own.starts_with(part),
                    "endsWith" => own.ends_with(part),
                    _ => own.contains(part),
                })),
                (Some(Err(())), _) => Value::Error,
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }
}
