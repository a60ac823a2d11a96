//! The access of everybody in an AWS plan, before and after.
//!
//! 1. *Collect* ([`collect`], [`resource`], [`organization`]): objects of a side to identities, documents, grants.
//! 2. *View* ([`focus`], [`identity`], [`carrier`]): the decision tree of one thing (an identity, a credential, a resource, ...) on a side.
//! 3. *Compare* the trees of both sides for everything that a change touches.
//! 4. *Attribute* ([`attribute`]): undo one change at a time; those without which the request is not permitted are
//!    the ones that bring it about.

mod account;
mod attribute;
mod carrier;
mod changed;
mod collect;
mod cover;
mod focus;
mod grant;
mod identity;
mod late;
mod library;
mod memo;
mod merge;
mod mirror;
mod model;
mod network;
mod organization;
mod outside;
mod reach;
mod replay;
mod resource;
mod space;
mod span;
mod speaking;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::access::aws::compile::{Contested, Readings};
use crate::access::aws::explain;
use crate::access::compare::{Doubt, Options, Piece, compare};
use crate::access::point::Point;
use crate::access::rule::Origin;
use crate::access::worlds::{Judged, Platform, Row, Side, State, Val};
use crate::access::{NewAccess, Reason, RemovedAccess, Verdict, Witness};
use crate::iam::{self, IamChange};

pub use late::rebuild;

use account::Account;
use attribute::Attribution;
use changed::Changed;
use collect::Collector;
use focus::{Focus, View, Viewer};
use library::Library;
use memo::Memo;
use mirror::Own;
use model::{Doc, DocUse, IdentityKey, Model};
use space::WorldSpace;

/// AWS.
#[derive(Clone, Copy, Debug)]
pub struct Aws;

impl Platform for Aws {
    fn covers(&self, platform: iam::Platform) -> bool {
        platform == iam::Platform::Aws
    }

    fn rebuild(&self, type_name: &str, attribute: &str, arguments: &Val) -> Option<Val> {
        rebuild(type_name, attribute, arguments)
    }

