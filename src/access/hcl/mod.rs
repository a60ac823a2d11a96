//! The configuration of a plan archive, evaluated as far as it is known.
//!
//! The plan shows of an expression what it refers to, not what it does. Its archive holds the expression itself: here
//! it is evaluated, with the plan's values for what it refers to and holes for what only apply will tell. Only values
//! that the plan leaves unknown are evaluated; what the plan knows always wins.

mod convert;
mod eval;
mod functions;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hcl_edit::expr::Expression;
use serde_json::Value;

pub use eval::{Budget, DEPTH, Evaluator, Outcome, Scope, Step, Unresolved};

use crate::access::worlds::Val;

use crate::plan::configuration::ResourceRef;
use crate::plan::hcl::{Block, Sources};
use crate::plan::{self as path, Address, AttrPath, Change, Key, Mode, ModuleStep};
use eval::no;

/// Nodes evaluated for one plan.
const PLAN: usize = 20_000_000;

/// The values of a plan, for what expressions refer to.
pub trait Values {
    /// The value of a resource's attribute: known, or a hole with its name.
    ///
    /// # Errors
    ///
    /// When it is not clear which value is meant.
    fn attribute(&mut self, target: &ResourceRef, depth: usize) -> Outcome;

    /// The value of a variable of the root module.
    fn variable(&self, name: &str) -> Option<&Value>;
}

/// The blocks of a module.
#[derive(Debug, Default)]
struct Module<'a> {
    /// Whether its files could change each other's meaning (override files, OpenTofu's files).
    unclear: bool,
    blocks: HashMap<(&'a str, String), &'a Block>,
    locals: HashMap<&'a str, &'a str>,
}

/// The configuration, by module and block. Expressions are parsed when they are needed.
#[derive(Debug)]
pub struct Program<'a> {
    modules: HashMap<Vec<String>, Module<'a>>,
    budget: Budget,
}

impl<'a> Program<'a> {
    /// An index of the files of a plan archive.
    pub fn new(sources: &'a Sources) -> Self {
        let mut modules: HashMap<Vec<String>, Module<'a>> = HashMap::new();
        for file in &sources.files {
            let module = modules.entry(file.module.clone()).or_default();
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let stem = name.strip_suffix(".tf").unwrap_or_default();
            module.unclear |= stem.is_empty() || stem == "override" || stem.ends_with("_override");
            for block in &file.blocks {
                if block.kind == "locals" {
                    module.locals.extend(block.arguments.iter().map(|it| (it.name.as_str(), it.text.as_str())));
                } else {
                    module.blocks.insert((block.kind.as_str(), block.labels.join(".")), block);
                }
            }
        }
        if !sources.undetermined.is_empty() {
            modules.values_mut().for_each(|module| module.unclear = true);
        }
        Self { modules, budget: Budget::new(PLAN) }
    }

    /// The value that the configuration gives to an attribute; `None` where the configuration does not say.
    pub fn attribute(&self, row: &Change, path: &str, values: &mut dyn Values, depth: usize) -> Option<Outcome> {
        let address = Address::parse(&row.address)?;
        let block = self.block(&address)?;
        let path = AttrPath::parse(path)?;
        let (text, rest) = match argument(block, &path.0, &row.type_name) {
            Ok(found) => found?,
            Err(why) => return Some(Err(why)),
        };
        if depth == 0 {
            self.budget.restart();
        }
        let frame = Frame { modules: address.modules.clone(), key: address.key.clone(), block: Some(block) };
        let name = format!("{}.{path}", row.address);
        if let Err(why) = self.agrees(row, block, &frame, values, depth) {
            return Some(Err(why));
        }
        let mut value = self.run(text, &frame, &name, values, depth);
        for step in rest {
            value = value.and_then(|value| match (step, value) {
                (path::Step::Key(key), Val::Map(members)) => {
                    members.get(key.as_str()).cloned().map_or_else(|| no("a member is not there"), Ok)
                }
                // Sets are sorted differently in the plan; one element has one place.
                (path::Step::Index(0), Val::List(mut items)) if items.len() == 1 => Ok(items.remove(0)),
                _ => no("the element of a set or list is not told apart"),
            });
        }
        Some(value)
    }

