//! The analysis: every reference to the input that a conftest rule can reach, with the rows it can matter for.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{AssignOp, BoolOp, Expr, ExprRef, Literal, Query, Rule, RuleHead};

use super::Selection;
use super::constants::{Bound, Constants, key};
use super::rows::{RowPattern, Rows, Texts};
use crate::policy::load::Namespace;
use crate::policy::rego::lint::{Reads, Table};
use crate::policy::rego::syntax::{
    ModuleInfo, Root, Scope, Shape, Step, Visit, literal_str, static_path, visit_expr, visit_rule,
};

const ROWS: &str = "resource_changes";
/// More patterns than this describe too much to be worth checking each row against.
const MAX_PATTERNS: usize = 512;

type Path = Vec<String>;

pub(super) fn analyse(modules: &[ModuleInfo], table: &Table, namespaces: &[Namespace]) -> Selection {
    let mut analysis = Analysis {
        constants: Constants { modules, table },
        entries: entries(modules, namespaces),
        parameters: BTreeMap::new(),
        collections: BTreeMap::new(),
        everything: false,
        sections: BTreeSet::new(),
        rows_read: false,
        patterns: Vec::new(),
    };
    let reachable = analysis.reachable();
    analysis.collect_parameters(&reachable);
    for path in &reachable {
        analysis.read_rule(path);
    }
    if analysis.everything {
        return Selection::Everything;
    }
    let rows = if analysis.patterns.iter().any(RowPattern::is_any) || analysis.patterns.len() > MAX_PATTERNS {
        Rows::All
    } else if analysis.rows_read {
        Rows::Matching(analysis.patterns)
    } else {
        Rows::None
    };
    Selection::Some { sections: analysis.sections, rows }
}

/// The rules that conftest evaluates.
fn entries(modules: &[ModuleInfo], namespaces: &[Namespace]) -> BTreeSet<Path> {
    let mut entries = BTreeSet::new();
    for module in modules {
        let Some(namespace) = namespaces.iter().find(|namespace| namespace.name == module.namespace()) else {
            continue;
        };
        for head in &module.heads {
            if head.name() == "exception" || namespace.rules.iter().any(|rule| rule.name == head.name()) {
                entries.insert(module.package.iter().chain(&head.path).cloned().collect());
            }
        }
    }
    entries
}

struct Analysis<'m> {
    constants: Constants<'m>,
    entries: BTreeSet<Path>,
    /// What each parameter of each function can be, over all calls.
    parameters: BTreeMap<(Path, usize), Option<Texts>>,
    /// Rules that are collections of rows: `None` for one that is none, or is being looked at.
    collections: BTreeMap<Path, Option<Vec<RowPattern>>>,
    everything: bool,
    sections: BTreeSet<String>,
    rows_read: bool,
    patterns: Vec<RowPattern>,
}

impl<'m> Analysis<'m> {
    fn definitions(&self, path: &[String]) -> Vec<(&'m ModuleInfo, &'m Rule, Shape)> {
        let constants = self.constants;
        let places = constants.table.definitions(path).iter();
        places
            .filter_map(|(module_at, head_at)| {
                let module = constants.modules.get(*module_at)?;
                let head = module.heads.get(*head_at)?;
                Some((module, head.rule.as_ref(), head.shape))
            })
            .collect()
    }

    /// Every rule that an entry reads, directly or not.
    fn reachable(&mut self) -> BTreeSet<Path> {
        let mut reachable = BTreeSet::new();
        let mut open: Vec<Path> = self.entries.iter().cloned().collect();
        while let Some(path) = open.pop() {
            if !reachable.insert(path.clone()) {
                continue;
            }
            for (module, rule, _) in self.definitions(&path) {
                let mut reads = Reads { module, prefixes: BTreeSet::new() };
                visit_rule(rule, &mut reads);
                for prefix in &reads.prefixes {
                    open.extend(self.constants.table.read_by(prefix).into_iter().cloned());
                }
                // `with` gives rules another input, or replaces functions; too clever to follow.
                self.everything |= has_with(rule);
            }
        }
        reachable
    }

