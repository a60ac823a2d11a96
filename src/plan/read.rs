//! Bytes to [`Plan`]: one pass over the input.
//!
//! What cannot be said about a plan becomes an [`Undetermined`] entry with one of these codes:
//!
//! | code | meaning |
//! |---|---|
//! | `errored_plan` | planning failed; what is shown is part of it |
//! | `incomplete_plan` | `complete` is false: `-target`, or deferrals |
//! | `no_configuration` | `configuration` is missing: provisioners and references cannot be seen |
//! | `no_resource_changes` | resources are planned, but `resource_changes` is missing |
//! | `deferred_change`, `deferred_action` | put off to a later plan |
//! | `unknown_action`, `unknown_mode` | a word or list that no known version writes |
//! | `unknown_section` | a top-level key that no known version writes |
//! | `unreadable_row` | a row without a type, or without a `change` |
//! | `missing_values` | a row without the side that its action needs |
//! | `missing_mask` | a row that does not say what is unknown |

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;

use serde_json::Value;

use super::change::{Actions, Mode};
use super::document::{Deferred, Input, OutputChange, Plan, StateResource};
use super::error::{Lookalike, ReadError, printable};
use super::keep::{Keep, StateHead};
use super::row::{self, Field as _};
use super::scan::{Keys as _, Scanner, keys};
use super::unbuilt;
use super::undetermined::Undetermined;

type Result<T> = std::result::Result<T, ReadError>;

/// Reads everything that `reader` gives and returns the plan in it, or the plans when it holds several documents.
///
/// Accepted around a document: a byte order mark, UTF-16 with one, the lines that CI wrappers print (`[command]…`,
/// `::set-output …`), and further plans on lines of their own.
///
/// # Errors
///
/// Anything else is refused, with one line that says what, where and what to do ([`ReadError`]).
pub fn read<R: Read>(reader: R, keep: &Keep<'_>) -> Result<Input> {
    let mut scanner = Scanner::new(reader, keep);
    let mut plans = Vec::new();
    while next_document(&mut scanner, plans.is_empty())? {
        let number = plans.len() + 1;
        match document(&mut scanner, keep) {
            Ok(plan) => plans.push(plan),
            Err(error) if number > 1 => return Err(ReadError::InDocument { number, error: Box::new(error) }),
            Err(error) => return Err(error),
        }
    }
    Ok(Input { sha256: scanner.digest()?.unwrap_or_default(), plans })
}

/// Goes to the next document, over white space and wrappers' lines; `false` at the end of the input.
fn next_document<R: Read>(scanner: &mut Scanner<R>, first: bool) -> Result<bool> {
    let mut line = scanner.here().line;
    let mut fresh = first;
    loop {
        let token = scanner.next_token()?;
        let at = scanner.here();
        fresh |= at.line > line;
        match token {
            None if first => return Err(ReadError::Empty),
            None => return Ok(false),
            Some(b'{') if fresh => return Ok(true),
            Some(byte) => {
                let head = scanner.line_head()?;
                let wrapper = ["[command]", "::", "##["].iter().any(|mark| head.starts_with(mark));
                if !(wrapper && fresh) {
                    return Err(match byte {
                        _ if !first => ReadError::TextAfter { at },
                        b'[' | b'"' | b'0'..=b'9' => ReadError::NotAPlan(Lookalike::NotAnObject),
                        _ => ReadError::TextBefore { at },
                    });
                }
                scanner.skip_line()?;
                line = at.line;
                fresh = true;
            }
        }
    }
}

keys! {
    /// The top-level keys of every version (`internal/command/jsonplan/plan.go`).
    Top {
        FormatVersion = "format_version",
        TerraformVersion = "terraform_version",
        Variables = "variables",
        PlannedValues = "planned_values",
        ResourceDrift = "resource_drift",
        ResourceChanges = "resource_changes",
        DeferredChanges = "deferred_changes",
        DeferredActions = "deferred_action_invocations",
        OutputChanges = "output_changes",
        Actions = "action_invocations",
        PriorState = "prior_state",
        Configuration = "configuration",
        RelevantAttributes = "relevant_attributes",
        Checks = "checks",
        ConditionResults = "condition_results",
        Timestamp = "timestamp",
        Applyable = "applyable",
        Complete = "complete",
        Errored = "errored",
    }
}

