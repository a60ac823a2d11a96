//! Two sides of a small plan, each a list of resources.

#[path = "rows.rs"]
mod rows;

use serde_json::{Value, json};
use tollgate::access::PlanAccess;

/// A resource on one side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Resource {
    /// The type.
    pub(crate) kind: String,
    /// The name.
    pub(crate) name: String,
    /// The values.
    pub(crate) values: Value,
    /// The provider configuration, such as `kubernetes.staging`; without one the configuration does not show the
    /// resource.
    pub(crate) provider: Option<&'static str>,
}

impl Resource {
    /// A resource that the configuration does not show.
    pub(crate) fn new(kind: &str, name: &str, values: Value) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned(), values, provider: None }
    }
}

/// What a plan from one side to the other newly permits; `unknown` masks what is known only after apply of a name.
pub(crate) fn judged(old: &[Resource], new: &[Resource], unknown: &[(&str, Value)]) -> PlanAccess {
    let mut keys: Vec<(&str, &str, Option<&str>)> =
        old.iter().chain(new).map(|it| (it.kind.as_str(), it.name.as_str(), it.provider)).collect();
    keys.sort_unstable();
    keys.dedup();
    let find = |side: &[Resource], kind: &str, name: &str| {
        side.iter().find(|it| it.kind == kind && it.name == name).map_or(Value::Null, |it| it.values.clone())
    };
    let changes: Vec<Value> = keys
        .iter()
        .map(|(kind, name, _)| {
            let hidden = unknown.iter().find(|(of, _)| of == name).map_or(json!({}), |(_, mask)| mask.clone());
            rows::row(kind, name, [&find(old, kind, name), &find(new, kind, name), &hidden])
        })
        .collect();
    let shown = keys.iter().filter_map(|(kind, name, provider)| {
        Some(json!({"address": format!("{kind}.{name}"), "mode": "managed", "type": kind, "name": name,
            "provider_config_key": (*provider)?, "expressions": {}, "schema_version": 0}))
    });
    rows::judged(&rows::text(&changes, &shown.collect::<Vec<_>>())).0
}
