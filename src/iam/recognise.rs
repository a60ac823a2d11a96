//! One pass over the rows of a plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::catalogue::{self, Entry};
use super::interest::{Interest, Passed};
use super::provisioners::{Provisioners, only_runs_provisioners, provisioners_of};
use super::{Facet, IamChange, Kind, Note, NoteCode, Origin, Platform, facets, unclassified};
use crate::plan::hcl::Sources;
use crate::plan::{Action, Address, Change, Configuration, Mode, Plan, Undetermined, printable};

/// What a plan holds that has to do with access.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    /// The IAM changes: rows in the plan's order, then what runs, then what the configuration shows.
    pub changes: Vec<IamChange>,
    /// Rows of catalogued types that stay as they are (`no-op`, neither moved nor imported): part of the world before
    /// and of the world after. They carry no facets.
    pub unchanged: Vec<IamChange>,
    /// Provider blocks and module calls that say something about access and that the plan does not show to change;
    /// their action is `no-op`. See [`Interest::recognise`].
    pub standing: Vec<IamChange>,
    /// What could not be told.
    pub undetermined: Vec<Undetermined>,
}

/// Recognises the IAM changes of a plan that was read with all its rows ([`crate::plan::Keep::all`]). To read only
/// what is needed, use [`Interest`].
pub fn recognise(plan: &Plan) -> Recognition {
    recognised(plan, &[], None)
}

impl Interest {
    /// Recognises the IAM changes of a plan that was read with these predicates.
    pub fn recognise(&self, plan: &Plan) -> Recognition {
        recognised(plan, &self.passed(), None)
    }

    /// The same with the configuration of the plan's own archive: it shows code that no JSON shows, and when
    /// provisioners run. What of it could not be read is undetermined. Files of a working directory are not the
    /// plan's and must not be passed.
    pub fn recognise_with(&self, plan: &Plan, sources: &Sources) -> Recognition {
        recognised(plan, &self.passed(), Some(sources))
    }
}

fn recognised(plan: &Plan, passed: &[Passed], sources: Option<&Sources>) -> Recognition {
    let (mut recognition, mut lookup) = (Recognition::default(), Lookup::default());
    for row in &plan.changes {
        recognition.row(row, &mut lookup, plan.configuration.as_ref());
    }
    recognition.provisioners(plan, passed, sources);
    recognition.actions(plan);
    recognition.ephemerals(plan, sources);
    recognition.providers(plan, passed);
    recognition.modules(plan);
    recognition.undetermined.extend(sources.iter().flat_map(|sources| sources.undetermined.iter().cloned()));
    recognition
}

/// Looks types up once each; a plan has few types and many rows.
#[derive(Debug, Default)]
pub(super) struct Lookup(BTreeMap<Origin, HashMap<String, Option<Entry>>>);

impl Lookup {
    /// The catalogue's entry of a type.
    pub(super) fn find(&mut self, origin: Origin, type_name: &str) -> Option<Entry> {
        let types = self.0.entry(origin).or_default();
        if let Some(known) = types.get(type_name) {
            return *known;
        }
        let entry = catalogue::find(origin, type_name).map(|(entry, _)| entry);
        types.insert(type_name.to_owned(), entry);
        entry
    }

    /// The entry of a row's type, and the origin it was found for. A mode that tollgate does not know may be any of
    /// those it knows.
    pub(super) fn of_mode(&mut self, mode: &Mode, type_name: &str) -> (Origin, Option<Entry>) {
        let origins: &[Origin] = match mode {
            Mode::Managed => &[Origin::Resource],
            Mode::Data => &[Origin::Data],
            Mode::Ephemeral => &[Origin::Ephemeral],
            Mode::Other(_) => &[Origin::Resource, Origin::Data, Origin::Ephemeral, Origin::Action],
        };
        for origin in origins {
            if let Some(entry) = self.find(*origin, type_name) {
                return (*origin, Some(entry));
            }
        }
        (origins.first().copied().unwrap_or(Origin::Resource), None)
    }
}

