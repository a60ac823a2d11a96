//! Both sides as rules over the same permissions and role names, and what a request found between them proves.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;
use std::sync::Arc;

use super::denial::{denial_key, denies, patterns, rule};
use super::model::{Denial, Grant, Model, Role};
use super::place::is_container;
use super::principal;
use super::roles::Roles;
use crate::access::apart::{Index, Reach, grouped};
use crate::access::compare::Piece;
use crate::access::glob::Glob;
use crate::access::literal::{Dim, Lit};
use crate::access::partition::Universe;
use crate::access::point::Point;
use crate::access::rule::{Decision, Rule, RuleSet};
use crate::access::space::{self, Arity};

/// The prefix of an action that stands for a role: some permission that only it and what contains it has.
const ROLE: &str = "role:";

static EMPTY: Model = Model { grants: Vec::new(), denials: Vec::new(), unread: Vec::new() };

/// More permissions than this are grouped into classes.
const MANY: usize = 400;

/// The two sides with what is in play on either.
pub(super) struct Sides<'a> {
    pub(super) old: &'a Model,
    pub(super) new: &'a Model,
    /// Grants of the after side that the before side does not have word by word.
    pub(super) fresh: Vec<&'a Grant>,
    /// Grants of the before side that can matter for them.
    pub(super) near: Vec<&'a Grant>,
    /// Grants of the before side on organisations, folders and projects.
    above: Rc<Above<'a>>,
    /// The denials that can matter for the grants, of both sides.
    denials: [Vec<&'a Denial>; 2],
    permissions: BTreeSet<String>,
    /// For each role in play those in play that it contains, itself included.
    within: BTreeMap<String, Vec<String>>,
    /// The actions of roles, as they are asked for.
    known: RefCell<BTreeMap<Role, Arc<Actions>>>,
}

/// Grants on containers, by whom they are about.
struct Above<'a> {
    grants: Vec<&'a Grant>,
    index: Index,
}

impl<'a> Above<'a> {
    fn of(model: &'a Model) -> Self {
        let grants: Vec<&Grant> = model.grants.iter().filter(|grant| is_container(&grant.place)).collect();
        let reaches: Vec<Reach> = grants.iter().map(|grant| reach(grant)).collect();
        Self { index: Index::of(&reaches), grants }
    }

    /// Those that may be about a principal.
    fn about(&self, principal: &str) -> Vec<&'a Grant> {
        let found = self.index.meeting(&Reach::principal(principal));
        found.into_iter().filter_map(|at| self.grants.get(at).copied()).collect()
    }
}

/// Whom and what a grant is about.
pub(super) fn reach(grant: &Grant) -> Reach {
    Reach::anywhere_in(&format!("{}/", grant.place), &grant.who.clauses)
}

/// Sets of actions, each with the opaque literal it depends on.
type Actions = Vec<(Vec<Glob>, Option<Lit>)>;

/// What a request between the sides proves.
pub(super) enum Told {
    /// New access, by this permission.
    New(String),
    /// It cannot be told: code and message.
    Possible(&'static str, String),
}

fn key(grant: &Grant) -> String {
    format!(
        "{} {} {:?} {} {:?} {:?}",
        grant.member,
        role_key(&grant.role),
        grant.who.clauses,
        grant.place,
        grant.condition,
        grant.except
    )
}

/// A long list by its length and hash: it is compared with itself far more often than with another.
fn role_key(role: &Role) -> String {
    match role {
        Role::Listed(all) if all.len() > MANY => {
            let mut hash = std::hash::DefaultHasher::new();
            all.hash(&mut hash);
            format!("{} {:x}", all.len(), hash.finish())
        }
        other => format!("{other:?}"),
    }
}

impl<'a> Sides<'a> {
    /// Both sides as one comparison.
    pub(super) fn of(old: &'a Model, new: &'a Model) -> Self {
        let (fresh, _) = fresh(old, new);
        let denials = [old, new].map(|model| model.denials.iter().collect());
        Self::with(old, new, fresh, old.grants.iter().collect(), denials, Rc::new(Above::of(old)))
    }