/// What was seen of a document besides the plan itself.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    planned: bool,
    resource_changes: bool,
    planned_resources: bool,
}

/// Reads one document.
fn document<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>) -> Result<Plan> {
    let mut plan = Plan::default();
    let mut seen = Seen::default();
    let Some(mut members) = scanner.object()? else { return Err(ReadError::NotAPlan(Lookalike::NotAnObject)) };
    while let Some(name) = scanner.next_name(&mut members)? {
        if name == "@level" {
            return Err(ReadError::NotAPlan(Lookalike::LogStream));
        }
        let key = Top::of(name.as_bytes());
        // Rows are offered to the filter one by one, and kept raw at the same time.
        if keep.sections.wants(&name) && key != Some(Top::ResourceChanges) {
            scanner.next_token()?;
            let mark = scanner.mark();
            let text = plan.raw.sections.entry(name.clone()).or_default();
            unbuilt::read(scanner, text, &mut plan.secrets)?;
            scanner.rewind(&mark);
        }
        match key {
            Some(key) => section(scanner, keep, key, &mut plan, &mut seen)?,
            None => scanner.skip()?,
        }
        seen.names.push(name);
    }
    check_identity(&plan, &seen)?;
    judge(&mut plan, &seen);
    plan.collect_secrets();
    Ok(plan)
}

/// Reads the value of one top-level key.
fn section<R: Read>(
    scanner: &mut Scanner<R>,
    keep: &Keep<'_>,
    key: Top,
    plan: &mut Plan,
    seen: &mut Seen,
) -> Result<()> {
    match key {
        Top::FormatVersion => plan.format_version = text(scanner, "format_version")?.unwrap_or_default(),
        Top::TerraformVersion => plan.terraform_version = text(scanner, "terraform_version")?,
        Top::Timestamp => plan.timestamp = text(scanner, "timestamp")?,
        Top::Applyable => plan.applyable = flag(scanner, "applyable")?,
        Top::Complete => plan.complete = flag(scanner, "complete")?,
        Top::Errored => plan.errored = flag(scanner, "errored")?,
        Top::Variables => variables(scanner, plan)?,
        Top::PlannedValues => {
            seen.planned = true;
            seen.planned_resources = planned_resources(scanner)?;
        }
        Top::ResourceChanges => seen.resource_changes = row::changes(scanner, keep, plan)?,
        Top::ResourceDrift => row::drift(scanner, keep, plan)?,
        Top::DeferredChanges => deferred_changes(scanner, plan)?,
        Top::Actions => super::action::invocations(scanner, plan)?,
        Top::DeferredActions => super::action::deferred(scanner, plan)?,
        Top::OutputChanges => output_changes(scanner, plan)?,
        Top::PriorState => prior_state(scanner, keep, plan)?,
        Top::Configuration => plan.configuration = super::configuration::read(scanner, keep)?,
        Top::RelevantAttributes | Top::Checks | Top::ConditionResults => scanner.skip()?,
    }
    Ok(())
}

