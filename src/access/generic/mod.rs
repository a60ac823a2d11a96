//! Access through every type that no platform of its own compares, by the catalogue alone.
//!
//! One compiler for all of them: [`compile`] turns an object into products of words, a dimension for each attribute
//! that the catalogue lists; [`ways`] says what more of an attribute means; [`family`] asks the engine what the
//! products of the after side hold that those of the before side do not. What is new, and cannot be a matter of an
//! order that nobody knows, is proved; the rest is possible. Adding a type is a row of the catalogue, and a row of
//! `ways.tsv` where its words have an order.

mod compile;
mod family;
mod tell;
mod ways;

use std::collections::{BTreeMap, HashMap};

use compile::{Shape, Statement};
use family::{Family, Found};

use crate::access::worlds::{Judged, Platform, Row, State};
use crate::access::{Guardrail, GuardrailEffect, Reason, Verdict};
use crate::iam::catalogue::Entry;
use crate::iam::{self, IamChange, Kind, NoteCode, Origin};

/// All platforms without a compiler of their own.
#[derive(Clone, Copy, Debug)]
pub struct Generic;

impl Platform for Generic {
    fn covers(&self, platform: iam::Platform) -> bool {
        Mode::of(platform).is_some()
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let mut types: BTreeMap<&str, Entry> = BTreeMap::new();
        let mut left = BTreeMap::new();
        for (at, change) in changes.iter().enumerate() {
            let Some((mode, entry)) = read(change, out.is_compared(at)) else { continue };
            types.insert(&change.row.type_name, entry);
            left.insert(at, mode);
            if mode == Mode::Whole {
                out.compared(at);
            }
        }
        let mut rows: HashMap<&str, Vec<&Row>> = HashMap::new();
        for row in &state.rows {
            if let Some(object) = row.after.as_ref().or(row.before.as_ref())
                && types.contains_key(&*object.type_name)
            {
                rows.entry(&object.type_name).or_default().push(row);
            }
        }
        for (type_name, entry) in types {
            let provider = type_name.split('_').next().unwrap_or(type_name);
            let one_place = !state.several.contains(provider);
            let rows = rows.remove(type_name).unwrap_or_default();
            let family = Family::of(Shape::of(&entry), rows.into_iter(), one_place);
            for (index, member) in family.members.iter().enumerate() {
                let Some(at) = member.row.change else { continue };
                let (Some(change), Some(mode)) = (changes.get(at), left.get(&at)) else { continue };
                match mode {
                    Mode::Whole => judge(&family, index, at, change, out),
                    Mode::Harmless => {
                        let mut alone = out.blank();
                        judge(&family, index, at, change, &mut alone);
                        // What goes may have restricted somebody; nothing may go.
                        if alone.verdict(at) == Verdict::None && family.lost(index).is_empty() {
                            out.compared(at);
                        }
                    }
                }
            }
        }
    }
}

/// What is said about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// All there is.
    Whole,
    /// Only that nothing of an object changes that bears on access: rules that know the platform read the others.
    Harmless,
}

impl Mode {
    fn of(platform: iam::Platform) -> Option<Self> {
        match platform {
            iam::Platform::Gitlab | iam::Platform::Other => Some(Self::Whole),
            iam::Platform::Aws | iam::Platform::Gcp | iam::Platform::Azure => Some(Self::Harmless),
            iam::Platform::Kubernetes | iam::Platform::Github => None,
        }
    }
}

/// How a change is compared, and by which entry. What is made by another platform is left to its rules, and so is an
/// object that stands for any other.
fn read(change: &IamChange, compared: bool) -> Option<(Mode, Entry)> {
    let mode = Mode::of(change.platform).filter(|_| change.origin == Origin::Resource)?;
    let any_object = change.kind == Kind::CodeExecution || change.row.type_name.starts_with("azapi_");
    let gone = change.row.actions.deletes();
    match mode {
        Mode::Harmless if compared || any_object || change.row.before.is_null() || gone => None,
        _ => Some((mode, change.entry?)),
    }
}

