//! Modules as the analyses need them: rule heads with their shape, and references resolved to `input`, `data` or
//! a local variable, with Rego's scoping.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{AssignOp, Expr, ExprRef, Literal, Module, Query, Ref, Rule, RuleHead, Span};

use crate::policy::error::Problem;

/// A module with its package, imports and rule heads.
pub(in crate::policy) struct ModuleInfo {
    /// The parsed module.
    pub(in crate::policy) module: Ref<Module>,
    /// The path of its file.
    pub(in crate::policy) file: String,
    /// The package path without `data`.
    pub(in crate::policy) package: Vec<String>,
    /// The line of the package clause.
    pub(in crate::policy) line: u32,
    /// Alias to the path it stands for, with its root.
    imports: BTreeMap<String, (Root, Vec<String>)>,
    /// Its rules, in file order.
    pub(in crate::policy) heads: Vec<Head>,
    /// The first names of the rules that other files of its package define.
    beside: BTreeSet<String>,
}

/// The path of a module's package without `data`.
pub(in crate::policy) fn package_of(module: &Module) -> Vec<String> {
    static_path(&module.package.refr).unwrap_or_default()
}

/// One rule's head.
pub(in crate::policy) struct Head {
    /// The static path below the package: `deny`, or `a.b` for `a.b contains x`.
    pub(in crate::policy) path: Vec<String>,
    /// What the rule defines.
    pub(in crate::policy) shape: Shape,
    /// Where.
    pub(in crate::policy) line: u32,
    /// Where.
    pub(in crate::policy) column: u32,
    /// The rule.
    pub(in crate::policy) rule: Ref<Rule>,
}

/// What a rule defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Shape {
    /// `p contains x if { .. }`
    Set,
    /// `p := value if { .. }`
    Value,
    /// `p if { .. }`
    Boolean,
    /// `p[key] := value if { .. }`, or `p[key] if { .. }` in Rego v1.
    Object,
    /// `p(args) := value if { .. }`
    Function(usize),
    /// `default p := value`
    Default,
}

/// What a reference starts at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::policy) enum Root {
    /// The input document.
    Input,
    /// The data document, which holds the rules.
    Data,
    /// A variable, or a value that is not a reference.
    Local,
}

/// One step of a reference.
#[derive(Clone, Copy)]
pub(in crate::policy) enum Step<'a> {
    /// A literal key.
    Key(&'a str),
    /// Anything else in brackets.
    Index(&'a ExprRef),
}

/// A reference, resolved.
pub(in crate::policy) struct Reference<'a> {
    /// What it starts at.
    pub(in crate::policy) root: Root,
    /// The variable, when the root is local and is a variable.
    pub(in crate::policy) variable: Option<&'a str>,
    /// The steps that the import or the rule's package stand for.
    prefix: Vec<String>,
    /// The steps that are written.
    pub(in crate::policy) steps: Vec<Step<'a>>,
}

/// Names declared in a query and those around it.
pub(in crate::policy) struct Scope<'p, 'a> {
    parent: Option<&'p Scope<'p, 'a>>,
    names: BTreeSet<&'a str>,
}

impl ModuleInfo {
    /// Reads parsed modules. All files of a package must be among them: each sees the rules of the others.
    pub(in crate::policy) fn all(modules: &[Ref<Module>]) -> Vec<Self> {
        let mut all: Vec<Self> = modules.iter().map(Self::new).collect();
        let mut names: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
        for module in &all {
            let of_package = names.entry(module.package.clone()).or_default();
            of_package.extend(module.heads.iter().map(|head| head.name().to_owned()));
        }
        for module in &mut all {
            let own: BTreeSet<&str> = module.heads.iter().map(Head::name).collect();
            let beside = names.get(&module.package).into_iter().flatten().filter(|name| !own.contains(name.as_str()));
            module.beside = beside.cloned().collect();
        }
        all
    }

    fn new(module: &Ref<Module>) -> Self {
        let package = package_of(module);
        let mut imports = BTreeMap::new();
        for import in &module.imports {
            let Some(path) = static_path(&import.refr) else { continue };
            let root = match path.first().map(String::as_str) {
                Some("input") => Root::Input,
                Some("data") => Root::Data,
                _ => continue,
            };
            let alias = import.r#as.as_ref().map(|span| span.text().to_owned()).or_else(|| path.last().cloned());
            if let Some(alias) = alias {
                imports.insert(alias, (root, path.into_iter().skip(1).collect()));
            }
        }
        let heads = module.policy.iter().filter_map(Head::new).collect();
        Self {
            file: module.package.span.source.file().clone(),
            line: module.package.span.line,
            module: module.clone(),
            package,
            imports,
            heads,
            beside: BTreeSet::new(),
        }
    }

    /// The package path with dots.
    pub(in crate::policy) fn namespace(&self) -> String {
        self.package.join(".")
    }

