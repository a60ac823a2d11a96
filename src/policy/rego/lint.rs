//! What OPA's compiler refuses and regorus would not, found at load: functions that do not exist, wrong numbers of
//! operands, recursion (which would overflow the stack), and `sprintf` with the wrong number of operands.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Rule, RuleHead, Span};

use super::builtins;
use super::rewrite::iterates;
use super::syntax::{Head, ModuleInfo, Reference, Root, Scope, Shape, Visit, literal_str, static_path, visit_rule};
use crate::policy::error::Problem;
use crate::policy::source::RegoVersion;

/// Longest chain of rules that call each other. The evaluation's stack is sized for it.
pub(in crate::policy) const MAX_DEPTH: usize = 128;

/// How a module is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) struct Checks {
    /// Its syntax.
    pub(in crate::policy) version: RegoVersion,
    /// Whether `sprintf` must be given as many operands as its text takes: tollgate rules.
    pub(in crate::policy) sprintf: bool,
}

/// Checks all modules together; false when evaluating them could overflow the stack.
pub(in crate::policy) fn check(modules: &[ModuleInfo], checks: &[Checks], problems: &mut Vec<Problem>) -> bool {
    let table = Table::new(modules);
    for (module, checks) in modules.iter().zip(checks) {
        for head in &module.heads {
            if let Some(problem) = iterating_key(module, head) {
                problems.push(problem);
            }
            let mut visitor = Calls { module, table: &table, checks: *checks, problems };
            visit_rule(&head.rule, &mut visitor);
        }
    }
    table.check_recursion(modules, problems)
}

/// `p[input.list[_]] := 1`: regorus loses members when one of the keys is undefined.
fn iterating_key(module: &ModuleInfo, head: &Head) -> Option<Problem> {
    let Rule::Spec { head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. }, bodies, .. } = head.rule.as_ref()
    else {
        return None;
    };
    let outer = Scope::of_rule(&head.rule);
    let scope = bodies.first().map_or_else(|| outer.with_names([]), |body| outer.enter(&body.query));
    let mut at = refr;
    while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at.as_ref() {
        if let Expr::RefBrack { index, .. } = at.as_ref()
            && iterates(index, &scope)
        {
            let message = format!("a key of `{}` iterates in the head", head.name());
            return Some(
                module.problem(head.line, head.column, message).help("bind the key to a variable in the body"),
            );
        }
        at = refr;
    }
    None
}

/// The rules of all modules, by path.
pub(in crate::policy) struct Table {
    /// Path below `data` to the number of operands (`None` for a rule that is no function).
    functions: BTreeMap<Vec<String>, Option<usize>>,
    /// Every rule's path, with the modules' and heads' positions.
    rules: BTreeMap<Vec<String>, Vec<(usize, usize)>>,
    /// The packages that stand in several files.
    parted: BTreeSet<Vec<String>>,
}

