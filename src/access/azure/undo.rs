//! Which changes bring a request about: those without which it is not permitted.

use std::collections::BTreeSet;

use super::collect::{self, Collector, World};
use crate::access::compare::Piece;
use crate::access::rule::Decision;
use crate::access::worlds::{Side, State};

/// More changed rows than this are not undone one by one: the change that carries the grant is named.
const MAX_UNDONE: usize = 64;

/// How many worlds are made in all where more rows than that change.
const MAX_WORLDS: usize = 64;

/// The after side without single changes.
pub(super) struct Undo<'a> {
    state: &'a State,
    open: &'a BTreeSet<String>,
    touched: &'a [usize],
    worlds: Vec<Option<World>>,
    made: usize,
}

impl<'a> Undo<'a> {
    pub(super) fn new(state: &'a State, open: &'a BTreeSet<String>, touched: &'a [usize]) -> Self {
        Self { state, open, touched, worlds: touched.iter().map(|_| None).collect(), made: 0 }
    }

    /// The rows that bring a piece about, in order.
    pub(super) fn culprits(&mut self, piece: &Piece, before: &World) -> Vec<usize> {
        if self.touched.len() > MAX_UNDONE {
            return self.among_many(piece, before);
        }
        let mut culprits = Vec::new();
        for (row, slot) in self.touched.iter().zip(&mut self.worlds) {
            let without = slot.get_or_insert_with(|| undone(self.state, self.open, *row));
            if !without.decision.permits(&piece.point) {
                culprits.push(*row);
            }
        }
        if culprits.is_empty() {
            // Several changes permit it, each by itself.
            culprits.extend(self.touched.iter().copied().filter(|row| {
                let only = |at: usize| if at == *row { Side::After } else { Side::Before };
                Collector::collect(self.state, self.open, &only).decision.permits(&piece.point)
            }));
        }
        if culprits.is_empty() { self.touched.to_vec() } else { culprits }
    }

    /// The assignment itself if it changes; else what its role, its principal or a restriction lifted from it is about,
    /// undone as long as that is not too many worlds.
    fn among_many(&mut self, piece: &Piece, before: &World) -> Vec<usize> {
        let address = piece.origin.as_ref().map(|origin| origin.address.as_str()).unwrap_or_default();
        let at = |row: &usize, side: Side, address: &str| {
            let object = self.state.rows.get(*row).and_then(|row| row.object(side));
            object.is_some_and(|object| *object.address == *address)
        };
        let own: Vec<usize> = self.touched.iter().copied().filter(|row| at(row, Side::After, address)).collect();
        if !own.is_empty() {
            return own;
        }
        let lifted: Vec<&str> = match &before.decision {
            Decision::Rules(rules) => {
                let met = rules.deny.iter().filter(|rule| rule.matches(&piece.point));
                met.map(|rule| rule.origin.address.as_str()).collect()
            }
            _ => Vec::new(),
        };
        let words = self.words(piece, address);
        let candidate = |row: &usize| {
            let Some(seen) = self.state.rows.get(*row) else { return false };
            let objects = || [&seen.before, &seen.after].into_iter().flatten();
            if objects().any(|object| collect::restrains(&object.type_name)) {
                return lifted.iter().any(|address| at(row, Side::Before, address));
            }
            objects().any(|object| {
                let text = format!("{} {:?}", object.address, object.values).to_lowercase();
                !object.type_name.ends_with("_role_assignment") && words.iter().any(|word| text.contains(word))
            })
        };
        let found: Vec<usize> = self.touched.iter().copied().filter(candidate).collect();
        if self.made + found.len() > MAX_WORLDS {
            return if found.is_empty() { self.touched.to_vec() } else { found };
        }
        self.made += found.len();
        let needed = |row: &usize| !undone(self.state, self.open, *row).decision.permits(&piece.point);
        let needed: Vec<usize> = found.iter().copied().filter(needed).collect();
        match (needed.is_empty(), found.is_empty()) {
            (false, _) => needed,
            (true, false) => found,
            (true, true) => self.touched.to_vec(),
        }
    }

    /// The principal of a request, and what the assignment that permits it is about.
    fn words(&self, piece: &Piece, address: &str) -> Vec<String> {
        let caller = piece.point.principal.trim_start_matches("credential:").trim_start_matches("federated:");
        let mut words: Vec<String> = caller.split('#').map(str::to_lowercase).collect();
        let objects = self.state.rows.iter().filter_map(|row| row.after.as_ref());
        for object in objects.filter(|object| *object.address == *address) {
            let names = ["principal_id", "role_definition_id", "role_definition_name"];
            let names = names.iter().filter_map(|name| object.get(name).name());
            words.extend(names.map(|name| collect::tail(&name)));
        }
        words.retain(|word| !word.is_empty());
        words
    }
}

fn undone(state: &State, open: &BTreeSet<String>, row: usize) -> World {
    Collector::collect(state, open, &|at| if at == row { Side::Before } else { Side::After })
}
