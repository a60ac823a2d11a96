//! The input of a rule, as `docs/rule-input.md` promises it. Secrets are replaced before a rule sees them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::document;
use super::finding::Location;
use super::rego::Value;
use crate::access::{Access, Guardrail, NewAccess, Reason, RemovedAccess, StatementRef, Witness};
use crate::iam::{Facet, IamChange};
use crate::plan::Undetermined;

/// The version of the input's shape; the shape may only grow within a version.
pub const INPUT_VERSION: u64 = 1;

/// Facts about the whole plan.
#[derive(Clone, Debug, Default)]
pub struct PlanFacts {
    /// The plan's id: its path as given, `-` for stdin.
    pub id: String,
    /// The version that made it.
    pub terraform_version: Option<String>,
    /// Whether everything is planned; `None` where the plan does not say.
    pub complete: Option<bool>,
    /// Whether planning ended in an error.
    pub errored: bool,
    /// Rows in `resource_changes`.
    pub rows: usize,
    /// What could not be determined.
    pub undetermined: Vec<Undetermined>,
}

/// What is known about the run.
#[derive(Clone, Debug, Default)]
pub struct RunContext {
    /// Who started it.
    pub actor: Option<String>,
    /// `github`, `gitlab`.
    pub forge: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The environment it applies to.
    pub environment: Option<String>,
    /// The run's time, RFC 3339.
    pub now: Option<String>,
}

/// One IAM change with what the comparison says about it.
#[derive(Clone, Copy, Debug)]
pub struct ChangeCase<'a> {
    /// The change.
    pub change: &'a IamChange,
    /// The comparison's result.
    pub access: &'a Access,
    /// Where the resource is written, when that is known.
    pub location: Option<&'a Location>,
}

/// The inputs of one plan, built once and shared by every rule.
pub(super) struct Inputs {
    version: Value,
    plan: Value,
    context: Value,
    changes: Vec<Value>,
}

