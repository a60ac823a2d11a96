//! What a row says by itself: values that cannot be read, and guard rails that hold back less.

use std::collections::BTreeMap;

use super::grants::{self, World};
use super::guard::{self, Outcome};
use super::tables::{GRANTS, GUARDS, SILENT};
use crate::access::worlds::{Judged, Object, Row, Unread, Val};
use crate::access::{ActionAccess, Guardrail, GuardrailEffect, NewAccess, Reason, StatementRef, Witness};

pub(super) fn is_template(type_name: &str) -> bool {
    type_name.ends_with("oidc_subject_claim_customization_template")
}

pub(super) fn reason(code: &str, path: &str, message: String) -> Reason {
    Reason { code: code.into(), path: path.into(), message }
}

/// What a row says by itself: values that cannot be read, and guard rails.
pub(super) fn of_row(row: &Row, rows: &[&Row], change: usize, after: &World, out: &mut Judged) {
    let Some(object) = row.after.as_ref().or(row.before.as_ref()) else { return };
    let type_name = &*object.type_name;
    if is_template(type_name) {
        let text = "the subject of workflow tokens changes, and trust policies outside the plan decide what it opens; \
                    read the trust policies of the clouds that accept these tokens";
        out.possible(change, reason("outside_plan", "", text.to_owned()));
    }
    if let (Some(kind), Some(new)) = (GRANTS.iter().find(|kind| kind.name == type_name), &row.after) {
        // The other attributes of a repository stand in its guard.
        if kind.gives
            && let Some(Unread::Attribute(attribute)) = kind.unread(row, SILENT)
        {
            let text = format!("`{attribute}` of `{type_name}` is not compared; read the change");
            out.possible(change, reason("not_compared", attribute, text));
        }
        let parts = kind.follows.iter().filter(|name| matches!(new.get(name), Val::Partial(_)));
        for attribute in kind.reads.iter().chain(parts) {
            let value = new.get(attribute);
            if value.has_hole() && row.before.as_ref().is_none_or(|old| old.get(attribute) != value) {
                let text = format!("`{attribute}` is known only after apply; give it a value that the plan can show");
                out.possible(change, reason("unknown_value", attribute, text));
            }
        }
    }
    if type_name == "github_repository"
        && let Some(new) = &row.after
        && !new.get("pages").is_unset()
        && row.before.as_ref().is_none_or(|old| old.get("pages") != new.get("pages"))
    {
        let text = "what the pages of this repository publish is not in the plan; read who can see them";
        out.possible(change, reason("outside_plan", "pages", text.to_owned()));
    }
    guard(row, rows, object, change, after, out);
}

fn guard(row: &Row, rows: &[&Row], object: &Object, change: usize, after: &World, out: &mut Judged) {
    let Some((type_name, kind, action, table)) = GUARDS.iter().find(|(name, ..)| *name == &*object.type_name) else {
        return;
    };
    let named = ["repository", "repository_id", "branch", "pattern", "environment", "target"];
    let moved = |old: &Object, new: &Object| named.iter().find(|name| old.get(name) != new.get(name));
    let outcome = match (&row.before, &row.after) {
        (Some(old), Some(new)) => match moved(old, new) {
            Some(name) if new.get(name).has_hole() => Outcome::Unclear((*name).to_owned()),
            Some(name) if *name == "pattern" && covers(new.get(name), old.get(name)) => {
                guard::compare(&old.values, &new.values, table)
            }
            Some(name) => Outcome::Looser((*name).to_owned()),
            None => guard::compare(&old.values, &new.values, table),
        },
        // Its settings come and go with it.
        (None, _) | (_, None) if *kind == "repository" => Outcome::Kept,
        (Some(_), None) => Outcome::Looser(String::new()),
        // A first protection restrains; another one can take the place of a stricter one.
        (None, Some(new)) if type_name.starts_with("github_branch_protection") => match others(rows, new) {
            true => Outcome::Unclear("it may take the place of another protection of the same branch".to_owned()),
            false => Outcome::Kept,
        },
        (None, Some(_)) if matches!(*kind, "ruleset" | "environment") => Outcome::Kept,
        _ => Outcome::Unclear("what held before is not in the plan".to_owned()),
    };
    match outcome {
        Outcome::Kept => {}
        Outcome::Unclear(what) => {
            let text = format!("this {kind} cannot be compared ({what}); read the change");
            out.possible(change, reason("unread_guardrail", &what, text));
        }
        Outcome::Looser(what) => {
            let removed = row.after.is_none();
            let address = object.address.to_string();
            let explanation = match removed {
                true => format!("a gate of the project, its {kind}, is removed"),
                false => format!("a gate of the project, its {kind}, holds back less: `{what}`"),
            };
            let effect = if removed { GuardrailEffect::Removed } else { GuardrailEffect::Weakened };
            out.guardrail(
                change,
                Guardrail { address, kind: (*kind).to_owned(), effect, explanation: explanation.clone() },
            );
            // Whom the base permission lets in, and how far, the levels say.
            if what == "default_repository_permission" {
                return;
            }
            let place = |key: &str| object.get(key).name();
            let repository = place("repository").or_else(|| place("repository_id")).unwrap_or_else(|| "*".into());
            let action = match what.as_str() {
                "required_approving_review_count" | "contexts" | "required_status_checks" => "branch:merge",
                "allows_force_pushes" => "branch:force-push",
                "allow_forking" => "repo:fork",
                _ => action,
            };
            let (who, resource) = match *kind {
                "actions_policy" => (format!("workflow:{repository}"), repository),
                "organization" => ("org-members".to_owned(), repository),
                "repository" => {
                    let name = place("name").unwrap_or_else(|| "*".into()).to_lowercase();
                    (pusher(after, &name), name)
                }
                _ => {
                    let part = place("pattern").or_else(|| place("branch")).or_else(|| place("environment"));
                    let mark = if *kind == "environment" { '#' } else { '@' };
                    let who = pusher(after, &repository);
                    (who, format!("{repository}{mark}{}", part.unwrap_or_else(|| "*".into())))
                }
            };
            out.new_access(change, piece(&object.address, &what, &who, action, &resource, explanation));
        }
    }
}

