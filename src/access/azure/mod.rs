//! Azure and Entra: role assignments and what else decides who may do what, before and after.
//!
//! 1. *Collect* ([`collect`]): the objects of a side to grants and restrictions.
//! 2. *Compare* both sides with the core.
//! 3. *Replay*: every request found is judged again on both sides by [`evaluate`], which reads the plan itself.
//! 4. *Attribute*: undo one change at a time; those without which the request is not permitted bring it about.

mod collect;
pub mod condition;
mod cover;
mod evaluate;
mod roles;
mod undo;

use std::collections::{BTreeSet, HashMap};

use crate::access::apart::parts;
use crate::access::compare::{Doubt, Options, Outcome, Piece, compare};
use crate::access::glob::Glob;
use crate::access::literal::Dim;
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin, Rule, RuleSet};
use crate::access::space::Space;
use crate::access::worlds::{Judged, Object, Platform, Row, Side, State};
use crate::access::{ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, StatementRef, Verdict, Witness};
use crate::iam::{self, IamChange};

use collect::{Collector, Source, World};
use undo::Undo;

/// Azure and Entra ID.
#[derive(Clone, Copy, Debug)]
pub struct Azure;

/// How many built-in roles there are facts about.
#[must_use]
pub fn built_in_roles() -> usize {
    roles::count()
}

impl Platform for Azure {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Azure
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let mut read = BTreeSet::new();
        let rows: HashMap<usize, &Row> = state.rows.iter().rev().filter_map(|row| Some((row.change?, row))).collect();
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            match cover::of(change, rows.get(&at).copied()) {
                Some(None) => out.compared(at),
                Some(Some(reason)) => out.possible(at, reason),
                None => continue,
            }
            read.insert(at);
        }
        let changed = |row: &Row| row.change.is_some_and(|at| read.contains(&at)) && row.differs();
        let touched: Vec<usize> =
            state.rows.iter().enumerate().filter(|(_, row)| changed(row)).map(|(at, _)| at).collect();
        if touched.is_empty() {
            return;
        }
        let source = Source::of(state);
        let side = |side: Side| Collector::collect(&source, 0..state.rows.len(), &|_| side);
        let (before, after) = (side(Side::Before), side(Side::After));
        for (row, reason) in before.unknown.iter().chain(&after.unknown) {
            if let Some(change) = state.rows.get(*row).and_then(|row| row.change) {
                out.possible(change, reason.clone());
            }
        }
        joined(state, &touched, (&before, &after), out);
        let outcome = compared(&before, &after);
        let mut undo = Undo::new(&source, &touched, [&before, &after]);
        let [then, now] = [Side::Before, Side::After].map(|side| evaluate::World::on(state, side));
        for piece in &outcome.new {
            // A request that the second evaluator contradicts proves nothing.
            if now.permits(&piece.point) == evaluate::Truth::No || then.permits(&piece.point) == evaluate::Truth::Yes {
                let message = "a request was found but does not stand up when checked".to_owned();
                let reason = Reason { code: "unconfirmed".into(), path: String::new(), message };
                let changes = touched.iter().filter_map(|row| state.rows.get(*row)?.change);
                changes.for_each(|change| out.possible(change, reason.clone()));
                continue;
            }
            let new = describe(piece, &after);
            for row in undo.culprits(piece) {
                let Some(row) = state.rows.get(row) else { continue };
                let Some(change) = row.change else { continue };
                out.new_access(change, new.clone());
                let object = row.before.as_ref().filter(|object| collect::restrains(&object.type_name));
                if let Some(object) = object {
                    let effect = match row.after {
                        Some(_) => GuardrailEffect::Weakened,
                        None => GuardrailEffect::Removed,
                    };
                    out.guardrail(
                        change,
                        Guardrail {
                            address: object.address.to_string(),
                            kind: object.type_name.to_string(),
                            effect,
                            explanation: format!("`{}` no longer restrains it: {}", object.address, new.explanation),
                        },
                    );
                }
            }
        }
        for (origin, doubt, point) in &outcome.possible {
            let (code, message) = match doubt {
                Doubt::Budget => ("budget", "too many interacting patterns to decide within the budget".to_owned()),
                Doubt::Unknown(labels) => {
                    ("unknown_value", format!("depends on what cannot be read: {}", labels.join("; ")))
                }
                Doubt::Unconfirmed | Doubt::Variable => {
                    ("unconfirmed", "a request was found but does not stand up when checked".to_owned())
                }
            };
            let reason = Reason { code: code.into(), path: String::new(), message };
            for row in undo.bearing(origin.as_ref(), point.as_ref()) {
                if let Some(change) = state.rows.get(row).and_then(|row| row.change) {
                    out.possible(change, reason.clone());
                }
            }
        }
        lifted(state, &touched, (&before, &after), out);
    }
}

