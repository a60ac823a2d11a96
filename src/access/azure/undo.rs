//! Which changes bring a request about: those without which it is not permitted.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use super::collect::{self, Collector, Source, World};
use crate::access::apart::{Index, Reach};
use crate::access::compare::Piece;
use crate::access::rule::Decision;
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
    /// The assignments behind the grants of either side, by their scopes.
    index: Index,
    behind: Vec<usize>,
    /// All rows but assignments.
    others: BTreeSet<usize>,
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
        let mut rows = [HashMap::new(), HashMap::new()];
        for (at, row) in source.state.rows.iter().enumerate() {
            for (rows, object) in rows.iter_mut().zip([&row.before, &row.after]) {
                rows.extend(object.iter().map(|object| (&*object.address, at)));
            }
        }
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
        let others = source.state.rows.iter().enumerate().filter(|(_, row)| !is_assignment(row)).map(|(at, _)| at);
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
            others: others.collect(),
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

    /// Whether the request is not permitted without the change of a row. Assignments whose scope is not about the
    /// request's resource are not read, unless the row moves scopes.
    fn needs(&self, piece: &Piece, row: usize) -> bool {
        let side = |at: usize| if at == row { Side::Before } else { Side::After };
        let moves = self
            .source
            .state
            .rows
            .get(row)
            .is_none_or(|row| objects(row).any(|object| *object.type_name == *"azurerm_management_group"));
        let rows: BTreeSet<usize> = match moves {
            true => (0..self.source.state.rows.len()).collect(),
            false => {
                let about = self.index.meeting(&Reach::resource(&piece.point.resource));
                let about = about.into_iter().filter_map(|at| self.behind.get(at).copied());
                self.others.iter().copied().chain(about).chain([row]).collect()
            }
        };
        !Collector::collect(self.source, rows, &side).decision.permits(&piece.point)
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