    /// Both sides without any grant.
    pub(super) fn bare(old: &'a Model, new: &'a Model) -> Self {
        let denials = [old, new].map(|model| model.denials.iter().collect());
        Self::with(old, new, Vec::new(), Vec::new(), denials, Rc::new(Above::of(&EMPTY)))
    }

    /// A comparison for whom and what each fresh grant is about, with what can matter there.
    pub(super) fn apart(old: &'a Model, new: &'a Model) -> impl Iterator<Item = Self> {
        let (all, lost) = fresh(old, new);
        let lost = Index::of(&lost);
        let known: HashSet<String> = old.grants.iter().map(key).collect();
        let grants = all.into_iter().map(|grant| (reach(grant), grant));
        let groups =
            grouped(grants.filter(|(reach, grant)| !known.contains(&key(grant)) || !lost.meeting(reach).is_empty()));
        let held = Index::of(&old.grants.iter().map(reach).collect::<Vec<Reach>>());
        let denied = [old, new].map(|model| {
            let reaches: Vec<Reach> = model.denials.iter().map(|denial| Reach::of(&denial.lits)).collect();
            (Index::of(&reaches), model)
        });
        let above = Rc::new(Above::of(old));
        groups.into_iter().map(move |(reach, grants)| {
            let near = held.meeting(&reach).into_iter().filter_map(|at| old.grants.get(at)).collect();
            let denials = denied.each_ref().map(|(index, model)| {
                index.meeting(&reach).into_iter().filter_map(|at| model.denials.get(at)).collect()
            });
            Self::with(old, new, grants, near, denials, Rc::clone(&above))
        })
    }

