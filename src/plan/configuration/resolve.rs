//! Where a value comes from: references followed through variables, module inputs and module outputs.

use std::collections::HashSet;

use serde_json::Value;

use super::overlay::is_leaf;
use super::{ConfigModule, Configuration, Repetition};
use crate::plan::address::{Address, Key, ModuleStep, Token, lex, modules};
use crate::plan::path::{AttrPath, Step};

/// Everything an attribute's expression depends on.
///
/// A reference does not say what is done with the value: `"${aws_iam_role.r.arn}/*"` refers to the same attribute
/// as the bare one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolution {
    /// Where the trail ends, in the order of the expression, each once.
    pub sources: Vec<Source>,
}

impl Resolution {
    /// Whether every trail ends at something known: nothing is opaque, local or cut off.
    pub fn is_complete(&self) -> bool {
        !self.sources.is_empty() && !self.sources.iter().any(|source| matches!(source, Source::Unresolved { .. }))
    }

    /// The resources among the sources.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceRef> {
        self.sources.iter().filter_map(|source| match source {
            Source::Resource(resource) => Some(resource),
            _ => None,
        })
    }
}

/// One end of a trail.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// An attribute of a resource or data source.
    Resource(ResourceRef),
    /// A constant in the configuration: written there, or a variable's default.
    Constant(Value),
    /// A variable of the root module; its value is in [`crate::plan::Plan::variables`].
    Variable(String),
    /// The trail ends before a value is reached.
    Unresolved {
        /// The reference, or the address of the module in whose expression it stands.
        reference: String,
        /// Why.
        why: DeadEnd,
    },
}

/// Why a trail ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadEnd {
    /// A local value: locals are not in a plan.
    Local,
    /// An expression that the plan does not show, such as a function call without references.
    Opaque,
    /// An attribute that the configuration does not set, or sets in a dynamic block.
    NotSet,
    /// `each.*`, `count.*`, `self.*`, `path.*`, `terraform.*`.
    Builtin,
    /// A module, variable or output that is not in the configuration.
    Missing,
    /// Text that is not a reference.
    Unreadable,
    /// More steps than any configuration needs.
    TooLong,
}

/// An attribute of a resource. A missing key stands for every instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceRef {
    /// The resource, in the instance of the module where the trail started, as far as that is known.
    pub address: Address,
    /// The attribute; empty when the whole resource is meant.
    pub attribute: AttrPath,
}

impl ResourceRef {
    /// Whether a row's address may be meant.
    pub fn covers(&self, address: &Address) -> bool {
        self.address.covers(address)
    }
}

/// References followed before a trail is given up.
const LONGEST: usize = 4096;

impl Configuration {
    /// Where the attribute at `path` of the resource instance at `address` comes from.
    ///
    /// `address` is absolute, with keys; so are the results, where the configuration tells the instance. A resource
    /// that was not kept, or an unreadable address, gives one [`Source::Unresolved`].
    pub fn resolve(&self, address: &str, path: &AttrPath) -> Resolution {
        let mut trail = Trail::new(self);
        match Address::parse(address) {
            None => trail.dead_end(address, DeadEnd::Unreadable),
            Some(instance) => {
                let resource =
                    self.module(&instance.modules).and_then(|module| module.resources.get(&instance.in_module()));
                match resource {
                    None => trail.dead_end(address, DeadEnd::Missing),
                    Some(resource) => {
                        let scope = Scope { modules: &instance.modules, repetition: resource.repetition.as_ref() };
                        trail.tree(&resource.expressions, &path.0, scope, &path.to_string());
                    }
                }
            }
        }
        trail.finish()
    }

    /// Where one expression comes from (of a provisioner, a provider block, an output), in the module at `modules`.
    pub fn resolve_expression(&self, modules: &[ModuleStep], expression: &Value) -> Resolution {
        let mut trail = Trail::new(self);
        trail.tree(expression, &[], Scope { modules, repetition: None }, "");
        trail.finish()
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct Scope<'a> {
    modules: &'a [ModuleStep],
    /// What `each` and `count` refer to.
    repetition: Option<&'a Repetition>,
}

struct Trail<'a> {
    configuration: &'a Configuration,
    visited: HashSet<(Vec<ModuleStep>, String, Vec<Step>)>,
    sources: Vec<Source>,
}

