//! The configuration, by module and block.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use super::blocks::{self, Wanted};
use super::eval::{Budget, Evaluator};
use super::reach::{Frame, Reach};
use super::value::{Outcome, Unresolved, Value, no};
use super::{DEPTH, Values, parse};
use crate::access::worlds::{Hole, Val};
use crate::plan::hcl::{Block, Sources};
use crate::plan::{Address, AttrPath, Change, Mode, ModuleStep};

/// The blocks of a module.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    /// Whether its files could change each other's meaning (override files, OpenTofu's files).
    unclear: bool,
    pub(super) blocks: HashMap<(&'a str, String), &'a Block>,
    pub(super) locals: HashMap<&'a str, &'a str>,
}

/// The configuration, by module and block. Expressions are parsed when they are needed.
#[derive(Debug)]
pub struct Program<'a> {
    modules: HashMap<Vec<String>, Module<'a>>,
    budget: Budget,
    /// Values of locals, by module instance and name.
    pub(super) locals: RefCell<HashMap<(Vec<ModuleStep>, String), Value>>,
    fresh: Cell<usize>,
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
        Self { modules, budget: blocks::budget(), locals: RefCell::default(), fresh: Cell::new(0) }
    }

    /// The value that the configuration gives to an attribute; `None` where the configuration does not say.
    pub fn attribute(
        &self,
        row: &Change,
        path: &str,
        values: &mut dyn Values,
        depth: usize,
    ) -> Option<Result<Val, Unresolved>> {
        let address = Address::parse(&row.address)?;
        let block = self.block(&address)?;
        let path = AttrPath::parse(path)?;
        if depth == 0 {
            self.budget.restart();
        }
        let frame = Frame { modules: address.modules, key: address.key, block: Some(block), bound: Vec::new() };
        let wanted = Wanted { steps: &path.0, planned: &row.after, unknown: &row.after_unknown };
        let outcome = self.value_at(block, &frame, &wanted, values, depth)?;
        let shown: Arc<str> = path.to_string().into();
        // The plan leaves the attribute unknown, so it is something: null would be known.
        let outcome = match outcome {
            Ok(Value::Null | Value::Unknown | Value::Instance(_)) => no("it is known only after apply"),
            other => other,
        };
        Some(outcome.map(|value| {
            value.into_val(&mut || {
                self.fresh.set(self.fresh.get() + 1);
                Hole { id: format!("{}.{path}#{}", row.address, self.fresh.get()).into(), path: shown.clone() }
            })
        }))
    }

    /// The arguments and blocks that a resource has, dynamic ones included; `None` where that is not clear.
    pub fn sets(&self, address: &str) -> Option<Vec<Arc<str>>> {
        let block = self.block(&Address::parse(address)?)?;
        let arguments = block.arguments.iter().map(|argument| argument.name.as_str());
        let blocks = block.blocks.iter().map(|inner| match inner.labels.first() {
            Some(label) if inner.kind == "dynamic" => label.as_str(),
            _ => inner.kind.as_str(),
        });
        Some(arguments.chain(blocks).map(Arc::from).collect())
    }

    pub(super) fn run(&self, text: &str, frame: &Frame<'_>, values: &mut dyn Values, depth: usize) -> Outcome {
        if depth >= DEPTH || !self.budget.take(1 + text.len() / 64) {
            return no("it is too large to evaluate");
        }
        let Some(expression) = parse(text) else { return no("the expression cannot be read") };
        let mut scope = Reach { program: self, frame, values, depth };
        Evaluator::new(&mut scope, &self.budget, depth).with(&frame.bound).value(&expression)
    }

    pub(super) fn spent(&self) -> bool {
        self.budget.is_empty()
    }

    pub(super) fn module(&self, modules: &[ModuleStep]) -> Option<&Module<'a>> {
        let names: Vec<String> = modules.iter().map(|step| step.name.clone()).collect();
        self.modules.get(&names).filter(|module| !module.unclear)
    }

    pub(super) fn block(&self, address: &Address) -> Option<&'a Block> {
        let kind = if address.mode == Mode::Data { "data" } else { "resource" };
        let labels = format!("{}.{}", address.type_name, address.name);
        self.module(&address.modules)?.blocks.get(&(kind, labels)).copied()
    }
}