    fn with(
        old: &'a Model,
        new: &'a Model,
        fresh: Vec<&'a Grant>,
        near: Vec<&'a Grant>,
        denials: [Vec<&'a Denial>; 2],
        above: Rc<Above<'a>>,
    ) -> Self {
        let (permissions, within, known) = (BTreeSet::new(), BTreeMap::new(), RefCell::default());
        let mut sides = Self { old, new, fresh, near, above, denials, permissions, within, known };
        sides.play();
        sides
    }

    fn play(&mut self) {
        let library = Roles::built_in();
        let mut roles = BTreeSet::new();
        for grant in self.fresh.iter().chain(&self.near) {
            match &grant.role {
                Role::Named(name) => {
                    let known = library.get(name).into_iter().flat_map(|role| role.known.iter());
                    self.permissions.extend(known.map(|it| (*it).to_owned()));
                    roles.insert(name.clone());
                }
                Role::Unknown(name) => {
                    roles.insert(name.clone());
                }
                Role::Listed(all) => self.permissions.extend(all.iter().cloned()),
            }
        }
        for denial in self.denials.iter().flatten() {
            self.permissions.extend(denial.permissions.iter().chain(&denial.exceptions).cloned());
        }
        self.classes();
        for large in &roles {
            let inside = roles.iter().filter(|small| *small == large || library.contains(large, small));
            self.within.insert(large.clone(), inside.cloned().collect());
        }
    }

    /// Keeps one permission of each class that no role and no denial in play tells apart.
    fn classes(&mut self) {
        if self.permissions.len() <= MANY {
            return;
        }
        let library = Roles::built_in();
        let mut listed: BTreeSet<&BTreeSet<String>> = BTreeSet::new();
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for grant in self.fresh.iter().chain(&self.near) {
            match &grant.role {
                Role::Listed(all) => {
                    listed.insert(all);
                }
                Role::Named(name) => {
                    named.insert(name);
                }
                Role::Unknown(_) => {}
            }
        }
        let denials: Vec<&Denial> = self.denials.iter().flatten().copied().collect();
        let mut seen = HashSet::new();
        let all = std::mem::take(&mut self.permissions);
        for permission in all {
            let point = Point { action: permission.clone(), ..Point::default() };
            let mut class: Vec<Option<bool>> = listed.iter().map(|set| Some(set.contains(&permission))).collect();
            class.extend(named.iter().map(|name| library.has(name, &permission)));
            for denial in &denials {
                class.push(Some(patterns(&denial.permissions, false).holds(&point)));
                class.push(Some(patterns(&denial.exceptions, false).holds(&point)));
            }
            if seen.insert(class) {
                self.permissions.insert(permission);
            }
        }
    }

    /// The sets of actions of a role, each with the opaque literal it depends on.
    fn actions(&self, role: &Role) -> Arc<Actions> {
        if let Some(known) = self.known.borrow().get(role) {
            return known.clone();
        }
        let actions = Arc::new(self.work_out(role));
        self.known.borrow_mut().insert(role.clone(), actions.clone());
        actions
    }

    fn work_out(&self, role: &Role) -> Actions {
        let library = Roles::built_in();
        let (name, known) = match role {
            Role::Listed(all) => {
                let kept = self.permissions.iter().filter(|it| all.contains(*it));
                return vec![(kept.map(|it| Glob::literal(it)).collect(), None)];
            }
            Role::Named(name) => (name, true),
            Role::Unknown(name) => (name, false),
        };
        let inside = match self.within.get(name) {
            Some(inside) => inside.clone(),
            // One that is not in play itself.
            None => self.within.keys().filter(|small| library.contains(name, small)).cloned().collect(),
        };
        let mut certain: Vec<Glob> = inside.iter().map(|role| Glob::literal(&format!("{ROLE}{role}"))).collect();
        let mut out = Vec::new();
        for permission in &self.permissions {
            match library.has(name, permission).filter(|_| known) {
                Some(true) => certain.push(Glob::literal(permission)),
                Some(false) => {}
                None => {
                    for role in inside.iter().filter(|role| library.has(role, permission).is_none()) {
                        let lit = Lit::opaque(&format!("whether {role} includes {permission}"), false);
                        out.push((vec![Glob::literal(permission)], Some(lit)));
                    }
                }
            }
        }
        out.push((certain, None));
        out
    }

    fn grant_rules(&self, grant: &Grant) -> Vec<Rule> {
        let mut rules = Vec::new();
        for (globs, opaque) in self.actions(&grant.role).iter() {
            if globs.is_empty() {
                continue;
            }
            for who in &grant.who.clauses {
                for condition in &grant.condition {
                    let mut lits = vec![Lit::of(Dim::Action, false, globs.clone(), &grant.role_name)];
                    lits.push(super::place::within(&grant.place, false));
                    lits.extend(who.iter().chain(condition).chain(&grant.except).chain(opaque).cloned());
                    rules.push(Rule { lits, origin: grant.origin.clone() });
                }
            }
        }
        rules
    }

    fn rules<'g>(&self, grants: impl IntoIterator<Item = &'g Grant>, denials: &[&Denial]) -> Decision {
        let allow = grants.into_iter().flat_map(|grant| self.grant_rules(grant)).collect();
        Decision::Rules(RuleSet { allow, deny: denials.iter().map(|denial| rule(denial)).collect() })
    }

    /// What some grants permit before.
    pub(super) fn before_by<'g>(&self, grants: impl IntoIterator<Item = &'g Grant>) -> Decision {
        let [old, _] = &self.denials;
        self.rules(grants, old)
    }

