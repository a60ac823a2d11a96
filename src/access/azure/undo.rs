//! Which changes bring a request about: those without which it is not permitted.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::collect::{self, Collector, RoleKey, Source, World};
use crate::access::apart::{Index, Reach};
use crate::access::compare::Piece;
use crate::access::point::Point;
use crate::access::rule::{Decision, Origin};
use crate::access::worlds::{Object, Row, Side};

/// More changed rows than this are not undone one by one: the change that carries the grant is named.
const MAX_UNDONE: usize = 64;

/// The after side without single changes.
pub(super) struct Undo<'a> {
    source: &'a Source<'a>,
    touched: &'a [usize],
    before: &'a World,
    worlds: Vec<Option<World>>,
    /// The rows of the after side by address.
    rows: HashMap<&'a str, usize>,
    /// What each changed row says, in lower case.
    texts: Vec<OnceCell<String>>,
    /// The assignments behind the grants of either side, by whom and what they are about.
    index: Index,
    behind: Vec<usize>,
    /// Definitions of roles by what names them, and groups by who is in them.
    roles: BTreeMap<RoleKey, BTreeSet<usize>>,
    groups: Groups,
    /// All other rows.
    others: BTreeSet<usize>,
}

/// Rows of groups: those of a group, and those that say who is in it.
#[derive(Default)]
struct Groups {
    /// By the group, in lower case.
    own: BTreeMap<String, BTreeSet<usize>>,
    /// The groups by whom they hold or are owned by, in lower case.
    around: BTreeMap<String, BTreeSet<String>>,
}

impl Groups {
    fn add(&mut self, at: usize, object: &Object) {
        let key = if is_member(object) { "group_object_id" } else { "object_id" };
        let known = object.get(key).name().filter(|_| is_member(object) || object.get(key).text().is_some());
        let Some(group) = known.or_else(|| (!is_member(object)).then(|| format!("${{{}.object_id}}", object.address)))
        else {
            return;
        };
        let group = group.to_lowercase();
        self.own.entry(group.clone()).or_default().insert(at);
        let lists = ["members", "owners"].into_iter().flat_map(|list| object.get(list).names());
        for one in lists.chain(object.get("member_object_id").name()) {
            self.around.entry(one.to_lowercase()).or_default().insert(group.clone());
        }
    }

    /// The rows of the groups that somebody is in, directly or through others, or that are the principal itself.
    fn about(&self, principal: &str) -> BTreeSet<usize> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![principal.to_lowercase()]);
        while let Some(one) = open.pop() {
            open.extend(self.around.get(&one).into_iter().flatten().filter(|it| !seen.contains(*it)).cloned());
            seen.insert(one);
        }
        seen.iter().filter_map(|one| self.own.get(one)).flatten().copied().collect()
    }
}

fn is_member(object: &Object) -> bool {
    *object.type_name == *"azuread_group_member"
}

fn is_role(object: &Object) -> bool {
    *object.type_name == *"azurerm_role_definition"
}

fn is_group(object: &Object) -> bool {
    is_member(object) || *object.type_name == *"azuread_group"
}

fn is_assignment(row: &Row) -> bool {
    let mut objects = [&row.before, &row.after].into_iter().flatten();
    objects.all(|object| object.type_name.ends_with("_role_assignment"))
}

fn objects(row: &Row) -> impl Iterator<Item = &Object> {
    [&row.before, &row.after].into_iter().flatten()
}

