//! What the names in an expression stand for.

use std::collections::{BTreeMap, HashSet};

use super::eval::Scope;
use super::program::Program;
use super::value::{Instance, Outcome, Step, Unresolved, Value, fails, no};
use super::{Values, convert, parse};
use crate::plan::configuration::ResourceRef;
use crate::plan::hcl::Block;
use crate::plan::{self, Address, AttrPath, Key, Mode, ModuleStep};

/// Instances that are listed.
const MOST: usize = 1000;

/// Where an expression stands.
#[derive(Clone, Default)]
pub(super) struct Frame<'b> {
    pub modules: Vec<ModuleStep>,
    /// The key of the instance, for `each` and `count`.
    pub key: Option<Key>,
    /// The block with `for_each`.
    pub block: Option<&'b Block>,
    /// The iterators of dynamic blocks.
    pub bound: Vec<(String, Value)>,
}

impl Frame<'_> {
    /// The same place with the iterators of a nested block.
    pub(super) fn with(&self, bound: &[(String, Value)]) -> Self {
        Self { bound: bound.to_vec(), ..self.clone() }
    }

    fn module(modules: Vec<ModuleStep>) -> Self {
        Self { modules, ..Self::default() }
    }
}

/// The names that an expression can use.
pub(super) struct Reach<'s, 'a> {
    pub program: &'s Program<'a>,
    pub frame: &'s Frame<'s>,
    pub values: &'s mut dyn Values,
    pub depth: usize,
}

impl Reach<'_, '_> {
    fn other(&mut self, text: &str, frame: &Frame<'_>) -> Outcome {
        self.program.run(text, frame, self.values, self.depth + 3)
    }

    fn local(&mut self, name: &str) -> Outcome {
        let modules = self.frame.modules.clone();
        let Some(text) = self.program.module(&modules).and_then(|module| module.locals.get(name).copied()) else {
            return no("the local value is not there");
        };
        let key = (modules.clone(), name.to_owned());
        if let Some(value) = self.program.locals.borrow().get(&key) {
            return Ok(value.clone());
        }
        let value = self.other(text, &Frame::module(modules))?;
        // A large value is evaluated again and paid for again.
        if value.weight().is_some_and(|weight| weight < 2000) {
            self.program.locals.borrow_mut().insert(key, value.clone());
        }
        Ok(value)
    }

    fn variable(&mut self, name: &str) -> Outcome {
        let Some(module) = self.program.module(&self.frame.modules) else { return no("the module is not there") };
        let Some(block) = module.blocks.get(&("variable", name.to_owned())).copied() else {
            return no("the variable is not there");
        };
        if is_hidden(block) {
            return no("a sensitive variable is not evaluated");
        }
        let default = |this: &mut Self| match block.argument("default") {
            Some(text) => this.other(text, &Frame::default()),
            None => no("the variable has no value"),
        };
        let mut value = match self.frame.modules.split_last() {
            None => match self.values.variable(name) {
                Some(value) => Value::known(value),
                None => return no("the plan does not show the variable"),
            },
            Some((call, outer)) => {
                let outer = outer.to_vec();
                let caller = self.program.module(&outer).and_then(|it| it.blocks.get(&("module", call.name.clone())));
                let Some(caller) = caller.copied() else { return no("the module's call is not there") };
                match caller.argument(name) {
                    Some(text) => {
                        let frame = Frame { key: call.key.clone(), block: Some(caller), ..Frame::module(outer) };
                        self.other(text, &frame)?
                    }
                    None => default(self)?,
                }
            }
        };
        if block.argument("nullable").is_some_and(|it| it != "true") {
            match value {
                Value::Null => value = default(self)?,
                // It may be null, and take the default.
                Value::Named(_) | Value::Unknown => return no("whether the variable takes its default is not known"),
                _ => {}
            }
        }
        match block.argument("type").map(parse) {
            None => Ok(value),
            Some(Some(kind)) => convert::convert(value, &kind, &mut |expression| {
                // A default is a constant.
                let mut scope = super::Known::default();
                super::Evaluator::new(&mut scope, &super::Budget::new(1000), self.depth + 3).value(expression)
            }),
            Some(None) => no("a variable's type is not read"),
        }
    }

