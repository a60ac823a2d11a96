//! What the blocks of a resource give to an attribute: arguments, nested blocks and dynamic blocks.

use serde_json::Value as Json;

use super::eval::{Budget, pairs};
use super::program::Program;
use super::reach::Frame;
use super::value::{Outcome, Unresolved, Value, no};
use super::{DEPTH, Values};
use crate::plan::Step;
use crate::plan::hcl::Block;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Blocks that dynamic blocks may make of one resource.
const MOST: usize = 1000;

/// A nested block, and where its expressions stand.
#[derive(Clone)]
pub(super) struct Nested<'b> {
    block: &'b Block,
    bound: Vec<(String, Value)>,
}

/// What is asked for: the value at a path below a block.
pub(super) struct Wanted<'p> {
    /// The path below the block.
    pub steps: &'p [Step],
    /// What the plan knows of the block.
    pub planned: &'p Json,
    /// What it says is unknown of it.
    pub unknown: &'p Json,
}

impl<'a> Program<'a> {
    /// The value at a path; `None` where the configuration does not set it.
    pub(super) fn value_at(
        &self,
        block: &'a Block,
        frame: &Frame<'_>,
        wanted: &Wanted<'_>,
        values: &mut dyn Values,
        depth: usize,
    ) -> Option<Outcome> {
        let (Step::Key(name), rest) = wanted.steps.split_first()? else { return None };
        let (planned, unknown) = (&wanted.planned[name.as_str()], &wanted.unknown[name.as_str()]);
        if let Some(text) = block.argument(name) {
            let value = self.run(text, frame, values, depth);
            return Some(value.and_then(|value| below(value, rest, planned, unknown)));
        }
        let nested = match self.nested(block, name, frame, values, depth) {
            Ok(nested) => nested?,
            Err(why) => return Some(Err(why)),
        };
        let Some((Step::Index(at), rest)) = rest.split_first() else {
            return Some(
                nested.iter().map(|it| self.whole(it, frame, values, depth)).collect::<Result<_, _>>().map(Value::List),
            );
        };
        let (planned, unknown) = (&planned[*at], &unknown[*at]);
        let (one, frame) = match self.chosen(&nested, planned, frame, values, depth) {
            Some(one) => (one.block, frame.with(&one.bound)),
            None => return Some(no("which of several blocks the plan means is not told apart")),
        };
        self.value_at(one, &frame, &Wanted { steps: rest, planned, unknown }, values, depth + 1)
    }

    /// The blocks of a name, dynamic ones included, in the order of the file.
    fn nested(
        &self,
        block: &'a Block,
        name: &str,
        frame: &Frame<'_>,
        values: &mut dyn Values,
        depth: usize,
    ) -> Result<Option<Vec<Nested<'a>>>, Unresolved> {
        if depth >= DEPTH {
            return no("it is too large to evaluate");
        }
        let mut all = Vec::new();
        let mut found = false;
        for inner in &block.blocks {
            if inner.kind == name {
                found = true;
                all.push(Nested { block: inner, bound: frame.bound.clone() });
            }
            if inner.kind == "dynamic" && inner.labels.first().is_some_and(|label| label == name) {
                found = true;
                let Some(collection) = inner.argument("for_each") else {
                    return no("a dynamic block has no `for_each`");
                };
                let content = inner.blocks.iter().find(|it| it.kind == "content");
                let Some(content) = content else { return no("a dynamic block has no `content`") };
                let iterator = inner.argument("iterator").unwrap_or(name).trim();
                let collection = match self.run(collection, frame, values, depth + 1)? {
                    Value::Sequence(_) => return no("the order of a dynamic block is not known"),
                    collection => collection,
                };
                for (key, value) in pairs(collection, true)? {
                    let each = Value::Map(BTreeMap::from([("key".into(), key), ("value".into(), value)]));
                    let mut bound = frame.bound.clone();
                    bound.push((iterator.to_owned(), each));
                    all.push(Nested { block: content, bound });
                }
            }
            if all.len() > MOST {
                return no("a resource has a great many blocks");
            }
        }
        Ok(found.then_some(all))
    }

    /// A block as an object of what it sets.
    fn whole(&self, nested: &Nested<'a>, frame: &Frame<'_>, values: &mut dyn Values, depth: usize) -> Outcome {
        let frame = frame.with(&nested.bound);
        let mut members: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for argument in &nested.block.arguments {
            let value = self.run(&argument.text, &frame, values, depth + 1);
            if self.spent() {
                return no("it is too large to evaluate");
            }
            members.insert(argument.name.as_str().into(), value.unwrap_or(Value::Unknown));
        }
        let names: HashSet<&str> = nested
            .block
            .blocks
            .iter()
            .filter_map(|it| {
                if it.kind == "dynamic" { it.labels.first().map(String::as_str) } else { Some(it.kind.as_str()) }
            })
            .collect();
        for name in names {
            let value = match self.nested(nested.block, name, &frame, values, depth + 1) {
                Ok(Some(inner)) => Value::List(
                    inner.iter().map(|it| self.whole(it, &frame, values, depth + 1)).collect::<Result<_, _>>()?,
                ),
                Ok(None) => continue,
                Err(_) => Value::Unknown,
            };
            members.insert(name.into(), value);
        }
        Ok(Value::Map(members))
    }

    /// The block that an element of the plan was made of: the only one that does not contradict it.
    ///
    /// The plan sorts sets of blocks in an order of its own.
    fn chosen<'n>(
        &self,
        nested: &'n [Nested<'a>],
        planned: &Json,
        frame: &Frame<'_>,
        values: &mut dyn Values,
        depth: usize,
    ) -> Option<&'n Nested<'a>> {
        if let [one] = nested {
            return Some(one);
        }
        let mut fitting = Vec::new();
        for one in nested {
            if self.fits(one, planned, frame, values, depth) {
                fitting.push(one);
            }
        }
        match fitting.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    fn fits(
        &self,
        nested: &Nested<'a>,
        planned: &Json,
        frame: &Frame<'_>,
        values: &mut dyn Values,
        depth: usize,
    ) -> bool {
        let frame = frame.with(&nested.bound);
        nested.block.arguments.iter().all(|argument| {
            let planned = &planned[argument.name.as_str()];
            if planned.is_null() {
                return true;
            }
            match self.run(&argument.text, &frame, values, depth + 1) {
                Ok(value) => agrees(&value, planned),
                Err(_) => true,
            }
        })
    }
}