/// What the after side permits that the before side does not, worked out for each principal and place by itself.
fn compared(before: &World, after: &World) -> Outcome {
    let (Decision::Rules(old), Decision::Rules(new)) = (&before.decision, &after.decision) else {
        let space = AzureSpace { resources: after.resources.iter().map(String::as_str).collect() };
        return compare(&before.decision, &after.decision, &space, Options::default());
    };
    let mut sorted: Vec<(String, usize)> =
        after.resources.iter().enumerate().map(|(at, id)| (id.to_ascii_lowercase(), at)).collect();
    sorted.sort_unstable();
    let mut outcome = Outcome::default();
    for part in parts(old, new) {
        let mut found = BTreeSet::new();
        for start in part.reach.starts() {
            let rest = sorted.get(sorted.partition_point(|(id, _)| id < start)..).unwrap_or_default();
            found.extend(rest.iter().take_while(|(id, _)| id.starts_with(start)).map(|(_, at)| *at));
        }
        let resources = found.into_iter().filter_map(|at| after.resources.get(at)).map(String::as_str).collect();
        let (before, after) = (Decision::Rules(part.before), Decision::Rules(part.after));
        let found = compare(&before, &after, &AzureSpace { resources }, Options::default());
        outcome.new.extend(found.new);
        outcome.possible.extend(found.possible);
    }
    outcome.new.sort_by_key(|piece| piece.origin.as_ref().map(|origin| origin.index));
    outcome.possible.sort_by_key(|(origin, ..)| origin.as_ref().map(|origin| origin.index));
    outcome
}

/// Says of restrictions that are lifted from nobody in the plan that the verdict rests on that.
fn lifted(state: &State, touched: &[usize], (before, after): (&World, &World), out: &mut Judged) {
    let space = AzureSpace { resources: after.resources.iter().map(String::as_str).collect() };
    let (Decision::Rules(before), Decision::Rules(after)) = (&before.decision, &after.decision) else { return };
    for row in touched.iter().filter_map(|row| state.rows.get(*row)) {
        let (Some(object), Some(change)) = (&row.before, row.change) else { continue };
        if !collect::restrains(&object.type_name) || out.verdict(change) != Verdict::None {
            continue;
        }
        let own = before.deny.iter().filter(|rule| *rule.origin.address == *object.address).cloned().collect();
        if !compare(&held(own), &held(after.deny.clone()), &space, Options::default()).is_none() {
            let message = format!("nobody in the plan gains where `{}` restricts less; others may", object.address);
            out.note(change, Reason { code: "outside_plan".into(), path: String::new(), message });
        }
    }
}

/// Somebody who is permitted everything, but for restrictions.
fn held(deny: Vec<Rule>) -> Decision {
    let everything = Rule { lits: Vec::new(), origin: Origin::default() };
    Decision::Rules(RuleSet { allow: vec![everything], deny })
}

