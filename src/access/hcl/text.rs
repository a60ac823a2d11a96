//! Functions on strings.

use std::sync::Arc;

use super::functions::{items, too_long};
use super::json;
use super::value::{Outcome, Part, Value, fails, joined, no};

/// Calls a function on strings; `None` where it is another function.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("join", [separator, lists @ ..]) => join(separator, lists),
        ("format", [Value::Text(spec), rest @ ..]) => format(spec, rest),
        ("formatlist", [Value::Text(spec), rest @ ..]) => format_list(spec, rest),
        ("replace", [Value::Text(text), Value::Text(what), Value::Text(with)]) => {
            let pattern = what.len() > 1 && what.starts_with('/') && what.ends_with('/');
            if pattern || what.is_empty() || too_long(text.len(), with.len().max(1)) {
                no("`replace` with a pattern is not evaluated")
            } else {
                Ok(Value::Text(text.replace(&**what, with).into()))
            }
        }
        ("split", [Value::Text(separator), Value::Text(text)]) if !separator.is_empty() => {
            match text.matches(&**separator).count() {
                0..4096 => Ok(Value::List(text.split(&**separator).map(|part| Value::Text(part.into())).collect())),
                _ => no("`split` gives a long list"),
            }
        }
        ("trimprefix", [Value::Text(text), Value::Text(cut)]) => of(text.strip_prefix(&**cut).unwrap_or(text)),
        ("trimsuffix", [Value::Text(text), Value::Text(cut)]) => of(text.strip_suffix(&**cut).unwrap_or(text)),
        ("trim", [Value::Text(text), Value::Text(cut)]) => of(text.trim_matches(|c| cut.contains(c))),
        ("trimspace", [Value::Text(text)]) if text.is_ascii() => {
            of(text.trim_matches(|c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')))
        }
        ("chomp", [Value::Text(text)]) => of(text.trim_end_matches(['\r', '\n'])),
        ("startswith", [Value::Text(text), Value::Text(with)]) => Ok(Value::Bool(text.starts_with(&**with))),
        ("endswith", [Value::Text(text), Value::Text(with)]) => Ok(Value::Bool(text.ends_with(&**with))),
        ("strcontains", [Value::Text(text), Value::Text(part)]) => Ok(Value::Bool(text.contains(&**part))),
        ("lower", [Value::Text(text)]) if text.is_ascii() => of(&text.to_ascii_lowercase()),
        ("upper", [Value::Text(text)]) if text.is_ascii() => of(&text.to_ascii_uppercase()),
        ("title", [Value::Text(text)]) if text.is_ascii() => of(&title(text)),
        ("strrev", [Value::Text(text)]) if is_simple(text) => of(&text.chars().rev().collect::<String>()),
        ("length", [Value::Text(text)]) if is_simple(text) => Ok(Value::Number(text.len() as i64)),
        ("substr", [Value::Text(text), Value::Number(from), Value::Number(count)]) if is_simple(text) => {
            substring(text, *from, *count)
        }
        ("indent", [Value::Number(spaces), Value::Text(text)]) => match usize::try_from(*spaces) {
            Ok(spaces) if !too_long(text.len(), spaces + 1) => {
                of(&text.replace('\n', &format!("\n{}", " ".repeat(spaces))))
            }
            _ => no("`indent` is given another number"),
        },
        _ => return None,
    })
}

fn of(text: &str) -> Outcome {
    Ok(Value::Text(text.into()))
}

/// Whether bytes are what Terraform counts as characters: a carriage return before a line feed is one with it.
fn is_simple(text: &str) -> bool {
    text.is_ascii() && !text.contains('\r')
}

/// As Go's `strings.Title`: a letter behind anything but a letter, a digit or `_`.
fn title(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            let shown = if start { c.to_ascii_uppercase() } else { c };
            start = !(c.is_ascii_alphanumeric() || c == '_');
            shown
        })
        .collect()
}

fn substring(text: &str, from: i64, count: i64) -> Outcome {
    let length = text.len() as i64;
    let from = if from < 0 { from + length } else { from };
    if from < 0 || from > length || count < -1 {
        return no("`substr` is beyond the text");
    }
    let end = if count == -1 { length } else { from.saturating_add(count).min(length) };
    let range = usize::try_from(from).ok().zip(usize::try_from(end).ok());
    match range.and_then(|(from, end)| text.get(from..end)) {
        Some(part) => of(part),
        None => no("`substr` is beyond the text"),
    }
}

fn join(separator: &Value, lists: &[Value]) -> Outcome {
    let separator = separator.text()?;
    let mut parts: Vec<Part> = Vec::new();
    let mut first = true;
    for list in lists {
        for item in items("join", list)? {
            if !first {
                parts.push(Part::Text(separator.clone()));
            }
            first = false;
            parts.extend(item.parts()?);
        }
    }
    joined(parts)
}

/// `format` with the verbs for strings, whole numbers and JSON, without flags and widths.
fn format(spec: &str, arguments: &[Value]) -> Outcome {
    let mut parts = Vec::new();
    let mut rest = arguments.iter();
    let mut chars = spec.chars();
    let mut open = String::new();
    while let Some(c) = chars.next() {
        if c != '%' {
            open.push(c);
            continue;
        }
        let verb = chars.next();
        if verb == Some('%') {
            open.push('%');
            continue;
        }
        parts.push(Part::Text(std::mem::take(&mut open).into()));
        let Some(argument) = rest.next() else { return fails("`format` is given too few arguments") };
        match (verb, argument) {
            (Some('s'), value) => parts.extend(value.parts()?),
            (Some('v'), value @ (Value::Text(_) | Value::Number(_) | Value::Bool(_))) => parts.extend(value.parts()?),
            (Some('v'), value @ (Value::Partial(_) | Value::Named(_))) => parts.extend(value.parts()?),
            (Some('v'), value @ (Value::List(_) | Value::Set(_) | Value::Map(_))) => match json::encode(value)? {
                Value::Text(text) => parts.push(Part::Text(text)),
                _ => return no("`%v` is given unknown values"),
            },
            (Some('d'), Value::Number(it)) => parts.push(Part::Text(it.to_string().into())),
            (Some('t'), Value::Bool(it)) => parts.push(Part::Text(it.to_string().into())),
            (Some('q'), Value::Text(text)) => parts.push(Part::Text(json::quoted(text).into())),
            _ => return no("`format` with this verb is not evaluated"),
        }
    }
    if rest.len() > 0 {
        return fails("`format` is given too many arguments");
    }
    parts.push(Part::Text(open.into()));
    joined(parts)
}

/// `formatlist`: lists of one length, and values that are the same for each element.
fn format_list(spec: &Arc<str>, arguments: &[Value]) -> Outcome {
    let mut count = None;
    for argument in arguments {
        match argument {
            Value::Set(_) | Value::Unknown | Value::Named(_) | Value::Instance(_) | Value::Map(_) => {
                return no("`formatlist` is given a set, or an unknown list");
            }
            list => {
                let Some(items) = list.items() else { continue };
                if count.is_some_and(|count| count != items.len()) {
                    return fails("`formatlist` is given lists of several lengths");
                }
                count = Some(items.len());
            }
        }
    }
    let row = |at: usize| {
        let each = |argument: &Value| match argument.items() {
            Some(items) => items.get(at).cloned().unwrap_or_default(),
            None => argument.clone(),
        };
        format(spec, &arguments.iter().map(each).collect::<Vec<_>>())
    };
    (0..count.unwrap_or(1)).map(row).collect::<Result<_, _>>().map(Value::List)
}
