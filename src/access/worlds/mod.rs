//! Worlds: the access of everybody in a plan, before and after.
//!
//! [`State`] holds every row that bears on access with its object on both sides. A [`Platform`] reads it, compares
//! the effective access of what a change touches, and says for each IAM change what it brings about.

mod build;
mod cover;
mod state;
mod value;
mod whole;

pub use build::{Rebuild, Resolved};
pub use cover::{Type, Unread};
pub use state::{Object, Row, Setting, Side, State};
pub use value::{Hole, Piece, Val};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::aws::world::Aws;
use crate::access::azure::Azure;
use crate::access::facts::Catalogue;
use crate::access::gcp::Gcp;
use crate::access::generic::Generic;
use crate::access::github::Github;
use crate::access::hcl::Program;
use crate::access::kubernetes::Kubernetes;
use crate::access::{Access, Guardrail, NewAccess, PlanAccess, Reason, RemovedAccess, Verdict};
use crate::iam::{self, IamChange, Origin, Recognition};
use crate::plan::Plan;
use crate::plan::hcl::Sources;

/// A platform: how its resources become statements, and how their effect is compared.
pub trait Platform: Sync {
    /// Whether the platform's rules apply.
    fn covers(&self, platform: iam::Platform) -> bool;

    /// Judges the changes of the platform: says of each that it was compared, and what it brings about.
    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged);

    /// The value that a data source of the platform, read at apply, will have: type, attribute, arguments.
    fn rebuild(&self, type_name: &str, attribute: &str, arguments: &Val) -> Option<Val> {
        let _ = (type_name, attribute, arguments);
        None
    }
}

/// The platforms. Adding one is its own folder and a line here.
const PLATFORMS: &[&dyn Platform] = &[&Aws, &Azure, &Gcp, &Kubernetes, &Github, &Generic];

/// Removed access only informs; a change that takes more away than this is not listed to the end.
const REMOVED: usize = 20;

/// What has been said about each change.
#[derive(Debug)]
pub struct Judged {
    count: usize,
    /// Whether a change was compared, and what was found; nothing has been said about those that are not here.
    changes: BTreeMap<usize, (bool, Access)>,
}

impl Judged {
    fn new(count: usize) -> Self {
        Self { count, changes: BTreeMap::new() }
    }

    fn said(&mut self, change: usize) -> Option<&mut (bool, Access)> {
        (change < self.count).then(|| self.changes.entry(change).or_default())
    }

    /// The change was compared; what nobody says about it from here on is not there.
    pub fn compared(&mut self, change: usize) {
        if let Some((compared, _)) = self.said(change) {
            *compared = true;
        }
    }

    /// Whether the change was compared.
    pub fn is_compared(&self, change: usize) -> bool {
        self.changes.get(&change).is_some_and(|(compared, _)| *compared)
    }

    /// The change may permit something new.
    pub fn possible(&mut self, change: usize, reason: Reason) {
        let Some((compared, access)) = self.said(change) else { return };
        *compared = true;
        access.verdict = access.verdict.max(Verdict::Possible);
        if !access.reasons.contains(&reason) {
            access.reasons.push(reason);
        }
    }

    /// What the change's verdict rests on; the verdict stays.
    pub fn note(&mut self, change: usize, reason: Reason) {
        if let Some((_, access)) = self.said(change)
            && !access.reasons.contains(&reason)
        {
            access.reasons.push(reason);
        }
    }

    /// The change takes something away; at most [`REMOVED`] entries are kept for a change.
    pub fn removed(&mut self, change: usize, removed: RemovedAccess) {
        if let Some((_, access)) = self.said(change)
            && access.removed.len() < REMOVED
            && !access.removed.contains(&removed)
        {
            access.removed.push(removed);
        }
    }

    /// What has been said about a change so far.
    pub fn verdict(&self, change: usize) -> Verdict {
        self.changes.get(&change).map(|(_, access)| access.verdict).unwrap_or_default()
    }

    /// As many changes, and nothing said about them.
    #[must_use]
    pub fn blank(&self) -> Self {
        Self::new(self.count)
    }

