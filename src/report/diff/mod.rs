//! What changed in the access-relevant attributes of a change, for a reader: policy documents per statement, lists
//! per item, texts per line. The lines hold raw text; renderers escape it.

mod parts;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::iam::Facet;

/// The most lines one attribute may take.
const MOST_LINES: usize = 200;

/// The longest text, in lines of both sides, that is compared line by line: the comparison's worst case is
/// quadratic, and the text is hostile.
const MOST_COMPARED: usize = 4_000;

/// What a line says about its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Names what follows, or surrounds it.
    Context,
    /// Differs on the two sides; the lines below say how.
    Changed,
    Removed,
    Added,
}

impl Sign {
    pub(super) const fn as_char(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Changed => '~',
            Self::Removed => '-',
            Self::Added => '+',
        }
    }
}

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) depth: usize,
    pub(super) sign: Sign,
    pub(super) text: String,
}

impl Line {
    fn new(depth: usize, sign: Sign, text: impl Into<String>) -> Self {
        Self { depth, sign, text: text.into() }
    }
}

/// The lines of all attributes that differ; empty when none does.
pub(super) fn facets(facets: &[Facet]) -> Vec<Line> {
    facets.iter().flat_map(facet).collect()
}

fn facet(facet: &Facet) -> Vec<Line> {
    if facet.before == facet.after && !facet.unknown {
        return Vec::new();
    }
    let (before, after) = (facet.before.as_ref(), facet.after.as_ref());
    let mut lines = match (before, after) {
        // One short value on either side needs no line of its own for the path.
        (before, after) if before.is_none_or(is_short) && after.is_none_or(is_short) => {
            short(&facet.path, before, after, facet.unknown)
        }
        (before, after) => {
            let mut lines = vec![Line::new(0, Sign::Changed, format!("{} ({})", facet.path, facet.purpose))];
            lines.extend(compare(before, after));
            if facet.unknown {
                let part = if after.is_some() { "part of it is " } else { "" };
                lines.push(Line::new(1, Sign::Added, format!("({part}known only after apply)")));
            }
            lines
        }
    };
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(Line::new(1, Sign::Context, format!("… {more} more lines of {}", facet.path)));
    }
    lines
}

