//! conftest packages: the raw plan as `input`, `exception`, and results as conftest reads them
//! (`policy/engine.go` and `output/result.go` of open-policy-agent/conftest).
//!
//! One deliberate difference: a result that conftest passes over in silence (a number, an empty message, a rule
//! that is no set) is an error here.

use std::collections::BTreeMap;
use std::thread;

use super::error::JudgeError;
use super::finding::{Finding, Location};
use super::judge::{PlanCase, Run, default_severity, members, threads};
use super::load::{ConftestRule, Namespace, PolicySet};
use super::metadata::severity;
use super::rego::Value;
use super::rego::engine::Engine;
use crate::plan::{RawPlan, RawRows};

/// Bytes of rows from which on threads are worth it.
const LARGE: usize = 1 << 20;

/// Judges a plan by the conftest packages of a set.
pub(super) fn judge(set: &PolicySet, case: &PlanCase<'_>, run: &mut Run<'_>) -> Result<(), JudgeError> {
    let Some(engine) = &set.lenient else { return Ok(()) };
    let mut engine = engine.clone();
    let raw =
        case.raw.ok_or_else(|| JudgeError::Input("conftest policies are loaded but no plan is given".to_owned()))?;
    let input = input(raw)?;
    engine.set_input(input.clone());
    for namespace in &set.namespaces {
        let exempted = exempted_names(namespace, &mut engine, &input, run)?;
        for rule in &namespace.rules {
            let id = format!("{}.{}", namespace.name, rule.name);
            let value = run.eval(&mut engine, &rule.path, &input, &id, "")?;
            // conftest sets the whole rule aside as soon as an exception names it.
            if exempted.contains(&rule.exempted_as) {
                run.judgement.exempted.push(id);
                continue;
            }
            for member in members(&value, &id, "")? {
                let finding = finding(run.plan, rule, &id, member)?;
                run.judgement.findings.push(finding);
            }
        }
    }
    run.judgement.prints.append(&mut engine.take_prints());
    Ok(())
}

/// The plan as policies read it.
fn input(raw: &RawPlan) -> Result<Value, JudgeError> {
    let mut members = BTreeMap::new();
    for (name, text) in raw.sections() {
        members.insert(Value::from(name), built(text)?);
    }
    if let Some(all) = raw.rows() {
        members.insert(Value::from("resource_changes"), Value::from(rows(all)?));
    }
    Ok(Value::from(members))
}

/// The rows of a large plan, each part of them in a thread of its own: building them takes longer than all else.
fn rows(all: &RawRows) -> Result<Vec<Value>, JudgeError> {
    let threads = match all.size() {
        0..LARGE => 1,
        _ => threads(),
    };
    let part = all.len().div_ceil(threads).max(1);
    let build = |from: usize| all.range(from..(from + part).min(all.len())).map(built).collect::<Result<Vec<_>, _>>();
    thread::scope(|scope| {
        let rest: Vec<_> = (1..threads).map(|number| scope.spawn(move || build(number * part))).collect();
        let mut rows = build(0)?;
        for part in rest {
            let part = part.join().map_err(|_| JudgeError::Input("a thread that built rows failed".to_owned()))?;
            rows.append(&mut part?);
        }
        Ok(rows)
    })
}

fn built(text: &str) -> Result<Value, JudgeError> {
    Value::from_json_str(text)
        .map_err(|error| JudgeError::Input(error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// The strings `name` for which `exception[_][_] == name` holds.
fn exempted_names(
    namespace: &Namespace,
    engine: &mut Engine,
    input: &Value,
    run: &Run<'_>,
) -> Result<Vec<String>, JudgeError> {
    let Some(path) = &namespace.exception else { return Ok(Vec::new()) };
    let id = format!("{}.exception", namespace.name);
    let value = run.eval(engine, path, input, &id, "")?;
    let names = children(&value).into_iter().flat_map(children);
    Ok(names.filter_map(|name| if let Value::String(name) = name { Some(name.to_string()) } else { None }).collect())
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        Value::Object(members) => members.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

fn finding(plan: &str, rule: &ConftestRule, id: &str, member: &Value) -> Result<Finding, JudgeError> {
    let wrong =
        |message: &str| JudgeError::Result { rule: id.to_owned(), address: String::new(), message: message.to_owned() };
    let mut finding = Finding {
        plan: plan.to_owned(),
        rule: id.to_owned(),
        level: rule.level,
        severity: default_severity(rule.level),
        address: String::new(),
        path: String::new(),
        message: String::new(),
        remediation: String::new(),
        fingerprint: String::new(),
        location: None,
        approvers: None,
        max_window: None,
    };
    match member {
        Value::String(message) => finding.message = message.to_string(),
        Value::Object(_) => {
            finding.message = string(&member["msg"]).ok_or_else(|| wrong("the member `msg` must be a string"))?;
            finding.severity =
                string(&member["severity"]).and_then(|word| severity(&word.to_lowercase())).unwrap_or(finding.severity);
            finding.address = address(member).unwrap_or_default();
            finding.path = string(&member["path"]).unwrap_or_default();
            finding.remediation = string(&member["remediation"]).unwrap_or_default();
            finding.location = location(&member["_loc"]);
        }
        _ => return Err(wrong("a result must be a string or an object with `msg`")),
    }
    if finding.message.is_empty() {
        return Err(wrong("the message is empty, and conftest would take the result for a pass"));
    }
    finding.seal();
    Ok(finding)
}

/// The address, where the object carries one: `address`, `resource_address`, `resource`, itself or in `metadata` or
/// `details`.
fn address(member: &Value) -> Option<String> {
    let holders = [member, &member["metadata"], &member["details"]];
    let keys = ["address", "resource_address", "resource"];
    let found = holders.iter().flat_map(|holder| keys.iter().map(move |key| &holder[*key]));
    found.map(|value| if let Value::Object(_) = value { &value["address"] } else { value }).find_map(string)
}

fn location(value: &Value) -> Option<Location> {
    let file = string(&value["file"])?;
    let line = value["line"].as_u64().ok().and_then(|line| usize::try_from(line).ok())?;
    (line > 0 && !file.is_empty()).then_some(Location { file, line })
}

fn string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    }
}
