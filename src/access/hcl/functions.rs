//! Terraform's functions, as far as they are exact on partly known values.
//!
//! Each follows its page under <https://developer.hashicorp.com/terraform/language/functions>. Other functions, and
//! arguments of which too little is known, are unresolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::eval::{LONGEST, Outcome, Unresolved, integer, known_text, no, number, unifies};
use crate::access::worlds::{Piece, Val};

/// Calls a function.
pub(super) fn call(name: &str, arguments: Vec<Val>) -> Outcome {
    match (name, arguments.as_slice()) {
        // The text of a value is another value.
        ("jsonencode", [Val::Hole(_)]) => no("`jsonencode` is given a value that is known only after apply"),
        ("jsonencode", [value]) => {
            let mut pieces = Vec::new();
            encode(value, &mut pieces);
            joined(pieces)
        }
        ("jsondecode", [Val::Text(text)]) => match serde_json::from_str::<Json>(text) {
            Ok(value) => Ok(Val::known(&value)),
            Err(_) => no("`jsondecode` is given something else"),
        },
        ("merge", maps) => {
            let mut all = BTreeMap::new();
            for map in maps {
                match map {
                    Val::Map(members) => all.extend(members.clone()),
                    Val::Null => {}
                    _ => return no("`merge` is given a map that is known only after apply"),
                }
            }
            Ok(Val::Map(all))
        }
        ("concat", lists) => {
            let mut all = Vec::new();
            for list in lists {
                all.extend_from_slice(items(name, list)?);
            }
            Ok(Val::List(all))
        }
        ("flatten", [list]) => {
            let mut all = Vec::new();
            flatten(list, &mut all)?;
            Ok(Val::List(all))
        }
        ("join", [separator, lists @ ..]) => {
            let separator = known_text(separator)?;
            let mut pieces: Vec<Piece> = Vec::new();
            let mut first = true;
            for list in lists {
                for item in items(name, list)? {
                    if !first {
                        pieces.push(Piece::Text(separator.clone()));
                    }
                    first = false;
                    pieces.extend(string(item)?);
                }
            }
            joined(pieces)
        }
        ("format", [Val::Text(spec), rest @ ..]) => format(spec, rest),
        ("toset" | "distinct", [list]) => {
            let all = items(name, list)?;
            if all.iter().any(|item| !matches!(item, Val::Text(_))) {
                // Two that are not known may turn out to be one; a set of one is as it is.
                return if all.len() < 2 {
                    Ok(list.clone())
                } else {
                    no(format!("`{name}` is given unknown elements"))
                };
            }
            let mut texts: Vec<Arc<str>> = all.iter().filter_map(|item| known_text(item).ok()).collect();
            if name == "toset" {
                texts.sort();
                texts.dedup();
            } else {
                let mut seen = std::collections::HashSet::new();
                texts.retain(|text| seen.insert(text.clone()));
            }
            Ok(Val::List(texts.into_iter().map(Val::Text).collect()))
        }
        ("sort", [list]) => {
            let mut texts: Vec<Arc<str>> = items(name, list)?.iter().map(known_text).collect::<Result<_, _>>()?;
            texts.sort();
            Ok(Val::List(texts.into_iter().map(Val::Text).collect()))
        }
        ("tolist", [list]) => {
            let all = items(name, list)?;
            match all.iter().all(|item| all.first().is_none_or(|first| unifies(item, first))) {
                true => Ok(list.clone()),
                false => no("`tolist` converts elements"),
            }
        }
        ("tomap", [Val::Map(members)]) => {
            match members.values().all(|item| members.values().next().is_none_or(|first| unifies(item, first))) {
                true => Ok(Val::Map(members.clone())),
                false => no("`tomap` converts elements"),
            }
        }
        ("tostring", [value]) => joined(string(value)?),
        ("keys", [Val::Map(members)]) => Ok(Val::List(members.keys().cloned().map(Val::Text).collect())),
        ("values", [Val::Map(members)]) => Ok(Val::List(members.values().cloned().collect())),
        ("lookup", [Val::Map(members), key, default @ ..]) => match members.get(&known_text(key)?) {
            Some(value) => Ok(value.clone()),
            None => default.first().cloned().map_or_else(|| no("`lookup` finds nothing"), Ok),
        },
        ("element", [list, Val::Number(at)]) => {
            let all = items(name, list)?;
            let at = usize::try_from(integer(at)?).or_else(|_| no("`element` counts from the end"))?;
            all.get(at.checked_rem(all.len()).unwrap_or(0)).cloned().map_or_else(|| no("`element` finds nothing"), Ok)
        }
        ("length", [Val::List(all)]) => Ok(Val::Number(all.len().to_string())),
        ("length", [Val::Map(all)]) => Ok(Val::Number(all.len().to_string())),
        ("compact", [list]) => {
            let all = items(name, list)?;
            if all.iter().any(|item| matches!(item, Val::Hole(_))) {
                return no("`compact` is given unknown elements");
            }
            Ok(Val::List(all.iter().filter(|item| !item.is_unset()).cloned().collect()))
        }
        ("contains", [list, value]) => {
            let all = items(name, list)?;
            match all.iter().any(Val::has_hole) || value.has_hole() {
                true => no("`contains` is given unknown values"),
                false => Ok(Val::Bool(all.contains(value))),
            }
        }
        ("coalesce", all) => match all.iter().find(|value| **value != Val::Null && **value != Val::Text("".into())) {
            Some(Val::Hole(_)) | None => no("`coalesce` meets an unknown value"),
            Some(value) if all.iter().all(|other| unifies(value, other)) => Ok(value.clone()),
            Some(_) => no("`coalesce` converts values"),
        },
        ("replace", [Val::Text(text), Val::Text(what), Val::Text(with)]) => {
            let pattern = what.len() > 1 && what.starts_with('/') && what.ends_with('/');
            if pattern || what.is_empty() || text.len().saturating_mul(with.len().max(1)) > LONGEST {
                return no("`replace` with a pattern is not evaluated");
            }
            Ok(Val::Text(text.replace(&**what, with).into()))
        }
        ("split", [Val::Text(separator), Val::Text(text)]) if !separator.is_empty() => Ok(Val::List(match &**text {
            "" => Vec::new(),
            text => text.split(&**separator).map(|part| Val::Text(part.into())).collect(),
        })),
        ("trimprefix", [Val::Text(text), Val::Text(cut)]) => {
            Ok(Val::Text(text.strip_prefix(&**cut).unwrap_or(text).into()))
        }
        ("trimsuffix", [Val::Text(text), Val::Text(cut)]) => {
            Ok(Val::Text(text.strip_suffix(&**cut).unwrap_or(text).into()))
        }
        ("lower", [Val::Text(text)]) if text.is_ascii() => Ok(Val::Text(text.to_ascii_lowercase().into())),
        ("upper", [Val::Text(text)]) if text.is_ascii() => Ok(Val::Text(text.to_ascii_uppercase().into())),
        _ => no(format!("`{}` with these arguments is not evaluated", name.escape_default())),
    }
}