impl Recognition {
    /// Recognises rows alone, without what the configuration adds to them.
    pub fn of_rows<'a>(rows: impl IntoIterator<Item = &'a Arc<Change>>) -> Self {
        let (mut recognition, mut lookup) = (Self::default(), Lookup::default());
        for row in rows {
            recognition.row(row, &mut lookup, None);
        }
        recognition
    }

    /// Recognises one row of `resource_changes[]`.
    fn row(&mut self, row: &Arc<Change>, lookup: &mut Lookup, configuration: Option<&Configuration>) {
        let (origin, mut entry) = lookup.of_mode(&row.mode, &row.type_name);
        let moved_from = previous_type(row);
        let mut notes = notes(row);
        if let Some(previous) = moved_from {
            // What the object was decides as well: a role binding that becomes something unlisted is still one.
            let before = lookup.find(origin, &previous);
            if before.is_some() {
                notes.push(moved_across_types(&previous, &row.type_name));
            }
            entry = entry.or(before);
        }
        match entry {
            Some(entry) if row.is_plain_no_op() => {
                self.unchanged.push(listed(row, origin, entry, Vec::new(), Vec::new()))
            }
            // Provisioners are all there is to it. They are reported by themselves where they run.
            Some(entry)
                if only_runs_provisioners(&entry)
                    && provisioners_of(configuration, &row.address) != Provisioners::Unknown => {}
            Some(entry) => {
                if restricts(&entry) && row.actions.0.first() == Some(&Action::Delete) && row.actions.creates() {
                    notes.push(gap());
                }
                self.changes.push(listed(row, origin, entry, facets::of_row(&entry, row), notes));
            }
            None if origin == Origin::Data || row.is_plain_no_op() => {}
            None => {
                if let Some(facets) = unclassified::facets_of(row) {
                    self.changes.push(unlisted(row, origin, facets, notes));
                }
            }
        }
    }
}

fn listed(row: &Arc<Change>, origin: Origin, entry: Entry, facets: Vec<Facet>, notes: Vec<Note>) -> IamChange {
    let provider = row.provider.source();
    let platform = match Platform::of_provider(&provider) {
        Platform::Other => Platform::of_provider(entry.provider),
        platform => platform,
    };
    IamChange {
        row: Arc::clone(row),
        origin,
        provider,
        platform,
        kind: entry.kind,
        facets,
        authoritative: entry.authoritative,
        removal_elevates: entry.removal_elevates,
        entry: Some(entry),
        notes,
    }
}

fn unlisted(row: &Arc<Change>, origin: Origin, facets: Vec<Facet>, notes: Vec<Note>) -> IamChange {
    let provider = row.provider.source();
    IamChange {
        row: Arc::clone(row),
        origin,
        platform: Platform::of_provider(&provider),
        provider,
        kind: Kind::Unclassified,
        // A policy may deny; whether this one does is not known.
        removal_elevates: facets.iter().any(|facet| facet.purpose == "policy"),
        facets,
        authoritative: false,
        entry: None,
        notes,
    }
}

/// The type an object was kept as, where a move changed it.
fn previous_type(row: &Change) -> Option<String> {
    let previous = Address::parse(row.previous_address.as_deref()?)?.type_name;
    (previous != row.type_name).then_some(previous)
}

fn restricts(entry: &Entry) -> bool {
    entry.removal_elevates || entry.kind == Kind::BoundaryOrGuardrail
}

fn notes(row: &Change) -> Vec<Note> {
    let mut notes = Vec::new();
    if row.actions.forgets() {
        notes.push(Note {
            code: NoteCode::LeftBehind,
            message: "the object leaves the state and stays in the cloud: what it grants or denies goes on, unmanaged"
                .into(),
        });
    } else if row.actions.deletes() && is_abandoned(&row.before) {
        notes.push(Note {
            code: NoteCode::LeftBehind,
            message: "the object is only dropped, its provider leaves it in the cloud: what it grants or denies goes on, unmanaged"
                .into(),
        });
    }
    if row.importing.is_some() {
        notes.push(Note {
            code: NoteCode::Adopted,
            message: "the object existed before and is adopted: what it grants was not made by this state".into(),
        });
    }
    if row.deposed.is_some() {
        notes.push(Note {
            code: NoteCode::Deposed,
            message: "an object left over from a failed replacement; the current one has a row of its own".into(),
        });
    }
    notes
}

fn moved_across_types(from: &str, to: &str) -> Note {
    Note {
        code: NoteCode::MovedAcrossTypes,
        message: format!("the object was kept as `{}` and is now kept as `{}`", printable(from), printable(to)),
    }
}

fn gap() -> Note {
    Note {
        code: NoteCode::Gap,
        message: "what it restricts is free between its deletion and its creation, and stays free if that fails; \
                  `create_before_destroy` closes the gap"
            .into(),
    }
}

/// Google's provider (7.x) and several AWS types leave the object in place when they are told so.
fn is_abandoned(before: &Value) -> bool {
    before.get("deletion_policy").and_then(Value::as_str) == Some("ABANDON")
        || before.get("skip_destroy") == Some(&Value::Bool(true))
}
