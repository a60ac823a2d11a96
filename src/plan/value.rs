//! Values under their masks: known, unknown, sensitive.
//!
//! A mask has the shape of the data with booleans at its leaves; `true` covers everything below. Members that are
//! `false` may be left out. An unknown member of an object is missing from the values, an unknown element of a
//! list is `null` there: only the mask tells (`omitUnknowns`, `unknownAsBool` and `SensitiveAsBool` in Terraform's
//! `internal/command/jsonstate` and `jsonplan`).

use serde_json::{Map, Value, json};

use super::path::{AttrPath, Step};

/// One side of a change: values, and the two masks that say what is unknown and what is secret.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The values; `Null` when there is no object.
    pub value: &'a Value,
    /// `true` where a value is known only after apply; covers everything below.
    pub unknown: &'a Value,
    /// `true` where a value is secret; covers everything below.
    pub sensitive: &'a Value,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attribute<'a> {
    /// No such member: not set, or not part of this schema version.
    Absent,
    /// Explicitly null.
    Null,
    /// Known only after apply, at this node or above it.
    Unknown,
    /// A value; parts below it may still be unknown ([`Side::has_unknown`]).
    Known(&'a Value),
}

static NOTHING: Value = Value::Null;

impl<'a> Side<'a> {
    /// Whether there is an object on this side.
    pub fn exists(&self) -> bool {
        !self.value.is_null() || *self.unknown == Value::Bool(true)
    }

    /// What stands at a path. A `[*]` stops the walk: it gives the list itself; use [`Side::expand`] first.
    pub fn get(&self, path: &AttrPath) -> Attribute<'a> {
        let mut node = Some(self.value);
        let mut mask = self.unknown;
        for step in &path.0 {
            if *mask == Value::Bool(true) {
                return Attribute::Unknown;
            }
            if *step == Step::Each {
                break;
            }
            node = node.and_then(|value| child(value, step));
            mask = child(mask, step).unwrap_or(&NOTHING);
        }
        match node {
            _ if *mask == Value::Bool(true) => Attribute::Unknown,
            None => Attribute::Absent,
            // Below nothing there is nothing; only the root is a missing object.
            Some(Value::Null) if path.0.is_empty() => Attribute::Absent,
            Some(Value::Null) => Attribute::Null,
            Some(value) => Attribute::Known(value),
        }
    }

    /// The value at a path when it is a known string.
    pub fn text(&self, path: &AttrPath) -> Option<&'a str> {
        match self.get(path) {
            Attribute::Known(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The paths that a pattern stands for on this side, in order, each without `[*]`.
    ///
    /// Where a list is unknown the pattern is given as it is, so that [`Side::get`] says so. Plans of other schema
    /// versions are met halfway: `[*]` on a single block stands for the block, and a member of a list stands for
    /// that member of every element.
    pub fn expand(&self, pattern: &AttrPath) -> Vec<AttrPath> {
        let mut found = Vec::new();
        walk(self.value, self.unknown, &pattern.0, &mut AttrPath::default(), &mut found);
        found
    }

    /// [`Side::expand`] and [`Side::get`] in one, without the paths at which nothing stands.
    pub fn attributes(&self, pattern: &AttrPath) -> Vec<(AttrPath, Attribute<'a>)> {
        let found = self.expand(pattern).into_iter().map(|path| {
            let attribute = self.get(&path);
            (path, attribute)
        });
        found.filter(|(_, attribute)| *attribute != Attribute::Absent).collect()
    }

    /// Whether anything is unknown at, above or below a path.
    pub fn has_unknown(&self, path: &AttrPath) -> bool {
        marked(self.unknown, &path.0)
    }

    /// Whether anything is secret at, above or below a path.
    pub fn has_sensitive(&self, path: &AttrPath) -> bool {
        marked(self.sensitive, &path.0)
    }

    /// The values as rules and reports may see them: `{"$tollgate": "unknown"}` for what is known only after
    /// apply, `{"$tollgate": "sensitive"}` for secrets. `Null` when there is no object.
    pub fn redacted(&self) -> Value {
        redact(self.value, self.unknown, self.sensitive)
    }

    /// The same for the node at a path without `[*]`.
    pub fn redacted_at(&self, path: &AttrPath) -> Value {
        let (mut value, mut unknown, mut sensitive) = (self.value, self.unknown, self.sensitive);
        for step in &path.0 {
            value = child(value, step).unwrap_or(&NOTHING);
            unknown = below(unknown, step);
            sensitive = below(sensitive, step);
        }
        redact(value, unknown, sensitive)
    }
}

/// A child of a value, by a step that names one.
fn child<'v>(value: &'v Value, step: &Step) -> Option<&'v Value> {
    match step {
        Step::Key(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
        Step::Each => None,
    }
}

/// The mask of a child; `true` covers everything below.
fn below<'v>(mask: &'v Value, step: &Step) -> &'v Value {
    if *mask == Value::Bool(true) { mask } else { child(mask, step).unwrap_or(&NOTHING) }
}