    fn each(&mut self, what: &str) -> Outcome {
        let Some(Key::Text(key)) = &self.frame.key else { return no("`each` has no key") };
        if what == "key" {
            return Ok(Value::Text(key.as_str().into()));
        }
        let Some(text) = self.frame.block.and_then(|block| block.argument("for_each")) else {
            return no("`each` has no `for_each`");
        };
        match self.other(text, &Frame::module(self.frame.modules.clone()))? {
            Value::Map(members) => members.get(key.as_str()).cloned().map_or_else(|| no("`each` is not there"), Ok),
            Value::Set(_) | Value::Sequence(_) => Ok(Value::Text(key.as_str().into())),
            _ => no("`for_each` is not known"),
        }
    }

    /// The keys of a block's instances.
    fn keys(&mut self, block: &Block, modules: &[ModuleStep]) -> Result<Keys, Unresolved> {
        let frame = Frame::module(modules.to_vec());
        match (block.argument("count"), block.argument("for_each")) {
            (Some(text), _) => match self.other(text, &frame)? {
                Value::Number(count) => match usize::try_from(count) {
                    Ok(count) if count <= MOST => Ok(Keys::Count(count)),
                    _ => no("there are a great many instances"),
                },
                _ => no("how many instances there are is not known"),
            },
            (None, Some(text)) => match self.other(text, &frame)? {
                Value::Map(members) => Ok(Keys::Each(members.keys().map(|key| key.to_string()).collect())),
                Value::Set(items) | Value::Sequence(items) => {
                    items.iter().map(|item| Ok(item.text()?.to_string())).collect::<Result<_, _>>().map(Keys::Each)
                }
                _ => no("which instances there are is not known"),
            },
            (None, None) => Ok(Keys::One),
        }
    }

    /// A block by a reference: one instance, or all of them. `instance` makes one of a key; `shown` says whether the
    /// plan has it.
    fn instances(
        &mut self,
        block: &Block,
        rest: &[Step],
        shown: &mut dyn FnMut(&mut Self, &Key) -> bool,
        instance: &dyn Fn(Option<Key>) -> Value,
    ) -> Result<(Value, usize), Unresolved> {
        let key = match rest.first() {
            Some(Step::Name(key)) => Some(Key::Text(key.clone())),
            Some(Step::Index(at)) => Some(Key::Number(*at as u64)),
            None => None,
        };
        let modules = self.frame.modules.clone();
        match (self.keys(block, &modules), key) {
            (Ok(Keys::One), _) => Ok((instance(None), 0)),
            (Ok(Keys::Count(count)), Some(Key::Number(at))) => {
                if at < count as u64 {
                    Ok((instance(Some(Key::Number(at))), 1))
                } else {
                    fails("there is no such instance")
                }
            }
            (Ok(Keys::Each(keys)), Some(Key::Text(key))) => {
                if keys.contains(&key) {
                    Ok((instance(Some(Key::Text(key))), 1))
                } else {
                    fails("there is no such instance")
                }
            }
            (Ok(Keys::Count(count)), _) => {
                Ok((Value::List((0..count).map(|at| instance(Some(Key::Number(at as u64)))).collect()), 0))
            }
            (Ok(Keys::Each(keys)), None) => {
                let all = keys.into_iter().map(|key| (key.as_str().into(), instance(Some(Key::Text(key)))));
                Ok((Value::Map(all.collect::<BTreeMap<_, _>>()), 0))
            }
            (Ok(Keys::Each(_)), Some(_)) => no("an instance has another kind of key"),
            (Err(_), Some(key)) if shown(self, &key) => Ok((instance(Some(key)), 1)),
            (Err(error), _) => Err(error),
        }
    }

