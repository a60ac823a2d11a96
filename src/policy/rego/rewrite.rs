//! Where regorus differs from OPA in ways that lose or change findings, the text given to it is rewritten so that
//! the two agree. Text is inserted, and only the alias of an import is removed, so lines stay and columns can be mapped
//! back.
//!
//! - An output that is undefined for one solution (`deny contains f(x) if ..`) throws away the solutions before it.
//!   `K` becomes `[t | t := K][_]`, which has no element instead.
//! - `not f(x)` holds when `x` is undefined; under OPA the operand is evaluated before the negation, so the statement
//!   is undefined. Conftest policies only: in a tollgate rule the stricter reading stays.
//! - `lib.rule`, where `lib` is an import, makes regorus evaluate every rule of the imported package, for each input
//!   anew, and lose rules of a package in several files. By its full path only that rule is evaluated, as OPA does.
//! - `some x in collection` where the collection is null, a string, a number or a boolean is an error; under OPA it
//!   has no results. Wrapped only once that error has occurred.

use regorus::Value;
use regorus::unstable::{BoolOp, Expr, ExprRef, Literal, Module, Query, Rule, RuleHead};

use super::builtins::{Context, Failure};
use super::syntax::{ModuleInfo, Root, Scope, Visit, visit_rule};

/// The helper's name; no policy can call it, since lint refuses the name.
pub(in crate::policy) const ITERABLE: &str = "tollgate.iterable";

/// The part of regorus' message that tells this error.
pub(in crate::policy) const SOME_IN_ERROR: &str = "`some .. in collection` expects array/set/object";

/// The helper: what `some .. in` iterates.
pub(in crate::policy) fn iterable(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(match operands.first() {
        Some(value @ (Value::Array(_) | Value::Set(_) | Value::Object(_))) => value.clone(),
        _ => Value::new_array(),
    })
}

/// What is rewritten beside outputs.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::policy) struct Extent {
    /// Negations.
    pub(in crate::policy) negations: bool,
    /// Iterations.
    pub(in crate::policy) iterations: bool,
}

/// A rewritten text.
#[derive(Clone, Debug, Default)]
pub(in crate::policy) struct Rewritten {
    /// The text.
    pub(in crate::policy) text: String,
    /// Where text was inserted (offset in the rewritten text) and how much, in order.
    inserted: Vec<(usize, usize)>,
}

impl Rewritten {
    /// The column that a column (from 1, in characters) of the rewritten text had in the original.
    pub(in crate::policy) fn original_column(&self, line: usize, column: usize) -> usize {
        let Some(index) = line.checked_sub(1) else { return column };
        let start: usize = self.text.split_inclusive('\n').take(index).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        let within: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
        let here = start + within;
        // Insertions are ASCII but for copied operands, so bytes stand for characters well enough.
        let on_line = self.inserted.iter().filter(|(at, _)| (start..here).contains(at));
        let before: usize = on_line.map(|(at, length)| (*length).min(here - at)).sum();
        column.saturating_sub(before).max(1)
    }
}

/// Rewrites a module's text.
pub(in crate::policy) fn rewrite(module: &ModuleInfo, extent: Extent) -> Rewritten {
    let syntax: &Module = &module.module;
    let text = syntax.package.span.source.contents();
    let mut wraps = Wraps { module, text, extent, list: Vec::new(), names: 0 };
    for rule in &syntax.policy {
        wraps.rule(rule);
        visit_rule(rule, &mut Imports { module, wraps: &mut wraps });
        if extent.negations {
            visit_rule(rule, &mut Negations { module, wraps: &mut wraps });
        }
    }
    wraps.apply()
}

/// Texts to put around parts of the text.
struct Wraps<'t> {
    module: &'t ModuleInfo,
    text: &'t str,
    extent: Extent,
    list: Vec<Wrap>,
    names: usize,
}

struct Wrap {
    start: usize,
    end: usize,
    before: String,
    after: &'static str,
    /// Whether `before` stands instead of the text.
    replaces: bool,
}