    /// What some grants permit after.
    pub(super) fn after_by<'g>(&self, grants: impl IntoIterator<Item = &'g Grant>) -> Decision {
        let [_, new] = &self.denials;
        self.rules(grants, new)
    }

    pub(super) fn before(&self) -> Decision {
        self.before_by(self.near.iter().copied())
    }

    pub(super) fn after(&self) -> Decision {
        self.after_by(self.fresh.iter().copied())
    }

    /// Whether a model permits a request over what is in play here.
    pub(super) fn permits(&self, model: &Model, point: &Point) -> bool {
        model.grants.iter().any(|grant| covers(grant, point) && self.gives(&grant.role, point))
            && !model.denials.iter().any(|denial| rule(denial).matches(point))
    }

    fn gives(&self, role: &Role, point: &Point) -> bool {
        self.actions(role).iter().any(|(globs, opaque)| {
            opaque.iter().all(|lit| lit.holds(point)) && globs.iter().any(|glob| glob.matches(&point.action))
        })
    }

    /// A grant of the after side that permits the request, its own before others.
    pub(super) fn granting(&self, piece: &Piece) -> Option<&'a Grant> {
        let permits = |grant: &&Grant| covers(grant, &piece.point) && self.gives(&grant.role, &piece.point);
        let own = |grant: &&Grant| piece.origin.as_ref().is_some_and(|origin| *origin == grant.origin);
        let all = || self.fresh.iter().copied();
        all().filter(own).find(permits).or_else(|| all().find(permits))
    }

    /// What a request proves, given the grant that permits it.
    pub(super) fn settle(&self, grant: &Grant, point: &Point) -> Told {
        if grant.who.unknown {
            return Told::Possible(
                "unknown_value",
                format!("the member `{}` is not known; plan again once it is known", grant.member),
            );
        }
        if let Role::Unknown(name) = &grant.role {
            return Told::Possible(
                "unknown_role",
                format!(
                    "the permissions of `{name}` are neither in the plan nor in the role digest of {}; import them with `tollgate data import`",
                    super::roles::DATE
                ),
            );
        }
        if let Some(place) = self.perhaps_above(grant, point) {
            return Told::Possible(
                "outside_plan",
                format!(
                    "the grant on `{}` permits it already if that contains the resource; the plan does not say",
                    super::place::full_name(&place)
                ),
            );
        }
        let Some(role) = point.action.strip_prefix(ROLE) else { return Told::New(point.action.clone()) };
        self.by_role(role, point)
    }

    fn by_role(&self, name: &str, point: &Point) -> Told {
        let library = Roles::built_in();
        let held: BTreeSet<&Role> =
            self.near.iter().filter(|grant| covers(grant, point)).map(|grant| &grant.role).collect();
        let has = |role: &Role, permission: &str| match role {
            Role::Named(name) => library.has(name, permission),
            Role::Listed(all) => Some(all.contains(permission)),
            Role::Unknown(_) => None,
        };
        let Some(role) = library.get(name) else {
            return Told::Possible("unknown_role", format!("the permissions of `{name}` are not known"));
        };
        let permitted = |permission: &str| !self.new.denials.iter().any(|denial| denies(denial, point, permission));
        let candidates: Vec<&str> =
            role.known.iter().copied().chain(role.sample.iter().copied()).filter(|it| permitted(it)).collect();
        let certain = candidates.iter().find(|it| held.iter().all(|role| has(role, it) == Some(false)));
        if let Some(permission) = certain {
            return Told::New((*permission).to_owned());
        }
        let sizes = held.iter().map(|role| match role {
            Role::Named(name) => library.get(name).map_or(usize::MAX, |role| role.count),
            Role::Listed(all) => all.len(),
            Role::Unknown(_) => usize::MAX,
        });
        let size = sizes.fold(0usize, usize::saturating_add);
        let alone = held.len() == 1 && held.iter().all(|role| matches!(role, Role::Named(_)));
        let likely = candidates.iter().find(|it| held.iter().all(|role| has(role, it) != Some(true)));
        let denied = self.new.denials.iter().any(|denial| denial.lits.iter().all(|lit| lit.holds(point)));
        match likely.or(candidates.first()) {
            Some(permission) if (alone || size < role.count) && !denied => Told::New((*permission).to_owned()),
            _ => Told::Possible(
                "roles_together",
                format!(
                    "whether {} together have all permissions of `{name}` is not in the role digest of {}; import the roles with `tollgate data import`",
                    held.iter()
                        .map(|role| match role {
                            Role::Named(name) | Role::Unknown(name) => format!("`{name}`"),
                            Role::Listed(_) => "a custom role".to_owned(),
                        })
                        .collect::<Vec<_>>()
                        .join(" and "),
                    super::roles::DATE
                ),
            ),
        }
    }

    /// A place that the plan does not put above the grant's, from where the request was permitted already.
    fn perhaps_above(&self, grant: &Grant, point: &Point) -> Option<String> {
        let floating = grant.place.starts_with("/?/");
        if !floating && !grant.place.starts_with("/project:") {
            return None;
        }
        let held = self.above.about(&point.principal);
        let places: BTreeSet<&str> = held.iter().map(|grant| grant.place.as_str()).collect();
        let found = places.into_iter().filter(|place| !place.is_empty()).find(|place| {
            let other = floating || !place.rsplit('/').next().unwrap_or_default().starts_with("project:");
            let point = Point { resource: format!("{place}/"), ..point.clone() };
            other
                && !grant.place.starts_with(&format!("{place}/"))
                && held.iter().any(|grant| covers(grant, &point) && self.gives(&grant.role, &point))
                && !self.old.denials.iter().any(|denial| rule(denial).matches(&point))
        });
        found.map(str::to_owned)
    }
}