impl<'a> Undo<'a> {
    pub(super) fn new(source: &'a Source<'a>, touched: &'a [usize], sides: [&'a World; 2]) -> Self {
        let rows = source.state.by_address();
        let (mut reaches, mut behind) = (Vec::new(), Vec::new());
        for (world, rows) in sides.into_iter().zip(&rows) {
            let Decision::Rules(rules) = &world.decision else { continue };
            for rule in &rules.allow {
                if let Some(at) = rows.get(rule.origin.address.as_str()) {
                    reaches.push(Reach::of(&rule.lits));
                    behind.push(*at);
                }
            }
        }
        let (mut roles, mut groups, mut others) = (BTreeMap::new(), Groups::default(), BTreeSet::new());
        for (at, row) in source.state.rows.iter().enumerate() {
            for object in objects(row) {
                if is_role(object) {
                    for key in RoleKey::of_definition(object) {
                        roles.entry(key).or_insert_with(BTreeSet::new).insert(at);
                    }
                } else if is_group(object) {
                    groups.add(at, object);
                } else if !object.type_name.ends_with("_role_assignment") {
                    others.insert(at);
                }
            }
        }
        let [before, _] = sides;
        let [_, rows] = rows;
        Self {
            source,
            touched,
            before,
            worlds: touched.iter().map(|_| None).collect(),
            rows,
            texts: touched.iter().map(|_| OnceCell::new()).collect(),
            index: Index::of(&reaches),
            behind,
            roles,
            groups,
            others,
        }
    }

    /// The rows that bring a piece about, in order.
    pub(super) fn culprits(&mut self, piece: &Piece) -> Vec<usize> {
        if self.touched.len() > MAX_UNDONE {
            return self.among_many(piece);
        }
        let (source, all) = (self.source, 0..self.source.state.rows.len());
        let mut culprits = Vec::new();
        for (row, slot) in self.touched.iter().zip(&mut self.worlds) {
            let side = |at: usize| if at == *row { Side::Before } else { Side::After };
            let without = slot.get_or_insert_with(|| Collector::collect(source, all.clone(), &side));
            if !without.decision.permits(&piece.point) {
                culprits.push(*row);
            }
        }
        if culprits.is_empty() {
            // Several changes permit it, each by itself.
            culprits.extend(self.touched.iter().copied().filter(|row| {
                let only = |at: usize| if at == *row { Side::After } else { Side::Before };
                Collector::collect(source, all.clone(), &only).decision.permits(&piece.point)
            }));
        }
        if culprits.is_empty() { self.touched.to_vec() } else { culprits }
    }

    /// The assignment itself if it changes; else what its role, its principal or a restriction lifted from it is about,
    /// undone as long as that is not too many rows.
    fn among_many(&self, piece: &Piece) -> Vec<usize> {
        let address = piece.origin.as_ref().map(|origin| origin.address.as_str()).unwrap_or_default();
        let own = self.rows.get(address).filter(|row| self.touched.contains(row));
        if let Some(own) = own {
            return vec![*own];
        }
        let lifted: BTreeSet<&str> = match &self.before.decision {
            Decision::Rules(rules) => {
                let met = rules.deny.iter().filter(|rule| rule.matches(&piece.point));
                met.map(|rule| rule.origin.address.as_str()).collect()
            }
            _ => BTreeSet::new(),
        };
        let words = self.words(piece, address);
        let candidate = |(row, text): (&usize, &OnceCell<String>)| {
            let seen = self.source.state.rows.get(*row)?;
            let bears = match objects(seen).any(|object| collect::restrains(&object.type_name)) {
                true => seen.before.as_ref().is_some_and(|object| lifted.contains(&*object.address)),
                false => {
                    let text = text.get_or_init(|| {
                        let text = |object: &Object| format!("{} {:?}", object.address, object.values);
                        objects(seen).map(text).collect::<Vec<_>>().join(" ").to_lowercase()
                    });
                    !is_assignment(seen) && words.iter().any(|word| text.contains(word))
                }
            };
            bears.then_some(*row)
        };
        let found: Vec<usize> = self.touched.iter().zip(&self.texts).filter_map(candidate).collect();
        if found.is_empty() {
            return self.touched.to_vec();
        }
        if found.len() > MAX_UNDONE {
            return found;
        }
        let needed: Vec<usize> = found.iter().copied().filter(|row| self.needs(piece, *row)).collect();
        if needed.is_empty() { found } else { needed }
    }

    /// Whether the request is not permitted without the change of a row.
    fn needs(&self, piece: &Piece, row: usize) -> bool {
        let side = |at: usize| if at == row { Side::Before } else { Side::After };
        let rows = self.about(piece, row).unwrap_or_else(|| (0..self.source.state.rows.len()).collect());
        !Collector::collect(self.source, rows, &side).decision.permits(&piece.point)
    }

    /// What the answer to a request can rest on, with the change of a row and without it: the assignments behind grants
    /// that are about it, their roles, and the groups of whoever asks. `None` where the row decides which those are.
    fn about(&self, piece: &Piece, row: usize) -> Option<BTreeSet<usize>> {
        let known = |object: &Object| is_role(object) || is_group(object) || collect::restrains(&object.type_name);
        let principal = &piece.point.principal;
        if principal.contains([':', '#']) || !objects(self.source.state.rows.get(row)?).all(known) {
            return None;
        }
        let about = self.index.about(principal, &piece.point.resource);
        let mut rows: BTreeSet<usize> = about.into_iter().filter_map(|at| self.behind.get(at).copied()).collect();
        let named = rows.iter().filter_map(|at| self.source.state.rows.get(*at)).flat_map(objects);
        let roles: BTreeSet<RoleKey> = named.filter_map(RoleKey::of).collect();
        rows.extend(roles.iter().filter_map(|key| self.roles.get(key)).flatten());
        rows.extend(self.groups.about(principal));
        rows.extend(&self.others);
        rows.insert(row);
        Some(rows)
    }

    /// The changed rows by which a grant that cannot be told to be new may be: its own, or all that are no definition of
    /// another role, no assignment and no group of somebody else.
    pub(super) fn bearing(&self, origin: Option<&Origin>, point: Option<&Point>) -> Vec<usize> {
        let own = origin.and_then(|origin| self.rows.get(origin.address.as_str()));
        if let Some(own) = own.filter(|row| self.touched.contains(row)) {
            return vec![*own];
        }
        let assignment = own.and_then(|at| self.source.state.rows.get(*at)).filter(|row| is_assignment(row));
        let roles: Vec<RoleKey> = assignment.into_iter().flat_map(objects).filter_map(RoleKey::of).collect();
        let (Some(point), false) = (point, roles.is_empty()) else { return self.touched.to_vec() };
        let mut rows: BTreeSet<usize> = roles.iter().filter_map(|key| self.roles.get(key)).flatten().copied().collect();
        rows.extend(self.groups.about(&point.principal));
        let plain = !point.principal.contains([':', '#']);
        let bears = |row: &Row| {
            let mut objects = objects(row);
            objects.any(|object| !(is_role(object) || is_group(object) && plain || is_assignment(row)))
        };
        let all = self.touched.iter().copied();
        let found: Vec<usize> =
            all.filter(|at| rows.contains(at) || self.source.state.rows.get(*at).is_some_and(bears)).collect();
        if found.is_empty() { self.touched.to_vec() } else { found }
    }

    /// The principal of a request, and what the assignment that permits it is about.
    fn words(&self, piece: &Piece, address: &str) -> Vec<String> {
        let caller = piece.point.principal.trim_start_matches("credential:").trim_start_matches("federated:");
        let mut words: Vec<String> = caller.split('#').map(str::to_lowercase).collect();
        let row = self.rows.get(address).and_then(|at| self.source.state.rows.get(*at));
        if let Some(object) = row.and_then(|row| row.after.as_ref()) {
            let names = ["principal_id", "role_definition_id", "role_definition_name"];
            let names = names.iter().filter_map(|name| object.get(name).name());
            words.extend(names.map(|name| collect::tail(&name)));
        }
        words.retain(|word| !word.is_empty());
        words
    }
}
