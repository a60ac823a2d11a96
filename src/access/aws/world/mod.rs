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
mod holder;
mod identity;
mod judge;
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
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::access::Verdict;
use crate::access::aws::compile::{Contested, Readings};
use crate::access::parts::{both, in_parts};
use crate::access::worlds::{Judged, Platform, Row, Side, State, Val};
use crate::iam::{self, IamChange};

pub use late::rebuild;

use account::Account;
use attribute::Attribution;
use changed::Changed;
use collect::Collector;
use focus::{Focus, View, Viewer};
use library::Library;
use memo::Memo;
use model::{Credential, IdentityKey, Model};
use space::WorldSpace;

/// Fewer things than this are not worth a thread of their own.
const PART: usize = 16;
/// More threads than this wait for memory.
const THREADS: usize = 4;
/// Sides of more rows than this are collected at the same time.
const MANY: usize = 256;

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
        let library = Library::of(state);
        let world = World::of(state, &account, &library);
        world.judge_all(out);
        world.end();
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
    /// Credentials that are an identity, no less and no more, and do not change: what is said of it is said of them.
    holders: BTreeMap<IdentityKey, Vec<String>>,
    /// Resources that are in the state themselves on some side.
    owners: BTreeSet<String>,
    /// Changed rows that are documents, and do nothing but that.
    telling: HashSet<usize>,
}

impl<'a> World<'a> {
    fn of(state: &'a State, account: &'a Account, library: &'a Library) -> Self {
        let worth = state.rows.len() > MANY;
        let gather = |side| Collector::gather(&state.rows, None, &|_| side, account, library);
        let (before, after) = both(worth, || gather(Side::Before), || gather(Side::After));
        let earlier = before.model.dedicated.clone();
        let (before, after) = both(worth, || before.finish(&BTreeSet::new()), || after.finish(&earlier));
        let owners = before.objects.union(&after.objects).cloned().collect();
        let changed = Changed::of(&state.rows, [&before, &after]);
        let holders = holders([&before, &after], &changed);
        let (memo, telling) = (Memo::default(), HashSet::new());
        let mut this = Self { state, account, library, before, after, changed, memo, holders, owners, telling };
        this.telling = this.telling();
        this
    }

    fn judge_all(&self, out: &mut Judged) {
        let mut all = focus::of(&self.before);
        all.extend(focus::of(&self.after));
        let held: BTreeSet<&String> = self.holders.values().flatten().collect();
        let all: Vec<&Focus> =
            all.iter().filter(|one| !matches!(one, Focus::Credential(address) if held.contains(address))).collect();
        let touched = in_parts(&all, MANY, THREADS, |part| {
            part.iter().copied().filter(|one| self.may_be_touched(one)).collect::<Vec<_>>()
        });
        let parts = in_parts(&touched.concat(), PART, THREADS, |part| {
            let mut said = out.blank();
            part.iter().for_each(|one| self.judge(one, &mut said));
            said
        });
        parts.into_iter().for_each(|part| out.absorb(part));
        for (row, change) in changed(self.state) {
            if out.verdict(change) == Verdict::None
                && let Some(reason) = outside::reason(self, row)
            {
                out.note(change, reason);
            }
        }
    }

    /// Lets both sides go at the same time: they are large.
    fn end(self) {
        let Self { before, after, memo, .. } = self;
        both(self.state.rows.len() > MANY, || drop((before, memo)), || drop(after));
    }

    fn view(&self, model: &Model, focus: &Focus, readings: Readings, known: &mut Contested) -> View {
        let sides = [&self.before, &self.after];
        let Self { owners, account, changed, memo, .. } = self;
        // Where a credential changes, all that its identity may do does.
        let whole = matches!(focus, Focus::Credential(_)) && self.is_own_changed(focus);
        let mut viewer = Viewer { model, sides, owners, account, changed, memo, whole, readings, contested: *known };
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
            let spans = self.memo.spans(key, sides);
            sides.into_iter().any(|model| model.bears_on(key, changed, &spans.whole))
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
        let attribution = Attribution::new(self, focus, &touched, &views);
        let said = self.found(&attribution, &space);
        self.tell(focus, &said, &attribution, out);
        if let Focus::Identity(key) = focus {
            for address in self.holders.get(key).into_iter().flatten() {
                self.tell(&Focus::Credential(address.clone()), &said, &attribution, out);
            }
        }
    }
}

/// Credentials that are one identity on both sides, by it.
fn holders(sides: [&Model; 2], changed: &Changed) -> BTreeMap<IdentityKey, Vec<String>> {
    let mut all: BTreeMap<IdentityKey, Vec<String>> = BTreeMap::new();
    let alone = |credential: &Credential| match credential.of.as_slice() {
        [key] if credential.active && credential.session.is_empty() && credential.unknown.is_empty() => {
            (!credential.rows.iter().any(|at| changed.row(*at))).then(|| key.clone())
        }
        _ => None,
    };
    for (address, credential) in &sides[0].credentials {
        let before = alone(credential);
        if let Some(key) = before.filter(|key| sides[1].credentials.get(address).and_then(alone).as_ref() == Some(key))
        {
            all.entry(key).or_default().push(address.clone());
        }
    }
    all
}
