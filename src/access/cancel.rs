//! Grants that stand in the same place before, and need no search: literal by literal within an old grant, under limits
//! and denials that are no weaker.

use std::collections::HashSet;

use super::table::{LitId, Table};
use super::tree::{Grant, Interned, Node, sorted};

/// Drops grants that a before-grant covers, where no before-denial and no before-limit can make a difference.
pub(super) fn cancel(before: &Node<'_>, after: &Node<'_>, grants: &mut Vec<Grant<'_, '_>>, table: &mut Table<'_>) {
    let mut covered = HashSet::new();
    cover(before, after, &mut covered, table);
    grants.retain(|grant| !matches!(grant, Grant::Rule(rule) if covered.contains(&rule.id)));
}

/// Collects the rules of `after` by which it permits nothing that `before` does not.
fn cover(before: &Node<'_>, after: &Node<'_>, covered: &mut HashSet<usize>, table: &mut Table<'_>) {
    match (before, after) {
        (Node::Rules { allow: old, deny: lost }, Node::Rules { allow, deny: kept }) if all_among(lost, kept) => {
            for rule in allow.iter().filter(|rule| old.iter().any(|old| covers(old, rule, table))) {
                covered.insert(rule.id);
            }
        }
        (Node::And(old), Node::And(new)) => {
            let (Some((old, limits)), Some((new, kept))) = (old.split_first(), new.split_first()) else { return };
            if limits.iter().all(|limit| kept.iter().any(|other| is_within(other, limit, table))) {
                cover(old, new, covered, table);
            }
        }
        // What limits are added takes away.
        (old, Node::And(new)) => {
            if let Some(new) = new.first() {
                cover(old, new, covered, table);
            }
        }
        (old, Node::Or(new)) => new.iter().for_each(|new| cover(old, new, covered, table)),
        (Node::Or(old), new) => old.iter().for_each(|old| cover(old, new, covered, table)),
        _ => {}
    }
}

/// Whether everything that `small` permits, `large` certainly does.
fn is_within(small: &Node<'_>, large: &Node<'_>, table: &mut Table<'_>) -> bool {
    match (small, large) {
        (Node::Rules { allow, deny: kept }, Node::Rules { allow: old, deny: lost }) => {
            all_among(lost, kept) && allow.iter().all(|rule| old.iter().any(|old| covers(old, rule, table)))
        }
        (Node::And(small), Node::And(large)) => {
            large.iter().all(|large| small.iter().any(|small| is_within(small, large, table)))
        }
        (Node::Or(small), Node::Or(large)) => {
            small.iter().all(|small| large.iter().any(|large| is_within(small, large, table)))
        }
        _ => false,
    }
}

/// Whether each rule stands among the others.
fn all_among(rules: &[Interned<'_>], others: &[Interned<'_>]) -> bool {
    if rules.is_empty() {
        return true;
    }
    let others: HashSet<Vec<LitId>> = others.iter().map(|rule| sorted(rule.each_lit())).collect();
    rules.iter().all(|rule| others.contains(&sorted(rule.each_lit())))
}

/// Whether a rule matches wherever the other does, literal by literal.
fn covers(large: &Interned<'_>, small: &Interned<'_>, table: &mut Table<'_>) -> bool {
    large.each_lit().all(|large| small.each_lit().any(|small| table.implies(small, large)))
}
