//! The action dimension by enumeration.
//!
//! The known actions are a sorted table. Every action literal is a few runs of it, so the boundaries of all runs
//! cut the table into pieces on which no literal changes; pieces on which the same literals hold form one class.
//! One search per class then decides for all its actions at once. Actions that do not exist yet are no class:
//! for them the action is an ordinary string dimension (see `compare.rs`).

use std::collections::{BTreeSet, HashMap};

use super::glob::{Glob, Loop};
use super::literal::{Dim, Lit, Set, Test};

/// The known actions: names and their lower-case form, sorted by the latter.
#[derive(Clone, Debug, Default)]
pub struct Universe {
    lower: Vec<String>,
    names: Vec<String>,
}

/// Half-open runs of the table, sorted and disjoint.
pub type Runs = Vec<(usize, usize)>;

/// Actions that the same literals hold for.
#[derive(Clone, Debug)]
pub struct Class {
    /// One truth value per literal given to [`Universe::classes`].
    pub holds: Vec<bool>,
    /// The actions.
    pub runs: Runs,
}

impl Universe {
    /// A table of these names.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let mut pairs: Vec<(String, String)> = names.into_iter().map(|n| (n.to_ascii_lowercase(), n)).collect();
        pairs.sort();
        pairs.dedup_by(|a, b| a.0 == b.0);
        let (lower, names) = pairs.into_iter().unzip();
        Self { lower, names }
    }

    /// The name at a position of the table, as the platform spells it.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        self.names.get(at).map(String::as_str)
    }

    /// The position of the name, in any case.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.lower.binary_search_by(|n| n.as_str().cmp(&name.to_ascii_lowercase())).ok()
    }

    /// The actions that a pattern matches.
    #[must_use]
    pub fn runs(&self, glob: &Glob) -> Runs {
        let prefix = glob.literal_prefix().to_ascii_lowercase();
        let start = self.lower.partition_point(|n| n.as_str() < prefix.as_str());
        let rest = self.lower.get(start..).unwrap_or_default();
        let end = start + rest.partition_point(|n| n.starts_with(&prefix));
        let tail = glob.tokens().len() == prefix.chars().count();
        if tail && glob.loop_at(glob.tokens().len()) == Loop::Any {
            return if start < end { vec![(start, end)] } else { Vec::new() };
        }
        let mut runs: Runs = Vec::new();
        for at in start..end {
            if self.names.get(at).is_some_and(|name| glob.matches(name)) {
                match runs.last_mut() {
                    Some(last) if last.1 == at => last.1 = at + 1,
                    _ => runs.push((at, at + 1)),
                }
            }
        }
        runs
    }

    /// The actions for which a literal of the action dimension holds.
    #[must_use]
    fn literal_runs(&self, lit: &Lit) -> Runs {
        let Test::One { neg, set: Set::Globs(globs), .. } = &lit.test else { return Vec::new() };
        let mut all: Runs = globs.iter().flat_map(|glob| self.runs(glob)).collect();
        all.sort_unstable();
        let mut merged: Runs = Vec::new();
        for (low, high) in all {
            match merged.last_mut() {
                Some(last) if low <= last.1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        if !neg {
            return merged;
        }
        let mut rest = Runs::new();
        let mut next = 0;
        for (low, high) in merged {
            if next < low {
                rest.push((next, low));
            }
            next = high;
        }
        if next < self.names.len() {
            rest.push((next, self.names.len()));
        }
        rest
    }

    /// Cuts the table into classes. Every literal must be of [`Dim::Action`]; actions for which none of the
    /// literals holds are left out when `only_held`.
    #[must_use]
    pub fn classes(&self, lits: &[&Lit], only_held: bool) -> Vec<Class> {
        debug_assert!(lits.iter().all(|lit| lit.dim == Dim::Action));
        let mut events: Vec<(usize, usize)> = Vec::new();
        let mut cuts = BTreeSet::from([0, self.names.len()]);
        for (which, lit) in lits.iter().enumerate() {
            for (low, high) in self.literal_runs(lit) {
                events.extend([(low, which), (high, which)]);
                cuts.extend([low, high]);
            }
        }
        events.sort_unstable();
        let mut events = events.into_iter().peekable();
        let mut holds = vec![false; lits.len()];
        let mut classes: HashMap<Vec<bool>, usize> = HashMap::new();
        let mut out: Vec<Class> = Vec::new();
        let cuts: Vec<usize> = cuts.into_iter().collect();
        for pair in cuts.windows(2) {
            let [low, high] = pair else { continue };
            while let Some((_, which)) = events.next_if(|(at, _)| at <= low) {
                if let Some(bit) = holds.get_mut(which) {
                    *bit = !*bit;
                }
            }
            if only_held && !holds.contains(&true) {
                continue;
            }
            let class = *classes.entry(holds.clone()).or_insert_with(|| {
                out.push(Class { holds: holds.clone(), runs: Vec::new() });
                out.len() - 1
            });
            if let Some(class) = out.get_mut(class) {
                class.runs.push((*low, *high));
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn universe() -> Universe {
        Universe::new(["s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "iam:PassRole"].map(String::from))
    }

    fn lit(neg: bool, pattern: &str) -> Lit {
        Lit::of(Dim::Action, neg, vec![Glob::wildcard(pattern, true)], pattern)
    }

    #[test]
    fn runs_are_what_the_pattern_matches() {
        let u = universe();
        for pattern in ["*", "s3:*", "S3:GET*", "s3:getobject", "*:pass*", "s3:*object", "ec2:*", "iam:PassRole?", "s3"]
        {
            let glob = Glob::wildcard(pattern, true);
            let runs = u.runs(&glob);
            for at in 0..4 {
                let inside = runs.iter().any(|(low, high)| (*low..*high).contains(&at));
                assert_eq!(inside, glob.matches(u.name(at).unwrap()), "{pattern} {at}");
            }
        }
    }

    #[test]
    fn classes_partition_the_table() {
        let u = universe();
        let lits = [lit(false, "s3:get*"), lit(true, "s3:*"), lit(false, "*object")];
        let classes = u.classes(&lits.iter().collect::<Vec<_>>(), false);
        let total: usize = classes.iter().flat_map(|c| &c.runs).map(|(low, high)| high - low).sum();
        assert_eq!((classes.len(), total), (4, 4));
        for class in &classes {
            for at in class.runs.iter().flat_map(|(low, high)| *low..*high) {
                let point = super::super::point::Point { action: u.name(at).unwrap().into(), ..Default::default() };
                let truth: Vec<bool> = lits.iter().map(|l| l.holds(&point)).collect();
                assert_eq!(truth, class.holds);
            }
        }
    }
}