fn items<'v>(name: &str, value: &'v Val) -> Result<&'v [Val], Unresolved> {
    match value {
        Val::List(all) => Ok(all),
        _ => no(format!("`{name}` is given a list that is known only after apply")),
    }
}

fn flatten(value: &Val, all: &mut Vec<Val>) -> Result<(), Unresolved> {
    for item in items("flatten", value)? {
        match item {
            Val::List(_) => flatten(item, all)?,
            // It may be a list of any length.
            Val::Hole(_) => return no("`flatten` is given unknown elements"),
            other => all.push(other.clone()),
        }
    }
    Ok(())
}

/// A primitive as pieces of a string.
fn string(value: &Val) -> Result<Vec<Piece>, Unresolved> {
    match value {
        Val::Hole(hole) => Ok(vec![Piece::Hole(hole.clone())]),
        Val::Partial(pieces) => Ok(pieces.clone()),
        other => Ok(vec![Piece::Text(known_text(other)?)]),
    }
}

/// `format` with `%s`, `%d` and `%%`, without flags and widths.
fn format(spec: &str, arguments: &[Val]) -> Outcome {
    let mut pieces = Vec::new();
    let mut rest = arguments.iter();
    let mut parts = spec.split('%');
    pieces.push(Piece::Text(parts.next().unwrap_or_default().into()));
    let mut literal = false;
    for part in parts {
        if std::mem::take(&mut literal) {
            pieces.push(Piece::Text(part.into()));
            continue;
        }
        let mut chars = part.chars();
        match (chars.next(), rest.len()) {
            (Some('s'), 1..) => pieces.extend(string(rest.next().unwrap_or(&Val::Null))?),
            (Some('d'), 1..) => match rest.next() {
                Some(Val::Number(it)) => pieces.push(Piece::Text(number(integer(it)?).into())),
                _ => return no("`%d` is given something that is not a known number"),
            },
            (None, _) => {
                pieces.push(Piece::Text("%".into()));
                literal = true;
            }
            _ => return no("`format` with flags is not evaluated"),
        }
        pieces.push(Piece::Text(chars.as_str().into()));
    }
    if rest.len() > 0 || literal {
        return no("`format` is given another number of arguments");
    }
    joined(pieces)
}

