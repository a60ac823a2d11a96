//! Documents that are a list of parts: the statements of an AWS policy, the bindings of a Google policy, the rules
//! of a Kubernetes role. Parts are matched by name, then by equality, then by likeness; order does not count.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Line, Sign, document, items, scalar};

/// Two parts with less in common are two parts, not one that changed.
const LEAST_LIKENESS: f64 = 0.3;

/// The most pairs of unmatched parts that are compared; beyond, parts are matched by position.
const MOST_PAIRS: usize = 40_000;

/// One statement, binding or rule: member -> items.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it stands, such as `Statement[0]`.
    place: String,
    /// `Sid`, `role` or another name.
    name: Option<String>,
    lists: BTreeMap<String, Vec<String>>,
}

/// The parts of a document, or `None` where it is no list of parts. A string is read as JSON.
pub(super) fn of(value: &Value) -> Option<Vec<Part>> {
    match value {
        Value::String(text) => of(&document(text)?).filter(|parts| !parts.is_empty()),
        Value::Array(entries) => objects(entries).map(|objects| of_list("", &objects)),
        Value::Object(members) => {
            let mut parts = Vec::new();
            let mut rest = BTreeMap::new();
            let mut is_list = false;
            for (name, member) in members {
                let objects = match member {
                    // AWS takes a single statement without a list.
                    Value::Object(single) if name == "Statement" => Some(vec![single]),
                    Value::Array(entries) if name == "Statement" || !entries.is_empty() => objects(entries),
                    _ => None,
                };
                if let Some(objects) = objects {
                    is_list = true;
                    parts.extend(of_list(name, &objects));
                } else {
                    rest.insert(name.clone(), flatten(member));
                }
            }
            if is_list && !rest.is_empty() {
                parts.push(Part { place: "document".to_owned(), name: None, lists: rest });
            }
            is_list.then_some(parts)
        }
        _ => None,
    }
}

fn objects(entries: &[Value]) -> Option<Vec<&Map<String, Value>>> {
    entries.iter().map(Value::as_object).collect()
}

fn of_list(member: &str, objects: &[&Map<String, Value>]) -> Vec<Part> {
    objects
        .iter()
        .enumerate()
        .map(|(index, object)| Part {
            place: format!("{member}[{index}]"),
            name: ["Sid", "sid", "role", "name"].iter().find_map(|key| {
                object.get(*key).and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned)
            }),
            lists: object.iter().map(|(key, value)| (key.clone(), flatten(value))).collect(),
        })
        .collect()
}

/// A member as items: `"x"` and `["x"]` are the same, `{"StringEquals": {"k": "v"}}` is `StringEquals k = v`.
fn flatten(value: &Value) -> Vec<String> {
    fn below(prefix: &str, value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    let prefix = if prefix.is_empty() { key.clone() } else { format!("{prefix} {key}") };
                    below(&prefix, member, out);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    let item = scalar(item);
                    out.push(if prefix.is_empty() { item } else { format!("{prefix} = {item}") });
                }
            }
            other if prefix.is_empty() => out.push(scalar(other)),
            other => out.push(format!("{prefix} = {}", scalar(other))),
        }
    }
    let mut out = Vec::new();
    below("", value, &mut out);
    out
}

/// The lines of what differs: changed and added parts in the new order, then removed ones.
pub(super) fn compare(old: Vec<Part>, new: Vec<Part>) -> Vec<Line> {
    let partners = matched(&old, &new);
    let mut lines = Vec::new();
    for (part, partner) in new.iter().zip(&partners) {
        match partner.and_then(|index| old.get(index)) {
            Some(before) => lines.extend(changed(before, part)),
            None => lines.extend(whole(part, Sign::Added)),
        }
    }
    let kept: BTreeSet<_> = partners.iter().flatten().collect();
    for (_, part) in old.iter().enumerate().filter(|(index, _)| !kept.contains(index)) {
        lines.extend(whole(part, Sign::Removed));
    }
    lines
}