    fn collect_parameters(&mut self, reachable: &BTreeSet<Path>) {
        for path in reachable {
            for (module, rule, _) in self.definitions(path) {
                let mut calls = Arguments { module, constants: self.constants, found: &mut self.parameters };
                visit_rule(rule, &mut calls);
            }
        }
    }

    fn read_rule(&mut self, path: &Path) {
        let collection = self.collection(path).is_some();
        for (module, rule, _) in self.definitions(path) {
            let deferred = if collection { collected(rule) } else { None };
            let parameters = self.bound_parameters(path, rule);
            let mut reader = Reader {
                module,
                parameters,
                handled: BTreeSet::new(),
                indices: index_variables(module, rule),
                deferred,
                analysis: self,
            };
            // `rows := input.resource_changes`: the uses of the rule account for it.
            if collection && let Some(Collected::Whole(expr)) = collected(rule) {
                reader.handled.insert(address(expr));
            }
            visit_rule(rule, &mut reader);
        }
    }

    fn bound_parameters(&self, path: &Path, rule: &'m Rule) -> Bound<'m> {
        let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule else { return Bound::new() };
        let names = args.iter().enumerate().filter_map(|(at, argument)| match argument.as_ref() {
            Expr::Var { span, .. } => Some((span.text(), self.parameters.get(&(path.clone(), at)).cloned().flatten())),
            _ => None,
        });
        names.collect()
    }

    fn need(&mut self, patterns: Vec<RowPattern>) {
        self.rows_read = true;
        for pattern in patterns {
            if !self.patterns.contains(&pattern) {
                self.patterns.push(pattern);
            }
        }
    }

    /// The rows that a rule collects, when each of its members is a whole row.
    fn collection(&mut self, path: &Path) -> Option<Vec<RowPattern>> {
        if let Some(known) = self.collections.get(path) {
            return known.clone();
        }
        self.collections.insert(path.clone(), None);
        let found = if self.entries.contains(path) { None } else { self.read_collection(path) };
        self.collections.insert(path.clone(), found.clone());
        found
    }

    fn read_collection(&mut self, path: &Path) -> Option<Vec<RowPattern>> {
        let definitions = self.definitions(path);
        let set = definitions.iter().all(|(_, _, shape)| *shape == Shape::Set);
        let alone = self.constants.table.read_by(path).len() == 1;
        // Two values of one rule may conflict, and which rows there are decides about that.
        if definitions.is_empty() || !alone || (!set && definitions.len() > 1) {
            return None;
        }
        let mut patterns = Vec::new();
        for (module, rule, _) in definitions {
            let head_scope = Scope::of_rule(rule);
            let bodies = match rule {
                Rule::Spec { bodies, .. } if bodies.len() <= 1 => bodies,
                _ => return None,
            };
            let body = bodies.first().map(|body| body.query.as_ref());
            let empty = head_scope.with_names([]);
            let scope = body.map_or(empty, |body| head_scope.enter(body));
            let bound = self.bound_parameters(path, rule);
            match collected(rule)? {
                Collected::Whole(expr) => patterns.append(&mut self.source(module, expr, &scope)?),
                Collected::Member { variable, query } => {
                    let inner = if body.is_some_and(|body| std::ptr::eq(body, query)) {
                        head_scope.enter(query)
                    } else {
                        scope.enter(query)
                    };
                    let rows = RowVariables::find(self, module, query, &inner, &BTreeSet::new());
                    let base = rows.variables.get(variable)?.clone();
                    patterns.append(&mut self.guarded(module, query, &inner, &bound, variable, base));
                }
            }
        }
        Some(patterns)
    }

    /// The rows that an expression collects: `input.resource_changes`, a rule or a function that collects rows.
    fn source(&mut self, module: &ModuleInfo, expr: &Expr, scope: &Scope<'_, '_>) -> Option<Vec<RowPattern>> {
        let named = if let Expr::Call { fcn, .. } = expr { fcn.as_ref() } else { expr };
        let reference = module.resolve(named, scope);
        match reference.root {
            Root::Input if !matches!(expr, Expr::Call { .. }) => {
                reference.after(&[ROWS]).is_some_and(|rest| rest.is_empty()).then(|| vec![RowPattern::default()])
            }
            Root::Data => {
                let (path, whole) = reference.static_prefix();
                if whole { self.collection(&path) } else { None }
            }
            _ => None,
        }
    }

    /// The patterns of the rows for which a query can have solutions, given those it takes them from.
    fn guarded(
        &mut self,
        module: &'m ModuleInfo,
        query: &Query,
        scope: &Scope<'_, '_>,
        parameters: &Bound<'_>,
        variable: &str,
        base: Vec<RowPattern>,
    ) -> Vec<RowPattern> {
        let mut guards = Guards::new(module, query, scope, parameters, self.constants);
        guards.row(variable);
        let mut patterns = base;
        for statement in &query.stmts {
            let Literal::Expr { expr, .. } = &statement.literal else { continue };
            if !statement.with_mods.is_empty() {
                continue;
            }
            let alternatives = match guards.statement(expr) {
                Some(pattern) => vec![pattern],
                None => match self.called_guard(module, expr, scope, &guards) {
                    Some(alternatives) => alternatives,
                    None => continue,
                },
            };
            if patterns.len() * alternatives.len() > MAX_PATTERNS {
                continue;
            }
            patterns = patterns.iter().flat_map(|one| alternatives.iter().map(|other| one.and(other))).collect();
        }
        patterns
    }

    /// `is_role(rc)`, `is_role(rc.type)`: what the function's definitions demand of the row.
    fn called_guard(
        &mut self,
        module: &ModuleInfo,
        expr: &Expr,
        scope: &Scope<'_, '_>,
        guards: &Guards<'_, '_, '_, '_>,
    ) -> Option<Vec<RowPattern>> {
        let Expr::Call { fcn, params, .. } = expr else { return None };
        let reference = module.resolve(fcn, scope);
        let (path, whole) = reference.static_prefix();
        let takes = self.constants.table.function(&path)?;
        if reference.root != Root::Data || !whole || takes != params.len() {
            return None;
        }
        let (at, row_path) = params.iter().enumerate().find_map(|(at, param)| Some((at, guards.path(param)?)))?;
        let mut alternatives = Vec::new();
        for (module, rule, _) in self.definitions(&path) {
            let Rule::Spec { head: RuleHead::Func { args, .. }, bodies, .. } = rule else { return None };
            let Expr::Var { span, .. } = args.get(at)?.as_ref() else { return None };
            let head_scope = Scope::of_rule(rule);
            let parameters = self.bound_parameters(&path, rule);
            if bodies.is_empty() {
                return None;
            }
            for body in bodies {
                let inner = head_scope.enter(&body.query);
                let mut guards = Guards::new(module, &body.query, &inner, &parameters, self.constants);
                guards.alias(span.text(), row_path.clone());
                let mut pattern = RowPattern::default();
                for statement in &body.query.stmts {
                    if let (Literal::Expr { expr, .. }, true) = (&statement.literal, statement.with_mods.is_empty())
                        && let Some(guard) = guards.statement(expr)
                    {
                        pattern = pattern.and(&guard);
                    }
                }
                alternatives.push(pattern);
            }
        }
        Some(alternatives)
    }
}

/// What a rule collects.
enum Collected<'a> {
    /// An expression that is itself a collection of rows.
    Whole(&'a Expr),
    /// A variable of a query.
    Member { variable: &'a str, query: &'a Query },
}

/// `rows := input.resource_changes`, `rows := [r | ..]`, `rows contains r if ..`, and functions of these forms.
fn collected(rule: &Rule) -> Option<Collected<'_>> {
    let Rule::Spec { head, bodies, .. } = rule else { return None };
    let variable = |expr: &'_ ExprRef| -> Option<()> { matches!(expr.as_ref(), Expr::Var { .. }).then_some(()) };
    match head {
        RuleHead::Set { key: Some(key), refr, .. } if matches!(refr.as_ref(), Expr::Var { .. }) => {
            variable(key)?;
            Some(Collected::Member { variable: key.span().text(), query: bodies.first()?.query.as_ref() })
        }
        RuleHead::Compr { assign: Some(assign), refr, .. } | RuleHead::Func { assign: Some(assign), refr, .. } => {
            if !matches!(refr.as_ref(), Expr::Var { .. }) {
                return None;
            }
            match assign.value.as_ref() {
                Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                    variable(term)?;
                    Some(Collected::Member { variable: term.span().text(), query })
                }
                other @ (Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } | Expr::Call { .. }) => {
                    Some(Collected::Whole(other))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn address(expr: &Expr) -> usize {
    std::ptr::from_ref(expr) as usize
}

/// The variables of a query that stand for one row each.
struct RowVariables<'a> {
    /// With the rows they are taken from.
    variables: BTreeMap<&'a str, Vec<RowPattern>>,
    /// Expressions that the binding accounts for.
    handled: BTreeSet<usize>,
}

impl<'a> RowVariables<'a> {
    /// `unused` names variables that stand nowhere else in the rule, so that an index bound to one is not looked at.
    fn find(
        analysis: &mut Analysis<'_>,
        module: &ModuleInfo,
        query: &'a Query,
        scope: &Scope<'_, '_>,
        unused: &BTreeSet<&str>,
    ) -> Self {
        let mut found = Self { variables: BTreeMap::new(), handled: BTreeSet::new() };
        let blind = |expr: &Expr| match expr {
            Expr::Var { span, .. } => span.text() == "_" || unused.contains(span.text()),
            _ => false,
        };
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeIn { key, value, collection, .. } => {
                    let Expr::Var { span, .. } = value.as_ref() else { continue };
                    if key.as_ref().is_none_or(|key| blind(key))
                        && let Some(patterns) = analysis.source(module, collection, scope)
                    {
                        found.variables.insert(span.text(), patterns);
                        found.handle(collection);
                    }
                }
                Literal::Expr { expr, .. } => {
                    let Expr::AssignExpr { lhs, rhs, .. } = expr.as_ref() else { continue };
                    let (Expr::Var { span, .. }, Expr::RefBrack { refr, index, .. }) = (lhs.as_ref(), rhs.as_ref())
                    else {
                        continue;
                    };
                    let local = module.resolve(lhs, scope).root == Root::Local;
                    if local
                        && blind(index)
                        && let Some(patterns) = analysis.source(module, refr, scope)
                    {
                        found.variables.insert(span.text(), patterns);
                        found.handle(refr);
                        found.handled.insert(address(rhs));
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn handle(&mut self, source: &Expr) {
        self.handled.insert(address(source));
        if let Expr::Call { fcn, .. } = source {
            self.handled.insert(address(fcn));
        }
    }
}

/// Reads one definition of a rule.
struct Reader<'r, 'm> {
    module: &'m ModuleInfo,
    parameters: Bound<'m>,
    handled: BTreeSet<usize>,
    indices: Indices<'m>,
    deferred: Option<Collected<'m>>,
    analysis: &'r mut Analysis<'m>,
}

impl<'m> Visit<'m> for Reader<'_, 'm> {
    fn query(&mut self, query: &'m Query, scope: &Scope<'_, 'm>) {
        let unused = self.indices.unused.clone();
        let rows = RowVariables::find(self.analysis, self.module, query, scope, &unused);
        self.handled.extend(&rows.handled);
        for (variable, base) in rows.variables {
            // The uses of a collection account for its members.
            if let Some(Collected::Member { variable: collected, query: of }) = &self.deferred
                && *collected == variable
                && std::ptr::eq(*of, query)
            {
                continue;
            }
            let patterns = self.analysis.guarded(self.module, query, scope, &self.parameters, variable, base);
            self.analysis.need(patterns);
        }
        self.indexed_rows(query, scope);
        self.anonymous_rows(query, scope);
    }

    fn reference(&mut self, expr: &'m Expr, scope: &Scope<'_, 'm>) {
        if self.handled.contains(&address(expr)) {
            return;
        }
        let reference = self.module.resolve(expr, scope);
        match reference.root {
            Root::Local => {}
            Root::Input => {
                let steps = reference.after(&[]).unwrap_or_default();
                match steps.first().map(key) {
                    Some(Some(ROWS)) => {
                        let indexed = match steps.get(1) {
                            Some(Step::Index(index)) => self.indices.rows.contains(index.span().text()),
                            _ => false,
                        };
                        if !indexed {
                            self.analysis.need(vec![RowPattern::default()]);
                        }
                    }
                    Some(Some(section)) => {
                        self.analysis.sections.insert(section.to_owned());
                    }
                    Some(None) | None => self.analysis.everything = true,
                }
            }
            Root::Data => {
                let (prefix, _) = reference.static_prefix();
                self.read_data(&prefix);
            }
        }
    }

    fn call(&mut self, call: &'m Expr, scope: &Scope<'_, 'm>) {
        if self.handled.contains(&address(call)) {
            return;
        }
        if let Expr::Call { fcn, .. } = call {
            let reference = self.module.resolve(fcn, scope);
            if reference.root == Root::Data {
                self.read_data(&reference.static_prefix().0);
            }
        }
    }
}

impl<'m> Reader<'_, 'm> {
    /// A use of a collection as a whole: all its rows matter.
    fn read_data(&mut self, prefix: &[String]) {
        let constants = self.analysis.constants;
        for path in constants.table.read_by(prefix) {
            if let Some(patterns) = self.analysis.collection(path) {
                self.analysis.need(patterns);
            }
        }
    }

    /// `input.resource_changes[i].type == "x"` with an `i` that is used for nothing else in the rule.
    fn indexed_rows(&mut self, query: &'m Query, scope: &Scope<'_, 'm>) {
        let mut here: BTreeMap<&'m str, usize> = BTreeMap::new();
        for statement in &query.stmts {
            let (Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } | Literal::SomeIn { collection: expr, .. }) =
                &statement.literal
            else {
                continue;
            };
            let mut found = IndexedRows { module: self.module, found: &mut here, nested: false };
            visit_expr(expr, scope, &mut found);
        }
        for (name, uses) in here {
            // A use in a query inside this one, or in the head, is not looked into.
            if !self.indices.only_rows(name) || self.indices.uses.get(name) != Some(&uses) {
                continue;
            }
            self.indices.rows.insert(name);
            let patterns =
                self.analysis.guarded(self.module, query, scope, &self.parameters, name, vec![RowPattern::default()]);
            self.analysis.need(patterns);
        }
    }

    /// `input.resource_changes[_].type == "x"`: a row of its own for each statement.
    fn anonymous_rows(&mut self, query: &'m Query, scope: &Scope<'_, 'm>) {
        for statement in &query.stmts {
            let Literal::Expr { expr, .. } = &statement.literal else { continue };
            let Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } = expr.as_ref() else { continue };
            for side in [lhs, rhs] {
                let reference = self.module.resolve(side, scope);
                let Some(rest) = reference.after(&[ROWS]).filter(|_| reference.root == Root::Input) else { continue };
                let Some(Step::Index(index)) = rest.first() else { continue };
                if index.span().text() != "_" || self.handled.contains(&address(side)) {
                    continue;
                }
                let mut guards = Guards::new(self.module, query, scope, &self.parameters, self.analysis.constants);
                guards.anonymous = Some(address(side));
                if let Some(pattern) = guards.statement(expr) {
                    self.handled.insert(address(side));
                    self.analysis.need(vec![pattern]);
                }
            }
        }
    }
}

/// Reads what statements demand of one row.
struct Guards<'g, 's, 'p, 'm> {
    module: &'g ModuleInfo,
    scope: &'g Scope<'s, 'p>,
    constants: Constants<'m>,
    bound: BTreeMap<String, Option<Texts>>,
    /// Variables that are the row or a part of it, with the path to it.
    parts: BTreeMap<String, Vec<Part>>,
    /// The variable that indexes `input.resource_changes`.
    index: Option<String>,
    /// The one expression that is a row of its own.
    anonymous: Option<usize>,
    query: &'g Query,
}

/// A step into a row.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Key(String),
    Any,
}

impl<'g, 's, 'p, 'm> Guards<'g, 's, 'p, 'm> {
    fn new(
        module: &'g ModuleInfo,
        query: &'g Query,
        scope: &'g Scope<'s, 'p>,
        parameters: &Bound<'_>,
        constants: Constants<'m>,
    ) -> Self {
        let mut bound: BTreeMap<String, Option<Texts>> =
            parameters.iter().map(|(name, texts)| ((*name).to_owned(), texts.clone())).collect();
        bound.retain(|name, _| scope.is_parameter(name));
        // Variables of the query that run over constants.
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeIn { key: None, value, collection, .. } => {
                    if let Expr::Var { span, .. } = value.as_ref() {
                        bound.insert(span.text().to_owned(), constants.element(module, collection, scope, false));
                    }
                }
                Literal::Expr { expr, .. } => {
                    if let Expr::AssignExpr { lhs, rhs, op: AssignOp::ColEq, .. } = expr.as_ref()
                        && let Expr::Var { span, .. } = lhs.as_ref()
                    {
                        let texts = constants
                            .iterated(module, rhs, scope)
                            .or_else(|| constants.scalar(module, rhs, scope, &Bound::new()));
                        bound.insert(span.text().to_owned(), texts);
                    }
                }
                _ => {}
            }
        }
        Self { module, scope, constants, bound, parts: BTreeMap::new(), index: None, anonymous: None, query }
    }

    /// Names the row: a variable, or the variable that indexes the rows.
    fn row(&mut self, variable: &str) {
        self.index = Some(variable.to_owned());
        self.alias(variable, Vec::new());
    }

    /// Names a part of the row, and the variables of the query that are parts of it.
    fn alias(&mut self, variable: &str, path: Vec<Part>) {
        self.parts.insert(variable.to_owned(), path);
        for _ in 0..4 {
            for statement in &self.query.stmts {
                let (name, part) = match &statement.literal {
                    Literal::SomeIn { key: None, value, collection, .. } => {
                        let Expr::Var { span, .. } = value.as_ref() else { continue };
                        let Some(mut path) = self.path(collection) else { continue };
                        path.push(Part::Any);
                        (span.text(), path)
                    }
                    Literal::Expr { expr, .. } => {
                        let Expr::AssignExpr { lhs, rhs, op: AssignOp::ColEq, .. } = expr.as_ref() else { continue };
                        let Expr::Var { span, .. } = lhs.as_ref() else { continue };
                        let Some(path) = self.path(rhs) else { continue };
                        (span.text(), path)
                    }
                    _ => continue,
                };
                self.parts.entry(name.to_owned()).or_insert(part);
            }
        }
    }

    /// The path from the row to what an expression stands for.
    fn path(&self, expr: &Expr) -> Option<Vec<Part>> {
        let reference = self.module.resolve(expr, self.scope);
        let (mut path, rest) = match reference.root {
            Root::Local => {
                let base = self.parts.get(reference.variable?)?.clone();
                (base, reference.steps.clone())
            }
            Root::Input => {
                let rest = reference.after(&[ROWS])?;
                let (Step::Index(index), rest) = rest.split_first().map(|(first, rest)| (*first, rest.to_vec()))?
                else {
                    return None;
                };
                let Expr::Var { span, .. } = index.as_ref() else { return None };
                let indexed = self.index.as_deref() == Some(span.text()) && span.text() != "_";
                let anonymous = self.anonymous == Some(address(expr));
                if !indexed && !anonymous {
                    return None;
                }
                return Some(steps(&rest));
            }
            Root::Data => return None,
        };
        path.append(&mut steps(&rest));
        Some(path)
    }

    /// What a statement demands of the row; `None` when that is nothing, or not understood.
    fn statement(&self, expr: &ExprRef) -> Option<RowPattern> {
        match expr.as_ref() {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { lhs, rhs, .. } => {
                self.equal(lhs, rhs).or_else(|| self.equal(rhs, lhs))
            }
            Expr::Membership { key: None, value, collection, .. } => {
                let elements = || self.constants.element(self.module, collection, self.scope, false);
                match self.path(value) {
                    Some(path) => pattern(&path, elements()?),
                    None => {
                        let mut path = self.path(collection)?;
                        path.push(Part::Any);
                        pattern(&path, self.scalar(value)?)
                    }
                }
            }
            // `types[rc.type]`
            Expr::RefBrack { refr, index, .. } => {
                let path = self.path(index)?;
                pattern(&path, self.constants.element(self.module, refr, self.scope, true)?)
            }
            Expr::Call { fcn, params, .. } => {
                let [text, prefix] = params.as_slice() else { return None };
                let is_prefix = static_path(fcn).is_some_and(|path| path == ["startswith"]);
                if !is_prefix || self.module.resolve(fcn, self.scope).root == Root::Data {
                    return None;
                }
                pattern(&self.path(text)?, Texts::prefix(literal_str(prefix)?))
            }
            _ => None,
        }
    }

    fn equal(&self, part: &ExprRef, other: &ExprRef) -> Option<RowPattern> {
        let path = self.path(part)?;
        if path == [Part::Key("change".to_owned()), Part::Key("actions".to_owned())] {
            // A whole list: one of its literal words must be there.
            let Expr::Array { items, .. } = other.as_ref() else { return None };
            let actions = Texts::one(literal_str(items.first()?)?);
            return Some(RowPattern { actions: Some(actions), ..RowPattern::default() });
        }
        pattern(&path, self.scalar(other)?)
    }

    fn scalar(&self, expr: &Expr) -> Option<Texts> {
        if let Some(texts) = self.constants.iterated(self.module, expr, self.scope) {
            return Some(texts);
        }
        let bound: Bound<'_> = self.bound.iter().map(|(name, texts)| (name.as_str(), texts.clone())).collect();
        self.constants.scalar(self.module, expr, self.scope, &bound)
    }
}

