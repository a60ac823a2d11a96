//! What is found of a focus, and how it is told: new access with a witness, what is no longer permitted, doubts.

use std::collections::{BTreeMap, BTreeSet};

use super::attribute::Attribution;
use super::focus::{Focus, View};
use super::model::{self, Doc, DocUse};
use super::space::WorldSpace;
use super::{World, reach, replay};
use crate::access::aws::compile::Readings;
use crate::access::aws::document::Effect;
use crate::access::aws::explain;
use crate::access::compare::{Doubt, Options, Piece, compare};
use crate::access::point::Point;
use crate::access::rule::Origin;
use crate::access::worlds::Judged;
use crate::access::{NewAccess, Reason, RemovedAccess, Witness};

/// What the comparison of a focus found; the number is that of the reading.
pub(super) enum Found {
    New(usize, Piece),
    /// New under some readings only.
    ReadingsDiffer(Point),
    Doubt(usize, Option<Origin>, Doubt),
    /// No longer permitted.
    Lost(Piece),
}

impl World<'_> {
    /// Compares both sides under each reading.
    pub(super) fn found(&self, attribution: &Attribution<'_, '_>, space: &WorldSpace) -> Vec<Found> {
        let Attribution { focus, views, .. } = *attribution;
        let (mut said, mut found) = (Vec::new(), BTreeSet::new());
        for (at, (before, after)) in views.iter().enumerate() {
            let outcome = compare(&before.decision, &after.decision, space, Options::default());
            for piece in outcome.new {
                let new_under =
                    |(b, a): &(View, View)| a.decision.permits(&piece.point) && !b.decision.permits(&piece.point);
                if !views.iter().all(new_under) {
                    said.push(Found::ReadingsDiffer(piece.point));
                } else if replay::replay(self, focus, &piece.point, Readings::default())
                    == replay::Replayed::Contradicted
                {
                    said.push(Found::Doubt(at, piece.origin, Doubt::Unconfirmed));
                } else if found.insert(piece.origin.clone()) {
                    said.push(Found::New(at, piece));
                }
            }
            let doubts = outcome.possible.into_iter();
            said.extend(doubts.map(|(origin, doubt, _)| Found::Doubt(at, origin, doubt)));
        }
        if let Some((before, after)) = views.first() {
            // The other way round, with less work allowed, since it only informs.
            let all = Options::default();
            let less = Options { states: all.states / 16, ..all };
            let lost = compare(&after.decision, &before.decision, space, less);
            said.extend(lost.new.into_iter().map(Found::Lost));
        }
        said
    }

    /// Says what was found of a focus.
    pub(super) fn tell(&self, focus: &Focus, said: &[Found], attribution: &Attribution<'_, '_>, out: &mut Judged) {
        let Attribution { touched, views, .. } = *attribution;
        for one in said {
            match one {
                Found::ReadingsDiffer(point) => {
                    let reason = readings_differ(point);
                    touched.iter().for_each(|row| self.possible(*row, reason.clone(), out));
                }
                Found::Doubt(at, origin, doubt) => {
                    let Some((before, after)) = views.get(*at) else { continue };
                    self.doubt(origin.as_ref(), doubt, after, before, touched, out);
                }
                Found::New(at, piece) => {
                    let Some((before, after)) = views.get(*at) else { continue };
                    if self.counts(focus, piece) {
                        self.new_piece(focus, piece, after, before, attribution, out);
                    }
                }
                Found::Lost(piece) => {
                    let Some((before, _)) = views.first() else { continue };
                    self.removed(focus, piece, before, touched, out);
                }
            }
        }
    }

    /// What is no longer permitted.
    fn removed(&self, focus: &Focus, piece: &Piece, before: &View, touched: &BTreeSet<usize>, out: &mut Judged) {
        let Some(origin) = piece.origin.as_ref().filter(|origin| !origin.address.is_empty()) else { return };
        let Some((used, facts)) = statement(before, origin) else { return };
        let witness = self.witness(focus, &piece.point);
        let removed = RemovedAccess {
            principal: witness.principal,
            actions: facts.actions,
            resources: facts.resources,
            conditions: facts.conditions,
            statement: explain::statement_ref(origin),
            explanation: format!("no longer permitted: `{}` on `{}`", witness.action, witness.resource),
        };
        let own: Vec<usize> = used.rows.iter().copied().filter(|row| touched.contains(row)).collect();
        let rows = if own.is_empty() { touched.iter().copied().collect() } else { own };
        for change in rows.into_iter().filter_map(|row| self.state.rows.get(row)?.change) {
            out.removed(change, removed.clone());
        }
    }

    /// A role that only a service may assume and that may do nothing gives nobody anything.
    fn counts(&self, focus: &Focus, piece: &Piece) -> bool {
        match focus {
            Focus::Trust(key) if piece.point.principal.starts_with("Service:") => {
                self.after.identities.get(key).is_none_or(|role| {
                    role.docs.iter().any(|used| match &used.doc {
                        Doc::Read(document) => document.statements.iter().any(|s| s.effect != Effect::Deny),
                        Doc::Unread { .. } => true,
                    })
                })
            }
            _ => true,
        }
    }

    fn new_piece(
        &self,
        focus: &Focus,
        piece: &Piece,
        after: &View,
        before: &View,
        attribution: &Attribution<'_, '_>,
        out: &mut Judged,
    ) {
        let origin = piece.origin.clone().unwrap_or_default();
        let facts = statement(after, &origin).map(|(_, facts)| facts).unwrap_or_default();
        let witness = self.witness(focus, &piece.point);
        let everyone = reach::is_everyone(focus, attribution.views, &piece.point);
        let new = NewAccess {
            principal: if everyone { "*".to_owned() } else { witness.principal.clone() },
            actions: facts.actions,
            action_levels: facts.levels,
            resources: facts.resources,
            conditions: facts.conditions,
            explanation: self.explain(focus, &origin, before, &piece.point, &witness),
            statement: explain::statement_ref(&origin),
            witness,
        };
        let rails = attribution.guardrails(&piece.point);
        for row in attribution.culprits(piece) {
            let Some(change) = self.state.rows.get(row).and_then(|row| row.change) else { continue };
            out.new_access(change, new.clone());
            for rail in rails.iter().filter(|(of, _)| *of == row).map(|(_, rail)| rail) {
                out.guardrail(change, rail.clone());
            }
        }
    }

    fn explain(&self, focus: &Focus, origin: &Origin, before: &View, point: &Point, witness: &Witness) -> String {
        let who = match focus {
            Focus::Identity((kind, name)) => format!("{} `{name}`", kind.word()),
            Focus::Credential(address) => format!("whoever holds `{address}`"),
            Focus::Resource(_) | Focus::Endpoint(_) => format!("`{}`", witness.principal),
            Focus::Trust((_, name)) => format!("`{}` (on role `{name}`)", witness.principal),
            Focus::Assignment(_, who, account) => format!("`{who}` in account {account}"),
            Focus::Guarded(target) => format!("the administrators of `{target}`"),
        };
        let by = match origin.address.is_empty() {
            true => String::new(),
            false => format!(": statement {} of `{}`", origin.index, origin.address),
        };
        format!(
            "{who} can now `{}` on `{}`{by}; before, {}",
            point.action,
            witness.resource,
            explain::refused(&before.decision, point)
        )
    }

    /// The request as the report shows it.
    fn witness(&self, focus: &Focus, point: &Point) -> Witness {
        let arn = |key: &model::IdentityKey| {
            let identity = self.after.identities.get(key).or_else(|| self.before.identities.get(key));
            identity.and_then(|identity| identity.arn.clone()).unwrap_or_else(|| key.1.clone())
        };
        let mut context: BTreeMap<String, Vec<String>> =
            point.keys.iter().map(|(key, value)| (key.to_string(), value.values().to_vec())).collect();
        let principal = match focus {
            Focus::Identity(key) => arn(key),
            Focus::Credential(address) => {
                context.insert("tollgate:credential".into(), vec![address.clone()]);
                let credential = self.after.credentials.get(address);
                credential.and_then(|it| it.of.first()).map_or_else(|| address.clone(), arn)
            }
            Focus::Assignment(_, who, _) => who.clone(),
            Focus::Guarded(target) => format!("account:{target}"),
            Focus::Resource(_) | Focus::Trust(_) | Focus::Endpoint(_) => explain::principal(&point.principal),
        };
        if let Some(account) = reach::crossed(focus, self.account, &principal) {
            context.entry("aws:resourceaccount".into()).or_insert_with(|| vec![account]);
        }
        let resource = match focus {
            Focus::Trust(key) => arn(key),
            _ => point.resource.clone(),
        };
        Witness { principal, action: point.action.clone(), resource, context }
    }

    fn doubt(
        &self,
        origin: Option<&Origin>,
        doubt: &Doubt,
        after: &View,
        before: &View,
        touched: &BTreeSet<usize>,
        out: &mut Judged,
    ) {
        let mut told = false;
        // What could not be followed names its own rows; of those the changed ones carry the doubt.
        if matches!(doubt, Doubt::Unknown(_)) {
            for (reason, rows) in after.unknown.iter().chain(&before.unknown) {
                for row in rows.iter().filter(|row| touched.contains(row)) {
                    self.possible(*row, reason.clone(), out);
                    told = true;
                }
            }
        }
        if told {
            return;
        }
        let path = origin.map(|origin| origin.path.clone()).unwrap_or_default();
        let (code, message) = match doubt {
            Doubt::Budget => {
                ("budget", "too many interacting patterns to decide within the budget; split the statement".to_owned())
            }
            Doubt::Unknown(labels) => {
                ("unknown_value", format!("depends on what cannot be read: {}", labels.join("; ")))
            }
            Doubt::Variable => (
                "policy_variable",
                "depends on what a policy variable stands for; no value was found that shows it".to_owned(),
            ),
            Doubt::Unconfirmed => {
                ("unconfirmed", "a request was found but does not stand up when checked; please report this".to_owned())
            }
        };
        let reason = Reason { code: code.into(), path, message };
        let own: Vec<usize> = touched
            .iter()
            .copied()
            .filter(|at| {
                origin.is_some_and(|origin| {
                    self.state
                        .rows
                        .get(*at)
                        .and_then(|row| row.after.as_ref())
                        .is_some_and(|object| *object.address == *origin.address)
                })
            })
            .collect();
        let rows = if own.is_empty() { touched.iter().copied().collect() } else { own };
        rows.into_iter().for_each(|row| self.possible(row, reason.clone(), out));
    }

    fn possible(&self, row: usize, reason: Reason, out: &mut Judged) {
        if let Some(change) = self.state.rows.get(row).and_then(|row| row.change) {
            out.possible(change, reason);
        }
    }
}

/// The document of a view that carries a statement, and what the statement says.
fn statement<'v>(view: &'v View, origin: &Origin) -> Option<(&'v DocUse, explain::Facts)> {
    let used = view.docs.iter().find(|used| *used.address == *origin.address && *used.path == *origin.path)?;
    match &used.doc {
        Doc::Read(document) => {
            let statement = document.statements.iter().find(|s| s.index == origin.index)?;
            Some((used, explain::facts(statement)))
        }
        Doc::Unread { .. } => None,
    }
}

fn readings_differ(point: &Point) -> Reason {
    Reason {
        code: "readings_differ".into(),
        path: String::new(),
        message: format!(
            "`{}` on `{}` is new under some readings of the documentation only; spell wildcards so that they stay within \
             one segment of the resource name",
            point.action, point.resource
        ),
    }
}