/// For each new part the old part it is compared with.
fn matched(old: &[Part], new: &[Part]) -> Vec<Option<usize>> {
    let mut partners = vec![None; new.len()];
    let mut free: BTreeSet<usize> = (0..old.len()).collect();

    let old_names = unique(old, |part| part.name.as_ref());
    let new_names = unique(new, |part| part.name.as_ref());
    let equal = by_lists(old);
    for (part, partner) in new.iter().zip(&mut partners) {
        let named = part.name.as_ref().filter(|name| new_names.contains_key(name)).and_then(|name| old_names.get(name));
        let same = || equal.get(&part.lists).into_iter().flatten().find(|index| free.contains(index));
        if let Some(&index) = named.or_else(same).filter(|index| free.contains(index)) {
            free.remove(&index);
            *partner = Some(index);
        }
    }

    let open: Vec<usize> =
        partners.iter().enumerate().filter(|(_, partner)| partner.is_none()).map(|(index, _)| index).collect();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    if open.len().saturating_mul(free.len()) > MOST_PAIRS {
        pairs.extend(open.iter().zip(&free).map(|(&after, &before)| (1.0, after, before)));
    } else {
        for &after in &open {
            for &before in &free {
                if let (Some(a), Some(b)) = (old.get(before), new.get(after)) {
                    pairs.push((likeness(a, b), after, before));
                }
            }
        }
    }
    pairs.retain(|(likeness, ..)| *likeness >= LEAST_LIKENESS);
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (_, after, before) in pairs {
        if let Some(partner) = partners.get_mut(after).filter(|partner| partner.is_none())
            && free.remove(&before)
        {
            *partner = Some(before);
        }
    }
    partners
}

/// The keys that exactly one part has.
fn unique<'a, K: Ord>(parts: &'a [Part], key: impl Fn(&'a Part) -> Option<K>) -> BTreeMap<K, usize> {
    let mut seen: BTreeMap<K, Option<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        if let Some(key) = key(part) {
            seen.entry(key).and_modify(|index| *index = None).or_insert(Some(index));
        }
    }
    seen.into_iter().filter_map(|(key, index)| Some((key, index?))).collect()
}

fn by_lists(parts: &[Part]) -> BTreeMap<&BTreeMap<String, Vec<String>>, Vec<usize>> {
    let mut out: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        out.entry(&part.lists).or_default().push(index);
    }
    out
}

/// The share of items that both have (Jaccard).
fn likeness(a: &Part, b: &Part) -> f64 {
    let set = |part: &Part| -> BTreeSet<(String, String)> {
        part.lists.iter().flat_map(|(key, items)| items.iter().map(|item| (key.clone(), item.clone()))).collect()
    };
    let (a, b) = (set(a), set(b));
    let common = a.intersection(&b).count();
    let all = a.len() + b.len() - common;
    if all == 0 { 1.0 } else { common as f64 / all as f64 }
}

fn title(part: &Part) -> String {
    let mut title = part.place.clone();
    if let Some(name) = &part.name {
        title.push_str(&format!(" \"{name}\""));
    }
    if let Some(effect) = part.lists.get("Effect").and_then(|items| items.first()) {
        title.push_str(&format!(" ({effect})"));
    }
    title
}

/// The width of the members' column. Names are hostile: a long one stands out of the column instead of widening it.
fn column<'a>(keys: impl Iterator<Item = &'a String>) -> usize {
    const WIDEST: usize = 24;
    keys.map(|key| key.chars().count()).max().unwrap_or_default().min(WIDEST)
}

fn label(key: &str, width: usize) -> String {
    format!("{key:width$} ")
}

fn changed(old: &Part, new: &Part) -> Vec<Line> {
    let keys: BTreeSet<_> = old.lists.keys().chain(new.lists.keys()).collect();
    let differ: Vec<_> = keys.into_iter().filter(|key| old.lists.get(*key) != new.lists.get(*key)).collect();
    let width = column(differ.iter().copied());
    let of = |part: &Part, key: &String| part.lists.get(key).cloned().unwrap_or_default();
    let lines: Vec<_> =
        differ.iter().flat_map(|key| items(2, &label(key, width), &of(old, key), &of(new, key))).collect();
    // The same items in another order, or doubled, are no change.
    if lines.is_empty() {
        return lines;
    }
    std::iter::once(Line::new(1, Sign::Changed, title(new))).chain(lines).collect()
}

fn whole(part: &Part, sign: Sign) -> Vec<Line> {
    // The title names these already.
    let shown = |key: &str| {
        key != "Effect"
            && part.name.as_ref().is_none_or(|name| {
                !(["Sid", "sid", "role", "name"].contains(&key)
                    && part.lists.get(key).is_some_and(|items| items.first() == Some(name)))
            })
    };
    let width = column(part.lists.keys().filter(|key| shown(key)));
    let mut lines = vec![Line::new(1, sign, title(part))];
    for (key, list) in part.lists.iter().filter(|(key, _)| shown(key)) {
        lines.extend(list.iter().map(|item| Line::new(2, sign, label(key, width) + item)));
    }
    lines
}