impl Wraps<'_> {
    fn apply(self) -> Rewritten {
        // Each insertion with its offset; at one offset, what ends comes first (the innermost first), then what
        // begins (the outermost first).
        let mut insertions: Vec<(usize, bool, usize, &str, usize)> = Vec::new();
        for wrap in &self.list {
            let next = if wrap.replaces { wrap.end } else { wrap.start };
            insertions.push((wrap.start, true, usize::MAX - wrap.end, &wrap.before, next));
            insertions.push((wrap.end, false, usize::MAX - wrap.start, wrap.after, wrap.end));
        }
        insertions.sort_by_key(|(at, opens, order, ..)| (*at, *opens, *order));
        let mut rewritten = Rewritten::default();
        let mut done = 0;
        for (at, _, _, inserted, next) in insertions {
            rewritten.text.push_str(self.text.get(done..at).unwrap_or_default());
            rewritten.inserted.push((rewritten.text.len(), inserted.len().saturating_sub(next - at)));
            rewritten.text.push_str(inserted);
            done = next;
        }
        rewritten.text.push_str(self.text.get(done..).unwrap_or_default());
        rewritten
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("tollgate_{}", self.names)
    }

    fn around(&mut self, expr: &Expr, before: String, after: &'static str) {
        self.list.push(Wrap {
            start: start_of(self.text, expr),
            end: end_of(self.text, expr),
            before,
            after,
            replaces: false,
        });
    }

    /// An output that may be undefined.
    fn output(&mut self, expr: &ExprRef) {
        self.output_with(expr, "");
    }

    /// The same, with statements that must hold besides.
    fn output_with(&mut self, expr: &ExprRef, statements: &str) {
        if self.may_be_undefined(expr) || !statements.is_empty() {
            let name = self.name();
            self.around(expr, format!("[{name} | {statements}{name} := "), "][_]");
        }
        self.expr(expr);
    }

    /// Statements that hold when the keys of a rule's head (`p[key]`) are defined.
    fn keys(&mut self, refr: &ExprRef) -> String {
        let mut statements = String::new();
        let mut at = refr;
        while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at.as_ref() {
            if let Expr::RefBrack { index, .. } = at.as_ref()
                && self.may_be_undefined(index)
                && let Some(text) = self.text.get(start_of(self.text, index)..end_of(self.text, index))
            {
                let name = self.name();
                statements.push_str(&format!("{name} := {text}; "));
            }
            at = refr;
        }
        statements
    }

    /// The output of a comprehension: an undefined one is no matter, but iteration over what cannot be iterated is.
    fn term(&mut self, expr: &ExprRef) {
        if iterates(expr, &Scope::root()) { self.output(expr) } else { self.expr(expr) }
    }

    /// Whether an output can be undefined, or iterate: anything but literals, comprehensions and local variables.
    fn may_be_undefined(&self, expr: &Expr) -> bool {
        match expr {
            Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => false,
            Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
                children(expr).into_iter().any(|child| self.may_be_undefined(child))
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. } => false,
            Expr::Var { span, .. } => self.module.names_rule_or_import(span.text()),
            _ => true,
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { bodies, head, .. } = rule else { return };
        let (RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. }) = head;
        let keys = self.keys(refr);
        match head {
            RuleHead::Compr { assign: Some(assign), .. } | RuleHead::Func { assign: Some(assign), .. } => {
                self.output_with(&assign.value, &keys);
            }
            RuleHead::Set { key: Some(key), .. } => self.output_with(key, &keys),
            RuleHead::Compr { assign: None, .. } if !keys.is_empty() => {
                // The span of a head ends before its last bracket.
                let at = end_of(self.text, refr);
                let rest = self.text.get(at..).unwrap_or_default();
                let at = if rest.trim_start().starts_with(']') {
                    at + (rest.len() - rest.trim_start().len()) + 1
                } else {
                    at
                };
                self.list.push(Wrap {
                    start: at,
                    end: at,
                    before: format!(" := [true | {keys}true][_]"),
                    after: "",
                    replaces: false,
                });
            }
            _ => {}
        }
        for (at, body) in bodies.iter().enumerate() {
            self.query(&body.query);
            // The first body's assignment is the head's.
            if let (Some(assign), true) = (&body.assign, at > 0) {
                self.output(&assign.value);
            }
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn { collection, .. } => {
                    // Literal collections are what they are.
                    let literal =
                        matches!(collection.as_ref(), Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. });
                    if self.extent.iterations && !literal {
                        self.around(collection, format!("{ITERABLE}("), ")");
                    }
                    self.expr(collection);
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
                Literal::Every { domain, query, .. } => {
                    self.expr(domain);
                    self.query(query);
                }
            }
            for modifier in &statement.with_mods {
                self.expr(&modifier.r#as);
            }
        }
    }

    fn expr(&mut self, expr: &ExprRef) {
        match expr.as_ref() {
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.term(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.term(key);
                self.term(value);
                self.query(query);
            }
            other => children(other).into_iter().for_each(|child| self.expr(child)),
        }
    }
}