fn steps(steps: &[Step<'_>]) -> Vec<Part> {
    steps.iter().map(|step| key(step).map_or(Part::Any, |key| Part::Key(key.to_owned()))).collect()
}

/// The pattern of rows in which the text at a path is one of these.
fn pattern(path: &[Part], texts: Texts) -> Option<RowPattern> {
    let keys: Vec<&str> = path.iter().map(|part| if let Part::Key(key) = part { key.as_str() } else { "*" }).collect();
    let any = RowPattern::default();
    match keys.as_slice() {
        ["type"] => Some(RowPattern { types: Some(texts), ..any }),
        ["mode"] => Some(RowPattern { modes: Some(texts), ..any }),
        ["change", "actions", "*"] => Some(RowPattern { actions: Some(texts), ..any }),
        _ => None,
    }
}

/// How often each variable of a rule is used, and how often as the index of a row.
#[derive(Default)]
struct Indices<'m> {
    uses: BTreeMap<&'m str, usize>,
    row_uses: BTreeMap<&'m str, usize>,
    unused: BTreeSet<&'m str>,
    /// Variables found to be the index of rows and nothing else.
    rows: BTreeSet<&'m str>,
}

impl Indices<'_> {
    fn only_rows(&self, name: &str) -> bool {
        let uses = self.uses.get(name).copied().unwrap_or(0);
        name != "_" && uses > 0 && self.row_uses.get(name).copied().unwrap_or(0) == uses
    }
}