    /// Whether a name means a rule of the package, an import, or a document, unless it is declared.
    pub(in crate::policy) fn names_rule_or_import(&self, name: &str) -> bool {
        matches!(name, "input" | "data") || self.imports.contains_key(name) || self.names_rule(name)
    }

    /// Whether a name begins a rule of the package, in whichever file.
    fn names_rule(&self, name: &str) -> bool {
        self.beside.contains(name) || self.heads.iter().any(|head| head.name() == name)
    }

    /// The path from `data` on that a name stands for by an import. `None` for other names, and where a part of the path
    /// is no plain word.
    pub(in crate::policy) fn imported_from(&self, name: &str, scope: &Scope<'_, '_>) -> Option<&[String]> {
        let (Root::Data, path) = self.imports.get(name)? else { return None };
        let plain = |part: &String| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (!path.is_empty() && !scope.declares(name) && path.iter().all(plain)).then_some(path)
    }

    /// A problem at a place of this module.
    pub(in crate::policy) fn problem(&self, line: u32, column: u32, message: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: line as usize,
            column: column as usize,
            message: message.into(),
            help: String::new(),
        }
    }

    /// Resolves an expression that may be a reference.
    pub(in crate::policy) fn resolve<'a>(&self, expr: &'a Expr, scope: &Scope<'_, '_>) -> Reference<'a> {
        let mut steps = Vec::new();
        let mut at = expr;
        loop {
            match at {
                Expr::RefDot { refr, field, .. } => {
                    steps.push(Step::Key(text_of(&field.1).unwrap_or_else(|| field.0.text())));
                    at = refr;
                }
                Expr::RefBrack { refr, index, .. } => {
                    steps.push(match literal_str(index) {
                        Some(text) => Step::Key(text),
                        None => Step::Index(index),
                    });
                    at = refr;
                }
                _ => break,
            }
        }
        steps.reverse();
        let Expr::Var { span, .. } = at else {
            return Reference { root: Root::Local, variable: None, prefix: Vec::new(), steps };
        };
        let name = span.text();
        let (root, prefix) = self.resolve_name(name, scope);
        Reference { root, variable: (root == Root::Local).then_some(name), prefix, steps }
    }

    fn resolve_name(&self, name: &str, scope: &Scope<'_, '_>) -> (Root, Vec<String>) {
        if scope.declares(name) {
            return (Root::Local, Vec::new());
        }
        match name {
            "input" => return (Root::Input, Vec::new()),
            "data" => return (Root::Data, Vec::new()),
            _ => {}
        }
        if let Some((root, path)) = self.imports.get(name) {
            return (*root, path.clone());
        }
        if self.names_rule(name) {
            let mut path = self.package.clone();
            path.push(name.to_owned());
            return (Root::Data, path);
        }
        (Root::Local, Vec::new())
    }
}

impl Head {
    fn new(rule: &Ref<Rule>) -> Option<Self> {
        let (refr, shape) = match rule.as_ref() {
            Rule::Default { refr, .. } => (refr, Shape::Default),
            Rule::Spec { head, .. } => match head {
                RuleHead::Set { refr, .. } => (refr, Shape::Set),
                RuleHead::Func { refr, args, .. } => (refr, Shape::Function(args.len())),
                RuleHead::Compr { refr, assign, .. } => match (refr.as_ref(), assign) {
                    (Expr::RefBrack { .. }, _) => (refr, Shape::Object),
                    (_, Some(_)) => (refr, Shape::Value),
                    (_, None) => (refr, Shape::Boolean),
                },
            },
        };
        let span = rule.span();
        let path = leading_path(refr);
        (!path.is_empty()).then(|| Self { path, shape, line: span.line, column: span.col, rule: rule.clone() })
    }

    /// Where a key of the object literal that the rule is assigned stands.
    pub(in crate::policy) fn key_place(&self, key: &str) -> Option<(u32, u32)> {
        let Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, .. } = self.rule.as_ref() else {
            return None;
        };
        let Expr::Object { fields, .. } = assign.value.as_ref() else { return None };
        let (_, found, _) = fields.iter().find(|(_, name, _)| literal_str(name) == Some(key))?;
        // The span of a string begins behind its quote.
        let quote = u32::from(matches!(found.as_ref(), Expr::String { .. } | Expr::RawString { .. }));
        Some((found.span().line, found.span().col.saturating_sub(quote)))
    }

    /// The first name, such as `deny`.
    pub(in crate::policy) fn name(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

impl Reference<'_> {
    /// The leading keys up to the first step that is not a literal, and whether that is the whole reference.
    pub(in crate::policy) fn static_prefix(&self) -> (Vec<String>, bool) {
        let mut path = self.prefix.clone();
        for step in &self.steps {
            match step {
                Step::Key(key) => path.push((*key).to_owned()),
                Step::Index(_) => return (path, false),
            }
        }
        (path, true)
    }

    /// The steps after the first keys, when the reference begins with these keys.
    pub(in crate::policy) fn after(&self, keys: &[&str]) -> Option<Vec<Step<'_>>> {
        let prefix = self.prefix.iter().map(|key| Step::Key(key));
        let all: Vec<Step<'_>> = prefix.chain(self.steps.iter().copied()).collect();
        let (first, rest) = all.split_at_checked(keys.len())?;
        let begins = first.iter().zip(keys).all(|(step, key)| matches!(step, Step::Key(found) if found == key));
        begins.then(|| rest.to_vec())
    }
}