/// The direct parts of an expression that is no comprehension.
fn children(expr: &Expr) -> Vec<&ExprRef> {
    match expr {
        Expr::Array { items, .. } | Expr::Set { items, .. } | Expr::Call { params: items, .. } => {
            items.iter().collect()
        }
        Expr::Object { fields, .. } => fields.iter().flat_map(|(_, key, value)| [key, value]).collect(),
        Expr::UnaryExpr { expr, .. } => vec![expr],
        Expr::RefDot { refr, .. } => vec![refr],
        Expr::RefBrack { refr, index, .. } => vec![refr, index],
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => vec![lhs, rhs],
        Expr::Membership { key, value, collection, .. } => key.iter().chain([value, collection]).collect(),
        _ => Vec::new(),
    }
}

/// Whether an expression iterates by itself: a variable in brackets that is not declared.
pub(in crate::policy) fn iterates(expr: &Expr, scope: &Scope<'_, '_>) -> bool {
    let here = match expr {
        Expr::RefBrack { index, .. } => {
            matches!(index.as_ref(), Expr::Var { span, .. } if !scope.declares(span.text()))
        }
        _ => false,
    };
    here || children(expr).into_iter().any(|child| iterates(child, scope))
}

/// References to rules of imported packages.
struct Imports<'m, 'w, 't> {
    module: &'m ModuleInfo,
    wraps: &'w mut Wraps<'t>,
}

impl<'a> Visit<'a> for Imports<'_, '_, '_> {
    fn reference(&mut self, expr: &'a Expr, scope: &Scope<'_, 'a>) {
        let (mut at, mut names_a_rule) = (expr, false);
        while let Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } = at {
            names_a_rule = matches!(at, Expr::RefDot { .. });
            at = refr;
        }
        let Expr::Var { span, .. } = at else { return };
        if let Some(path) = self.module.imported_from(span.text(), scope).filter(|_| names_a_rule) {
            let (start, end) = (span.start as usize, span.end as usize);
            let before = format!("data.{}", path.join("."));
            self.wraps.list.push(Wrap { start, end, before, after: "", replaces: true });
        }
    }
}

/// Negations whose operands OPA evaluates before.
struct Negations<'m, 'w, 't> {
    module: &'m ModuleInfo,
    wraps: &'w mut Wraps<'t>,
}

impl<'a> Visit<'a> for Negations<'_, '_, '_> {
    fn reference(&mut self, _: &'a Expr, _: &Scope<'_, 'a>) {}

    fn query(&mut self, query: &'a Query, scope: &Scope<'_, 'a>) {
        for statement in &query.stmts {
            let Literal::NotExpr { span, expr } = &statement.literal else { continue };
            let mut before = Vec::new();
            self.evaluated_before(expr, scope, &mut before);
            if before.is_empty() || !statement.with_mods.is_empty() {
                continue;
            }
            let mut text = String::from("[true | ");
            for operand in before {
                let Some(operand) =
                    self.wraps.text.get(start_of(self.wraps.text, operand)..end_of(self.wraps.text, operand))
                else {
                    continue;
                };
                let name = self.wraps.name();
                text.push_str(&format!("{name} := {operand}; "));
            }
            let (start, end) = (span.start as usize, end_of(self.wraps.text, expr).max(span.end as usize));
            self.wraps.list.push(Wrap { start, end, before: text, after: "][0]", replaces: false });
        }
    }
}