/// Refuses what is not a plan.
fn check_identity(plan: &Plan, seen: &Seen) -> Result<()> {
    let has = |name: &str| seen.names.iter().any(|seen| seen == name);
    let is_plan = seen.planned || has("resource_changes");
    let lookalike = if has("plan_format_version") {
        Lookalike::Redacted
    } else if has("encrypted_data") {
        Lookalike::Encrypted
    } else if !is_plan && (has("values") || (has("lineage") && has("serial"))) {
        Lookalike::State
    } else if !is_plan && has("provider_schemas") {
        Lookalike::Schemas
    } else if !is_plan && has("valid") && has("diagnostics") {
        Lookalike::Validation
    } else if plan.format_version.is_empty() {
        Lookalike::NoFormatVersion
    } else if !is_plan {
        // Terraform's `show -json` without any state prints the version alone.
        if seen.names.iter().all(|name| name == "format_version" || name == "terraform_version") {
            Lookalike::State
        } else {
            Lookalike::NoChanges
        }
    } else {
        let major = plan.format_version.split('.').next().unwrap_or_default();
        return match (major, plan.format_version.split('.').all(is_number)) {
            ("0" | "1", true) => Ok(()),
            _ => Err(ReadError::UnknownFormat { version: printable(&plan.format_version) }),
        };
    };
    Err(ReadError::NotAPlan(lookalike))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Notes what the plan as a whole leaves open.
fn judge(plan: &mut Plan, seen: &Seen) {
    let mut note = |code, message: String| plan.undetermined.push(Undetermined::of_plan(code, message));
    if plan.errored == Some(true) {
        note(
            "errored_plan",
            "planning failed, so the plan shows only a part of what would change; fix the error and plan again".into(),
        );
    }
    if plan.complete == Some(false) {
        note(
            "incomplete_plan",
            "the plan does not cover the whole configuration (`-target` or deferred changes); plan without `-target`"
                .into(),
        );
    }
    if plan.configuration.is_none() {
        note(
            "no_configuration",
            "the plan has no `configuration`, so provisioners, provider settings and references cannot be seen; give \
             the unchanged output of `terraform show -json PLANFILE`"
                .into(),
        );
    }
    if !seen.resource_changes && seen.planned_resources {
        note(
            "no_resource_changes",
            "the plan has resources but no `resource_changes`, so what changes cannot be seen; give the unchanged \
             output of `terraform show -json PLANFILE`"
                .into(),
        );
    }
    for name in seen.names.iter().filter(|name| Top::of(name.as_bytes()).is_none()) {
        let name = printable(name);
        note(
            "unknown_section",
            format!("the plan has a section `{name}` that this version does not know; update tollgate"),
        );
    }
}

/// A string or null.
fn text<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<Option<String>> {
    if scanner.null()? {
        return Ok(None);
    }
    match scanner.string()? {
        Some(text) => Ok(Some(text.to_owned())),
        None => scanner.shape(member, "a string"),
    }
}

/// A boolean or null.
fn flag<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<Option<bool>> {
    if scanner.null()? {
        return Ok(None);
    }
    match scanner.boolean()? {
        Some(flag) => Ok(Some(flag)),
        None => scanner.shape(member, "`true` or `false`"),
    }
}

/// An object that is built whole, or nothing for null.
fn built<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<serde_json::Map<String, Value>> {
    match scanner.value()? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(serde_json::Map::new()),
        _ => scanner.shape(member, "an object"),
    }
}

fn variables<R: Read>(scanner: &mut Scanner<R>, plan: &mut Plan) -> Result<()> {
    for (name, variable) in built(scanner, "variables")? {
        let value = match variable {
            Value::Object(mut variable) => variable.remove("value").unwrap_or_default(),
            _ => return scanner.shape("variables", "an object of objects"),
        };
        plan.variables.insert(name, value);
    }
    Ok(())
}

fn output_changes<R: Read>(scanner: &mut Scanner<R>, plan: &mut Plan) -> Result<()> {
    for (name, change) in built(scanner, "output_changes")? {
        let Value::Object(mut change) = change else {
            return scanner.shape("output_changes", "an object of changes");
        };
        let sensitive = ["before_sensitive", "after_sensitive"]
            .iter()
            .any(|side| change.get(*side).is_some_and(super::value::any_true));
        // A missing `after` means that all of it is unknown.
        let known = change.contains_key("after");
        plan.output_changes.push(OutputChange {
            actions: Actions::of(change.get("actions")),
            before: change.take("before"),
            after: change.take("after"),
            after_unknown: if known { change.take("after_unknown") } else { Value::Bool(true) },
            sensitive,
            name,
        });
    }
    Ok(())
}

fn deferred_changes<R: Read>(scanner: &mut Scanner<R>, plan: &mut Plan) -> Result<()> {
    let Value::Array(entries) = scanner.value()? else { return Ok(()) };
    for entry in entries {
        let Value::Object(mut entry) = entry else { return scanner.shape("deferred_changes", "an array of objects") };
        let reason = entry.take_text("reason").unwrap_or_default();
        let change = row::build(entry.take("resource_change"), &mut plan.undetermined);
        plan.undetermined.push(Undetermined::at(
            &change.address,
            "deferred_change",
            format!(
                "the change of `{}` is put off to a later plan ({}), so what it will do cannot be seen; apply the rest, \
                 then plan again",
                printable(&change.address),
                printable(&reason)
            ),
        ));
        plan.deferred.push(Deferred { reason, change: Arc::new(change) });
    }
    Ok(())
}