impl Table {
    /// Collects the rules.
    pub(in crate::policy) fn new(modules: &[ModuleInfo]) -> Self {
        let mut functions = BTreeMap::new();
        let mut rules: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut packages, mut parted) = (BTreeSet::new(), BTreeSet::new());
        for (module_at, module) in modules.iter().enumerate() {
            if !packages.insert(&module.package) {
                parted.insert(module.package.clone());
            }
            for (head_at, head) in module.heads.iter().enumerate() {
                let path: Vec<String> = module.package.iter().chain(&head.path).cloned().collect();
                let operands = match head.shape {
                    Shape::Function(count) => Some(count),
                    _ => None,
                };
                let known = functions.entry(path.clone()).or_insert(operands);
                *known = known.or(operands);
                rules.entry(path).or_default().push((module_at, head_at));
            }
        }
        Self { functions, rules, parted }
    }

    /// The rules that a reference to `data` with this static prefix may read: those at it, above it and below it.
    pub(in crate::policy) fn read_by(&self, prefix: &[String]) -> Vec<&Vec<String>> {
        let above = (1..=prefix.len()).filter_map(|end| self.rules.get_key_value(prefix.get(..end)?));
        let below = self.rules.range(prefix.to_vec()..).skip_while(|(path, _)| path.as_slice() == prefix);
        let below = below.take_while(|(path, _)| path.starts_with(prefix));
        above.chain(below).map(|(path, _)| path).collect()
    }

    /// The positions of a rule's definitions.
    pub(in crate::policy) fn definitions(&self, path: &[String]) -> &[(usize, usize)] {
        self.rules.get(path).map_or(&[], Vec::as_slice)
    }

    /// Whether a path names a function.
    pub(in crate::policy) fn function(&self, path: &[String]) -> Option<usize> {
        self.functions.get(path).copied().flatten()
    }

    /// The package in several files that a reference reads as a whole.
    fn parted_package(&self, reference: &Reference<'_>) -> Option<&Vec<String>> {
        if reference.root != Root::Data {
            return None;
        }
        let path = reference.static_prefix().0;
        self.parted.iter().find(|package| package.starts_with(&path))
    }

    /// The rules that each rule reads.
    fn edges(&self, modules: &[ModuleInfo]) -> BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> {
        let mut edges: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = BTreeMap::new();
        for (path, definitions) in &self.rules {
            let out = edges.entry(path).or_default();
            for (module_at, head_at) in definitions {
                let Some(module) = modules.get(*module_at) else { continue };
                let Some(head) = module.heads.get(*head_at) else { continue };
                let mut reads = Reads { module, prefixes: BTreeSet::new() };
                visit_rule(&head.rule, &mut reads);
                out.extend(reads.prefixes.iter().flat_map(|prefix| self.read_by(prefix)));
            }
        }
        edges
    }

    fn check_recursion(&self, modules: &[ModuleInfo], problems: &mut Vec<Problem>) -> bool {
        let edges = self.edges(modules);
        let mut search = Search { edges: &edges, depth: BTreeMap::new(), path: Vec::new(), cycles: Vec::new() };
        for path in edges.keys() {
            search.depth_of(path);
        }
        let cycles = std::mem::take(&mut search.cycles);
        let deep = search.depth.iter().find(|(_, depth)| **depth > MAX_DEPTH).map(|(path, _)| (*path).clone());
        let place = |path: &[String]| {
            let (module_at, head_at) = self.definitions(path).first().copied()?;
            let module = modules.get(module_at)?;
            let head = module.heads.get(head_at)?;
            Some(module.problem(head.line, head.column, String::new()))
        };
        let bounded = cycles.is_empty() && deep.is_none();
        for cycle in cycles {
            let Some(first) = cycle.first() else { continue };
            let Some(mut problem) = place(first) else { continue };
            let names: Vec<String> = cycle.iter().chain([first]).map(|path| path.join(".")).collect();
            problem.message = format!("rule `{}` is recursive: {}", first.join("."), names.join(" -> "));
            problems.push(problem.help("Rego rules may not depend on themselves; use walk or a comprehension"));
        }
        if let Some(mut problem) = deep.as_deref().and_then(place) {
            problem.message = format!("rules call each other more than {MAX_DEPTH} deep");
            problems.push(problem.help("merge some of the rules"));
        }
        bounded
    }
}

struct Search<'a> {
    edges: &'a BTreeMap<&'a Vec<String>, BTreeSet<&'a Vec<String>>>,
    depth: BTreeMap<&'a Vec<String>, usize>,
    path: Vec<&'a Vec<String>>,
    cycles: Vec<Vec<Vec<String>>>,
}

impl<'a> Search<'a> {
    /// Depth-first, with an explicit stack: a hostile policy may be deep.
    fn depth_of(&mut self, start: &'a Vec<String>) {
        let mut stack = vec![(start, false)];
        while let Some((node, leaving)) = stack.pop() {
            let out = self.edges.get(node);
            if leaving {
                self.path.pop();
                let below = out.into_iter().flatten().filter_map(|next| self.depth.get(next)).max();
                self.depth.insert(node, below.copied().unwrap_or(0) + 1);
                continue;
            }
            if let Some(at) = self.path.iter().position(|open| *open == node) {
                let cycle = self.path.get(at..).unwrap_or_default().iter().map(|path| (*path).clone()).collect();
                self.cycles.push(cycle);
                continue;
            }
            if self.depth.contains_key(node) {
                continue;
            }
            self.path.push(node);
            stack.push((node, true));
            stack.extend(out.into_iter().flatten().map(|next| (*next, false)));
        }
    }
}