impl<'a> Trail<'a> {
    fn new(configuration: &'a Configuration) -> Self {
        Self { configuration, visited: HashSet::new(), sources: Vec::new() }
    }

    fn finish(self) -> Resolution {
        Resolution { sources: self.sources }
    }

    fn found(&mut self, source: Source) {
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    fn dead_end(&mut self, reference: &str, why: DeadEnd) {
        self.found(Source::Unresolved { reference: reference.to_owned(), why });
    }

    /// Follows the expressions at and below a path of a tree of expressions.
    fn tree(&mut self, tree: &Value, steps: &[Step], scope: Scope<'_>, shown: &str) {
        if is_leaf(tree) {
            return self.leaf(tree, steps, scope, shown);
        }
        match (tree, steps.split_first()) {
            (Value::Object(map), Some((Step::Key(name), rest))) => match map.get(name) {
                Some(inner) => self.tree(inner, rest, scope, shown),
                None => self.dead_end(shown, DeadEnd::NotSet),
            },
            (Value::Array(list), Some((Step::Index(index), rest))) => match list.get(*index) {
                Some(inner) => self.tree(inner, rest, scope, shown),
                None => self.dead_end(shown, DeadEnd::NotSet),
            },
            (Value::Array(list), Some((Step::Each, rest))) => {
                list.iter().for_each(|inner| self.tree(inner, rest, scope, shown));
            }
            // A single block where a list is expected, or a list where a single block is.
            (Value::Object(_), Some((Step::Each | Step::Index(0), rest))) => self.tree(tree, rest, scope, shown),
            (Value::Array(list), _) => list.iter().for_each(|inner| self.tree(inner, steps, scope, shown)),
            (Value::Object(map), None) => map.values().for_each(|inner| self.tree(inner, &[], scope, shown)),
            _ => self.dead_end(shown, DeadEnd::NotSet),
        }
    }

    /// Follows one expression; `rest` are the steps into its value.
    fn leaf(&mut self, expression: &Value, rest: &[Step], scope: Scope<'_>, shown: &str) {
        if let Some(mut constant) = expression.get("constant_value") {
            for step in rest {
                let inner = match step {
                    Step::Key(name) => constant.get(name),
                    Step::Index(index) => constant.get(index),
                    Step::Each => break,
                };
                match inner {
                    Some(inner) => constant = inner,
                    None => return self.dead_end(shown, DeadEnd::NotSet),
                }
            }
            return self.found(Source::Constant(constant.clone()));
        }
        let references: Vec<&str> = expression
            .get("references")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if references.is_empty() {
            return self.dead_end(shown, DeadEnd::Opaque);
        }
        // Each reference is followed by its own shorter forms: `a.b.c`, `a.b`.
        let mut longest: Option<&str> = None;
        for reference in references {
            let shorter = longest.and_then(|longest| longest.strip_prefix(reference));
            if shorter.is_some_and(|rest| rest.starts_with(['.', '['])) {
                continue;
            }
            longest = Some(reference);
            self.reference(reference, rest, scope);
        }
    }

    /// Follows one reference.
    fn reference(&mut self, reference: &str, rest: &[Step], scope: Scope<'_>) {
        if self.visited.len() >= LONGEST {
            return self.dead_end(reference, DeadEnd::TooLong);
        }
        if !self.visited.insert((scope.modules.to_vec(), reference.to_owned(), rest.to_vec())) {
            return;
        }
        let Some(tokens) = lex(reference) else { return self.dead_end(reference, DeadEnd::Unreadable) };
        match tokens.as_slice() {
            [Token::Name(root), Token::Name(name), after @ ..] if root == "var" => {
                self.variable(reference, name, &steps(after, rest), scope);
            }
            [Token::Name(root), ..] if root == "local" => self.dead_end(reference, DeadEnd::Local),
            [Token::Name(root), ..] if root == "each" || root == "count" => match scope.repetition {
                Some(repetition) => {
                    self.tree(repetition.expression(), &[], Scope { repetition: None, ..scope }, reference)
                }
                None => self.dead_end(reference, DeadEnd::Builtin),
            },
            [Token::Name(root), ..] if matches!(root.as_str(), "self" | "path" | "terraform" | "tofu") => {
                self.dead_end(reference, DeadEnd::Builtin);
            }
            [Token::Name(root), ..] if root == "module" => self.output(reference, &tokens, rest, scope),
            _ => match Address::prefix(&tokens) {
                Some((mut address, after)) => {
                    address.modules = scope.modules.to_vec();
                    // Steps into a value that was put together on the way (`{a = x.arn}`) lead nowhere below `arn`.
                    let attribute = AttrPath(if after.is_empty() { rest.to_vec() } else { steps(after, &[]) });
                    self.found(Source::Resource(ResourceRef { address, attribute }));
                }
                None => self.dead_end(reference, DeadEnd::Unreadable),
            },
        }
    }

    /// A variable: the argument of the call one level up, or the default.
    fn variable(&mut self, reference: &str, name: &str, rest: &[Step], scope: Scope<'_>) {
        let Some((call_step, parent)) = scope.modules.split_last() else {
            return self.found(Source::Variable(name.to_owned()));
        };
        let call = self.configuration.module(parent).and_then(|module| module.calls.get(&call_step.name));
        let Some(call) = call else { return self.dead_end(reference, DeadEnd::Missing) };
        match call.expressions.get(name) {
            Some(expression) => {
                let scope = Scope { modules: parent, repetition: call.repetition.as_ref() };
                self.tree(expression, rest, scope, reference);
            }
            None => match call.module.variables.get(name) {
                Some(variable) => match &variable.default {
                    Some(default) => self.found(Source::Constant(default.clone())),
                    // A default of null is left out by some versions.
                    None => self.found(Source::Constant(Value::Null)),
                },
                None => self.dead_end(reference, DeadEnd::Missing),
            },
        }
    }

    /// An output of a module, or a module as a whole.
    fn output(&mut self, reference: &str, tokens: &[Token], rest: &[Step], scope: Scope<'_>) {
        let Some((called, after)) = modules(tokens) else { return self.dead_end(reference, DeadEnd::Unreadable) };
        let path: Vec<ModuleStep> = scope.modules.iter().cloned().chain(called).collect();
        let configuration = self.configuration;
        let Some(module) = configuration.module(&path) else { return self.dead_end(reference, DeadEnd::Missing) };
        let inner = Scope { modules: &path, repetition: None };
        match after {
            [Token::Name(name), after @ ..] => self.one_output(reference, module, name, &steps(after, rest), inner),
            // The whole module, or one by a key that is not known: any of its outputs.
            _ => {
                for name in module.outputs.keys() {
                    self.one_output(reference, module, name, &[], inner);
                }
                if module.outputs.is_empty() {
                    self.dead_end(reference, DeadEnd::Missing);
                }
            }
        }
    }

    fn one_output(&mut self, reference: &str, module: &ConfigModule, name: &str, rest: &[Step], scope: Scope<'_>) {
        match module.outputs.get(name) {
            Some(output) => self.tree(&output.expression, rest, scope, reference),
            None => self.dead_end(reference, DeadEnd::Missing),
        }
    }
}

/// What follows in a reference, then what is asked for below it.
fn steps(tokens: &[Token], rest: &[Step]) -> Vec<Step> {
    let own = tokens.iter().map(|token| match token {
        Token::Name(name) | Token::Key(Key::Text(name)) => Step::Key(name.clone()),
        Token::Key(Key::Number(index)) => usize::try_from(*index).map_or(Step::Each, Step::Index),
        Token::Key(Key::Unknown) => Step::Each,
    });
    own.chain(rest.iter().cloned()).collect()
}
