//! Attribute paths of the catalogue, resolved against the values of a row.

use std::fmt;

use serde_json::Value;

/// One concrete step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Key(String),
    /// An element of a list or set.
    Index(usize),
}

/// A concrete path, such as `inline_policy[0].policy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

/// What a concrete path was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The whole pattern was followed.
    Whole,
    /// An ancestor is unknown; what stands below it cannot be told.
    Ancestor,
}

/// One step of a pattern: a member, then possibly every element of it.
#[derive(Clone, Copy)]
enum Segment<'a> {
    Key(&'a str),
    /// `[*]`: every element of a list or set.
    Elements,
    /// `{*}`: every value of a map.
    Values,
    /// Every leaf below.
    Everything,
}

/// A pattern of the catalogue, such as `statement[*].principals[*].identifiers`.
pub(super) struct Pattern<'a>(Vec<Segment<'a>>);

impl<'a> Pattern<'a> {
    /// Reads a pattern. `None` for those that do not speak of a row's attributes: places in the configuration
    /// (`configuration:...`) and results that a plan never holds (`(result)`).
    pub(super) fn of_attribute(text: &'a str) -> Option<Self> {
        if text.contains([':', '(']) {
            return None;
        }
        let mut segments = Vec::new();
        for part in text.split('.') {
            let (key, each) = match (part.strip_suffix("[*]"), part.strip_suffix("{*}")) {
                (Some(key), _) => (key, Some(Segment::Elements)),
                (_, Some(key)) => (key, Some(Segment::Values)),
                _ => (part, None),
            };
            segments.push(Segment::Key(key));
            segments.extend(each);
        }
        Some(Self(segments))
    }

    /// Every leaf of the row.
    pub(super) fn everything() -> Self {
        Self(vec![Segment::Everything])
    }

    /// Whether this is [`Pattern::everything`].
    pub(super) fn is_everything(&self) -> bool {
        matches!(self.0.as_slice(), [Segment::Everything])
    }

    /// Every member of the row.
    pub(super) fn every_member() -> Self {
        Self(vec![Segment::Values])
    }

    /// Every place in `value` that the pattern leads to and that holds something.
    ///
    /// Schemas differ between versions of a provider: a block that was a list of one becomes an object and the other
    /// way round. Both are followed, because a place that is missed is a grant that is missed.
    pub(super) fn places(&self, value: &Value, into: &mut Vec<Path>) {
        follow(value, &self.0, &mut Path::default(), &mut |path| add(into, path));
    }

    /// Every place that the mask marks at, above or below the pattern.
    pub(super) fn marked(&self, mask: &Value, into: &mut Vec<(Path, Found)>) {
        follow_mask(mask, &self.0, &mut Path::default(), into);
    }
}

fn add(into: &mut Vec<Path>, path: &Path) {
    if !into.contains(path) {
        into.push(path.clone());
    }
}