/// The grants of the after side that the before side does not have word by word, or all where a denial goes: what
/// those denials are about comes with them.
fn fresh<'a>(old: &Model, new: &'a Model) -> (Vec<&'a Grant>, Vec<Reach>) {
    let kept: HashSet<String> = new.denials.iter().map(denial_key).collect();
    let lost = old.denials.iter().filter(|denial| !kept.contains(&denial_key(denial)));
    let lost: Vec<Reach> = lost.map(|denial| Reach::of(&denial.lits)).collect();
    let known: HashSet<String> = match lost.is_empty() {
        true => old.grants.iter().map(key).collect(),
        false => HashSet::new(),
    };
    (new.grants.iter().filter(|grant| !known.contains(&key(grant))).collect(), lost)
}

/// Whether a grant is about the request, whatever its role permits.
fn covers(grant: &Grant, point: &Point) -> bool {
    let all = |lits: &[Lit]| lits.iter().all(|lit| lit.holds(point));
    // Who asks tells most grants apart, and is cheapest to see.
    grant.who.clauses.iter().any(|clause| all(clause))
        && grant.condition.iter().any(|clause| all(clause))
        && super::place::within(&grant.place, false).holds(point)
        && all(&grant.except)
}

/// The requests of a plan.
pub(super) struct Space {
    actions: Universe,
    telling: Vec<usize>,
}

impl Space {
    pub(super) fn of(sides: &Sides<'_>) -> Self {
        let roles = sides.within.keys().map(|role| format!("{ROLE}{role}"));
        let actions = Universe::new(sides.permissions.iter().cloned().chain(roles));
        let telling = sides.permissions.iter().filter(|it| !it.contains('*')).filter_map(|it| actions.position(it));
        let telling = telling.collect();
        Self { actions, telling }
    }
}

impl space::Space for Space {
    fn actions(&self) -> Option<&Universe> {
        Some(&self.actions)
    }

    /// Every action is in the table.
    fn domain(&self, dim: &Dim) -> Vec<Glob> {
        match dim {
            Dim::Action => vec![Glob::literal("role:none")],
            _ => Vec::new(),
        }
    }

    fn is_scalar(&self, key: &str) -> bool {
        matches!(key, "source.ip" | "request.time")
    }

    fn arity(&self, key: &str) -> Arity {
        if key.starts_with("iam.googleapis.com/") { Arity::List } else { Arity::Single }
    }

    fn telling_actions(&self) -> &[usize] {
        &self.telling
    }

    fn shapes(&self, dim: &Dim, _fixed: &Point) -> Vec<Glob> {
        match dim {
            Dim::Principal => ["allUsers", "user:someone@*", "serviceAccount:*", "principal://*/subject/someone"]
                .iter()
                .flat_map(|shape| principal::is(&[shape], "").globs().to_vec())
                .collect(),
            _ => Vec::new(),
        }
    }
}
