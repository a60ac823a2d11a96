//! Terraform's functions, as far as they are exact on partly known values.
//!
//! Each follows its page under <https://developer.hashicorp.com/terraform/language/functions>. Other functions, and
//! arguments of which too little is known, are unresolved. Files are never read: a plan archive does not hold the
//! targets of `file` and `templatefile`.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::json;
use super::text;
use super::value::{LONGEST, Outcome, Unresolved, Value, alike, fails, joined, no, unifies};

/// Elements that a function may make.
const MOST: usize = 4096;

/// Calls a function.
pub(super) fn call(name: &str, arguments: Vec<Value>) -> Outcome {
    if let Some(outcome) = text::call(name, &arguments) {
        return outcome;
    }
    match (name, arguments.as_slice()) {
        ("jsonencode", [value]) => json::encode(value),
        ("jsondecode", [Value::Text(text)]) if text.len() <= LONGEST / 8 => match serde_json::from_str::<Json>(text) {
            Ok(value) => json::decode(&value),
            Err(_) => fails("`jsondecode` is given something else"),
        },
        ("merge", maps) => merge(maps),
        ("concat", lists) => concat(lists),
        ("flatten", [list]) => {
            let mut all = Vec::new();
            flatten(list, &mut all, 0)?;
            Ok(Value::List(all))
        }
        ("toset", [Value::Set(items)]) => Ok(Value::Set(items.clone())),
        ("toset", [list]) => set(&texts(name, list)?),
        ("distinct", [list @ (Value::List(_) | Value::Set(_))]) => {
            let mut seen = HashSet::new();
            let mut all = texts(name, list)?;
            all.retain(|text| seen.insert(text.clone()));
            Ok(strings(all))
        }
        ("sort", [list]) => {
            let mut all = texts(name, list)?;
            all.sort();
            Ok(strings(all))
        }
        ("reverse", [Value::List(items)]) => Ok(Value::List(items.iter().rev().cloned().collect())),
        ("tolist", [list]) => match list {
            Value::List(all) if homogeneous(all) => Ok(list.clone()),
            Value::Set(all) => Ok(Value::List(all.clone())),
            Value::Sequence(all) => Ok(Value::List(all.clone())),
            _ => no("`tolist` converts elements"),
        },
        ("tomap", [Value::Map(members)]) if homogeneous(members.values()) => Ok(Value::Map(members.clone())),
        ("tostring", [Value::Null]) | ("tonumber", [Value::Null]) | ("tobool", [Value::Null]) => Ok(Value::Null),
        ("tostring", [Value::Named(hole)]) => Ok(Value::Named(hole.clone())),
        ("tostring", [value]) => joined(value.parts()?),
        ("tonumber", [Value::Number(it)]) => Ok(Value::Number(*it)),
        ("tonumber", [Value::Text(text)]) => {
            let plain = text.parse::<i64>().ok().filter(|it| it.to_string() == **text);
            plain.map_or_else(|| no("`tonumber` is given another form"), |it| Ok(Value::Number(it)))
        }
        ("tobool", [Value::Bool(it)]) => Ok(Value::Bool(*it)),
        ("tobool", [Value::Text(text)]) => match &**text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => no("`tobool` is given something else"),
        },
        ("keys", [Value::Map(members)]) => Ok(strings(members.keys().cloned().collect())),
        ("values", [Value::Map(members)]) => Ok(Value::List(members.values().cloned().collect())),
        ("lookup", [Value::Map(members), key, default @ ..]) => lookup(members, &key.text()?, default),
        ("element", [list, Value::Number(at)]) => {
            let all = ordered(name, list)?;
            let at = usize::try_from(*at).or_else(|_| no("`element` counts from the end"))?;
            match at.checked_rem(all.len()).and_then(|at| all.get(at)) {
                Some(item) => Ok(item.clone()),
                None => fails("`element` is given an empty list"),
            }
        }
        ("index", [list, value]) => {
            let all = ordered(name, list)?;
            if !value.is_primitive() || !all.iter().all(|item| unifies(item, value) && item.is_primitive()) {
                return no("`index` compares unknown values");
            }
            let at = all.iter().position(|item| item == value);
            at.map_or_else(|| fails("`index` finds nothing"), |at| Ok(Value::Number(at as i64)))
        }
        ("length", [Value::Map(all)]) => Ok(Value::Number(all.len() as i64)),
        ("length", [list]) if list.items().is_some() => Ok(Value::Number(items(name, list)?.len() as i64)),
        ("compact", [list]) => {
            let all = items(name, list)?;
            let mut kept = Vec::new();
            for item in all {
                match item {
                    Value::Null => {}
                    Value::Text(text) if text.is_empty() => {}
                    Value::Text(_) => kept.push(item.clone()),
                    // A part that is known makes it a string with characters in it.
                    Value::Partial(_) => kept.push(item.clone()),
                    _ => return no("`compact` is given unknown elements"),
                }
            }
            Ok(Value::List(kept))
        }
        ("contains", [list, value]) => contains(items(name, list)?, value),
        ("coalesce", all) => coalesce(all),
        ("coalescelist", all) => match all.iter().find(|list| list.items().is_none_or(|items| !items.is_empty())) {
            Some(list) if list.items().is_some() => Ok(list.clone()),
            _ => no("`coalescelist` meets an unknown value"),
        },
        ("one", [list]) => match items(name, list)? {
            [] => Ok(Value::Null),
            [single] => Ok(single.clone()),
            _ => fails("`one` is given several"),
        },
        ("slice", [Value::List(all), Value::Number(from), Value::Number(to)]) => {
            let range = usize::try_from(*from).ok().zip(usize::try_from(*to).ok());
            match range.and_then(|(from, to)| all.get(from..to)) {
                Some(part) => Ok(Value::List(part.to_vec())),
                None => fails("`slice` is beyond the list"),
            }
        }
        ("chunklist", [Value::List(all), Value::Number(size)]) => match usize::try_from(*size) {
            Ok(size) if size > 0 => Ok(Value::List(all.chunks(size).map(|it| Value::List(it.to_vec())).collect())),
            _ => no("`chunklist` needs a size"),
        },
        ("zipmap", [keys, values]) => {
            let (keys, values) = (ordered(name, keys)?, ordered(name, values)?);
            if keys.len() != values.len() {
                return fails("`zipmap` is given lists of two lengths");
            }
            let pairs = keys.iter().zip(values).map(|(key, value)| Ok((key.text()?, value.clone())));
            pairs.collect::<Result<_, _>>().map(Value::Map)
        }
        ("setunion" | "setintersection" | "setsubtract", [first, rest @ ..]) => sets(name, first, rest),
        ("setproduct", lists) => product(lists),
        ("range", bounds) => range(bounds),
        ("alltrue" | "anytrue", [list]) => {
            let mut all = Vec::new();
            for item in items(name, list)? {
                match item {
                    Value::Bool(it) => all.push(*it),
                    _ => return no(format!("`{name}` is given unknown elements")),
                }
            }
            Ok(Value::Bool(if name == "alltrue" { all.iter().all(|it| *it) } else { all.iter().any(|it| *it) }))
        }
        ("min" | "max", numbers) => {
            let all: Option<Vec<i64>> =
                numbers.iter().map(|it| if let Value::Number(it) = it { Some(*it) } else { None }).collect();
            let found = all.and_then(|all| if name == "min" { all.into_iter().min() } else { all.into_iter().max() });
            found.map_or_else(|| no(format!("`{name}` is given unknown values")), |it| Ok(Value::Number(it)))
        }
        ("abs", [Value::Number(it)]) => Ok(Value::Number(it.saturating_abs())),
        _ => no(format!("`{}` with these arguments is not evaluated", name.escape_default())),
    }
}