fn follow(value: &Value, pattern: &[Segment<'_>], path: &mut Path, found: &mut dyn FnMut(&Path)) {
    let Some((segment, rest)) = pattern.split_first() else {
        if !value.is_null() {
            found(path);
        }
        return;
    };
    match (segment, value) {
        (Segment::Key(key), Value::Object(members)) => {
            if let Some(member) = members.get(*key) {
                path.within(Step::Key((*key).to_owned()), |path| follow(member, rest, path, found));
            }
        }
        (Segment::Key(_), Value::Array(elements)) => {
            each(elements, path, |element, path| follow(element, pattern, path, found))
        }
        (Segment::Elements | Segment::Values, Value::Array(elements)) => {
            each(elements, path, |element, path| follow(element, rest, path, found));
        }
        (Segment::Values, Value::Object(members)) => {
            for (key, member) in members {
                path.within(Step::Key(key.clone()), |path| follow(member, rest, path, found));
            }
        }
        (Segment::Everything, Value::Array(elements)) => {
            each(elements, path, |element, path| follow(element, pattern, path, found));
        }
        (Segment::Everything, Value::Object(members)) => {
            for (key, member) in members {
                path.within(Step::Key(key.clone()), |path| follow(member, pattern, path, found));
            }
        }
        (Segment::Everything, leaf) => follow(leaf, rest, path, found),
        (Segment::Elements, Value::Object(_)) => follow(value, rest, path, found),
        _ => {}
    }
}

fn each(elements: &[Value], path: &mut Path, mut visit: impl FnMut(&Value, &mut Path)) {
    for (index, element) in elements.iter().enumerate() {
        path.within(Step::Index(index), |path| visit(element, path));
    }
}

fn follow_mask(mask: &Value, pattern: &[Segment<'_>], path: &mut Path, into: &mut Vec<(Path, Found)>) {
    if mask == &Value::Bool(true) {
        let found = if pattern.is_empty() { Found::Whole } else { Found::Ancestor };
        if !into.iter().any(|(known, _)| known == path) {
            into.push((path.clone(), found));
        }
        return;
    }
    let Some((segment, rest)) = pattern.split_first() else {
        if any_true(mask) && !into.iter().any(|(known, _)| known == path) {
            into.push((path.clone(), Found::Whole));
        }
        return;
    };
    match (segment, mask) {
        (Segment::Key(key), Value::Object(members)) => {
            if let Some(member) = members.get(*key) {
                path.within(Step::Key((*key).to_owned()), |path| follow_mask(member, rest, path, into));
            }
        }
        (Segment::Key(_), Value::Array(elements)) => {
            each(elements, path, |element, path| follow_mask(element, pattern, path, into))
        }
        (Segment::Elements | Segment::Values, Value::Array(elements)) => {
            each(elements, path, |element, path| follow_mask(element, rest, path, into));
        }
        (Segment::Values, Value::Object(members)) => {
            for (key, member) in members {
                path.within(Step::Key(key.clone()), |path| follow_mask(member, rest, path, into));
            }
        }
        (Segment::Elements, Value::Object(_)) => follow_mask(mask, rest, path, into),
        _ => {}
    }
}

/// Whether a mask marks anything at or below this node.
pub(super) fn any_true(mask: &Value) -> bool {
    match mask {
        Value::Bool(marked) => *marked,
        Value::Array(elements) => elements.iter().any(any_true),
        Value::Object(members) => members.values().any(any_true),
        _ => false,
    }
}

impl Path {
    pub(super) fn within(&mut self, step: Step, visit: impl FnOnce(&mut Self)) {
        self.0.push(step);
        visit(self);
        self.0.pop();
    }

    /// What stands at the path; `None` where a member is missing.
    pub(super) fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }

    /// The part of a mask at the path. A mask that is `true` above covers everything below.
    pub(super) fn mask<'v>(&self, mask: &'v Value) -> &'v Value {
        const NOTHING: &Value = &Value::Null;
        let mut mask = mask;
        for step in &self.0 {
            if mask == &Value::Bool(true) {
                break;
            }
            let below = match step {
                Step::Key(key) => mask.get(key),
                Step::Index(index) => mask.get(index),
            };
            mask = below.unwrap_or(NOTHING);
        }
        mask
    }

    /// The last member's name.
    pub(super) fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if is_identifier(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(key)?;
                }
                Step::Key(key) => write!(f, "[{}]", Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

fn is_identifier(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn places(pattern: &str, value: &Value) -> Vec<String> {
        let mut paths = Vec::new();
        Pattern::of_attribute(pattern).unwrap().places(value, &mut paths);
        paths.iter().map(Path::to_string).collect()
    }

    #[test]
    fn elements_are_expanded() {
        let value = json!({"a": [{"b": "x"}, {"b": null}, {}, {"b": ["y"]}]});
        assert_eq!(places("a[*].b", &value), ["a[0].b", "a[3].b"]);
        assert_eq!(places("a[*].b[*]", &json!({"a": [{"b": ["y", "z"]}]})), ["a[0].b[0]", "a[0].b[1]"]);
    }

    #[test]
    fn blocks_of_other_schema_versions_are_followed() {
        assert_eq!(places("a[*].b", &json!({"a": {"b": 1}})), ["a.b"]);
        assert_eq!(places("a.b", &json!({"a": [{"b": 1}]})), ["a[0].b"]);
    }

    #[test]
    fn map_values_are_expanded_and_keys_quoted() {
        let value = json!({"m": {"x.y": {"r": 1}, "z": {"r": 2}}});
        assert_eq!(places("m{*}.r", &value), ["m[\"x.y\"].r", "m.z.r"]);
    }

    #[test]
    fn places_of_the_configuration_are_no_attributes() {
        assert!(Pattern::of_attribute("configuration:provisioners[*].expressions").is_none());
        assert!(Pattern::of_attribute("(result)").is_none());
    }

    #[test]
    fn unknown_places_are_found_at_above_and_below() {
        let marked = |pattern: &str, mask: &Value| {
            let mut found = Vec::new();
            Pattern::of_attribute(pattern).unwrap().marked(mask, &mut found);
            found.into_iter().map(|(path, found)| (path.to_string(), found)).collect::<Vec<_>>()
        };
        assert_eq!(marked("a[*].b", &json!({"a": true})), [("a".to_owned(), Found::Ancestor)]);
        assert_eq!(marked("a[*].b", &json!({"a": [{}, {"b": true}]})), [("a[1].b".to_owned(), Found::Whole)]);
        assert_eq!(marked("a", &json!({"a": [false, true]})), [("a".to_owned(), Found::Whole)]);
        assert_eq!(marked("a", &json!({"a": [{}]})), []);
        assert_eq!(marked("a.b", &json!(true)), [(String::new(), Found::Ancestor)]);
    }

    #[test]
    fn a_mask_above_covers_what_is_below() {
        let path = Path(vec![Step::Key("a".into()), Step::Index(1)]);
        assert_eq!(path.mask(&json!({"a": true})), &json!(true));
        assert_eq!(path.mask(&json!({"a": [false, true]})), &json!(true));
        assert_eq!(path.mask(&json!({"a": [false]})), &Value::Null);
    }
}
