//! What runs at apply and stands in no row: actions and ephemeral resources. Provisioners have a file of their own.

use std::collections::HashSet;
use std::sync::Arc;

use super::catalogue::{self, Entry};
use super::{IamChange, Kind, Note, NoteCode, Origin, Platform, Recognition, facets};
use crate::plan::configuration::overlay;
use crate::plan::hcl::{Hidden, HiddenKind, Sources};
use crate::plan::{Action, ActionInvocation, Actions, Address, Change, Mode, Plan, Provider, printable};

impl Recognition {
    /// Actions that a plan invokes (Terraform 1.14): each runs something, so one that is not in the catalogue counts
    /// as unclassified.
    pub(super) fn actions(&mut self, plan: &Plan) {
        self.changes.extend(plan.actions.iter().map(action_change));
    }

    /// Ephemeral resources that run code. They are opened when the plan is made and again when it is applied. OpenTofu
    /// shows them, as rows or in the configuration; Terraform does not, so they are looked for in the source as well.
    pub(super) fn ephemerals(&mut self, plan: &Plan, sources: Option<&Sources>) {
        let rows = plan.changes.iter().filter(|row| row.mode == Mode::Ephemeral);
        let mut shown: HashSet<String> =
            rows.filter_map(|row| Address::parse(&row.address)).map(|address| address.config()).collect();
        for located in plan.configuration.iter().flat_map(|configuration| configuration.resources()) {
            let resource = located.resource;
            let address = located.address();
            if resource.mode != Mode::Ephemeral || !shown.insert(address.clone()) {
                continue;
            }
            let expressions = overlay(&resource.expressions);
            let row = Change {
                type_name: resource.type_name.clone(),
                name: resource.name.clone(),
                after: expressions.value,
                after_unknown: expressions.unknown,
                after_sensitive: expressions.sensitive,
                ..ephemeral_row(address)
            };
            self.changes.extend(ephemeral_change(row, Vec::new()));
        }
        for hidden in sources.map(Sources::hidden).unwrap_or_default() {
            if hidden.kind == HiddenKind::Ephemeral && shown.insert(hidden.address.clone()) {
                let row = Change { type_name: hidden.type_name.clone(), ..ephemeral_row(hidden.address.clone()) };
                self.changes.extend(ephemeral_change(row, vec![hidden_note(&hidden)]));
            }
        }
    }
}

fn ephemeral_row(address: String) -> Change {
    Change { address, mode: Mode::Ephemeral, actions: Actions(vec![Action::Open]), ..Change::default() }
}

/// The change of an ephemeral resource, if it runs code. One that fetches a secret gives nobody anything new.
fn ephemeral_change(mut row: Change, notes: Vec<Note>) -> Option<IamChange> {
    let (entry, _) = catalogue::find(Origin::Ephemeral, &row.type_name)?;
    row.provider = Provider(entry.provider.to_owned());
    (entry.kind == Kind::CodeExecution).then(|| made_up(row, Origin::Ephemeral, Some(entry), notes))
}

/// Where something stands that the plan does not show.
pub(super) fn hidden_note(hidden: &Hidden) -> Note {
    let place = format!("`{}` line {}", printable(&hidden.file), hidden.line);
    Note { code: NoteCode::Hidden, message: format!("it stands in {place} and in no output of the plan") }
}

fn action_change(action: &ActionInvocation) -> IamChange {
    let entry = catalogue::find(Origin::Action, &action.type_name).map(|(entry, _)| entry);
    let row = Change {
        address: action.address.clone(),
        mode: Mode::Other("action".into()),
        type_name: action.type_name.clone(),
        name: action.name.clone(),
        provider: action.provider.clone(),
        actions: run(),
        after: action.values.clone(),
        after_unknown: action.unknown.clone(),
        after_sensitive: action.sensitive.clone(),
        ..Change::default()
    };
    let event = action.event.as_deref().unwrap_or("Invoke");
    let message = match &action.triggered_by {
        Some(resource) => format!("it runs at `{}` of `{}`", printable(event), printable(resource)),
        None => format!("it runs at `{}`", printable(event)),
    };
    made_up(row, Origin::Action, entry, vec![Note { code: NoteCode::Triggered, message }])
}

/// The word that stands for the action of what runs: plans have none for it.
pub(super) fn run() -> Actions {
    Actions(vec![Action::Other("run".into())])
}

/// A change whose row is not the plan's.
pub(super) fn made_up(row: Change, origin: Origin, entry: Option<Entry>, notes: Vec<Note>) -> IamChange {
    let provider = if row.provider.0.is_empty() { String::new() } else { row.provider.source() };
    let facets = entry.map(|entry| facets::of_made_up(&entry, &row)).unwrap_or_default();
    IamChange {
        origin,
        platform: Platform::of_provider(&provider),
        provider,
        kind: entry.map_or(Kind::Unclassified, |entry| entry.kind),
        facets,
        authoritative: entry.is_some_and(|entry| entry.authoritative),
        removal_elevates: entry.is_some_and(|entry| entry.removal_elevates),
        entry,
        notes,
        row: Arc::new(row),
    }
}