fn walk(value: &Value, unknown: &Value, steps: &[Step], at: &mut AttrPath, found: &mut Vec<AttrPath>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(at.clone());
        return;
    };
    if *unknown == Value::Bool(true) {
        // `get` finds the mask before it meets the steps that are left.
        found.push(AttrPath(at.0.iter().chain(steps).cloned().collect()));
        return;
    }
    let each: Vec<Step> = match (step, value) {
        (Step::Each, Value::Array(list)) => (0..list.len()).map(Step::Index).collect(),
        (Step::Each, Value::Object(map)) => match rest.first() {
            // A single block, where the pattern expects a list of blocks.
            Some(Step::Key(next))
                if map.contains_key(next) || below(unknown, &Step::Key(next.clone())) == &json!(true) =>
            {
                return walk(value, unknown, rest, at, found);
            }
            _ => map.keys().cloned().map(Step::Key).collect(),
        },
        (Step::Each, _) => return,
        // A list of blocks, where the pattern expects a single one.
        (Step::Key(_), Value::Array(list)) => {
            for index in 0..list.len() {
                descend(value, unknown, &Step::Index(index), steps, at, found);
            }
            return;
        }
        (step, _) => vec![step.clone()],
    };
    for step in &each {
        descend(value, unknown, step, rest, at, found);
    }
}

fn descend(value: &Value, unknown: &Value, step: &Step, rest: &[Step], at: &mut AttrPath, found: &mut Vec<AttrPath>) {
    at.0.push(step.clone());
    walk(child(value, step).unwrap_or(&NOTHING), below(unknown, step), rest, at, found);
    at.0.pop();
}

/// Whether a mask is set at, above or below a path; `[*]` is any element.
fn marked(mask: &Value, steps: &[Step]) -> bool {
    match (mask, steps.split_first()) {
        (Value::Bool(set), _) => *set,
        (mask, None) => any_true(mask),
        (Value::Array(list), Some((Step::Each, rest))) => list.iter().any(|mask| marked(mask, rest)),
        (Value::Object(map), Some((Step::Each, rest))) => map.values().any(|mask| marked(mask, rest)),
        (mask, Some((step, rest))) => child(mask, step).is_some_and(|mask| marked(mask, rest)),
    }
}

/// Whether a mask is set anywhere.
pub(super) fn any_true(mask: &Value) -> bool {
    match mask {
        Value::Bool(set) => *set,
        Value::Array(list) => list.iter().any(any_true),
        Value::Object(map) => map.values().any(any_true),
        _ => false,
    }
}