/// Whether `planned_values` holds any resource.
fn planned_resources<R: Read>(scanner: &mut Scanner<R>) -> Result<bool> {
    keys! { Values { RootModule = "root_module" } }
    keys! { Module { Resources = "resources", Children = "child_modules" } }
    let mut any = false;
    let Some(mut values) = scanner.object()? else { return scanner.skip().map(|()| false) };
    while let Some(Values::RootModule) = scanner.next_key(&mut values)? {
        let Some(mut module) = scanner.object()? else {
            scanner.skip()?;
            continue;
        };
        while let Some(Module::Resources | Module::Children) = scanner.next_key(&mut module)? {
            let mark = scanner.mark();
            let filled = match scanner.array()? {
                Some(mut items) => scanner.next_item(&mut items)?,
                None => false,
            };
            scanner.rewind(&mark);
            scanner.skip()?;
            any |= filled;
        }
    }
    Ok(any)
}

fn prior_state<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>, plan: &mut Plan) -> Result<()> {
    keys! { State { Values = "values" } }
    keys! { Values { RootModule = "root_module" } }
    if keep.prior.is_none() {
        return scanner.skip();
    }
    let shown = plan.changes.iter().flat_map(|row| [Some(&row.address), row.previous_address.as_ref()]);
    let shown: HashSet<String> = shown.flatten().cloned().collect();
    let Some(mut state) = scanner.object()? else { return scanner.skip() };
    while let Some(State::Values) = scanner.next_key(&mut state)? {
        let Some(mut values) = scanner.object()? else {
            scanner.skip()?;
            continue;
        };
        while let Some(Values::RootModule) = scanner.next_key(&mut values)? {
            state_module(scanner, keep, &shown, plan)?;
        }
    }
    Ok(())
}

fn state_module<R: Read>(
    scanner: &mut Scanner<R>,
    keep: &Keep<'_>,
    shown: &HashSet<String>,
    plan: &mut Plan,
) -> Result<()> {
    keys! { Module { Resources = "resources", Children = "child_modules" } }
    let Some(mut module) = scanner.object()? else { return scanner.skip() };
    while let Some(key) = scanner.next_key(&mut module)? {
        let Some(mut items) = scanner.array()? else {
            scanner.skip()?;
            continue;
        };
        while scanner.next_item(&mut items)? {
            match key {
                Module::Resources => state_resource(scanner, keep, shown, plan)?,
                Module::Children => state_module(scanner, keep, shown, plan)?,
            }
        }
    }
    Ok(())
}

fn state_resource<R: Read>(
    scanner: &mut Scanner<R>,
    keep: &Keep<'_>,
    shown: &HashSet<String>,
    plan: &mut Plan,
) -> Result<()> {
    keys! { Head { Address = "address", Mode = "mode", Type = "type" } }
    let mark = scanner.mark();
    let (mut address, mut mode, mut type_name) = (String::new(), String::new(), String::new());
    match scanner.object()? {
        None => scanner.skip()?,
        Some(mut members) => {
            while let Some(key) = scanner.next_key(&mut members)? {
                let target = match key {
                    Head::Address => &mut address,
                    Head::Mode => &mut mode,
                    Head::Type => &mut type_name,
                };
                *target = text(scanner, "prior_state")?.unwrap_or_default();
            }
        }
    }
    let mode = Mode::of(Some(&mode), &address);
    let head = StateHead { address: &address, mode: &mode, type_name: &type_name, shown: shown.contains(&address) };
    if !keep.prior.is_some_and(|filter| filter(&head)) {
        scanner.release(&mark);
        return Ok(());
    }
    scanner.rewind(&mark);
    let Value::Object(mut resource) = scanner.value()? else {
        return scanner.shape("prior_state", "a list of resources");
    };
    plan.prior.push(StateResource {
        name: resource.take_text("name").unwrap_or_default(),
        index: resource.remove("index"),
        provider: row::provider(resource.take_text("provider_name"), &type_name),
        deposed: resource.take_text("deposed_key"),
        values: resource.take("values"),
        sensitive: resource.take("sensitive_values"),
        address,
        mode,
        type_name,
    });
    Ok(())
}
