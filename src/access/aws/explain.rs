//! Results in words: what a statement says, and why a request was not permitted before.

use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule};
use crate::access::{ActionAccess, StatementRef};

use super::actions::{Actions, Levels};
use super::compile::condition_label;
use super::document::{Item, List, Statement};

/// What a statement says, in the words of its document.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) actions: Vec<String>,
    pub(super) levels: Vec<ActionAccess>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<String>,
}

/// The facts of a statement. Entries of a `Not` form carry its name, such as `NotAction iam:*`.
pub(super) fn facts(statement: &Statement) -> Facts {
    let prefix = |negated: bool, word: &str| if negated { format!("{word} ") } else { String::new() };
    let not_action = prefix(statement.action.negated, "NotAction");
    let actions: Vec<String> = listed(&statement.action.set).map(|a| format!("{not_action}{a}")).collect();
    let levels = if statement.action.negated {
        vec![ActionAccess { action: actions.join(", "), levels: words(other_levels(&statement.action.set)) }]
    } else {
        let table = Actions::embedded();
        listed(&statement.action.set)
            .map(|action| ActionAccess { levels: words(table.levels(&action)), action })
            .collect()
    };
    let resources = statement.resource.iter().flat_map(|clause| {
        let not_resource = prefix(clause.negated, "NotResource");
        listed(&clause.set).map(move |resource| format!("{not_resource}{resource}"))
    });
    Facts {
        actions,
        levels,
        resources: resources.collect(),
        conditions: statement.conditions.iter().map(condition_label).collect(),
    }
}

fn listed(list: &List) -> impl Iterator<Item = String> {
    list.items.iter().map(|item| match item {
        Item::One(text) => text.display(),
        Item::Many(hole) => format!("<unknown {}>", hole.as_str()),
    })
}

/// The levels of all actions that none of the patterns matches.
fn other_levels(list: &List) -> Levels {
    let table = Actions::embedded();
    let mut excluded = vec![false; table.len()];
    for id in list.known_items().flat_map(|pattern| table.expand(pattern)) {
        if let Some(slot) = excluded.get_mut(id.index()) {
            *slot = true;
        }
    }
    let rest = table.ids().filter(|id| excluded.get(id.index()) == Some(&false));
    rest.filter_map(|id| table.action(id)).map(|action| action.level()).collect()
}

fn words(levels: Levels) -> Vec<String> {
    levels.iter().map(|level| level.as_str().to_owned()).collect()
}

/// A statement's place, as reports write it.
pub(super) fn statement_ref(origin: &Origin) -> StatementRef {
    StatementRef {
        address: origin.address.clone(),
        path: origin.path.clone(),
        index: origin.index,
        sid: origin.sid.clone(),
    }
}

/// A principal without the type that the engine keeps in front of it.
pub(super) fn principal(typed: &str) -> String {
    match typed.split_once(':') {
        Some(("AWS" | "Federated", id)) => id.to_owned(),
        Some(("Anonymous", _)) => "anonymous".to_owned(),
        _ => typed.to_owned(),
    }
}

/// Why the request is permitted now and was not before.
pub(super) fn explain(origin: &Origin, before: &Decision, point: &Point) -> String {
    let now = format!("{} permits `{}` on `{}`", named(origin), point.action, point.resource);
    format!("{now}; before, {}", refused(before, point))
}

fn named(origin: &Origin) -> String {
    let sid = origin.sid.as_ref().map(|sid| format!(" (`{sid}`)")).unwrap_or_default();
    let place = if origin.address.is_empty() { String::new() } else { format!(" of `{}`", origin.address) };
    format!("statement {}{sid}{place}", origin.index)
}

/// The nearest miss: a denial that matched, or the allow statement with the fewest literals that failed.
pub(crate) fn refused(before: &Decision, point: &Point) -> String {
    let mut denial: Option<&Rule> = None;
    let mut nearest: Option<(usize, &Rule, Vec<&str>)> = None;
    before.each_set(&mut |set| {
        if denial.is_none() {
            denial = set.deny.iter().find(|rule| rule.matches(point));
        }
        for rule in &set.allow {
            let failed: Vec<&str> = rule.lits.iter().filter(|lit| !lit.holds(point)).map(|lit| &*lit.label).collect();
            // A statement about other actions is further away than any other miss.
            let far = rule.lits.iter().any(|lit| lit.dim == crate::access::literal::Dim::Action && !lit.holds(point));
            let distance = failed.len() + if far { 100 } else { 0 };
            if !failed.is_empty() && nearest.as_ref().is_none_or(|(best, ..)| distance < *best) {
                nearest = Some((distance, rule, failed));
            }
        }
    });
    if let Some(rule) = denial {
        return format!("{} denied it", named(&rule.origin));
    }
    match nearest {
        Some((_, rule, failed)) => {
            format!(
                "{} came nearest, but the request does not match its {}",
                named(&rule.origin),
                failed.join(" nor its ")
            )
        }
        None => "no statement permitted anything".to_owned(),
    }
}