impl Inputs {
    pub(super) fn new(plan: &PlanFacts, context: &RunContext, changes: &[ChangeCase<'_>]) -> Self {
        Self {
            version: Value::from(INPUT_VERSION),
            plan: plan_value(plan, changes.len()),
            context: object([
                ("actor", optional(context.actor.as_deref())),
                ("forge", optional(context.forge.as_deref())),
                ("branch", optional(context.branch.as_deref())),
                ("environment", optional(context.environment.as_deref())),
                ("now", optional(context.now.as_deref())),
            ]),
            changes: changes.iter().map(change_members).collect(),
        }
    }

    /// The input of a rule of scope `change` for the change at a position.
    pub(super) fn of_change(&self, index: usize) -> Value {
        let Some(Value::Object(members)) = self.changes.get(index) else { return Value::Undefined };
        let mut members: BTreeMap<Value, Value> =
            members.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        members.insert(Value::from("version"), self.version.clone());
        members.insert(Value::from("plan"), self.plan.clone());
        members.insert(Value::from("context"), self.context.clone());
        Value::from(members)
    }

    /// The input of a rule of scope `plan`.
    pub(super) fn of_plan(&self) -> Value {
        object([
            ("version", self.version.clone()),
            ("plan", self.plan.clone()),
            ("context", self.context.clone()),
            ("changes", Value::from(self.changes.clone())),
        ])
    }
}

fn plan_value(plan: &PlanFacts, iam_changes: usize) -> Value {
    let undetermined = plan.undetermined.iter().map(|entry| {
        object([
            ("address", optional(entry.address.as_deref())),
            ("code", text(&entry.code)),
            ("message", text(&entry.message)),
        ])
    });
    object([
        ("id", text(&plan.id)),
        ("terraform_version", optional(plan.terraform_version.as_deref())),
        ("complete", plan.complete.map_or(Value::Null, Value::from)),
        ("errored", Value::from(plan.errored)),
        ("rows", Value::from(plan.rows)),
        ("iam_changes", Value::from(iam_changes)),
        ("undetermined", array(undetermined)),
    ])
}

fn change_members(case: &ChangeCase<'_>) -> Value {
    let access = case.access;
    object([
        ("change", change(case)),
        (
            "access",
            object([
                ("verdict", word(&access.verdict)),
                ("reasons", array(access.reasons.iter().map(reason))),
                ("new", array(access.new.iter().map(new_access))),
                ("removed", array(access.removed.iter().map(removed_access))),
            ]),
        ),
        ("guardrails", array(access.guardrails.iter().map(guardrail))),
        ("escalations", Value::new_array()),
        ("principal", single(case.change, "principal")),
        ("expires_at", single(case.change, "expiry")),
    ])
}

fn change(case: &ChangeCase<'_>) -> Value {
    let change = case.change;
    let row = &change.row;
    let documents = document::read_all(change);
    let unknown = change.facets.iter().filter(|facet| facet.unknown).map(|facet| text(&facet.path));
    object([
        ("address", text(&row.address)),
        ("previous_address", optional(row.previous_address.as_deref())),
        ("deposed", optional(row.deposed.as_deref())),
        ("type", text(&row.type_name)),
        ("provider", text(&change.provider)),
        ("platform", text(change.platform.as_str())),
        ("kind", text(change.kind.as_str())),
        ("origin", word(&change.origin)),
        ("actions", array(row.actions.0.iter().map(|action| text(action.as_str())))),
        ("before", masked(&row.before, &Json::Null, &row.before_sensitive)),
        ("after", masked(&row.after, &row.after_unknown, &row.after_sensitive)),
        ("documents", object([("before", Value::from(documents.before)), ("after", Value::from(documents.after))])),
        ("unreadable", array(documents.unreadable.iter().map(|path| text(path)))),
        ("unknown", array(unknown)),
        ("facets", array(change.facets.iter().map(facet))),
        ("authoritative", Value::from(change.authoritative)),
        ("removal_elevates", Value::from(change.removal_elevates)),
        (
            "location",
            case.location.map_or(Value::Null, |location| {
                object([("file", text(&location.file)), ("line", Value::from(location.line))])
            }),
        ),
    ])
}

fn facet(facet: &Facet) -> Value {
    object([
        ("purpose", text(&facet.purpose)),
        ("path", text(&facet.path)),
        ("before", facet.before.as_ref().map_or(Value::Null, json)),
        ("after", facet.after.as_ref().map_or(Value::Null, json)),
        ("unknown", Value::from(facet.unknown)),
    ])
}

/// The one known string of a purpose on the after side, else on the before side; null where there are none or many.
fn single(change: &IamChange, purpose: &str) -> Value {
    let side = |pick: fn(&Facet) -> Option<&Json>| {
        let mut values = change.facets.iter().filter(|facet| facet.purpose == purpose).filter_map(pick);
        match (values.next(), values.next()) {
            (Some(Json::String(only)), None) => Some(text(only)),
            _ => None,
        }
    };
    side(|facet| facet.after.as_ref()).or_else(|| side(|facet| facet.before.as_ref())).unwrap_or(Value::Null)
}

fn reason(reason: &Reason) -> Value {
    object([("code", text(&reason.code)), ("path", text(&reason.path)), ("message", text(&reason.message))])
}

fn new_access(new: &NewAccess) -> Value {
    let levels = new.action_levels.iter().map(|entry| {
        object([("action", text(&entry.action)), ("levels", array(entry.levels.iter().map(|level| text(level))))])
    });
    object([
        ("principal", text(&new.principal)),
        ("actions", texts(&new.actions)),
        ("action_levels", array(levels)),
        ("resources", texts(&new.resources)),
        ("conditions", texts(&new.conditions)),
        ("statement", statement(&new.statement)),
        ("witness", witness(&new.witness)),
        ("explanation", text(&new.explanation)),
    ])
}

fn removed_access(removed: &RemovedAccess) -> Value {
    object([
        ("principal", text(&removed.principal)),
        ("actions", texts(&removed.actions)),
        ("resources", texts(&removed.resources)),
        ("conditions", texts(&removed.conditions)),
        ("statement", statement(&removed.statement)),
        ("explanation", text(&removed.explanation)),
    ])
}

fn statement(statement: &StatementRef) -> Value {
    object([
        ("address", text(&statement.address)),
        ("path", text(&statement.path)),
        ("index", Value::from(statement.index)),
        ("sid", optional(statement.sid.as_deref())),
    ])
}

fn witness(witness: &Witness) -> Value {
    let context = witness.context.iter().map(|(key, values)| (text(key), texts(values)));
    object([
        ("principal", text(&witness.principal)),
        ("action", text(&witness.action)),
        ("resource", text(&witness.resource)),
        ("context", Value::from(context.collect::<BTreeMap<_, _>>())),
    ])
}

fn guardrail(guardrail: &Guardrail) -> Value {
    object([
        ("address", text(&guardrail.address)),
        ("kind", text(&guardrail.kind)),
        ("effect", word(&guardrail.effect)),
        ("explanation", text(&guardrail.explanation)),
    ])
}

/// A value under its masks: `true` in a mask covers everything below. What is known only after apply is missing in
/// the value, and stands in the mask alone.
fn masked(value: &Json, unknown: &Json, sensitive: &Json) -> Value {
    if *sensitive == Json::Bool(true) {
        return if value.is_null() && *unknown != Json::Bool(true) { Value::Null } else { marker("sensitive") };
    }
    if *unknown == Json::Bool(true) {
        return marker("unknown");
    }
    match value {
        Json::Array(items) => {
            let at = |mask: &Json, index: usize| mask.get(index).cloned().unwrap_or(Json::Null);
            // A mask may be longer than the list: trailing elements that are not known yet.
            let length = items.len().max(unknown.as_array().map_or(0, Vec::len));
            array((0..length).map(|index| {
                let item = items.get(index).unwrap_or(&Json::Null);
                masked(item, &at(unknown, index), &at(sensitive, index))
            }))
        }
        Json::Object(members) => {
            let mut masked_members: BTreeMap<Value, Value> = BTreeMap::new();
            let of = |mask: &Json, key: &str| mask.get(key).cloned().unwrap_or(Json::Null);
            for (key, member) in members {
                masked_members.insert(text(key), masked(member, &of(unknown, key), &of(sensitive, key)));
            }
            for (key, mask) in unknown.as_object().into_iter().flatten() {
                if !members.contains_key(key) && holds_true(mask) {
                    masked_members.insert(text(key), masked(&Json::Null, mask, &of(sensitive, key)));
                }
            }
            Value::from(masked_members)
        }
        // A mask below a value that has no such parts: the value is not known at all.
        Json::Null if holds_true(unknown) => marker("unknown"),
        other => json(other),
    }
}

fn holds_true(mask: &Json) -> bool {
    match mask {
        Json::Bool(known) => *known,
        Json::Array(items) => items.iter().any(holds_true),
        Json::Object(members) => members.values().any(holds_true),
        _ => false,
    }
}

fn marker(kind: &str) -> Value {
    object([("$tollgate", text(kind))])
}

/// A JSON value for Rego. Numbers keep the digits that the engine can hold; what it cannot hold stays its text.
pub(super) fn json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => {
            Value::from_numeric_string(&number.to_string()).unwrap_or_else(|_| Value::from(number.to_string()))
        }
        Json::String(value) => text(value),
        Json::Array(items) => array(items.iter().map(json)),
        Json::Object(members) => {
            Value::from(members.iter().map(|(key, value)| (text(key), json(value))).collect::<BTreeMap<_, _>>())
        }
    }
}

