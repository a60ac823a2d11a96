//! Which rows belong to one cluster.
//!
//! Objects with one name in two clusters are two objects. What the plan shows is the provider configuration of each
//! row: an alias may be another cluster, or the same one under other credentials. So the rows are read in both ways.
//! Providers of different sources under one alias (`kubernetes` and `kubectl`) are taken to reach one cluster.

use std::collections::BTreeMap;

use crate::access::worlds::{Row, State};

/// Rows of one cluster, by position.
pub(super) type Rows = Vec<usize>;

/// The ways to read the rows as clusters: all in one, and one for each provider alias where there are several.
pub(super) fn readings(state: &State) -> Vec<Vec<Rows>> {
    let ours = || state.rows.iter().enumerate().filter(|(_, row)| is_ours(row));
    let mut aliases: BTreeMap<String, Rows> = BTreeMap::new();
    for (at, row) in ours() {
        aliases.entry(row.alias()).or_default().push(at);
    }
    let all = vec![ours().map(|(at, _)| at).collect()];
    match aliases.len() {
        0 | 1 => vec![all],
        _ => vec![all, aliases.into_values().collect()],
    }
}

fn is_ours(row: &Row) -> bool {
    let of = |type_name: &str| type_name.starts_with("kubernetes_") || type_name.starts_with("kubectl_");
    [&row.before, &row.after].into_iter().flatten().any(|object| of(&object.type_name))
}