pub(super) fn items<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], Unresolved> {
    match value.items() {
        Some(all) => Ok(all),
        None => no(format!("`{name}` is given a list that is known only after apply")),
    }
}

/// The elements of something with positions.
fn ordered<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], Unresolved> {
    match value {
        Value::Set(_) => no(format!("`{name}` is given a set")),
        _ => items(name, value),
    }
}

/// The elements, all known strings.
fn texts(name: &str, value: &Value) -> Result<Vec<Arc<str>>, Unresolved> {
    let mut texts = Vec::new();
    for item in items(name, value)? {
        match item {
            Value::Text(text) => texts.push(text.clone()),
            _ => return no(format!("`{name}` is given elements that are not known strings")),
        }
    }
    Ok(texts)
}

fn strings(texts: Vec<Arc<str>>) -> Value {
    Value::List(texts.into_iter().map(Value::Text).collect())
}

/// A set of strings. `Ok` as every caller wants an outcome.
fn set(texts: &[Arc<str>]) -> Outcome {
    let mut all = texts.to_vec();
    all.sort();
    all.dedup();
    Ok(Value::Set(all.into_iter().map(Value::Text).collect()))
}

/// Whether no element would be converted to the type of another.
fn homogeneous<'v>(all: impl IntoIterator<Item = &'v Value>) -> bool {
    let mut all = all.into_iter();
    let Some(first) = all.next() else { return true };
    all.all(|item| unifies(first, item) && unifies(item, first))
}

fn merge(maps: &[Value]) -> Outcome {
    let mut all = BTreeMap::new();
    for map in maps {
        match map {
            Value::Map(members) => all.extend(members.iter().map(|(key, it)| (key.clone(), it.clone()))),
            Value::Null => {}
            _ => return no("`merge` is given a map that is known only after apply"),
        }
    }
    Ok(Value::Map(all))
}