    /// Whether the configuration gives the values that the plan shows: if not, it is not what the plan was made of.
    fn agrees(
        &self,
        row: &Change,
        block: &Block,
        frame: &Frame<'_>,
        values: &mut dyn Values,
        depth: usize,
    ) -> Result<(), Unresolved> {
        for argument in block.arguments.iter().filter(|it| matches!(it.name.as_str(), "name" | "role" | "bucket")) {
            let Some(planned) = row.after.get(&argument.name).and_then(Value::as_str) else { continue };
            let own = self.run(&argument.text, frame, &argument.name, values, depth);
            if matches!(own, Ok(Val::Text(text)) if &*text != planned) {
                return no(format!("the configuration contradicts the plan in `{}`", argument.name));
            }
        }
        Ok(())
    }

    fn run(&self, text: &str, frame: &Frame<'_>, name: &str, values: &mut dyn Values, depth: usize) -> Outcome {
        if depth >= DEPTH || !self.budget.take(1 + text.len() / 64) {
            return no("it is too large to evaluate");
        }
        let Some(expression) = parse(text) else { return no("the expression cannot be read") };
        let mut scope = Reach { program: self, frame, values, depth };
        Evaluator::new(&mut scope, name, &self.budget, depth).value(&expression)
    }

    fn module(&self, modules: &[ModuleStep]) -> Option<&Module<'a>> {
        let names: Vec<String> = modules.iter().map(|step| step.name.clone()).collect();
        self.modules.get(&names).filter(|module| !module.unclear)
    }

    fn block(&self, address: &Address) -> Option<&'a Block> {
        let kind = if address.mode == Mode::Data { "data" } else { "resource" };
        let labels = format!("{}.{}", address.type_name, address.name);
        self.module(&address.modules)?.blocks.get(&(kind, labels)).copied()
    }
}

/// Parses the text of an expression; `None` where it is no expression, or one that no configuration needs.
pub fn parse(text: &str) -> Option<Expression> {
    const NESTED: i32 = 40;
    const OPERATORS: usize = 1500;
    const LONGEST: usize = 128 << 10;
    let (mut depth, mut deepest, mut operators) = (0, 0, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            ')' | ']' | '}' => depth -= 1,
            '!' | '?' => operators += 20,
            '+' | '*' | '/' | '%' | '&' | '|' | '<' | '>' | '-' => operators += 1,
            _ => {}
        }
    }
    if deepest > NESTED || operators > OPERATORS || text.len() > LONGEST {
        return None;
    }
    let body = hcl_edit::parser::parse_body(&format!("x = {text}\n")).ok()?;
    let mut structures = body.into_iter();
    let only = structures.next()?.into_attribute().ok()?;
    structures.next().is_none().then_some(only.value)
}

/// The argument that sets an attribute, and the path below it; `None` where nothing sets it.
type Found<'b, 'p> = Option<(&'b str, &'p [path::Step])>;

fn argument<'b, 'p>(block: &'b Block, steps: &'p [path::Step], type_name: &str) -> Result<Found<'b, 'p>, Unresolved> {
    let Some((path::Step::Key(name), rest)) = steps.split_first() else { return Ok(None) };
    if let Some(text) = block.argument(name) {
        return Ok(Some((text, rest)));
    }
    if block.blocks.iter().any(|it| it.kind == "dynamic" && it.labels.first().is_some_and(|label| label == name)) {
        return no("a dynamic block is not evaluated");
    }
    let inner: Vec<&Block> = block.blocks.iter().filter(|it| it.kind == *name).collect();
    // Statements are a list; other blocks are sets, in another order than here.
    let listed = type_name == "aws_iam_policy_document" && name == "statement";
    match (rest.split_first(), inner.as_slice()) {
        (_, []) => Ok(None),
        (Some((path::Step::Index(0), below)), [one]) => argument(one, below, type_name),
        (Some((path::Step::Index(at), below)), all) if listed => match all.get(*at) {
            Some(one) => argument(one, below, type_name),
            None => Ok(None),
        },
        _ => no("one of several blocks is not told apart"),
    }
}