/// Groups that were there before and get members or owners, although no grant of the plan says what they may do.
fn joined(state: &State, touched: &[usize], (before, after): (&World, &World), out: &mut Judged) {
    for (group, people) in &after.people {
        let fresh = people.iter().find(|one| before.people.get(group).is_none_or(|old| !old.contains(*one)));
        // A group that the plan makes has nothing yet.
        let made = group.starts_with("${") && !group.starts_with("${data.");
        let Some(one) = fresh.filter(|_| !made && !after.reached.contains(group)) else { continue };
        let names = |object: &Object| {
            ["group_object_id", "object_id"].iter().any(|key| object.get(key).name().as_ref() == Some(group))
        };
        let rows = touched.iter().filter_map(|row| state.rows.get(*row));
        for change in rows.filter(|row| row.after.as_ref().is_some_and(names)).filter_map(|row| row.change) {
            out.possible(
                change,
                Reason {
                    code: "outside_plan".into(),
                    path: "members".into(),
                    message: format!("what group `{group}` may do is not in the plan, and `{one}` gets it"),
                },
            );
        }
    }
}

/// The new access as the report shows it.
fn describe(piece: &Piece, after: &World) -> NewAccess {
    let origin = piece.origin.clone().unwrap_or_default();
    let facts = after.facts.get(origin.index).cloned().unwrap_or_default();
    let plain = |action: &str| action.get(2..).unwrap_or(action).to_owned();
    let mut context: std::collections::BTreeMap<String, Vec<String>> =
        piece.point.keys.iter().map(|(key, value)| (key.to_string(), value.values().to_vec())).collect();
    let principal = match piece.point.principal.strip_prefix("credential:").and_then(|it| it.rsplit_once('#')) {
        Some((address, identity)) => {
            context.insert("tollgate:credential".into(), vec![address.to_owned()]);
            identity.to_owned()
        }
        None => piece.point.principal.clone(),
    };
    let witness = Witness {
        principal: principal.clone(),
        action: plain(&piece.point.action),
        resource: piece.point.resource.clone(),
        context,
    };
    let by = if origin.address.is_empty() { String::new() } else { format!(", through `{}`", origin.address) };
    NewAccess {
        explanation: format!("`{principal}` can now `{}` on `{}`{by}", witness.action, witness.resource),
        principal,
        action_levels: facts
            .actions
            .iter()
            .map(|action| ActionAccess { action: action.clone(), levels: levels(action) })
            .collect(),
        actions: facts.actions,
        resources: facts.resources,
        conditions: facts.conditions,
        statement: StatementRef { address: origin.address, path: origin.path, index: 0, sid: origin.sid },
        witness,
    }
}

/// The access levels that an operation pattern covers, by the last segment of its name.
fn levels(action: &str) -> Vec<String> {
    let lower = action.to_ascii_lowercase();
    let mut levels = Vec::new();
    if lower == "*" || (lower.starts_with("microsoft.authorization/") && !lower.ends_with("/read")) {
        levels.push("permissions".to_owned());
    }
    if lower.ends_with("/read") || lower.ends_with('*') {
        levels.push("read".to_owned());
    }
    if !lower.ends_with("/read") {
        levels.push("write".to_owned());
    }
    levels
}

/// Requests that look like Azure's.
struct AzureSpace<'a> {
    resources: Vec<&'a str>,
}

impl Space for AzureSpace<'_> {
    fn is_scalar(&self, key: &str) -> bool {
        matches!(key, "sourceip" | "time" | "duration" | "age")
    }

    fn shapes(&self, dim: &Dim, fixed: &Point) -> Vec<Glob> {
        let _ = fixed;
        let wildcard = |text: &str| Glob::wildcard(text, true);
        match dim {
            Dim::Action => [
                "c:Microsoft.Authorization/roleAssignments/write",
                "c:Microsoft.Compute/virtualMachines/write",
                "d:Microsoft.KeyVault/vaults/secrets/getSecret/action",
                "d:Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                "c:Microsoft.*/*/write",
                "c:Microsoft.*/*/action",
                "c:Microsoft.Resources/subscriptions/resourceGroups/read",
                "c:Microsoft.*/*",
                "d:Microsoft.*/*",
            ]
            .iter()
            .map(|text| wildcard(text))
            .collect(),
            Dim::Resource => self.resources.iter().map(|id| Glob::literal(id)).collect(),
            _ => Vec::new(),
        }
    }
}