    /// The change permits something new.
    pub fn new_access(&mut self, change: usize, new: NewAccess) {
        let Some((compared, access)) = self.said(change) else { return };
        *compared = true;
        access.verdict = Verdict::New;
        if !access.new.contains(&new) {
            access.new.push(new);
        }
    }

    /// Adds what was said elsewhere about the same changes.
    pub fn absorb(&mut self, other: Self) {
        for (change, (compared, access)) in other.changes {
            if compared {
                self.compared(change);
            }
            access.new.into_iter().for_each(|new| self.new_access(change, new));
            access.removed.into_iter().for_each(|removed| self.removed(change, removed));
            access.guardrails.into_iter().for_each(|guardrail| self.guardrail(change, guardrail));
            access.reasons.into_iter().for_each(|reason| self.note(change, reason));
            if let Some((_, own)) = self.said(change) {
                own.verdict = own.verdict.max(access.verdict);
            }
        }
    }

    /// The change takes a guard rail away, weakens it or goes around it.
    pub fn guardrail(&mut self, change: usize, guardrail: Guardrail) {
        if let Some((_, access)) = self.said(change)
            && !access.guardrails.contains(&guardrail)
        {
            access.guardrails.push(guardrail);
        }
    }
}

/// Compares what everybody in a plan may do before and after: one entry per IAM change, in order.
pub fn compare(plan: &Plan, recognition: &Recognition) -> PlanAccess {
    compare_with(plan, recognition, &Arc::default(), None)
}

/// The same with definitions that the team has imported, and with the configuration of the plan's own archive, whose
/// expressions say what unknown values will be.
///
/// Files of a working directory must not be given: they may not be what the plan was made of.
pub fn compare_with(
    plan: &Plan,
    recognition: &Recognition,
    catalogue: &Arc<Catalogue>,
    archive: Option<&Sources>,
) -> PlanAccess {
    let program = archive.map(Program::new);
    let rebuild = |type_name: &str, attribute: &str, arguments: &Val| {
        PLATFORMS.iter().find_map(|platform| platform.rebuild(type_name, attribute, arguments))
    };
    let (mut state, resolved) = State::of(plan, recognition, &rebuild, program.as_ref());
    state.catalogue = catalogue.clone();
    let mut judged = Judged::new(recognition.changes.len());
    for platform in PLATFORMS {
        if recognition.changes.iter().any(|change| platform.covers(change.platform)) {
            platform.judge(&state, &recognition.changes, &mut judged);
        }
    }
    let changes: Vec<Access> = recognition
        .changes
        .iter()
        .enumerate()
        .map(|(at, change)| (judged.changes.remove(&at).unwrap_or_default(), change))
        .map(|((compared, access), change)| match compared || is_still(change) {
            true => access,
            false => not_compared(change),
        })
        .collect();
    let verdict = changes.iter().map(|access| access.verdict).max().unwrap_or_default();
    PlanAccess { verdict, reasons: Vec::new(), changes, resolved }
}

/// The answer where nobody asked for a comparison: nothing can be excluded of any change.
pub fn not_asked(recognition: &Recognition) -> PlanAccess {
    let access = |change: &IamChange| if is_still(change) { Access::default() } else { not_compared(change) };
    let changes: Vec<Access> = recognition.changes.iter().map(access).collect();
    let verdict = changes.iter().map(|access| access.verdict).max().unwrap_or_default();
    PlanAccess { verdict, reasons: Vec::new(), changes, resolved: Resolved::default() }
}

/// Whether a change gives nobody anything by its kind: a document made for others, or an object that only holds
/// values, whose provisioners stand in changes of their own.
fn is_still(change: &IamChange) -> bool {
    let holds_values = matches!(change.row.type_name.as_str(), "terraform_data" | "null_resource");
    change.is_source() || (change.origin == Origin::Resource && holds_values)
}

/// No part of the engine covers the change yet: nothing can be excluded.
fn not_compared(change: &IamChange) -> Access {
    let reason = Reason {
        code: "not_compared".into(),
        path: String::new(),
        message: format!("access through `{}` is not compared; read the change", change.row.type_name),
    };
    Access { verdict: Verdict::Possible, reasons: vec![reason], ..Access::default() }
}