/// Where an expression stands.
struct Frame<'b> {
    modules: Vec<ModuleStep>,
    /// The key of the instance, for `each` and `count`.
    key: Option<Key>,
    /// The block with `for_each`.
    block: Option<&'b Block>,
}

/// The names that an expression can use.
struct Reach<'s, 'a> {
    program: &'s Program<'a>,
    frame: &'s Frame<'s>,
    values: &'s mut dyn Values,
    depth: usize,
}

impl Reach<'_, '_> {
    fn other(&mut self, text: &str, frame: &Frame<'_>, name: &str) -> Outcome {
        self.program.run(text, frame, name, self.values, self.depth + 6)
    }

    fn variable(&mut self, name: &str) -> Outcome {
        let Some(module) = self.program.module(&self.frame.modules) else { return no("the module is not there") };
        let Some(block) = module.blocks.get(&("variable", name.to_owned())).copied() else {
            return no("the variable is not there");
        };
        if block.argument("sensitive").is_some_and(|it| it != "false") || block.argument("ephemeral").is_some() {
            return no("a sensitive variable is not evaluated");
        }
        let value = match self.frame.modules.split_last() {
            None => match self.values.variable(name) {
                Some(value) => Val::known(value),
                None => return no("the plan does not show the variable"),
            },
            Some((call, outer)) => {
                let outer = outer.to_vec();
                let caller = self.program.module(&outer).and_then(|it| it.blocks.get(&("module", call.name.clone())));
                let Some(caller) = caller.copied() else { return no("the module's call is not there") };
                match caller.argument(name) {
                    Some(text) => {
                        let frame = Frame { modules: outer, key: call.key.clone(), block: Some(caller) };
                        self.other(text, &frame, name)?
                    }
                    None => match block.argument("default") {
                        Some(text) => {
                            let frame = Frame { modules: Vec::new(), key: None, block: None };
                            self.other(text, &frame, name)?
                        }
                        None => return no("the variable has no value"),
                    },
                }
            }
        };
        if value == Val::Null && block.argument("nullable").is_some() {
            return no("a variable that is not nullable");
        }
        match block.argument("type") {
            None => Ok(value),
            Some(text) => match parse(text) {
                Some(kind) => convert::convert(value, &kind),
                None => no("a variable's type is not read"),
            },
        }
    }

    fn each(&mut self, what: &str) -> Outcome {
        let Some(Key::Text(key)) = &self.frame.key else { return no("`each` has no key") };
        if what == "key" {
            return Ok(Val::Text(key.as_str().into()));
        }
        let Some(text) = self.frame.block.and_then(|block| block.argument("for_each")) else {
            return no("`each` has no `for_each`");
        };
        let frame = Frame { modules: self.frame.modules.clone(), key: None, block: None };
        match self.other(text, &frame, "for_each")? {
            Val::Map(members) => members.get(key.as_str()).cloned().map_or_else(|| no("`each` is not there"), Ok),
            Val::List(_) => Ok(Val::Text(key.as_str().into())),
            _ => no("`for_each` is not known"),
        }
    }

    fn output(&mut self, call: &str, key: Option<Key>, name: &str) -> Outcome {
        let mut modules = self.frame.modules.clone();
        modules.push(ModuleStep { name: call.to_owned(), key });
        let Some(module) = self.program.module(&modules) else { return no("the module is not there") };
        let Some(output) = module.blocks.get(&("output", name.to_owned())) else {
            return no("the output is not there");
        };
        if output.argument("sensitive").is_some_and(|it| it != "false") {
            return no("a sensitive output is not evaluated");
        }
        let Some(text) = output.argument("value") else { return no("the output has no value") };
        self.other(text, &Frame { modules, key: None, block: None }, name)
    }