    fn resource(&mut self, steps: &[Step], mode: Mode) -> Result<(Value, usize), Unresolved> {
        let skip = usize::from(mode == Mode::Data);
        let [Step::Name(type_name), Step::Name(name), rest @ ..] = steps.get(skip..).unwrap_or_default() else {
            return no("a reference has no name");
        };
        let address = Address {
            modules: self.frame.modules.clone(),
            mode,
            type_name: type_name.clone(),
            name: name.clone(),
            key: None,
        };
        let Some(block) = self.program.block(&address) else { return no(format!("`{type_name}.{name}` is not there")) };
        let of = |key: Option<Key>| Value::Instance(Instance::Resource(Address { key, ..address.clone() }));
        let mut shown =
            |this: &mut Self, key: &Key| this.values.has(&Address { key: Some(key.clone()), ..address.clone() });
        let (value, used) = self.instances(block, rest, &mut shown, &of)?;
        Ok((value, skip + 2 + used))
    }

    fn call(&mut self, name: &str, rest: &[Step]) -> Result<(Value, usize), Unresolved> {
        let modules = self.frame.modules.clone();
        let block = self.program.module(&modules).and_then(|it| it.blocks.get(&("module", name.to_owned())).copied());
        let Some(block) = block else { return no("the module is not there") };
        let of = |key: Option<Key>| {
            let mut modules = modules.clone();
            modules.push(ModuleStep { name: name.to_owned(), key });
            Value::Instance(Instance::Module(modules))
        };
        let (value, used) = self.instances(block, rest, &mut |_, _| true, &of)?;
        Ok((value, 2 + used))
    }

    fn output(&mut self, modules: &[ModuleStep], name: &str) -> Outcome {
        let Some(module) = self.program.module(modules) else { return no("the module is not there") };
        let Some(output) = module.blocks.get(&("output", name.to_owned())) else {
            return no("the output is not there");
        };
        if is_hidden(output) {
            return no("a sensitive output is not evaluated");
        }
        let Some(text) = output.argument("value") else { return no("the output has no value") };
        self.other(text, &Frame::module(modules.to_vec()))
    }
}

/// The instances of a block.
enum Keys {
    One,
    Count(usize),
    Each(HashSet<String>),
}

/// Whether a variable or output is marked sensitive or ephemeral.
fn is_hidden(block: &Block) -> bool {
    let marked = |name: &str| block.argument(name).is_some_and(|it| it != "false");
    marked("sensitive") || marked("ephemeral")
}

impl Scope for Reach<'_, '_> {
    fn reference(&mut self, steps: &[Step]) -> Result<(Value, usize), Unresolved> {
        match steps {
            [Step::Name(root), Step::Name(name), ..] if root == "var" => Ok((self.variable(name)?, 2)),
            [Step::Name(root), Step::Name(name), ..] if root == "local" => Ok((self.local(name)?, 2)),
            [Step::Name(root), Step::Name(what), ..] if root == "each" => Ok((self.each(what)?, 2)),
            [Step::Name(root), Step::Name(what), ..] if root == "count" && what == "index" => match &self.frame.key {
                Some(Key::Number(at)) => match i64::try_from(*at) {
                    Ok(at) => Ok((Value::Number(at), 2)),
                    Err(_) => no("`count` has a great index"),
                },
                _ => no("`count` has no index"),
            },
            [Step::Name(root), Step::Name(name), rest @ ..] if root == "module" => self.call(name, rest),
            [Step::Name(root), ..] if root == "data" => self.resource(steps, Mode::Data),
            [Step::Name(root), ..] if matches!(root.as_str(), "path" | "terraform" | "tofu" | "self" | "ephemeral") => {
                no(format!("`{root}` is not in the plan"))
            }
            _ => self.resource(steps, Mode::Managed),
        }
    }

    fn attribute(&mut self, of: &Instance, name: &str) -> Outcome {
        match of {
            Instance::Module(modules) => self.output(modules, name),
            Instance::Resource(address) => {
                let attribute = AttrPath(vec![plan::Step::Key(name.to_owned())]);
                let target = ResourceRef { address: address.clone(), attribute };
                self.values.attribute(&target, self.depth + 3).map(|value| Value::of(&value))
            }
        }
    }
}