/// Whether a value of the configuration can be the one that the plan shows, as the provider's schema converts it.
pub(super) fn agrees(value: &Value, planned: &Json) -> bool {
    match (value, planned) {
        (Value::List(items) | Value::Set(items) | Value::Sequence(items), Json::Array(planned)) => {
            items.iter().filter(|item| item.is_primitive()).all(|item| planned.iter().any(|it| agrees(item, it)))
                && (!value.is_known() || planned.iter().all(|it| items.iter().any(|item| agrees(item, it))))
        }
        (Value::Text(_) | Value::Number(_) | Value::Bool(_), Json::String(planned)) => {
            value.text().is_ok_and(|text| *text == **planned)
        }
        (Value::Text(_) | Value::Number(_) | Value::Bool(_), Json::Number(_) | Json::Bool(_)) => {
            value.text().is_ok_and(|text| *text == *planned.to_string())
        }
        _ => true,
    }
}

/// The value at a path below a value. The elements of a set stand in another order in the plan: its unknown ones are
/// those that are not among its known ones, in any order.
fn below(value: Value, steps: &[Step], planned: &Json, unknown: &Json) -> Outcome {
    let Some((step, rest)) = steps.split_first() else { return Ok(value) };
    match (step, value) {
        (Step::Key(key), value) => {
            let (planned, unknown) = (&planned[key.as_str()], &unknown[key.as_str()]);
            below(super::value::member(value, &super::Step::Name(key.clone()))?, rest, planned, unknown)
        }
        (Step::Index(at), value) => {
            let (Some(items), true) = (value.items(), rest.is_empty()) else {
                return no("the element of a list is not told apart");
            };
            let (Json::Array(slots), Json::Array(mask)) = (planned, unknown) else {
                return no("the element of a list is not told apart");
            };
            let open: Vec<usize> =
                mask.iter().enumerate().filter(|(_, it)| **it == Json::Bool(true)).map(|(at, _)| at).collect();
            let mut left: Vec<&Value> = items.iter().collect();
            for (_, slot) in slots.iter().enumerate().filter(|(at, _)| !open.contains(at)) {
                let found = left.iter().position(|item| item.is_primitive() && agrees(item, slot));
                match found {
                    Some(found) => drop(left.remove(found)),
                    None => return no("the configuration and the plan differ in a list"),
                }
            }
            let rank = open.iter().position(|slot| slot == at);
            match rank.filter(|_| left.len() == open.len()).and_then(|rank| left.get(rank)) {
                Some(item) => Ok((*item).clone()),
                None => no("the element of a list is not told apart"),
            }
        }
        (Step::Each, _) => no("every element of a list"),
    }
}

/// The most that one plan may cost.
pub(super) fn budget() -> Budget {
    const PLAN: usize = 10_000_000;
    Budget::new(PLAN)
}