    fn resource(&mut self, steps: &[Step], mode: Mode) -> Result<(Val, usize), Unresolved> {
        let skip = usize::from(mode == Mode::Data);
        let rest = steps.get(skip..).unwrap_or_default();
        let [Step::Name(type_name), Step::Name(name), rest @ ..] = rest else { return no("a whole resource") };
        let mut address = Address {
            modules: self.frame.modules.clone(),
            mode,
            type_name: type_name.clone(),
            name: name.clone(),
            key: None,
        };
        let Some(block) = self.program.block(&address) else { return no(format!("`{type_name}.{name}` is not there")) };
        let repeated = block.argument("count").is_some() || block.argument("for_each").is_some();
        let (key, rest, used) = match (repeated, rest) {
            (true, [Step::Name(key), rest @ ..]) => (Some(Key::Text(key.clone())), rest, 1),
            (true, [Step::Index(at), rest @ ..]) => (Some(Key::Number(*at as u64)), rest, 1),
            (true, []) => return no("every instance of a resource"),
            (false, rest) => (None, rest, 0),
        };
        address.key = key;
        let [Step::Name(attribute), ..] = rest else { return no("a whole resource") };
        let target = ResourceRef { address, attribute: AttrPath(vec![path::Step::Key(attribute.clone())]) };
        let value = self.values.attribute(&target, self.depth + 6)?;
        Ok((value, skip + 2 + used + 1))
    }
}

impl Scope for Reach<'_, '_> {
    fn reference(&mut self, steps: &[Step]) -> Result<(Val, usize), Unresolved> {
        match steps {
            [Step::Name(root), Step::Name(name), ..] if root == "var" => Ok((self.variable(name)?, 2)),
            [Step::Name(root), Step::Name(name), ..] if root == "local" => {
                let module = self.program.module(&self.frame.modules);
                let Some(text) = module.and_then(|module| module.locals.get(name.as_str()).copied()) else {
                    return no("the local value is not there");
                };
                let frame = Frame { modules: self.frame.modules.clone(), key: None, block: None };
                Ok((self.other(text, &frame, name)?, 2))
            }
            [Step::Name(root), Step::Name(what), ..] if root == "each" => Ok((self.each(what)?, 2)),
            [Step::Name(root), Step::Name(what), ..] if root == "count" && what == "index" => match &self.frame.key {
                Some(Key::Number(at)) => Ok((Val::Number(at.to_string()), 2)),
                _ => no("`count` has no index"),
            },
            [Step::Name(root), Step::Name(call), rest @ ..] if root == "module" => {
                let block = self.program.module(&self.frame.modules);
                let block = block.and_then(|it| it.blocks.get(&("module", call.clone())).copied());
                let repeated =
                    block.is_some_and(|it| it.argument("count").is_some() || it.argument("for_each").is_some());
                match (repeated, rest) {
                    (false, [Step::Name(name), ..]) => Ok((self.output(call, None, name)?, 3)),
                    (true, [Step::Name(key), Step::Name(name), ..]) => {
                        Ok((self.output(call, Some(Key::Text(key.clone())), name)?, 4))
                    }
                    _ => no("every instance of a module"),
                }
            }
            [Step::Name(root), ..] if root == "data" => self.resource(steps, Mode::Data),
            [Step::Name(root), ..] if matches!(root.as_str(), "path" | "terraform" | "self" | "ephemeral") => {
                no(format!("`{root}` is not in the plan"))
            }
            _ => self.resource(steps, Mode::Managed),
        }
    }
}

/// Known values by name, for tests and fuzzing: everything else is not known.
#[derive(Debug, Default)]
pub struct Known(pub BTreeMap<Arc<str>, Val>);

impl Scope for Known {
    fn reference(&mut self, steps: &[Step]) -> Result<(Val, usize), Unresolved> {
        match steps {
            [Step::Name(name), ..] if self.0.contains_key(name.as_str()) => {
                Ok((self.0.get(name.as_str()).cloned().unwrap_or_default(), 1))
            }
            _ => no("not known"),
        }
    }
}
