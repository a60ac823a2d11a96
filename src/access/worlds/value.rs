//! Values of one side of a plan, with a hole where a value is known only after apply.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// Something that is known only after apply. Holes with the same id stand for the same value, on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hole {
    /// What the value is, in Terraform's words: `aws_iam_policy.deploy.arn`.
    pub id: Arc<str>,
    /// The attribute path of the resource that carries it.
    pub path: Arc<str>,
}

/// A piece of a string of which parts are not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Known characters.
    Text(Arc<str>),
    /// Any string, the empty one included.
    Hole(Hole),
}

/// A value, or the place of one that is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Val {
    /// Null, or absent.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(Arc<str>),
    /// A list or set.
    List(Vec<Val>),
    /// An object or map.
    Map(BTreeMap<Arc<str>, Val>),
    /// A string of which parts are known only after apply.
    Partial(Vec<Piece>),
    /// Known only after apply.
    Hole(Hole),
}

static NULL: Val = Val::Null;

impl Val {
    /// A value under a mask of unknowns. `hole` gives what stands for an unknown value at a path.
    pub fn masked(value: &Value, unknown: &Value, hole: &mut dyn FnMut(&str) -> Self) -> Self {
        Self::at(value, unknown, &mut String::new(), hole)
    }

    /// A value without unknowns.
    pub fn known(value: &Value) -> Self {
        Self::masked(value, &Value::Null, &mut |_| Self::Null)
    }

    fn at(value: &Value, unknown: &Value, path: &mut String, hole: &mut dyn FnMut(&str) -> Self) -> Self {
        if *unknown == Value::Bool(true) {
            return hole(path);
        }
        let below = path.len();
        match value {
            Value::Null if !matches!(unknown, Value::Object(_)) => Self::Null,
            Value::Bool(it) => Self::Bool(*it),
            Value::Number(it) => Self::Number(it.to_string()),
            Value::String(it) => Self::Text(it.as_str().into()),
            Value::Array(items) => Self::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| {
                        path.push_str(&format!("[{at}]"));
                        let item = Self::at(item, unknown.get(at).unwrap_or(&Value::Null), path, hole);
                        path.truncate(below);
                        item
                    })
                    .collect(),
            ),
            Value::Object(_) | Value::Null => {
                // An unknown member is left out of the value and stands in the mask alone.
                let empty = serde_json::Map::new();
                let (members, mask) = (value.as_object().unwrap_or(&empty), unknown.as_object().unwrap_or(&empty));
                let hidden =
                    mask.iter().filter(|(key, _)| !members.contains_key(*key)).map(|(key, _)| (key, &Value::Null));
                Self::Map(
                    members
                        .iter()
                        .chain(hidden)
                        .map(|(key, member)| {
                            if below > 0 {
                                path.push('.');
                            }
                            path.push_str(key);
                            let member = Self::at(member, mask.get(key).unwrap_or(&Value::Null), path, hole);
                            path.truncate(below);
                            (Arc::from(key.as_str()), member)
                        })
                        .collect(),
                )
            }
        }
    }

    /// A member; [`Val::Null`] where there is none. A member of a hole is the hole.
    pub fn get(&self, key: &str) -> &Self {
        match self {
            Self::Map(members) => members.get(key).unwrap_or(&NULL),
            Self::Hole(_) => self,
            _ => &NULL,
        }
    }

    /// The elements of a list; empty for anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The text, where it is a string that is not empty: providers write an unset string as null or as `""`.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The boolean, where it is one.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(it) => Some(*it),
            _ => None,
        }
    }

    /// The hole, where it is one.
    pub fn hole(&self) -> Option<&Hole> {
        match self {
            Self::Hole(hole) => Some(hole),
            _ => None,
        }
    }

    /// What identifies an object: the text, or the hole's id in `${...}`, which no known name contains.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Hole(hole) => Some(format!("${{{}}}", hole.id)),
            other => other.text().map(str::to_owned),
        }
    }

    /// The names in a list of names, or in one name.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::name).collect(),
            one => one.name().into_iter().collect(),
        }
    }

    /// Whether nothing is set: null, an empty string, an empty list or map.
    pub fn is_unset(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(members) => members.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::Partial(_) | Self::Hole(_) => false,
        }
    }

    /// The value without what says nothing: null, false, zero and empty values, at any depth.
    #[must_use]
    pub fn settled(&self) -> Self {
        match self {
            Self::Bool(false) => Self::Null,
            Self::Number(text) if text == "0" => Self::Null,
            Self::Text(text) if text.is_empty() => Self::Null,
            Self::List(items) => {
                let items: Vec<Self> = items.iter().map(Self::settled).filter(|item| *item != Self::Null).collect();
                if items.is_empty() { Self::Null } else { Self::List(items) }
            }
            Self::Map(members) => {
                let settled = members.iter().map(|(name, member)| (name.clone(), member.settled()));
                let members: BTreeMap<Arc<str>, Self> = settled.filter(|(_, member)| *member != Self::Null).collect();
                if members.is_empty() { Self::Null } else { Self::Map(members) }
            }
            other => other.clone(),
        }
    }

    /// Whether a hole stands anywhere in it.
    pub fn has_hole(&self) -> bool {
        match self {
            Self::Hole(_) => true,
            Self::Partial(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Hole(_))),
            Self::List(items) => items.iter().any(Self::has_hole),
            Self::Map(members) => members.values().any(Self::has_hole),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn masked(value: Value, unknown: Value) -> (Val, Vec<String>) {
        let mut seen = Vec::new();
        let val = Val::masked(&value, &unknown, &mut |path| {
            seen.push(path.to_owned());
            Val::Hole(Hole { id: format!("x.{path}").into(), path: path.into() })
        });
        (val, seen)
    }

    #[test]
    fn an_unknown_member_is_found_although_the_value_leaves_it_out() {
        let (val, seen) = masked(json!({"role": "app"}), json!({"policy_arn": true}));
        assert_eq!(seen, ["policy_arn"]);
        assert_eq!(val.get("policy_arn").name().as_deref(), Some("${x.policy_arn}"));
        assert_eq!(val.get("role").text(), Some("app"));
    }

    #[test]
    fn a_key_in_the_mask_does_not_mean_unknown() {
        let (val, seen) = masked(json!({"inline": [{"policy": "p"}], "tags": {}}), json!({"inline": [{}], "tags": {}}));
        assert!(seen.is_empty() && !val.has_hole());
    }

    #[test]
    fn elements_keep_their_position() {
        let (val, seen) = masked(json!({"a": [{"b": null}, null]}), json!({"a": [{"b": true}, true]}));
        assert_eq!(seen, ["a[0].b", "a[1]"]);
        assert_eq!(val.get("a").items().len(), 2);
    }

    #[test]
    fn an_empty_string_is_unset() {
        assert_eq!(Val::known(&json!("")).text(), None);
        assert!(Val::known(&json!("")).is_unset());
    }
}