impl<'p, 'a> Scope<'p, 'a> {
    /// A scope with nothing around it.
    pub(in crate::policy) fn root() -> Self {
        Self { parent: None, names: BTreeSet::new() }
    }

    /// The scope of a rule's head: its arguments.
    pub(in crate::policy) fn of_rule(rule: &'a Rule) -> Self {
        let mut names = BTreeSet::new();
        if let Rule::Spec { head: RuleHead::Func { args, .. }, .. } = rule {
            for argument in args {
                pattern_variables(argument, &mut names);
            }
        }
        Self { parent: None, names }
    }

    /// The scope of a query inside this one.
    pub(in crate::policy) fn enter(&'p self, query: &'a Query) -> Self {
        let mut names = BTreeSet::new();
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => names.extend(vars.iter().map(Span::text)),
                Literal::SomeIn { key, value, .. } => {
                    if let Some(key) = key {
                        pattern_variables(key, &mut names);
                    }
                    pattern_variables(value, &mut names);
                }
                Literal::Expr { expr, .. } => {
                    if let Expr::AssignExpr { op: AssignOp::ColEq, lhs, .. } = expr.as_ref() {
                        pattern_variables(lhs, &mut names);
                    }
                }
                Literal::NotExpr { .. } | Literal::Every { .. } => {}
            }
        }
        Self { parent: Some(self), names }
    }

    /// The scope of an `every` body: the key and value variables.
    pub(in crate::policy) fn with_names(&'p self, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { parent: Some(self), names: names.into_iter().collect() }
    }

    /// Whether the name means the rule's parameter here, and is not declared again in a query.
    pub(in crate::policy) fn is_parameter(&self, name: &str) -> bool {
        match self.parent {
            Some(_) if self.names.contains(name) => false,
            Some(parent) => parent.is_parameter(name),
            None => self.names.contains(name),
        }
    }

    /// Whether the name is declared here or around.
    pub(in crate::policy) fn declares(&self, name: &str) -> bool {
        self.names.contains(name) || self.parent.is_some_and(|parent| parent.declares(name))
    }
}

/// Something that looks at every expression of a rule, with its scope.
pub(in crate::policy) trait Visit<'a> {
    /// Called for every outermost reference and variable; the steps' own expressions are visited too.
    fn reference(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>);
    /// Called for every query (a body, a comprehension's, that of `every`) before its statements, with its scope.
    fn query(&mut self, _query: &'a Query, _scope: &Scope<'_, 'a>) {}
    /// Called for every call, before its arguments.
    fn call(&mut self, _call: &'a Expr, _scope: &Scope<'_, 'a>) {}
}

/// Visits a whole rule: head, bodies, else branches.
pub(in crate::policy) fn visit_rule<'a>(rule: &'a Rule, visitor: &mut dyn Visit<'a>) {
    let head_scope = Scope::of_rule(rule);
    match rule {
        Rule::Default { args, value, .. } => {
            for argument in args {
                visit_pattern(argument, &head_scope, visitor);
            }
            visit_expr(value, &head_scope, visitor);
        }
        Rule::Spec { head, bodies, .. } => {
            let (refr, key, assign) = match head {
                RuleHead::Compr { refr, assign, .. } => (refr, None, assign.as_ref()),
                RuleHead::Set { refr, key, .. } => (refr, key.as_ref(), None),
                RuleHead::Func { refr, args, assign, .. } => {
                    for argument in args {
                        visit_pattern(argument, &head_scope, visitor);
                    }
                    (refr, None, assign.as_ref())
                }
            };
            // The head's expressions see the variables of the first body.
            let outer = match bodies.first() {
                Some(body) => head_scope.enter(&body.query),
                None => head_scope.with_names([]),
            };
            for body in bodies {
                let scope = head_scope.enter(&body.query);
                visit_statements(&body.query, &scope, visitor);
                if let Some(assign) = &body.assign {
                    visit_expr(&assign.value, &scope, visitor);
                }
            }
            visit_reference_parts(refr, &outer, visitor);
            if let Some(key) = key {
                visit_expr(key, &outer, visitor);
            }
            if let Some(assign) = assign {
                visit_expr(&assign.value, &outer, visitor);
            }
        }
    }
}

