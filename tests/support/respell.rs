//! Other spellings of the same document: statements split, repeated and reordered, actions in another case.

use tollgate::access::aws::document::{Document, Item, List, Statement, Text};

fn other_case(text: &Text) -> Text {
    match text {
        Text::Known(known) => {
            let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            Text::Known(known.chars().map(swap).collect())
        }
        partial => partial.clone(),
    }
}

fn recased(list: &List) -> List {
    let item = |item: &Item| match item {
        Item::One(text) => Item::One(other_case(text)),
        many => many.clone(),
    };
    List { items: list.items.iter().rev().map(item).collect(), span: list.span }
}

fn has_variable(list: &List) -> bool {
    list.known_items().any(|text| text.contains("${"))
}

/// One statement as several: one per half of its actions and per half of its resources. `Not` forms stay whole, and
/// so do resources with variables: by one reading a variable without value invalidates all of its statement.
fn split(statement: &Statement) -> Vec<Statement> {
    let halves = |list: &List| -> Vec<List> {
        let (a, b) = list.items.split_at(list.items.len() / 2);
        [a, b].into_iter().filter(|h| !h.is_empty()).map(|h| List { items: h.to_vec(), span: list.span }).collect()
    };
    let actions =
        if statement.action.negated { vec![statement.action.set.clone()] } else { halves(&statement.action.set) };
    let mut out = Vec::new();
    for action in actions {
        let mut one = statement.clone();
        one.action.set = recased(&action);
        match &statement.resource {
            Some(clause) if !clause.negated && !has_variable(&clause.set) => {
                for resource in halves(&clause.set) {
                    let mut part = one.clone();
                    if let Some(clause) = &mut part.resource {
                        clause.set = resource;
                    }
                    out.push(part);
                }
            }
            _ => out.push(one),
        }
    }
    out
}

/// The document respelled, split, regrouped and with its first statement twice; it means the same.
pub(crate) fn respelled(document: &Document) -> Document {
    let mut statements: Vec<Statement> = document.statements.iter().flat_map(split).rev().collect();
    statements.extend(statements.first().cloned());
    for (index, statement) in statements.iter_mut().enumerate() {
        statement.index = index;
        statement.sid = None;
        statement.conditions.reverse();
    }
    Document { statements, ..document.clone() }
}