fn word(value: &impl serde::Serialize) -> Value {
    match serde_json::to_value(value) {
        Ok(Json::String(word)) => Value::from(word),
        _ => Value::Undefined,
    }
}

fn text(value: &str) -> Value {
    Value::from(value)
}

fn texts(values: &[String]) -> Value {
    array(values.iter().map(|value| text(value)))
}

fn optional(value: Option<&str>) -> Value {
    value.map_or(Value::Null, text)
}

fn array(values: impl Iterator<Item = Value>) -> Value {
    Value::from(values.collect::<Vec<_>>())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::from(members.into_iter().map(|(key, value)| (text(key), value)).collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: Json, unknown: Json, sensitive: Json) -> Json {
        serde_json::from_str(&masked(&value, &unknown, &sensitive).to_json_str().unwrap()).unwrap()
    }

    #[test]
    fn an_unknown_member_is_missing_in_the_value_and_marked_in_the_input() {
        let shown = shown(json!({"name": "x"}), json!({"arn": true, "tags": {}}), json!({}));
        assert_eq!(shown, json!({"name": "x", "arn": {"$tollgate": "unknown"}}));
    }

    #[test]
    fn a_secret_is_replaced_even_when_it_is_unknown() {
        let shown = shown(
            json!({"secret": "canary", "list": ["a", null], "none": null}),
            json!({"password": true, "list": [false, true]}),
            json!({"secret": true, "password": true, "list": [true], "none": true}),
        );
        let (secret, unknown) = (json!({"$tollgate": "sensitive"}), json!({"$tollgate": "unknown"}));
        assert_eq!(shown, json!({"secret": secret, "password": secret, "list": [secret, unknown], "none": null}));
    }

    #[test]
    fn account_numbers_keep_their_digits() {
        assert_eq!(json(&json!(123456789012_u64)).to_json_str().unwrap().trim(), "123456789012");
    }
}