/// Pieces as one value, with neighbouring text joined.
pub(super) fn joined(pieces: Vec<Piece>) -> Outcome {
    let mut all: Vec<Piece> = Vec::new();
    let mut open = String::new();
    let mut length = 0_usize;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                length = length.saturating_add(text.len());
                if length > LONGEST {
                    return no("a string is too long");
                }
                open.push_str(&text);
            }
            Piece::Hole(hole) => {
                if !open.is_empty() {
                    all.push(Piece::Text(std::mem::take(&mut open).into()));
                }
                all.push(Piece::Hole(hole));
            }
        }
    }
    if all.is_empty() {
        return Ok(Val::Text(open.into()));
    }
    if !open.is_empty() {
        all.push(Piece::Text(open.into()));
    }
    match all.as_slice() {
        [Piece::Hole(hole)] => Ok(Val::Hole(hole.clone())),
        _ => Ok(Val::Partial(all)),
    }
}

/// Whether pieces are JSON with holes in the places of values and within strings.
pub(super) fn json(pieces: &[Piece]) -> Option<()> {
    let text: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => &**text,
            Piece::Hole(_) => "0",
        })
        .collect();
    serde_json::from_str::<serde::de::IgnoredAny>(&text).ok().map(|_| ())
}

fn encode(value: &Val, out: &mut Vec<Piece>) {
    let mut text = |text: &str| out.push(Piece::Text(text.into()));
    match value {
        Val::Null => text("null"),
        Val::Bool(it) => text(if *it { "true" } else { "false" }),
        Val::Number(it) => text(it),
        Val::Text(it) => text(&Json::from(&**it).to_string()),
        Val::Hole(hole) => out.push(Piece::Hole(hole.clone())),
        Val::Partial(pieces) => {
            text("\"");
            for piece in pieces {
                match piece {
                    Piece::Text(part) => {
                        let quoted = Json::from(&**part).to_string();
                        let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(&quoted);
                        out.push(Piece::Text(inner.into()));
                    }
                    Piece::Hole(hole) => out.push(Piece::Hole(hole.clone())),
                }
            }
            out.push(Piece::Text("\"".into()));
        }
        Val::List(items) => {
            text("[");
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(Piece::Text(",".into()));
                }
                encode(item, out);
            }
            out.push(Piece::Text("]".into()));
        }
        Val::Map(members) => {
            text("{");
            for (at, (key, member)) in members.iter().enumerate() {
                let comma = if at > 0 { "," } else { "" };
                out.push(Piece::Text(format!("{comma}{}:", Json::from(&**key)).into()));
                encode(member, out);
            }
            out.push(Piece::Text("}".into()));
        }
    }
}