    fn judge(&self, state: &State, changes: &[IamChange], out: &mut Judged) {
        let account = Account::of(&state.rows);
        let rows: HashMap<usize, &Row> = state.rows.iter().filter_map(|row| Some((row.change?, row))).collect();
        for (at, change) in changes.iter().enumerate().filter(|(_, change)| self.covers(change.platform)) {
            let row = rows.get(&at).copied();
            if let Some(row) = row {
                let notes = [cover::unshown(change, row), cover::refused(change, row)];
                notes.into_iter().flatten().for_each(|reason| out.note(at, reason));
            }
            match cover::of(change, row) {
                cover::Cover::Compared => out.compared(at),
                cover::Cover::Partly(reason) => out.possible(at, reason),
                cover::Cover::No => {}
            }
        }
        network::judge(state, out);
        let library = Library::with(&state.catalogue);
        World::of(state, &account, &library).judge_all(out);
        if account.is_shown() {
            return;
        }
        // Each account that the changes name might be the plan's own: a verdict counts if it is the same whichever.
        let Some(candidates) = account.candidates(&state.rows) else {
            return changed(state).for_each(|(_, change)| out.possible(change, account::unknown(None)));
        };
        for candidate in &candidates {
            let mut other = out.blank();
            World::of(state, candidate, &library).judge_all(&mut other);
            for (_, change) in changed(state) {
                match (out.verdict(change), other.verdict(change)) {
                    (Verdict::None, Verdict::New | Verdict::Possible) => {
                        out.possible(change, account::unknown(Some(candidate)));
                    }
                    (Verdict::New, Verdict::None | Verdict::Possible) => {
                        out.note(change, account::unknown(Some(candidate)));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The rows of AWS that change, with their IAM change.
fn changed(state: &State) -> impl Iterator<Item = (&Row, usize)> {
    let of_aws =
        |row: &&Row| [&row.before, &row.after].into_iter().flatten().any(|object| object.type_name.starts_with("aws_"));
    state.rows.iter().filter(of_aws).filter_map(|row| Some((row, row.change?)))
}

/// Both sides.
struct World<'a> {
    state: &'a State,
    account: &'a Account,
    library: &'a Library,
    before: Model,
    after: Model,
    /// What differs between them.
    changed: Changed,
    memo: Memo,
    /// Resources that are in the state themselves on some side.
    owners: BTreeSet<String>,
}

impl<'a> World<'a> {
    fn of(state: &'a State, account: &'a Account, library: &'a Library) -> Self {
        let side = |side: Side, earlier: &BTreeSet<Own>| {
            Collector::collect(&state.rows, None, &|_| side, earlier, account, library)
        };
        let before = side(Side::Before, &BTreeSet::new());
        let after = side(Side::After, &before.dedicated);
        let owners = before.objects.union(&after.objects).cloned().collect();
        let changed = Changed::of(&state.rows, [&before, &after]);
        Self { state, account, library, before, after, changed, memo: Memo::default(), owners }
    }

    fn judge_all(&self, out: &mut Judged) {
        let mut all = focus::of(&self.before);
        all.extend(focus::of(&self.after));
        for one in all {
            self.judge(&one, out);
        }
        for (row, change) in changed(self.state) {
            if out.verdict(change) == Verdict::None
                && let Some(reason) = outside::reason(self, row)
            {
                out.note(change, reason);
            }
        }
    }

    fn view(&self, model: &Model, focus: &Focus, readings: Readings, known: &mut Contested) -> View {
        let sides = [&self.before, &self.after];
        let Self { owners, account, changed, memo, .. } = self;
        let still = !self.is_own_changed(focus);
        let mut viewer = Viewer { model, sides, owners, account, changed, memo, still, readings, contested: *known };
        let view = viewer.view(focus);
        *known = viewer.contested;
        view
    }

    /// The changed rows that a focus depends on.
    fn touched(&self, views: [&View; 2]) -> BTreeSet<usize> {
        let rows = views.into_iter().flat_map(|view| &view.rows).copied();
        rows.filter(|at| self.changed.row(*at)).collect()
    }

    /// Whether a changed row is one of the focus itself.
    fn is_own_changed(&self, focus: &Focus) -> bool {
        let changed = &self.changed;
        match focus {
            Focus::Identity(key) => changed.identity(key),
            Focus::Credential(address) => [&self.before, &self.after].into_iter().any(|model| {
                model.credentials.get(address).is_some_and(|credential| {
                    credential.rows.iter().any(|at| changed.row(*at))
                        || credential.session.iter().any(|used| changed.uses(used))
                        || credential.of.iter().any(|key| changed.identity(key))
                })
            }),
            _ => true,
        }
    }

    /// Whether a changed row may bear on the focus: cheaper than its trees.
    fn may_be_touched(&self, focus: &Focus) -> bool {
        let sides = [&self.before, &self.after];
        let changed = &self.changed;
        let bears_on = |key: &IdentityKey| {
            let span = self.memo.span(key, sides);
            sides.into_iter().any(|model| model.bears_on(key, changed, &span))
        };
        match focus {
            Focus::Identity(key) => self.is_own_changed(focus) || bears_on(key),
            Focus::Credential(address) => {
                let of = sides.into_iter().filter_map(|model| model.credentials.get(address));
                self.is_own_changed(focus) || of.flat_map(|credential| &credential.of).any(bears_on)
            }
            Focus::Resource(key) => {
                let policies = || sides.into_iter().filter_map(|model| model.resources.get(key));
                let handed = policies().any(|policy| policy.explicit).then(|| carrier::handed(key));
                let docs = policies().flat_map(|policy| &policy.docs);
                changed.resource(key, sides) || changed.named(docs, &self.account.id, handed, sides)
            }
            Focus::Trust(key) => {
                let docs = sides.into_iter().filter_map(|model| model.identities.get(key)?.trust.as_ref());
                changed.trust(key, sides) || changed.named(docs, &self.account.id, Some("sts"), sides)
            }
            Focus::Assignment(..) | Focus::Guarded(_) | Focus::Endpoint(_) => true,
        }
    }

    fn judge(&self, focus: &Focus, out: &mut Judged) {
        if !self.may_be_touched(focus) {
            return;
        }
        let mut contested = Contested::default();
        let before = self.view(&self.before, focus, Readings::default(), &mut contested);
        let after = self.view(&self.after, focus, Readings::default(), &mut contested);
        let touched = self.touched([&before, &after]);
        if touched.is_empty() {
            return;
        }
        let space = WorldSpace::of(focus, &self.after, &self.before, self.account);
        let mut readings = contested.readings();
        readings.reverse();
        let views: Vec<(View, View)> = match readings.len() {
            1 => vec![(before, after)],
            _ => readings
                .iter()
                .map(|reading| {
                    let mut seen = Contested::default();
                    let before = self.view(&self.before, focus, *reading, &mut seen);
                    (before, self.view(&self.after, focus, *reading, &mut seen))
                })
                .collect(),
        };
        let attribution =
            Attribution { world: self, focus, touched: &touched, views: &views, without: RefCell::default() };
        let mut found = BTreeSet::new();
        for (before, after) in &views {
            let outcome = compare(&before.decision, &after.decision, &space, Options::default());
            for piece in &outcome.new {
                let new_under =
                    |(b, a): &(View, View)| a.decision.permits(&piece.point) && !b.decision.permits(&piece.point);
                if !views.iter().all(new_under) {
                    let reason = readings_differ(&piece.point);
                    touched.iter().for_each(|row| self.possible(*row, reason.clone(), out));
                    continue;
                }
                if replay::replay(self, focus, &piece.point, Readings::default()) == replay::Replayed::Contradicted {
                    self.doubt(piece.origin.as_ref(), &Doubt::Unconfirmed, after, before, &touched, out);
                    continue;
                }
                if found.insert(piece.origin.clone()) && self.counts(focus, piece) {
                    self.new_piece(focus, piece, after, before, &attribution, out);
                }
            }
            for (origin, doubt, _) in &outcome.possible {
                self.doubt(origin.as_ref(), doubt, after, before, &touched, out);
            }
        }
        if let Some((before, after)) = views.first() {
            self.removed(focus, before, after, &space, &touched, out);
        }
    }

    /// What is no longer permitted: the same comparison the other way round, with less work allowed, since it only
    /// informs.
    fn removed(
        &self,
        focus: &Focus,
        before: &View,
        after: &View,
        space: &WorldSpace,
        touched: &BTreeSet<usize>,
        out: &mut Judged,
    ) {
        let all = Options::default();
        let lost = compare(&after.decision, &before.decision, space, Options { states: all.states / 16, ..all });
        for piece in &lost.new {
            let Some(origin) = piece.origin.as_ref().filter(|origin| !origin.address.is_empty()) else { continue };
            let Some((used, facts)) = statement(before, origin) else { continue };
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
    }

    /// A role that only a service may assume and that may do nothing gives nobody anything.
    fn counts(&self, focus: &Focus, piece: &Piece) -> bool {
        match focus {
            Focus::Trust(key) if piece.point.principal.starts_with("Service:") => {
                self.after.identities.get(key).is_none_or(|role| {
                    role.docs.iter().any(|used| match &used.doc {
                        Doc::Read(document) => {
                            document.statements.iter().any(|s| s.effect != crate::access::aws::document::Effect::Deny)
                        }
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
