//! Access on GitHub, before and after.
//!
//! Grants ([`grants`]) are levels in order: somebody gains where his highest level on a repository rises ([`judge`]),
//! and a second evaluator ([`evaluate`]) agrees. Guard rails ([`guard`]) are compared attribute by attribute; one that
//! holds back less lets those through who may push ([`row`]).

pub mod evaluate;
mod grants;
mod guard;
mod judge;
mod row;
mod tables;

use std::collections::BTreeMap;

use crate::access::worlds::{Judged, Platform, Row, State};
use crate::access::{Reason, Verdict};
use crate::iam::{self, IamChange};

use row::is_template;
use tables::{GRANTS, GUARDS, STILL};

/// GitHub.
#[derive(Clone, Copy, Debug)]
pub struct Github;

impl Platform for Github {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Github
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            let type_name = change.row.type_name.as_str();
            let read = GRANTS.iter().any(|kind| kind.name == type_name)
                || GUARDS.iter().any(|(name, ..)| *name == type_name)
                || STILL.contains(&type_name)
                || is_template(type_name);
            if read {
                out.compared(at);
            }
        }
        let ours = |row: &Row| row.change.filter(|at| changes.get(*at).is_some_and(|it| self.covers(it.platform)));
        let organizations = organizations(state);
        let all: Vec<usize> = organizations.values().flatten().copied().collect();
        judge::judge(state, &all, &ours, out);
        if organizations.len() < 2 {
            return;
        }
        // An alias can be another owner, or the same one under another token: what is new in either reading counts.
        let mut other = out.blank();
        for rows in organizations.values() {
            judge::judge(state, rows, &ours, &mut other);
        }
        for change in state.rows.iter().filter(|row| row.differs()).filter_map(ours) {
            match (out.verdict(change), other.verdict(change)) {
                (Verdict::None, Verdict::New | Verdict::Possible) => out.possible(change, differ()),
                (Verdict::New, Verdict::None | Verdict::Possible) => out.note(change, differ()),
                _ => {}
            }
        }
    }
}

fn differ() -> Reason {
    Reason {
        code: "readings_differ".into(),
        path: String::new(),
        message: "the plan has several provider configurations, and whether they have one owner decides what is newly \
                  permitted; read the change for the owner that it is about"
            .into(),
    }
}

/// The rows of GitHub by provider alias.
fn organizations(state: &State) -> BTreeMap<String, Vec<usize>> {
    let mut found: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, row) in state.rows.iter().enumerate() {
        if [&row.before, &row.after].into_iter().flatten().any(|object| object.type_name.starts_with("github_")) {
            found.entry(row.alias()).or_default().push(at);
        }
    }
    found
}
