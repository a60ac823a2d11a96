//! The one place that takes secrets out of a report: it runs over every string, before any renderer sees one.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::access::{Guardrail, NewAccess, Reason, RemovedAccess, StatementRef, Witness};
use crate::decision::{UnusedWaiver, Waived, Waiver};
use crate::iam::Facet;
use crate::plan::Undetermined;
use crate::policy::{Finding, Location};

use super::{ChangeEntry, PlanEntry, Report, RuleEntry, StandingEntry};

/// Replaces the secrets of one string; a string without secrets comes back as it is.
pub type Replace<'a> = &'a dyn Fn(&str) -> Cow<'_, str>;

impl Report {
    /// Replaces every secret in every string of the report. Fingerprints of findings that held one are computed
    /// again: a digest of a short secret would give it away.
    ///
    /// Every struct is taken apart by name, so that a field added later does not compile until it is looked at.
    pub fn redact(&mut self, replace: Replace<'_>) {
        let Self {
            schema_version: _,
            tool: _,
            decision: _,
            access,
            plans,
            changes,
            findings,
            rules,
            waived,
            unused_waivers,
            undetermined,
            subject,
        } = self;
        access.reasons.iter_mut().for_each(|entry| reason(entry, replace));
        plans.iter_mut().for_each(|entry| plan(entry, replace));
        changes.iter_mut().for_each(|entry| change(entry, replace));
        findings.iter_mut().for_each(|entry| finding(entry, replace));
        rules.iter_mut().for_each(|entry| rule(entry, replace));
        for Waived { finding: found, waiver: by } in waived {
            finding(found, replace);
            waiver(by, replace);
        }
        unused_waivers.iter_mut().for_each(|UnusedWaiver { waiver: unused, why: _ }| waiver(unused, replace));
        for Undetermined { plan, address, code, message } in undetermined {
            strings([plan, code, message], replace);
            optional(address, replace);
        }
        if let Some(super::SubjectEntry { digest: _, parts }) = subject {
            object(parts, replace);
        }
    }
}

fn string(text: &mut String, replace: Replace<'_>) {
    let replaced = replace(text);
    if replaced != *text {
        *text = replaced.into_owned();
    }
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a mut String>, replace: Replace<'_>) {
    texts.into_iter().for_each(|text| string(text, replace));
}

fn optional(text: &mut Option<String>, replace: Replace<'_>) {
    strings(text.as_mut(), replace);
}

fn value(node: &mut Value, replace: Replace<'_>) {
    match node {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            let text = number.to_string();
            let replaced = replace(&text);
            if replaced != text {
                *node = Value::String(replaced.into_owned());
            }
        }
        Value::String(text) => string(text, replace),
        Value::Array(items) => items.iter_mut().for_each(|item| value(item, replace)),
        Value::Object(members) => object(members, replace),
    }
}

fn object(members: &mut serde_json::Map<String, Value>, replace: Replace<'_>) {
    let taken = std::mem::take(members);
    for (mut key, mut member) in taken {
        string(&mut key, replace);
        value(&mut member, replace);
        members.insert(key, member);
    }
}

fn plan(entry: &mut PlanEntry, replace: Replace<'_>) {
    let PlanEntry { id, source, sha256: _, decision: _, verdict: _, rows: _, resolved: _, standing } = entry;
    strings([id, source], replace);
    for StandingEntry { address, type_name } in standing {
        strings([address, type_name], replace);
    }
}

fn change(entry: &mut ChangeEntry, replace: Replace<'_>) {
    let ChangeEntry {
        plan,
        address,
        previous_address,
        type_name,
        provider,
        platform: _,
        kind: _,
        actions,
        verdict: _,
        reasons,
        new,
        removed,
        guardrails,
        notes,
        escalations,
        facets,
        location: place,
    } = entry;
    strings([plan, address, type_name, provider], replace);
    optional(previous_address, replace);
    strings(actions, replace);
    reasons.iter_mut().for_each(|entry| reason(entry, replace));
    new.iter_mut().for_each(|entry| new_access(entry, replace));
    removed.iter_mut().for_each(|entry| removed_access(entry, replace));
    for Guardrail { address, kind, effect: _, explanation } in guardrails {
        strings([address, kind, explanation], replace);
    }
    strings(notes, replace);
    escalations.iter_mut().for_each(|entry| value(entry, replace));
    for Facet { purpose, path, before, after, unknown: _ } in facets {
        strings([purpose, path], replace);
        before.iter_mut().chain(after.iter_mut()).for_each(|entry| value(entry, replace));
    }
    location(place, replace);
}

fn reason(entry: &mut Reason, replace: Replace<'_>) {
    let Reason { code, path, message } = entry;
    strings([code, path, message], replace);
}

fn new_access(entry: &mut NewAccess, replace: Replace<'_>) {
    let NewAccess { principal, actions, action_levels, resources, conditions, statement: place, witness, explanation } =
        entry;
    strings([principal, explanation], replace);
    strings(actions.iter_mut().chain(resources).chain(conditions), replace);
    for crate::access::ActionAccess { action, levels } in action_levels {
        string(action, replace);
        strings(levels, replace);
    }
    statement(place, replace);
    let Witness { principal, action, resource, context } = witness;
    strings([principal, action, resource], replace);
    let taken: BTreeMap<_, _> = std::mem::take(context);
    for (mut key, mut values) in taken {
        string(&mut key, replace);
        strings(&mut values, replace);
        context.entry(key).or_default().extend(values);
    }
}

fn removed_access(entry: &mut RemovedAccess, replace: Replace<'_>) {
    let RemovedAccess { principal, actions, resources, conditions, statement: place, explanation } = entry;
    strings([principal, explanation], replace);
    strings(actions.iter_mut().chain(resources).chain(conditions), replace);
    statement(place, replace);
}

fn statement(entry: &mut StatementRef, replace: Replace<'_>) {
    let StatementRef { address, path, index: _, sid } = entry;
    strings([address, path], replace);
    optional(sid, replace);
}

fn finding(entry: &mut Finding, replace: Replace<'_>) {
    let parts = |entry: &Finding| [&entry.rule, &entry.address, &entry.path, &entry.message].map(String::clone);
    let before = parts(entry);
    let Finding {
        plan,
        rule,
        level: _,
        severity: _,
        address,
        path,
        message,
        remediation,
        fingerprint: _,
        location: place,
        approvers,
        max_window: _,
    } = entry;
    strings([plan, rule, address, path, message, remediation], replace);
    location(place, replace);
    optional(approvers, replace);
    if parts(entry) != before {
        entry.fingerprint = Finding::fingerprint_of(&entry.rule, &entry.address, &entry.path, &entry.message);
    }
}

fn rule(entry: &mut RuleEntry, replace: Replace<'_>) {
    let RuleEntry { id, title, description, references } = entry;
    strings([id, title, description], replace);
    strings(references, replace);
}

fn waiver(entry: &mut Waiver, replace: Replace<'_>) {
    let Waiver { rule, address, reason, owner, expires } = entry;
    strings([rule, address, reason, owner, expires], replace);
}

fn location(entry: &mut Option<Location>, replace: Replace<'_>) {
    if let Some(Location { file, line: _ }) = entry {
        string(file, replace);
    }
}