/// A value that fits behind its path on one line.
fn is_short(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.contains('\n') && parts::of(value).is_none() && document(text).is_none(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn short(path: &str, before: Option<&Value>, after: Option<&Value>, unknown: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(before) = before {
        lines.push(Line::new(0, Sign::Removed, format!("{path} = {}", scalar(before))));
    }
    match after {
        Some(after) => lines.push(Line::new(0, Sign::Added, format!("{path} = {}", scalar(after)))),
        None if unknown => lines.push(Line::new(0, Sign::Added, format!("{path} = (known only after apply)"))),
        None => {}
    }
    lines
}

fn compare(before: Option<&Value>, after: Option<&Value>) -> Vec<Line> {
    let side = |value: Option<&Value>| value.map_or_else(|| Some(Vec::new()), parts::of);
    if let (Some(old), Some(new)) = (side(before), side(after)) {
        return parts::compare(old, new);
    }
    let list = |value: Option<&Value>| match value {
        None => Some(Vec::new()),
        Some(Value::Array(items)) => Some(items.iter().map(scalar).collect::<Vec<_>>()),
        Some(_) => None,
    };
    if let (Some(old), Some(new)) = (list(before), list(after)) {
        return items(1, "", &old, &new);
    }
    texts(&before.map(text).unwrap_or_default(), &after.map(text).unwrap_or_default())
}

/// The items of two lists that are on one side only; how often an item stands in its list does not matter.
fn items(depth: usize, label: &str, old: &[String], new: &[String]) -> Vec<Line> {
    use std::collections::BTreeSet;
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    let line = |sign, item: &&String| Line::new(depth, sign, format!("{label}{item}"));
    before
        .difference(&after)
        .map(|item| line(Sign::Removed, item))
        .chain(after.difference(&before).map(|item| line(Sign::Added, item)))
        .collect()
}

fn texts(old: &str, new: &str) -> Vec<Line> {
    let lines = old.lines().count() + new.lines().count();
    if lines > MOST_COMPARED {
        return vec![Line::new(1, Sign::Changed, format!("too long to compare: {lines} lines on both sides"))];
    }
    let diff = TextDiff::from_lines(old, new);
    let mut out = Vec::new();
    for (position, group) in diff.grouped_ops(2).iter().enumerate() {
        if position > 0 {
            out.push(Line::new(1, Sign::Context, "…"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => Sign::Context,
                ChangeTag::Delete => Sign::Removed,
                ChangeTag::Insert => Sign::Added,
            };
            out.push(Line::new(1, sign, change.value().trim_end_matches(['\r', '\n'])));
        }
    }
    out
}

/// The JSON document in a string, where there is one.
fn document(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// A value as text of several lines: JSON laid out with sorted keys, other text as it is.
fn text(value: &Value) -> String {
    let layout = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    match value {
        Value::String(text) => document(text).map_or_else(|| text.clone(), |value| layout(&value)),
        other => layout(other),
    }
}

/// A value on one line.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn show(before: Option<Value>, after: Option<Value>, unknown: bool) -> String {
        let facet = Facet { purpose: "policy".into(), path: "policy".into(), before, after, unknown };
        facets(&[facet])
            .iter()
            .map(|line| format!("{}{} {}\n", "  ".repeat(line.depth), line.sign.as_char(), line.text))
            .collect()
    }

    #[test]
    fn statements_are_compared_one_by_one() {
        let before = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
             "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}},
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
            {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": "*"}]});
        let after = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": ["*"]},
            {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*"},
            {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::1:root"]}, "Action": "*"}]});
        let text = |value: Value| Some(Value::String(value.to_string()));
        insta::assert_snapshot!(show(text(before), text(after), false), @r#"
        ~ policy (policy)
          ~ Statement[0] (Allow)
            + Action sqs:ReceiveMessage
          ~ Statement[1] "Read" (Allow)
            + Action    s3:PutObject
            - Condition StringEquals aws:SourceVpc = vpc-1
          + Statement[2] "Root" (Allow)
            + Action    *
            + Principal AWS = arn:aws:iam::1:root
          - Statement[1] (Deny)
            - Action   iam:*
            - Resource *
        "#);
    }

    #[test]
    fn an_effect_that_turns_is_shown_as_such() {
        let with = |effect: &str| Some(json!({"Statement": {"Effect": effect, "Action": "iam:*", "Resource": "*"}}));
        insta::assert_snapshot!(show(with("Deny"), with("Allow"), false), @r"
        ~ policy (policy)
          ~ Statement[0] (Allow)
            - Effect Deny
            + Effect Allow
        ");
    }

    #[test]
    fn bindings_lists_and_texts() {
        let bindings = |members: &[&str]| Some(json!({"bindings": [{"role": "roles/viewer", "members": members}]}));
        insta::assert_snapshot!(show(bindings(&["user:a@x.org"]), bindings(&["allUsers"]), false), @r#"
        ~ policy (policy)
          ~ bindings[0] "roles/viewer"
            - members user:a@x.org
            + members allUsers
        "#);
        insta::assert_snapshot!(show(Some(json!(["a", "b"])), Some(json!(["b", "c"])), false), @r"
        ~ policy (policy)
          - a
          + c
        ");
        insta::assert_snapshot!(show(Some(json!("one\ntwo\nthree")), Some(json!("one\n2\nthree")), false), @r"
        ~ policy (policy)
            one
          - two
          + 2
            three
        ");
        insta::assert_snapshot!(show(Some(json!("old")), None, true), @r"
        - policy = old
        + policy = (known only after apply)
        ");
        insta::assert_snapshot!(show(None, Some(json!({"Statement": []})), true), @r"
        ~ policy (policy)
          + (part of it is known only after apply)
        ");
    }

    #[test]
    fn what_did_not_change_is_not_shown() {
        assert_eq!(show(Some(json!("x")), Some(json!("x")), false), "");
    }

    #[test]
    fn huge_documents_stay_bounded() {
        let many = |n: usize, tag: &str| {
            let statements: Vec<_> =
                (0..n).map(|i| json!({"Effect": "Allow", "Action": format!("{tag}:{i}"), "Resource": "*"})).collect();
            Some(json!({"Statement": statements}))
        };
        assert_eq!(show(many(3_000, "a"), many(3_000, "b"), false).lines().count(), MOST_LINES + 1);
        let lines = |n: usize| Some(Value::String("x\n".repeat(n)));
        assert!(show(lines(1), lines(1_000_000), false).contains("too long to compare"));
    }
}
