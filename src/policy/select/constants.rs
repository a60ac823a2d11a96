//! Which strings an expression can be, as far as the policies' text tells: literals, constant rules, and function
//! parameters whose calls all pass such. Always rather too many than too few; `None` where it cannot be told.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Rule, RuleBody, RuleHead};

use super::rows::Texts;
use crate::policy::rego::lint::Table;
use crate::policy::rego::syntax::{Head, ModuleInfo, Reference, Root, Scope, Shape, Step, literal_str};

/// Strings bound to variables of the query at hand, and to the parameters of the function at hand.
pub(super) type Bound<'a> = BTreeMap<&'a str, Option<Texts>>;

/// The modules to look names up in.
#[derive(Clone, Copy)]
pub(super) struct Constants<'m> {
    pub(super) modules: &'m [ModuleInfo],
    pub(super) table: &'m Table,
}

impl<'m> Constants<'m> {
    /// What a scalar expression can be.
    pub(super) fn scalar(
        &self,
        module: &ModuleInfo,
        expr: &Expr,
        scope: &Scope<'_, '_>,
        bound: &Bound<'_>,
    ) -> Option<Texts> {
        if let Some(text) = literal_str(expr) {
            return Some(Texts::one(text));
        }
        let reference = module.resolve(expr, scope);
        match reference.root {
            Root::Local => match (reference.variable, reference.steps.is_empty()) {
                (Some(name), true) => bound.get(name).cloned().flatten(),
                _ => None,
            },
            Root::Data => self.of_rule(&reference, |head| self.assigned(head)),
            Root::Input => None,
        }
    }

    /// What an element of a collection can be; with `keys`, what `collection[x]` can be defined for.
    pub(super) fn element(&self, module: &ModuleInfo, expr: &Expr, scope: &Scope<'_, '_>, keys: bool) -> Option<Texts> {
        if let Some(texts) = literal_elements(expr, keys) {
            return Some(texts);
        }
        let reference = module.resolve(expr, scope);
        match reference.root {
            Root::Data => self.of_rule(&reference, |head| self.elements_of(head, keys)),
            Root::Input | Root::Local => None,
        }
    }

    /// `collection[_]`: the collection's elements, when the last step is a variable.
    pub(super) fn iterated(&self, module: &ModuleInfo, expr: &Expr, scope: &Scope<'_, '_>) -> Option<Texts> {
        match expr {
            Expr::RefBrack { refr, index, .. } if matches!(index.as_ref(), Expr::Var { .. }) => {
                self.element(module, refr, scope, false)
            }
            _ => None,
        }
    }

    /// The union over all definitions of the one rule a reference names.
    fn of_rule(&self, reference: &Reference<'_>, of: impl Fn(&Head) -> Option<Texts>) -> Option<Texts> {
        let (path, whole) = reference.static_prefix();
        let definitions = self.table.definitions(&path);
        // Another rule below the path would add members.
        if !whole || definitions.is_empty() || self.table.read_by(&path).len() != 1 {
            return None;
        }
        let mut all = Texts::default();
        for (module_at, head_at) in definitions {
            all.extend(of(self.modules.get(*module_at)?.heads.get(*head_at)?)?);
        }
        Some(all)
    }

    /// The string a complete rule is assigned.
    fn assigned(&self, head: &Head) -> Option<Texts> {
        values_of(head)?.into_iter().try_fold(Texts::default(), |mut all, value| {
            all.extend(Texts::one(literal_str(value)?));
            Some(all)
        })
    }

    fn elements_of(&self, head: &Head, keys: bool) -> Option<Texts> {
        if head.shape == Shape::Set {
            let Rule::Spec { head: RuleHead::Set { key: Some(key), .. }, .. } = head.rule.as_ref() else { return None };
            return Some(Texts::one(literal_str(key)?));
        }
        values_of(head)?.into_iter().try_fold(Texts::default(), |mut all, value| {
            all.extend(literal_elements(value, keys)?);
            Some(all)
        })
    }
}

/// The expressions that a complete rule can be assigned.
fn values_of(head: &Head) -> Option<Vec<&Expr>> {
    match head.rule.as_ref() {
        Rule::Default { value, args, .. } if args.is_empty() => Some(vec![value.as_ref()]),
        Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. } if head.shape == Shape::Value => {
            let mut values = vec![assign.value.as_ref()];
            for RuleBody { assign, is_else, .. } in bodies.iter().skip(1) {
                match assign {
                    Some(assign) => values.push(assign.value.as_ref()),
                    None if *is_else => return None,
                    None => {}
                }
            }
            Some(values)
        }
        _ => None,
    }
}

/// The strings in a literal collection; `None` when it holds anything else.
fn literal_elements(expr: &Expr, keys: bool) -> Option<Texts> {
    let texts: Option<BTreeSet<String>> = match expr {
        Expr::Set { items, .. } => items.iter().map(|item| Some(literal_str(item)?.to_owned())).collect(),
        // The keys of an array are numbers.
        Expr::Array { items, .. } if !keys => items.iter().map(|item| Some(literal_str(item)?.to_owned())).collect(),
        Expr::Object { fields, .. } => {
            fields.iter().map(|(_, key, value)| Some(literal_str(if keys { key } else { value })?.to_owned())).collect()
        }
        _ => None,
    };
    Some(Texts { exact: texts?, prefixes: BTreeSet::new() })
}

/// The key of a step, when it is literal.
pub(super) fn key<'s>(step: &Step<'s>) -> Option<&'s str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}