fn concat(lists: &[Value]) -> Outcome {
    let mut all: Vec<Value> = Vec::new();
    let mut types: Vec<&Value> = Vec::new();
    for list in lists {
        let more = ordered("concat", list)?;
        all.extend_from_slice(more);
        if !more.is_empty() {
            types.push(list);
        }
        if all.len() > MOST {
            return no("`concat` gives a long list");
        }
    }
    // Lists of two types become one; tuples do not.
    let plain = |list: &Value| matches!(list, Value::List(items) if !homogeneous(items));
    match types.iter().all(|list| homogeneous([types.first().copied().unwrap_or(list), list]) || plain(list)) {
        true => Ok(Value::List(all)),
        false => no("`concat` may convert elements"),
    }
}

fn flatten(value: &Value, all: &mut Vec<Value>, depth: usize) -> Result<(), Unresolved> {
    if depth > 40 || all.len() > MOST {
        return no("`flatten` is given a large value");
    }
    for item in items("flatten", value)? {
        match item {
            Value::List(_) | Value::Set(_) | Value::Sequence(_) => flatten(item, all, depth + 1)?,
            // It may be a list of any length.
            Value::Named(_) | Value::Unknown => return no("`flatten` is given unknown elements"),
            other => all.push(other.clone()),
        }
    }
    Ok(())
}

fn lookup(members: &BTreeMap<Arc<str>, Value>, key: &str, default: &[Value]) -> Outcome {
    match (members.get(key), default) {
        (Some(value), _) => Ok(value.clone()),
        (None, [default, ..]) => match members.values().all(|member| unifies(default, member)) {
            true => Ok(default.clone()),
            false => no("`lookup` converts the default"),
        },
        (None, []) => fails("`lookup` finds nothing"),
    }
}

fn contains(all: &[Value], value: &Value) -> Outcome {
    let comparable = |item: &Value| item.is_primitive() && (unifies(item, value) || matches!(item, Value::Null));
    if !value.is_primitive() || *value == Value::Null || !all.iter().all(comparable) {
        return no("`contains` compares unknown values, or values of several types");
    }
    Ok(Value::Bool(all.contains(value)))
}

fn coalesce(all: &[Value]) -> Outcome {
    for value in all {
        match value {
            Value::Null => {}
            Value::Text(text) if text.is_empty() => {}
            Value::Named(_) | Value::Unknown | Value::Instance(_) => return no("`coalesce` meets an unknown value"),
            // With a known part it is not empty, unless all that is known is empty too.
            value if all.iter().all(|other| alike(value, other) && unifies(value, other)) => return Ok(value.clone()),
            _ => return no("`coalesce` converts values"),
        }
    }
    fails("`coalesce` finds nothing")
}

fn sets(name: &str, first: &Value, rest: &[Value]) -> Outcome {
    let mut all = texts(name, first)?;
    for other in rest {
        let other = texts(name, other)?;
        match name {
            "setunion" => all.extend(other),
            "setintersection" => all.retain(|text| other.contains(text)),
            _ => all.retain(|text| !other.contains(text)),
        }
    }
    set(&all)
}

fn product(lists: &[Value]) -> Outcome {
    if lists.len() < 2 {
        return no("`setproduct` is given one list");
    }
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    for list in lists {
        let Value::List(items) = list else { return no("`setproduct` is given a set, or an unknown list") };
        if !homogeneous(items) {
            return no("`setproduct` converts elements");
        }
        if rows.len().saturating_mul(items.len()) > MOST {
            return no("`setproduct` gives a long list");
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                items.iter().map(|item| row.iter().chain(std::iter::once(item)).cloned().collect::<Vec<_>>())
            })
            .collect();
    }
    Ok(Value::List(rows.into_iter().map(Value::List).collect()))
}

fn range(bounds: &[Value]) -> Outcome {
    let mut numbers = Vec::new();
    for bound in bounds {
        match bound {
            Value::Number(it) => numbers.push(*it),
            _ => return no("`range` is given unknown values"),
        }
    }
    let (from, to, step) = match numbers.as_slice() {
        [to] => (0, *to, if *to < 0 { -1 } else { 1 }),
        [from, to] => (*from, *to, if to < from { -1 } else { 1 }),
        [from, to, step] if *step != 0 && (*step > 0) == (to >= from) => (*from, *to, *step),
        _ => return no("`range` is given other arguments"),
    };
    let mut all = Vec::new();
    let mut at = from;
    while if step > 0 { at < to } else { at > to } {
        if all.len() >= 1024 {
            return fails("`range` gives more than 1024 values");
        }
        all.push(Value::Number(at));
        at = at.saturating_add(step);
    }
    Ok(Value::List(all))
}

/// Whether a string could be made longer than is kept.
pub(super) fn too_long(bytes: usize, times: usize) -> bool {
    bytes.saturating_mul(times) > LONGEST
}
