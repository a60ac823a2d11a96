//! `some x in collection` where the collection is null, a string, a number or a boolean: no results under OPA, an
//! error under regorus. When that error occurs, the policies are loaded again with every such collection wrapped
//! in a helper that turns what cannot be iterated into an empty array.

use regorus::Value;
use regorus::unstable::{Expr, ExprRef, Literal, Module, Query, Rule};

use super::builtins::{Context, Failure};

/// The helper's name; no policy can call it, since lint refuses the name.
pub(in crate::policy) const ITERABLE: &str = "tollgate.iterable";

/// The part of regorus' message that tells this error.
pub(in crate::policy) const SOME_IN_ERROR: &str = "`some .. in collection` expects array/set/object";

/// The helper.
pub(in crate::policy) fn iterable(operands: &[Value], _: Context) -> Result<Value, Failure> {
    Ok(match operands.first() {
        Some(value @ (Value::Array(_) | Value::Set(_) | Value::Object(_))) => value.clone(),
        _ => Value::new_array(),
    })
}

/// The module's text with every collection of `some .. in` wrapped. Lines stay; columns after a wrapped
/// collection shift.
pub(in crate::policy) fn wrap_collections(module: &Module) -> String {
    let text = module.package.span.source.contents();
    let mut spans = Vec::new();
    for rule in &module.policy {
        if let Rule::Spec { bodies, head, .. } = rule.as_ref() {
            for body in bodies {
                in_query(&body.query, &mut spans);
                if let Some(assign) = &body.assign {
                    in_expr(&assign.value, &mut spans);
                }
            }
            match head {
                regorus::unstable::RuleHead::Compr { assign, .. }
                | regorus::unstable::RuleHead::Func { assign, .. } => {
                    if let Some(assign) = assign {
                        in_expr(&assign.value, &mut spans);
                    }
                }
                regorus::unstable::RuleHead::Set { key, .. } => {
                    if let Some(key) = key {
                        in_expr(key, &mut spans);
                    }
                }
            }
        }
    }
    let mut insertions: Vec<(usize, bool)> = Vec::new();
    for (start, end) in spans {
        insertions.push((start, true));
        insertions.push((end, false));
    }
    // At one position, closing comes before opening.
    insertions.sort_unstable();
    let mut wrapped = String::with_capacity(text.len() + insertions.len() * 24);
    let mut done = 0;
    for (at, opens) in insertions {
        wrapped.push_str(text.get(done..at).unwrap_or_default());
        if opens {
            wrapped.push_str(ITERABLE);
            wrapped.push('(');
        } else {
            wrapped.push(')');
        }
        done = at;
    }
    wrapped.push_str(text.get(done..).unwrap_or_default());
    wrapped
}

fn in_query(query: &Query, spans: &mut Vec<(usize, usize)>) {
    for statement in &query.stmts {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { collection, .. } => {
                // Literal collections are what they are.
                if !matches!(collection.as_ref(), Expr::Array { .. } | Expr::Set { .. } | Expr::Object { .. }) {
                    spans.push((start_of(collection), end_of(collection)));
                }
                in_expr(collection, spans);
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => in_expr(expr, spans),
            Literal::Every { domain, query, .. } => {
                in_expr(domain, spans);
                in_query(query, spans);
            }
        }
        for modifier in &statement.with_mods {
            in_expr(&modifier.r#as, spans);
        }
    }
}

/// Where the text of an expression begins. regorus' span of a call begins at its bracket, that of a string behind
/// its quote.
fn start_of(expr: &Expr) -> usize {
    match expr {
        Expr::String { span, .. } | Expr::RawString { span, .. } => (span.start as usize).saturating_sub(1),
        Expr::RefDot { refr: inner, .. } | Expr::RefBrack { refr: inner, .. } | Expr::Call { fcn: inner, .. } => {
            start_of(inner).min(expr.span().start as usize)
        }
        other => other.span().start as usize,
    }
}

fn end_of(expr: &Expr) -> usize {
    let quote = usize::from(matches!(expr, Expr::String { .. } | Expr::RawString { .. }));
    expr.span().end as usize + quote
}

fn in_expr(expr: &ExprRef, spans: &mut Vec<(usize, usize)>) {
    match expr.as_ref() {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| in_expr(item, spans)),
        Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
            in_expr(key, spans);
            in_expr(value, spans);
        }),
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            in_expr(term, spans);
            in_query(query, spans);
        }
        Expr::ObjectCompr { key, value, query, .. } => {
            in_expr(key, spans);
            in_expr(value, spans);
            in_query(query, spans);
        }
        Expr::Call { params, .. } => params.iter().for_each(|item| in_expr(item, spans)),
        Expr::UnaryExpr { expr, .. } => in_expr(expr, spans),
        Expr::RefDot { refr, .. } => in_expr(refr, spans),
        Expr::RefBrack { refr, index, .. } => {
            in_expr(refr, spans);
            in_expr(index, spans);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            in_expr(lhs, spans);
            in_expr(rhs, spans);
        }
        Expr::Membership { key, value, collection, .. } => {
            if let Some(key) = key {
                in_expr(key, spans);
            }
            in_expr(value, spans);
            in_expr(collection, spans);
        }
    }
}