fn index_variables<'m>(module: &'m ModuleInfo, rule: &'m Rule) -> Indices<'m> {
    struct Count<'c, 'm> {
        module: &'m ModuleInfo,
        indices: &'c mut Indices<'m>,
        keys: BTreeSet<&'m str>,
    }
    impl<'m> Visit<'m> for Count<'_, 'm> {
        fn query(&mut self, query: &'m Query, _: &Scope<'_, 'm>) {
            for statement in &query.stmts {
                if let Literal::SomeIn { key: Some(key), .. } = &statement.literal
                    && let Expr::Var { span, .. } = key.as_ref()
                {
                    self.keys.insert(span.text());
                }
            }
        }
        fn reference(&mut self, expr: &'m Expr, scope: &Scope<'_, 'm>) {
            if let Expr::Var { span, .. } = expr {
                *self.indices.uses.entry(span.text()).or_default() += 1;
            }
            let reference = self.module.resolve(expr, scope);
            if let Some(name) = reference.variable
                && !reference.steps.is_empty()
            {
                *self.indices.uses.entry(name).or_default() += 1;
            }
            if let Some(name) = row_index(self.module, expr, scope) {
                *self.indices.row_uses.entry(name).or_default() += 1;
            }
        }
    }
    let mut indices = Indices::default();
    let mut count = Count { module, indices: &mut indices, keys: BTreeSet::new() };
    visit_rule(rule, &mut count);
    let keys = count.keys;
    indices.unused = keys.into_iter().filter(|name| !indices.uses.contains_key(name)).collect();
    indices
}

