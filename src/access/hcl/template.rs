//! Templates: strings with interpolations and directives.
//!
//! <https://developer.hashicorp.com/terraform/language/expressions/strings>. A document that is written as text needs
//! care: a value that is not known could end the string it stands in and bring statements of its own.

use hcl_edit::template::{Directive, Element, Template};

use super::eval::{Evaluator, literal, pairs};
use super::value::{Outcome, Part, Unresolved, Value, joined, no};
use crate::access::worlds::Hole;
use crate::plan::Address;

impl Evaluator<'_> {
    /// A template: a string, or the value itself where it is a single interpolation.
    pub(super) fn template(&mut self, template: &Template) -> Outcome {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.value(&only.expr);
        }
        let mut parts = Vec::new();
        self.elements(template, &mut parts)?;
        if is_document(&parts) && !is_contained(&parts) {
            return no("a part of a document's text may be any part of it");
        }
        joined(parts)
    }

    fn elements(&mut self, template: &Template, parts: &mut Vec<Part>) -> Result<(), Unresolved> {
        for element in template {
            if !self.budget.take(1) {
                return no("it is too large to evaluate");
            }
            match element {
                Element::Literal(text) => parts.push(Part::Text(literal(text)?)),
                Element::Interpolation(it) => {
                    if it.strip != Default::default() {
                        return no("a template strips spaces");
                    }
                    parts.extend(self.part(&it.expr)?.parts()?);
                }
                Element::Directive(directive) => self.directive(directive, parts)?,
            }
        }
        Ok(())
    }

    fn directive(&mut self, directive: &Directive, parts: &mut Vec<Part>) -> Result<(), Unresolved> {
        match directive {
            Directive::If(it) => {
                let strips = it.if_expr.strip != Default::default()
                    || it.endif_expr.strip != Default::default()
                    || it.else_expr.as_ref().is_some_and(|other| other.strip != Default::default());
                if strips {
                    return no("a template strips spaces");
                }
                match (self.value(&it.if_expr.cond_expr)?, &it.else_expr) {
                    (Value::Bool(true), _) => self.elements(&it.if_expr.template, parts),
                    (Value::Bool(false), Some(other)) => self.elements(&other.template, parts),
                    (Value::Bool(false), None) => Ok(()),
                    _ => no("the condition of a template is known only after apply"),
                }
            }
            Directive::For(it) => {
                let head = &it.for_expr;
                if head.strip != Default::default() || it.endfor_expr.strip != Default::default() {
                    return no("a template strips spaces");
                }
                let before = self.bound.len();
                for (key, value) in pairs(self.value(&head.collection_expr)?, head.key_var.is_some())? {
                    if let Some(name) = &head.key_var {
                        self.bound.push((name.value().to_string(), key));
                    }
                    self.bound.push((head.value_var.value().to_string(), value));
                    let done = self.elements(&head.template, parts);
                    self.bound.truncate(before);
                    done?;
                }
                Ok(())
            }
        }
    }
}

/// Whether the text may be that of a document.
fn is_document(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains(['"', '{'])))
}

/// Whether every unknown part stays within the JSON string it stands in.
fn is_contained(parts: &[Part]) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for part in parts {
        match part {
            Part::Text(text) => {
                for c in text.chars() {
                    match c {
                        _ if escaped => escaped = false,
                        '\\' if quoted => escaped = true,
                        '"' => quoted = !quoted,
                        _ => {}
                    }
                }
            }
            Part::Named(hole) if quoted && !escaped && is_plain(hole) => {}
            Part::Json(_) if !quoted => {}
            Part::Named(_) | Part::Unknown | Part::Json(_) => return false,
        }
    }
    true
}

/// Whether a value is made by AWS, of characters that cannot end a string of JSON: an identifier or a plain name.
/// What is named by its maker more freely (an object's key, a parameter) is not.
fn is_plain(hole: &Hole) -> bool {
    let Some((address, attribute)) = hole.id.rsplit_once('.') else { return false };
    let Some(Address { type_name, .. }) = Address::parse(address) else { return false };
    let named = type_name.starts_with("aws_iam_")
        || matches!(type_name.as_str(), "aws_s3_bucket" | "aws_kms_key" | "aws_caller_identity" | "aws_partition");
    let free = type_name.contains("object") || type_name.contains("parameter") || !type_name.starts_with("aws_");
    match attribute {
        "arn" | "account_id" | "unique_id" | "key_id" | "user_id" => !free,
        "id" | "name" | "bucket" | "partition" => named,
        _ => false,
    }
}
