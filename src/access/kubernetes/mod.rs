//! The access of everybody in a Kubernetes cluster, before and after.
//!
//! 1. *Partition* ([`clusters`]): rows to clusters, in every way that the plan leaves open.
//! 2. *Read* ([`object`]): typed resources and manifests to objects.
//! 3. *Collect* ([`world`]): roles, bindings, and the identities that subjects, AWS principals, workloads and tokens
//!    carry.
//! 4. *Compare* ([`rbac`]): for each of them, a request that is permitted after and was not before.
//! 5. *Attribute* ([`judge`]): undo one change at a time; those without which the request is not permitted bring it
//!    about.
//! 6. *Replay* ([`evaluate`]): a second, independent evaluator decides the request on both sides.

mod clusters;
mod cover;
mod defaults;
pub mod evaluate;
mod judge;
mod object;
mod outside;
mod piece;
mod pod;
mod rbac;
mod selector;
mod world;

pub use rbac::{Grant, Request, Rule, TooMany, beyond};

use std::collections::BTreeMap;

use crate::access::worlds::{Judged, Platform, Side, State};
use crate::access::{Reason, Verdict};
use crate::iam::{self, IamChange};

use object::Thing;

/// Kubernetes.
#[derive(Clone, Copy, Debug)]
pub struct Kubernetes;

impl Platform for Kubernetes {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Kubernetes
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            let mut rows = state.rows.iter().filter(|row| row.change == Some(at)).peekable();
            // What is forgotten stays as it is, and has no row of its own.
            let stays = change.row.actions.forgets() && rows.peek().is_none();
            if stays || (rows.peek().is_some() && rows.all(cover::compared)) {
                out.compared(at);
            }
        }
        let changed: Vec<(usize, usize)> = (state.rows.iter().enumerate())
            .filter(|(_, row)| row.differs())
            .filter_map(|(at, row)| Some((at, row.change?)))
            .filter(|(_, change)| changes.get(*change).is_some_and(|change| self.covers(change.platform)))
            .collect();
        let mut readings = clusters::readings(state).into_iter();
        for rows in readings.next().into_iter().flatten() {
            judge::judge(state, &rows, &changed, out);
        }
        for reading in readings {
            let mut other = out.blank();
            for rows in &reading {
                judge::judge(state, rows, &changed, &mut other);
            }
            for (_, change) in &changed {
                match (out.verdict(*change), other.verdict(*change)) {
                    (Verdict::None, Verdict::New | Verdict::Possible) => out.possible(*change, differ()),
                    (Verdict::New, Verdict::None | Verdict::Possible) => out.note(*change, differ()),
                    _ => {}
                }
            }
        }
        unread(state, &changed, out);
        twice(state, &changed, out);
    }
}

fn differ() -> Reason {
    Reason {
        code: "readings_differ".into(),
        path: String::new(),
        message: "the plan has several provider configurations, and whether they reach one cluster decides what is \
                  newly permitted; read the change for the cluster that it is in"
            .into(),
    }
}

/// Objects that two resources write: which of them holds depends on the order in which they are applied.
fn twice(state: &State, changed: &[(usize, usize)], out: &mut Judged) {
    let mut written: BTreeMap<_, Vec<(usize, Thing)>> = BTreeMap::new();
    for (at, row) in state.rows.iter().enumerate() {
        let Some(thing) = Thing::on(row, Side::After).filter(|thing| cover::decides(&thing.kind)) else { continue };
        if let Some(name) = thing.name().filter(|name| !name.contains("${")) {
            written.entry((row.alias(), thing.kind.clone(), thing.namespace(), name)).or_default().push((at, thing));
        }
    }
    for ((_, kind, _, name), rows) in written {
        // Two that say the same are one.
        let mut contents = rows.iter().map(|(_, thing)| thing.body.settled());
        let first = contents.next();
        if contents.all(|content| Some(content) == first) {
            continue;
        }
        for (_, change) in changed.iter().filter(|(at, _)| rows.iter().any(|(row, _)| row == at)) {
            let reason = Reason {
                code: "unread_object".into(),
                path: String::new(),
                message: format!("two resources of the plan write {kind} `{name}`, and the later one holds; keep one"),
            };
            out.possible(*change, reason);
        }
    }
}

/// Objects that stay as they are and cannot be read may give what a change seems not to.
fn unread(state: &State, changed: &[(usize, usize)], out: &mut Judged) {
    let is_manifest = |name: &str| matches!(name, "kubernetes_manifest" | "kubectl_manifest");
    let found = state.rows.iter().filter(|row| !row.differs()).find_map(|row| {
        let object = row.after.as_ref().filter(|object| is_manifest(&object.type_name))?;
        Thing::of(object).is_none().then(|| object.address.to_string())
    });
    let Some(address) = found else { return };
    for (_, change) in changed.iter().filter(|(_, change)| out.verdict(*change) == Verdict::None).collect::<Vec<_>>() {
        let reason = Reason {
            code: "unread_object".into(),
            path: String::new(),
            message: format!(
                "`{address}` holds a list or several documents, which are not read; split it into one each"
            ),
        };
        out.possible(*change, reason);
    }
}