/// The variable `i` of `input.resource_changes[i]...`.
fn row_index<'m>(module: &ModuleInfo, expr: &'m Expr, scope: &Scope<'_, 'm>) -> Option<&'m str> {
    let reference = module.resolve(expr, scope);
    if reference.root != Root::Input {
        return None;
    }
    let rest = reference.after(&[ROWS])?;
    let Some(Step::Index(_)) = rest.first() else { return None };
    // The step's own lifetime ends with the reference; find the expression again in the syntax tree.
    let mut at = expr;
    let mut depth = rest.len();
    loop {
        match at {
            Expr::RefBrack { refr, index, .. } => {
                if depth == 1 {
                    let Expr::Var { span, .. } = index.as_ref() else { return None };
                    return Some(span.text());
                }
                at = refr;
            }
            Expr::RefDot { refr, .. } => at = refr,
            _ => return None,
        }
        depth = depth.checked_sub(1)?;
    }
}

/// Counts the row indices that a query itself uses. Of a statement that holds another query, only what stands
/// before that query is counted: rather too little is proved.
struct IndexedRows<'f, 'm> {
    module: &'f ModuleInfo,
    found: &'f mut BTreeMap<&'m str, usize>,
    nested: bool,
}

impl<'m> Visit<'m> for IndexedRows<'_, 'm> {
    fn query(&mut self, _: &'m Query, _: &Scope<'_, 'm>) {
        self.nested = true;
    }