/// Whether the before side protects branches of what may be the same repository.
fn others(rows: &[&Row], new: &Object) -> bool {
    let place = |object: &Object| {
        let name = object.get("repository_id").name().or_else(|| object.get("repository").name());
        name.map(|name| (object.type_name.clone(), name.starts_with("${"), name.to_lowercase()))
    };
    let of = place(new);
    rows.iter().filter_map(|row| row.before.as_ref()).any(|object| {
        // One by a name and one by an id, or by what is known only after apply, may be of one repository.
        let apart =
            place(object).zip(of.as_ref()).is_some_and(|(one, new)| one.0 == new.0 && one.1 == new.1 && one.2 != new.2);
        object.type_name.starts_with("github_branch_protection") && !apart
    })
}

/// Somebody whom a guard rail holds back: one who may push.
fn pusher(after: &World, repository: &str) -> String {
    let pushes =
        |(_, grants): &(&(String, String), &Vec<grants::Grant>)| grants.iter().any(|grant| grant.level >= Some(2));
    let here = after.grants.range((repository.to_owned(), String::new())..);
    let mut here = here.take_while(|((on, _), _)| on == repository);
    let found = here.find(pushes).or_else(|| after.grants.iter().find(pushes));
    found.map_or_else(|| "whoever may push".to_owned(), |((_, who), _)| who.clone())
}

/// Whether a pattern of branches matches all that another does; only a trailing `*` is understood.
fn covers(large: &Val, small: &Val) -> bool {
    let (Some(large), Some(small)) = (large.text(), small.text()) else { return false };
    let prefix = large.strip_suffix('*');
    prefix.is_some_and(|prefix| {
        let plain = !prefix.contains(['*', '?', '[', '\\']);
        plain && small.strip_prefix(prefix).is_some_and(|rest| !rest.contains(['/', '[', '\\']))
    })
}

/// New access as the report shows it.
pub(super) fn piece(
    address: &str,
    path: &str,
    who: &str,
    action: &str,
    resource: &str,
    explanation: String,
) -> NewAccess {
    let levels = match action {
        "repo:pull" | "repo:triage" => vec!["read".to_owned()],
        "repo:admin" | "org:owner" | "team:manage-members" => vec!["write".to_owned(), "permissions".to_owned()],
        _ => vec!["write".to_owned()],
    };
    NewAccess {
        principal: who.to_owned(),
        actions: vec![action.to_owned()],
        action_levels: vec![ActionAccess { action: action.to_owned(), levels }],
        resources: vec![resource.to_owned()],
        conditions: Vec::new(),
        statement: StatementRef { address: address.to_owned(), path: path.to_owned(), index: 0, sid: None },
        witness: Witness {
            principal: who.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        },
        explanation,
    }
}