impl Negations<'_, '_, '_> {
    /// The parts of a negated expression that OPA's compiler moves out of the negation: operands of calls and
    /// operators that are references or calls, except references that `==` and `=` compare.
    fn evaluated_before<'a>(&self, expr: &'a ExprRef, scope: &Scope<'_, '_>, found: &mut Vec<&'a ExprRef>) {
        match expr.as_ref() {
            Expr::BoolExpr { op: BoolOp::Eq, lhs, rhs, .. } | Expr::AssignExpr { lhs, rhs, .. } => {
                for side in [lhs, rhs] {
                    match side.as_ref() {
                        Expr::Var { .. } => {}
                        Expr::RefDot { .. } | Expr::RefBrack { .. } => self.evaluated_before(side, scope, found),
                        _ => self.operand(side, scope, found),
                    }
                }
            }
            Expr::RefDot { refr, .. } => self.base(refr, scope, found),
            Expr::RefBrack { refr, index, .. } => {
                self.base(refr, scope, found);
                self.operand(index, scope, found);
            }
            Expr::Call { params, .. } => params.iter().for_each(|param| self.operand(param, scope, found)),
            Expr::Var { .. } | Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => {}
            other => children(other).into_iter().for_each(|child| self.operand(child, scope, found)),
        }
    }

    /// What a reference begins with.
    fn base<'a>(&self, expr: &'a ExprRef, scope: &Scope<'_, '_>, found: &mut Vec<&'a ExprRef>) {
        match expr.as_ref() {
            Expr::Call { .. } => found.push(expr),
            _ => self.evaluated_before(expr, scope, found),
        }
    }

    fn operand<'a>(&self, expr: &'a ExprRef, scope: &Scope<'_, '_>, found: &mut Vec<&'a ExprRef>) {
        match expr.as_ref() {
            Expr::Var { .. } if self.module.resolve(expr, scope).root == Root::Local => {}
            Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. } => {
                children(expr).into_iter().for_each(|child| self.operand(child, scope, found));
            }
            Expr::String { .. }
            | Expr::RawString { .. }
            | Expr::Number { .. }
            | Expr::Bool { .. }
            | Expr::Null { .. }
            | Expr::ArrayCompr { .. }
            | Expr::SetCompr { .. }
            | Expr::ObjectCompr { .. } => {}
            _ => found.push(expr),
        }
    }
}

/// Where the text of an expression begins. regorus' span of a call begins at its bracket, that of a string behind
/// its quote, that of an object at its last member.
fn start_of(text: &str, expr: &Expr) -> usize {
    let start = expr.span().start as usize;
    let bracket_before = |first: &Expr, bracket: char| {
        let first = start_of(text, first);
        text.get(..first).and_then(|before| before.rfind(bracket)).unwrap_or(start).min(start)
    };
    match expr {
        Expr::String { .. } | Expr::RawString { .. } => start.saturating_sub(1),
        Expr::RefDot { refr: inner, .. } | Expr::RefBrack { refr: inner, .. } | Expr::Call { fcn: inner, .. } => {
            start_of(text, inner).min(start)
        }
        Expr::Object { fields, .. } => fields.first().map_or(start, |(_, key, _)| bracket_before(key, '{')),
        Expr::Set { items, .. } => items.first().map_or(start, |item| bracket_before(item, '{')),
        _ => start,
    }
}

/// Where the text of an expression ends. regorus' spans end before the closing quote of a string, and some before a
/// closing bracket.
fn end_of(text: &str, expr: &Expr) -> usize {
    let end = expr.span().end as usize;
    match expr {
        Expr::String { .. } | Expr::RawString { .. } => end + 1,
        Expr::Object { .. } | Expr::Set { .. } | Expr::Array { .. } => closing(text, start_of(text, expr)),
        Expr::UnaryExpr { expr: last, .. }
        | Expr::BinExpr { rhs: last, .. }
        | Expr::BoolExpr { rhs: last, .. }
        | Expr::ArithExpr { rhs: last, .. }
        | Expr::AssignExpr { rhs: last, .. }
        | Expr::Membership { collection: last, .. } => end.max(end_of(text, last)),
        _ => end,
    }
}

/// The offset behind the bracket that closes the one at an offset.
fn closing(text: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    // `set()` begins with a word.
    let first = text.get(start..).and_then(|rest| rest.find(['[', '{', '('])).map_or(start, |at| start + at);
    let mut letters = text.char_indices().skip_while(|(at, _)| *at < first);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            '"' => {
                while let Some((_, letter)) = letters.next() {
                    match letter {
                        '\\' => {
                            letters.next();
                        }
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '`' => {
                letters.find(|(_, letter)| *letter == '`');
            }
            '#' => {
                letters.find(|(_, letter)| *letter == '\n');
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    start
}