fn judge(family: &Family<'_>, index: usize, at: usize, change: &IamChange, out: &mut Judged) {
    let Some(member) = family.members.get(index) else { return };
    let row = member.row;
    if change.notes.iter().any(|note| note.code == NoteCode::MovedAcrossTypes) {
        let text = "the object was kept as another type, whose attributes mean something else; read the change";
        out.possible(at, reason("unordered", "", text.to_owned()));
    }
    let certain = |statement: &Statement| !family.denies_beside(index, 1) && is_certain(&family.shape, statement, row);
    for found in family.judge(index, &certain) {
        match found {
            Found::New(words) => {
                if family.shape.kind == Kind::BoundaryOrGuardrail {
                    out.guardrail(at, rail(change, "guard_rail", GuardrailEffect::Weakened, "is less than before"));
                }
                out.new_access(at, tell::new_access(family, &words, change));
            }
            Found::Possible(statement) => {
                let Some(statement) = member.after.iter().flatten().nth(statement) else { continue };
                for reason in tell::doubts(family, member, statement, change) {
                    out.possible(at, reason);
                }
            }
            Found::Budget => {
                let text = "the lists of this object multiply to more statements than are compared; read the change";
                out.possible(at, reason("budget", "", text.to_owned()));
            }
        }
    }
    for name in family.beside(index) {
        let text = format!("`{name}` changes, and what it means for access is not known; read the change");
        out.possible(at, reason("unread_attribute", &name, text));
    }
    lost(family, index, at, change, out);
}

/// What goes: silent, unless the type may restrict.
fn lost(family: &Family<'_>, index: usize, at: usize, change: &IamChange, out: &mut Judged) {
    let mut lost = family.lost(index);
    lost.retain(|statement| !family.tightened(index, statement));
    let Some(member) = family.members.get(index).filter(|_| !lost.is_empty()) else { return };
    let denies = family.denies_beside(index, 0) || lost.iter().any(|statement| tell::denies(statement));
    let guards = family.shape.kind == Kind::BoundaryOrGuardrail && family.shape.removal_elevates;
    if guards || denies {
        let (effect, what) = match member.row.after {
            None => (GuardrailEffect::Removed, "is removed"),
            Some(_) => (GuardrailEffect::Weakened, "changes, and may hold back less"),
        };
        out.guardrail(at, rail(change, if denies { "denial" } else { "guard_rail" }, effect, what));
    }
    if guards || denies || family.shape.removal_elevates {
        let text = "what this takes away may have restricted somebody, and what it held back is not in the plan; \
                    read the change";
        out.possible(at, reason("unread_guardrail", "", text.to_owned()));
    }
    for statement in lost.iter().filter(|statement| !tell::denies(statement)) {
        out.removed(at, tell::removed(family, statement, change));
    }
}

fn rail(change: &IamChange, kind: &str, effect: GuardrailEffect, what: &str) -> Guardrail {
    let address = change.row.address.clone();
    let explanation = format!("what `{address}` holds back {what}");
    Guardrail { address, kind: kind.to_owned(), effect, explanation }
}

fn reason(code: &str, path: &str, message: String) -> Reason {
    Reason { code: code.into(), path: path.into(), message }
}

/// Whether a statement that is new certainly permits something: it says who and what, by a type that grants. The
/// first statement of what only defines or restricts grants nobody anything by itself.
fn is_certain(shape: &Shape, statement: &Statement, row: &Row) -> bool {
    let has = |purposes: &[&str]| {
        let mut cells = shape.dims.iter().zip(statement);
        cells.any(|(dim, cell)| purposes.contains(&dim.purpose) && !cell.is_unset())
    };
    if has(&["pass_role"]) {
        return true;
    }
    let remains = row.before.is_some();
    let who = has(&["principal", "group", "trust", "owner"]);
    match shape.kind {
        Kind::RoleBinding => {
            who && has(&["role", "permission", "policy_id", "policy_arn", "policy", "resource", "scope", "owner"])
        }
        Kind::GroupMembership => has(&["principal"]) || (who && has(&["role", "scope"])),
        Kind::Ownership => remains || (has(&["principal"]) && has(&["group", "permission", "resource"])),
        Kind::ResourcePolicy => remains || (who && has(&["permission", "resource", "role"])),
        Kind::NetworkOfTrust => remains || has(&["principal"]),
        Kind::Credential => {
            // A stored secret of something else identifies nobody here.
            let minted = !has(&["credential"]);
            minted || has(&["principal", "role", "permission", "policy_id", "policy"])
        }
        Kind::RoleDefinition | Kind::IdentityPolicy | Kind::TrustPolicy | Kind::Federation => remains,
        Kind::BoundaryOrGuardrail => remains,
        Kind::CodeExecution | Kind::Other | Kind::Unclassified => false,
    }
}