fn redact(value: &Value, unknown: &Value, sensitive: &Value) -> Value {
    const YES: Value = Value::Bool(true);
    if *unknown == YES {
        return json!({"$tollgate": "unknown"});
    }
    if *sensitive == YES {
        // That a secret is not set is no secret.
        return if value.is_null() { Value::Null } else { json!({"$tollgate": "sensitive"}) };
    }
    match value {
        Value::Object(map) => {
            let mut out = Map::new();
            let hidden = unknown
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, mask)| !map.contains_key(*name) && any_true(mask));
            for (name, value) in map.iter().chain(hidden.map(|(name, _)| (name, &NOTHING))) {
                let step = Step::Key(name.clone());
                out.insert(name.clone(), redact(value, below(unknown, &step), below(sensitive, &step)));
            }
            Value::Object(out)
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let step = Step::Index(index);
                redact(value, below(unknown, &step), below(sensitive, &step))
            })
            .collect(),
        // An object that is missing from the values although parts of it are unknown.
        Value::Null if unknown.is_object() && any_true(unknown) => redact(&json!({}), unknown, sensitive),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AttrPath {
        AttrPath::parse(text).unwrap()
    }

    /// The role of the reference page, with a list in which one element is unknown.
    fn role() -> (Value, Value, Value) {
        let after = json!({"name": "app", "tags": null, "inline_policy": [{"name": "x", "policy": "{}"}],
            "arns": ["a", null], "secret": {"k": "v", "none": null}});
        let unknown = json!({"arn": true, "inline_policy": [{}], "arns": [false, true], "tags_all": {}});
        let sensitive = json!({"inline_policy": [{}], "secret": true});
        (after, unknown, sensitive)
    }

    #[test]
    fn a_key_in_the_mask_does_not_mean_unknown() {
        let (value, unknown, sensitive) = role();
        let side = Side { value: &value, unknown: &unknown, sensitive: &sensitive };
        assert_eq!(side.get(&path("arn")), Attribute::Unknown);
        assert_eq!(side.get(&path("arn.below")), Attribute::Unknown);
        assert_eq!(side.get(&path("tags_all")), Attribute::Absent);
        assert_eq!(side.get(&path("tags")), Attribute::Null);
        assert_eq!(side.get(&path("arns[1]")), Attribute::Unknown);
        assert_eq!(side.get(&path("arns[2]")), Attribute::Absent);
        assert_eq!(side.text(&path("inline_policy[0].name")), Some("x"));
        assert!(!side.has_unknown(&path("inline_policy")));
        assert!(side.has_unknown(&path("arns")));
        assert!(side.has_unknown(&path("")));
        assert!(side.has_sensitive(&path("secret.k")));
        assert!(!side.has_sensitive(&path("name")));
    }

    #[test]
    fn patterns_follow_the_values() {
        let (value, unknown, sensitive) = role();
        let side = Side { value: &value, unknown: &unknown, sensitive: &sensitive };
        let names = |pattern| side.expand(&path(pattern)).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names("inline_policy[*].policy"), ["inline_policy[0].policy"]);
        assert_eq!(names("inline_policy.policy"), ["inline_policy[0].policy"]);
        assert_eq!(names("arns[*]"), ["arns[0]", "arns[1]"]);
        assert_eq!(names("arn[*].x"), ["arn[*].x"]);
        assert_eq!(side.get(&path("arn[*].x")), Attribute::Unknown);
        assert_eq!(names("tags[*]"), [] as [&str; 0]);
        assert_eq!(names("secret[*].k"), ["secret.k"]);
        assert_eq!(names("secret[*]"), ["secret.k", "secret.none"]);
    }

    #[test]
    fn the_redacted_view_marks_and_hides() {
        let (value, unknown, sensitive) = role();
        let side = Side { value: &value, unknown: &unknown, sensitive: &sensitive };
        assert_eq!(
            side.redacted(),
            json!({"name": "app", "tags": null, "inline_policy": [{"name": "x", "policy": "{}"}],
                "arns": ["a", {"$tollgate": "unknown"}], "arn": {"$tollgate": "unknown"},
                "secret": {"$tollgate": "sensitive"}})
        );
        assert_eq!(side.redacted_at(&path("secret.k")), json!({"$tollgate": "sensitive"}));
        assert_eq!(side.redacted_at(&path("secret.none")), Value::Null);
    }

    #[test]
    fn no_object_is_nothing_and_an_unknown_object_is_unknown() {
        let nothing = Side { value: &Value::Null, unknown: &json!({}), sensitive: &json!(false) };
        assert_eq!(nothing.get(&path("a.b")), Attribute::Absent);
        assert_eq!(nothing.get(&path("")), Attribute::Absent);
        assert_eq!(nothing.redacted(), Value::Null);
        let unknown = Side { value: &Value::Null, unknown: &json!(true), sensitive: &json!(false) };
        assert_eq!(unknown.get(&path("a.b")), Attribute::Unknown);
        assert!(unknown.exists() && !nothing.exists());
    }
}