    fn reference(&mut self, expr: &'m Expr, scope: &Scope<'_, 'm>) {
        if !self.nested
            && let Some(name) = row_index(self.module, expr, scope)
        {
            *self.found.entry(name).or_default() += 1;
        }
    }
}

/// Collects the strings that functions are called with.
struct Arguments<'c, 'm> {
    module: &'m ModuleInfo,
    constants: Constants<'m>,
    found: &'c mut BTreeMap<(Path, usize), Option<Texts>>,
}

impl<'m> Visit<'m> for Arguments<'_, 'm> {
    fn reference(&mut self, _: &'m Expr, _: &Scope<'_, 'm>) {}

    fn call(&mut self, call: &'m Expr, scope: &Scope<'_, 'm>) {
        let Expr::Call { fcn, params, .. } = call else { return };
        let reference = self.module.resolve(fcn, scope);
        if reference.root != Root::Data {
            return;
        }
        let path = reference.static_prefix().0;
        for (at, param) in params.iter().enumerate() {
            let texts = self.constants.scalar(self.module, param, scope, &Bound::new());
            let known = self.found.entry((path.clone(), at)).or_insert_with(|| Some(Texts::default()));
            *known = match (known.take(), texts) {
                (Some(mut known), Some(texts)) => {
                    known.extend(texts);
                    Some(known)
                }
                _ => None,
            };
        }
    }
}

/// Whether a rule uses `with` anywhere.
fn has_with(rule: &Rule) -> bool {
    struct With(bool);
    impl<'a> Visit<'a> for With {
        fn reference(&mut self, _: &'a Expr, _: &Scope<'_, 'a>) {}
        fn query(&mut self, query: &'a Query, _: &Scope<'_, 'a>) {
            self.0 |= query.stmts.iter().any(|statement| !statement.with_mods.is_empty());
        }
    }
    let mut with = With(false);
    visit_rule(rule, &mut with);
    with.0
}
