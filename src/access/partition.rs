//! The action dimension by enumeration.
//!
//! The known actions are a sorted table. Every action literal is a few runs of it, so the boundaries of all runs
//! cut the table into pieces on which no literal changes; pieces on which the same literals hold form one class.
//! One search per class then decides for all its actions at once. Actions that do not exist yet are no class:
//! for them the action is an ordinary string dimension (see `compare.rs`).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::glob::{Glob, Loop};
use super::literal::{Dim, Lit, Set, Test};

/// The known actions: names and their lower-case form, sorted by the latter.
///
/// There are some 20,000 of them, and every process that compares anything needs this table: the texts stand one
/// after the other, at the same places in both.
#[derive(Clone, Debug, Default)]
pub struct Universe {
    names: Cow<'static, str>,
    lower: String,
    spans: Vec<Span>,
}

/// Where a name begins and ends.
type Span = (u32, u32);

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
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (mut text, mut spans) = (String::new(), Vec::new());
        for name in names {
            let start = text.len();
            text.push_str(name.as_ref());
            spans.push((place(start), place(text.len())));
        }
        let lower = text.to_ascii_lowercase();
        spans.sort_by(|a, b| slice(&lower, *a).cmp(slice(&lower, *b)));
        spans.dedup_by(|a, b| slice(&lower, *a) == slice(&lower, *b));
        Self { names: text.into(), lower, spans }
    }

    /// A table of names that are in order, one a line, none twice, with the length of each name; `None` where the
    /// lengths are others.
    #[must_use]
    pub fn of_lines(names: &'static str, lengths: &[u8]) -> Option<Self> {
        let mut start: u32 = 0;
        let spans: Vec<Span> = lengths
            .iter()
            .map(|length| {
                let end = start.wrapping_add(u32::from(*length));
                (std::mem::replace(&mut start, end.wrapping_add(1)), end)
            })
            .collect();
        (start == place(names.len())).then(|| Self { lower: names.to_ascii_lowercase(), names: names.into(), spans })
    }

    /// How many actions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The name at a position of the table, as the platform spells it.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        self.spans.get(at).map(|span| slice(&self.names, *span))
    }

    /// The position of the name, in any case.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        self.spans.binary_search_by(|span| slice(&self.lower, *span).cmp(&name)).ok()
    }

    /// The actions that a pattern matches.
    #[must_use]
    pub fn runs(&self, glob: &Glob) -> Runs {
        let prefix = glob.literal_prefix().to_ascii_lowercase();
        let lower = |span: &Span| slice(&self.lower, *span);
        let start = self.spans.partition_point(|span| lower(span) < prefix.as_str());
        let rest = self.spans.get(start..).unwrap_or_default();
        // Most prefixes have few names: look near by before looking at half of the table.
        let begins = |span: &Span| lower(span).starts_with(&prefix);
        let mut reach = 1;
        while rest.get(reach - 1).is_some_and(begins) {
            reach *= 2;
        }
        let near = rest.get(..reach.min(rest.len())).unwrap_or_default();
        let end = start + near.partition_point(begins);
        let tail = glob.tokens().len() == prefix.chars().count();
        if tail && glob.loop_at(glob.tokens().len()) == Loop::Any {
            return if start < end { vec![(start, end)] } else { Vec::new() };
        }
        let mut runs: Runs = Vec::new();
        for at in start..end {
            if self.name(at).is_some_and(|name| glob.matches(name)) {
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
        if next < self.spans.len() {
            rest.push((next, self.spans.len()));
        }
        rest
    }

    /// Cuts the table into classes. Every literal must be of [`Dim::Action`]; actions for which none of the
    /// literals holds are left out when `only_held`.
    #[must_use]
    pub fn classes(&self, lits: &[&Lit], only_held: bool) -> Vec<Class> {
        debug_assert!(lits.iter().all(|lit| lit.dim == Dim::Action));
        let mut events: Vec<(usize, usize)> = Vec::new();
        let mut cuts = BTreeSet::from([0, self.spans.len()]);
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

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn slice(text: &str, (start, end): Span) -> &str {
    text.get(start as usize..end as usize).unwrap_or_default()
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
    fn lines_in_order_are_the_same_table() {
        let (u, lines) = (
            universe(),
            Universe::of_lines("iam:PassRole\ns3:GetBucketAcl\ns3:GetObject\ns3:PutObject\n", &[12, 15, 12, 12])
                .unwrap(),
        );
        assert_eq!(lines.len(), u.len());
        for at in 0..4 {
            let name = u.name(at).unwrap();
            assert_eq!((lines.name(at), lines.position(&name.to_uppercase())), (Some(name), Some(at)));
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
