//! `action_invocations[]` and `deferred_action_invocations[]` (Terraform 1.14).

use std::io::Read;

use serde_json::Value;

use super::document::{ActionInvocation, Plan};
use super::error::{ReadError, printable};
use super::row::{self, Field as _};
use super::scan::Scanner;
use super::undetermined::Undetermined;

type Result<T> = std::result::Result<T, ReadError>;

/// Reads `action_invocations`.
pub(super) fn invocations<R: Read>(scanner: &mut Scanner<R>, plan: &mut Plan) -> Result<()> {
    for entry in entries(scanner, "action_invocations")? {
        match build(entry, None) {
            Some(action) => plan.actions.push(action),
            None => return scanner.shape("action_invocations", "a list of objects"),
        }
    }
    Ok(())
}

/// Reads `deferred_action_invocations`.
pub(super) fn deferred<R: Read>(scanner: &mut Scanner<R>, plan: &mut Plan) -> Result<()> {
    for entry in entries(scanner, "deferred_action_invocations")? {
        let Value::Object(mut entry) = entry else {
            return scanner.shape("deferred_action_invocations", "a list of objects");
        };
        let reason = entry.take_text("reason").unwrap_or_default();
        let Some(action) = build(entry.take("action_invocation"), Some(reason)) else {
            return scanner.shape("deferred_action_invocations", "a list of objects with an `action_invocation`");
        };
        plan.undetermined.push(Undetermined::at(
            &action.address,
            "deferred_action",
            format!(
                "the action `{}` is put off to a later plan, so what it will do cannot be seen; apply the rest, then \
                 plan again",
                printable(&action.address)
            ),
        ));
        plan.deferred_actions.push(action);
    }
    Ok(())
}

fn entries<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<Vec<Value>> {
    match scanner.value()? {
        Value::Array(entries) => Ok(entries),
        Value::Null => Ok(Vec::new()),
        _ => scanner.shape(member, "a list"),
    }
}

fn build(entry: Value, deferred: Option<String>) -> Option<ActionInvocation> {
    let Value::Object(mut entry) = entry else { return None };
    let type_name = entry.take_text("type").unwrap_or_default();
    let mut triggered_by = None;
    let mut event = None;
    if let Value::Object(mut trigger) = entry.take("lifecycle_action_trigger") {
        triggered_by = trigger.take_text("triggering_resource_address");
        event = trigger.take_text("action_trigger_event");
    }
    if let Value::Object(mut trigger) = entry.take("invoke_action_trigger") {
        triggered_by = triggered_by.or_else(|| trigger.take_text("calling_resource_address"));
        event.get_or_insert_with(|| "Invoke".into());
    }
    Some(ActionInvocation {
        address: entry.take_text("address").unwrap_or_default(),
        name: entry.take_text("name").unwrap_or_default(),
        provider: row::provider(entry.take_text("provider_name"), &type_name),
        values: entry.take("config_values"),
        unknown: entry.take("config_unknown"),
        sensitive: entry.take("config_sensitive"),
        type_name,
        triggered_by,
        event,
        deferred,
    })
}