/// Visits a query in a scope that was entered for it.
fn visit_statements<'a>(query: &'a Query, scope: &Scope<'_, 'a>, visitor: &mut dyn Visit<'a>) {
    visitor.query(query, scope);
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                if let Some(key) = key {
                    visit_pattern(key, scope, visitor);
                }
                visit_pattern(value, scope, visitor);
                visit_expr(collection, scope, visitor);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => visit_expr(expr, scope, visitor),
            Literal::Every { key, value, domain, query, .. } => {
                visit_expr(domain, scope, visitor);
                let names = key.iter().chain([value]).map(Span::text);
                let bound = scope.with_names(names);
                let inner = bound.enter(query);
                visit_statements(query, &inner, visitor);
            }
        }
        for modifier in &statement.with_mods {
            visit_expr(&modifier.refr, scope, visitor);
            visit_expr(&modifier.r#as, scope, visitor);
        }
    }
}

/// Visits an expression.
pub(in crate::policy) fn visit_expr<'a>(expr: &'a ExprRef, scope: &Scope<'_, 'a>, visitor: &mut dyn Visit<'a>) {
    match expr.as_ref() {
        Expr::String { .. } | Expr::RawString { .. } | Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {}
        Expr::Var { .. } => visitor.reference(expr, scope),
        Expr::RefDot { .. } | Expr::RefBrack { .. } => {
            visitor.reference(expr, scope);
            visit_reference_parts(expr, scope, visitor);
        }
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            for item in items {
                visit_expr(item, scope, visitor);
            }
        }
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                visit_expr(key, scope, visitor);
                visit_expr(value, scope, visitor);
            }
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            let inner = scope.enter(query);
            visit_statements(query, &inner, visitor);
            visit_expr(term, &inner, visitor);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            let inner = scope.enter(query);
            visit_statements(query, &inner, visitor);
            visit_expr(key, &inner, visitor);
            visit_expr(value, &inner, visitor);
        }
        Expr::Call { params, .. } => {
            visitor.call(expr, scope);
            for parameter in params {
                visit_expr(parameter, scope, visitor);
            }
        }
        Expr::UnaryExpr { expr, .. } => visit_expr(expr, scope, visitor),
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            visit_expr(lhs, scope, visitor);
            visit_expr(rhs, scope, visitor);
        }
        Expr::Membership { key, value, collection, .. } => {
            if let Some(key) = key {
                visit_expr(key, scope, visitor);
            }
            visit_expr(value, scope, visitor);
            visit_expr(collection, scope, visitor);
        }
    }
}

/// Visits what stands in the brackets of a reference, and its head when that is not a variable.
fn visit_reference_parts<'a>(expr: &'a ExprRef, scope: &Scope<'_, 'a>, visitor: &mut dyn Visit<'a>) {
    match expr.as_ref() {
        Expr::RefDot { refr, .. } => visit_reference_parts(refr, scope, visitor),
        Expr::RefBrack { refr, index, .. } => {
            visit_reference_parts(refr, scope, visitor);
            visit_expr(index, scope, visitor);
        }
        Expr::Var { .. } => {}
        _ => visit_expr(expr, scope, visitor),
    }
}

/// Visits a pattern: variables in it are bound, other expressions are read.
fn visit_pattern<'a>(expr: &'a ExprRef, scope: &Scope<'_, 'a>, visitor: &mut dyn Visit<'a>) {
    match expr.as_ref() {
        Expr::Var { .. } => {}
        _ => visit_expr(expr, scope, visitor),
    }
}

/// Collects the variables a pattern binds.
pub(in crate::policy) fn pattern_variables<'a>(expr: &'a Expr, names: &mut BTreeSet<&'a str>) {
    match expr {
        Expr::Var { span, .. } => {
            names.insert(span.text());
        }
        Expr::Array { items, .. } => items.iter().for_each(|item| pattern_variables(item, names)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, _, value)| pattern_variables(value, names)),
        _ => {}
    }
}

/// The text of a string literal.
pub(in crate::policy) fn literal_str(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => text_of(value),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The path of a reference that consists of literal keys only.
pub(in crate::policy) fn static_path(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Var { span, .. } => Some(vec![span.text().to_owned()]),
        Expr::RefDot { refr, field, .. } => {
            let mut path = static_path(refr)?;
            path.push(text_of(&field.1).unwrap_or_else(|| field.0.text()).to_owned());
            Some(path)
        }
        Expr::RefBrack { refr, index, .. } => {
            let mut path = static_path(refr)?;
            path.push(literal_str(index)?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

/// The literal keys a reference starts with.
fn leading_path(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => {
            static_path(expr).unwrap_or_else(|| leading_path(refr))
        }
        _ => static_path(expr).unwrap_or_default(),
    }
}