/// Collects what a rule reads below `data`.
pub(in crate::policy) struct Reads<'m> {
    /// The rule's module.
    pub(in crate::policy) module: &'m ModuleInfo,
    /// Static prefixes of the references.
    pub(in crate::policy) prefixes: BTreeSet<Vec<String>>,
}

impl Reads<'_> {
    fn add(&mut self, reference: &Reference<'_>) {
        if reference.root == Root::Data {
            self.prefixes.insert(reference.static_prefix().0);
        }
    }
}

impl<'a> Visit<'a> for Reads<'_> {
    fn reference(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>) {
        self.add(&self.module.resolve(expr, scope));
    }

    fn call(&mut self, call: &'a Expr, scope: &Scope<'_, 'a>) {
        if let Expr::Call { fcn, .. } = call {
            self.add(&self.module.resolve(fcn, scope));
        }
    }
}

/// The span of a reference's first name.
fn start_of(expr: &Expr) -> &Span {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => start_of(refr),
        other => other.span(),
    }
}

struct Calls<'m, 'p> {
    module: &'m ModuleInfo,
    table: &'m Table,
    checks: Checks,
    problems: &'p mut Vec<Problem>,
}

impl Calls<'_, '_> {
    fn refuse(&mut self, call: &Expr, message: String, help: &str) {
        // The span of a call begins at its bracket.
        let span = if let Expr::Call { fcn, .. } = call { start_of(fcn) } else { call.span() };
        self.problems.push(self.module.problem(span.line, span.col, message).help(help));
    }

    fn check_operands(&mut self, call: &Expr, name: &str, given: usize, takes: usize) {
        // One more operand is the old way of binding the result.
        if given != takes && given != takes + 1 {
            self.refuse(call, format!("`{name}` takes {takes} operands but is given {given}"), "");
        }
    }

    fn check_sprintf(&mut self, call: &Expr, format: &str, count: usize) {
        let Some(takes) = builtins::verbs(format) else { return };
        if takes != count {
            let message = format!("sprintf is given {count} operands but its text takes {takes}");
            self.refuse(call, message, "give each % verb one operand");
        }
    }
}

impl<'a> Visit<'a> for Calls<'_, '_> {
    fn reference(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>) {
        // regorus would lose rules of all files but the first.
        if let Some(package) = self.table.parted_package(&self.module.resolve(expr, scope)) {
            let message = format!("`{}` stands in several files and is read as a whole", package.join("."));
            let span = start_of(expr);
            let problem = self.module.problem(span.line, span.col, message);
            self.problems.push(problem.help("name the rule that is meant, or put the package into one file"));
        }
    }

    fn call(&mut self, call: &'a Expr, scope: &Scope<'_, 'a>) {
        let Expr::Call { fcn, params, .. } = call else { return };
        let Some(written) = static_path(fcn).map(|path| path.join(".")) else {
            self.refuse(call, "the called function cannot be told".to_owned(), "call it by its name");
            return;
        };
        let reference = self.module.resolve(fcn, scope);
        if reference.root == Root::Data {
            let path = reference.static_prefix().0;
            if let Some(takes) = self.table.function(&path) {
                self.check_operands(call, &written, params.len(), takes);
                return;
            }
        }
        if written == "print" {
            return;
        }
        if let Some(takes) = builtins::arity(&written) {
            if builtins::is_v0_only(&written) && self.checks.version == RegoVersion::V1 {
                let message = format!("the builtin `{written}` is part of Rego v0 only");
                self.refuse(call, message, "use its successor, or --rego-version v0");
            }
            self.check_operands(call, &written, params.len(), usize::from(takes));
            if let ("sprintf", true, [format, values, ..]) = (written.as_str(), self.checks.sprintf, params.as_slice())
                && let (Some(format), Expr::Array { items, .. }) = (literal_str(format), values.as_ref())
            {
                self.check_sprintf(call, format, items.len());
            }
            return;
        }
        match builtins::unavailable(&written) {
            Some(why) => self.refuse(call, format!("the builtin `{written}` is not available: {why}"), ""),
            None => self.refuse(
                call,
                format!("there is no function `{written}`"),
                "is a policy file missing, or is the name misspelt?",
            ),
        }
    }
}
