//! Large comparisons taken apart: which rules may be about the same request, by who is named and how resources begin.
//!
//! A grant is new or not by the rules that its own requests can meet. A plan with thousands of grants has few of those
//! for each, and finding them by name and by place takes no look at the rest. Rules that are left out of a part match
//! none of its requests, so that all parts together answer what the whole does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use super::glob::{Glob, Loop};
use super::literal::{Dim, Lit, Set, Test};
use super::rule::{Rule, RuleSet};

/// Whom and what a conjunction of literals is about, as far as an index can tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reach {
    /// The principals by name, in lower case; `None` where a pattern or nothing says who.
    names: Option<Vec<String>>,
    /// How the resources begin, in lower case.
    starts: Vec<String>,
}

impl Reach {
    /// Of literals that must all hold.
    #[must_use]
    pub fn of<'l>(lits: impl IntoIterator<Item = &'l Lit>) -> Self {
        let (mut names, mut starts) = (None, None);
        for lit in lits {
            let Test::One { neg: false, set: Set::Globs(globs), .. } = &lit.test else { continue };
            match lit.dim {
                Dim::Principal if names.is_none() => names = globs.iter().map(name).collect(),
                Dim::Resource if starts.is_none() => starts = Some(globs.iter().map(start).collect()),
                _ => {}
            }
        }
        let sorted = |mut list: Vec<String>| {
            list.sort_unstable();
            list.dedup();
            list
        };
        Self { names: names.map(sorted), starts: sorted(starts.unwrap_or_else(|| vec![String::new()])) }
    }

    /// Of alternatives in one place: whoever any of them is about.
    #[must_use]
    pub fn anywhere_in(start: &str, who: &[Vec<Lit>]) -> Self {
        let each = who.iter().map(|lits| Self::of(lits).names);
        let names = each.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty());
        let mut names: Option<Vec<String>> = names.map(|all| all.into_iter().flatten().collect());
        if let Some(names) = &mut names {
            names.sort_unstable();
            names.dedup();
        }
        Self { names, starts: vec![start.to_ascii_lowercase()] }
    }

    /// Of one principal, wherever.
    #[must_use]
    pub fn principal(name: &str) -> Self {
        Self { names: Some(vec![name.to_ascii_lowercase()]), starts: vec![String::new()] }
    }

    /// Whether a request may satisfy both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let who = match (&self.names, &other.names) {
            (Some(own), Some(others)) => own.iter().any(|name| others.contains(name)),
            _ => true,
        };
        let related = |a: &String, b: &String| a.starts_with(b.as_str()) || b.starts_with(a.as_str());
        who && self.starts.iter().any(|own| other.starts.iter().any(|start| related(own, start)))
    }

    /// How the resources begin, in lower case.
    #[must_use]
    pub fn starts(&self) -> &[String] {
        &self.starts
    }
}

/// The only text that a pattern matches, in lower case.
fn name(glob: &Glob) -> Option<String> {
    let tokens = glob.tokens().len();
    (glob.fixed_start() == tokens && glob.loop_at(tokens) == Loop::None).then(|| start(glob))
}

fn start(glob: &Glob) -> String {
    glob.literal_prefix().to_ascii_lowercase()
}

/// Members by how their resources begin.
#[derive(Debug, Default)]
struct Starts(BTreeMap<String, Vec<usize>>);

impl Starts {
    fn add(&mut self, start: &str, at: usize) {
        match self.0.get_mut(start) {
            Some(list) => list.push(at),
            None => drop(self.0.insert(start.to_owned(), vec![at])),
        }
    }

    /// Those that begin as a text does, at most all of it.
    fn outer<'s>(&'s self, text: &'s str) -> impl Iterator<Item = &'s Vec<usize>> {
        (0..=text.len()).filter_map(|end| self.0.get(text.get(..end)?))
    }

    fn meeting(&self, start: &str, out: &mut Vec<usize>) {
        let outer = self.outer(start);
        let inner = self
            .0
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .take_while(|(other, _)| other.starts_with(start));
        let inner = inner.filter(|(other, _)| other.len() > start.len()).map(|(_, list)| list);
        outer.chain(inner).for_each(|list| out.extend(list));
    }
}

/// What is about the same requests, found by name and by place.
#[derive(Debug, Default)]
pub struct Index {
    named: HashMap<String, Starts>,
    /// Those that no names tell apart.
    open: Starts,
    all: Starts,
}

impl Index {
    /// Of a list; answers are positions in it.
    pub fn of<'r>(reaches: impl IntoIterator<Item = &'r Reach>) -> Self {
        let mut index = Self::default();
        for (at, reach) in reaches.into_iter().enumerate() {
            for start in &reach.starts {
                index.all.add(start, at);
                match &reach.names {
                    Some(names) => names.iter().for_each(|name| match index.named.get_mut(name) {
                        Some(starts) => starts.add(start, at),
                        None => index.named.entry(name.clone()).or_default().add(start, at),
                    }),
                    None => index.open.add(start, at),
                }
            }
        }
        index
    }

    /// Those that may be about a request of one principal on one resource.
    #[must_use]
    pub fn about(&self, principal: &str, resource: &str) -> Vec<usize> {
        let resource = resource.to_ascii_lowercase();
        let mut out = Vec::new();
        for list in self.named.get(&principal.to_ascii_lowercase()).into_iter().chain([&self.open]) {
            list.outer(&resource).for_each(|list| out.extend(list));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Those that may share a request with the reach, in order.
    #[must_use]
    pub fn meeting(&self, reach: &Reach) -> Vec<usize> {
        let mut out = Vec::new();
        let own = |names: &Vec<String>| names.iter().filter_map(|name| self.named.get(name)).collect::<Vec<_>>();
        let lists = match &reach.names {
            Some(names) => own(names).into_iter().chain([&self.open]).collect(),
            None => vec![&self.all],
        };
        for list in lists {
            reach.starts.iter().for_each(|start| list.meeting(start, &mut out));
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

/// A comparison of its own: the new grants of one reach, and what may meet them.
#[derive(Clone, Debug)]
pub struct Part {
    /// Whom and what it is about.
    pub reach: Reach,
    /// The rules of the before side.
    pub before: RuleSet,
    /// The rules of the after side.
    pub after: RuleSet,
}

/// Rules by their literals.
#[expect(clippy::mutable_key_type, reason = "what a pattern holds beside its form is the form's hash")]
fn texts(rules: &[Rule]) -> HashSet<&[Lit]> {
    rules.iter().map(|rule| &*rule.lits).collect()
}

/// Groups what has the same reach, in the order of first appearance.
pub fn grouped<T>(list: impl IntoIterator<Item = (Reach, T)>) -> Vec<(Reach, Vec<T>)> {
    let mut groups: Vec<(Reach, Vec<T>)> = Vec::new();
    let mut places: HashMap<Reach, usize> = HashMap::new();
    for (reach, one) in list {
        let at = *places.entry(reach).or_insert_with_key(|reach| {
            groups.push((reach.clone(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(at) {
            group.push(one);
        }
    }
    groups
}

/// Takes the comparison of two sets of rules apart, less the grants that certainly permit nothing new.
#[must_use]
#[expect(clippy::mutable_key_type, reason = "what a pattern holds beside its form is the form's hash")]
pub fn parts(before: &RuleSet, after: &RuleSet) -> Vec<Part> {
    let reach = |rule: &Rule| Reach::of(&rule.lits);
    let reaches = |rules: &[Rule]| rules.iter().map(reach).collect::<Vec<Reach>>();
    let kept = texts(&after.deny);
    let lost: Vec<Reach> = before.deny.iter().filter(|rule| !kept.contains(&*rule.lits)).map(reach).collect();
    let (lost, known) = (Index::of(&lost), texts(&before.allow));
    let rules = after.allow.iter().map(|rule| (reach(rule), rule));
    let fresh = grouped(rules.filter(|(reach, rule)| !known.contains(&*rule.lits) || !lost.meeting(reach).is_empty()));
    let [allowed, refused, refuses] =
        [&before.allow, &before.deny, &after.deny].map(|rules| Index::of(&reaches(rules)));
    let among = |index: &Index, rules: &[Rule], reach: &Reach| {
        index.meeting(reach).into_iter().filter_map(|at| rules.get(at).cloned()).collect::<Vec<Rule>>()
    };
    let part = |(reach, allow): (Reach, Vec<&Rule>)| Part {
        before: RuleSet { allow: among(&allowed, &before.allow, &reach), deny: among(&refused, &before.deny, &reach) },
        after: RuleSet { allow: allow.into_iter().cloned().collect(), deny: among(&refuses, &after.deny, &reach) },
        reach,
    };
    fresh.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::rule::Origin;

    fn rule(who: &str, place: &str) -> Rule {
        let one = |dim: Dim, text: &str| Lit::of(dim, false, vec![Glob::wildcard(text, true)], text);
        Rule { lits: vec![one(Dim::Principal, who), one(Dim::Resource, place)], origin: Origin::default() }
    }

    fn set(allow: &[(&str, &str)], deny: &[(&str, &str)]) -> RuleSet {
        let rules = |list: &[(&str, &str)]| list.iter().map(|(who, place)| rule(who, place)).collect();
        RuleSet { allow: rules(allow), deny: rules(deny) }
    }

    #[test]
    fn a_part_holds_what_can_meet_its_grants() {
        let before = set(&[("ann", "/a/*"), ("Ann", "/a/b"), ("bob", "/a/*"), ("*", "/A/b/*"), ("*", "/c")], &[]);
        let after = set(&[("ann", "/a/*"), ("ann", "/a/b/c"), ("ann", "/a/b/c")], &[("ann", "/c"), ("eve", "*")]);
        let parts = parts(&before, &after);
        let [part] = parts.as_slice() else { panic!("{parts:?}") };
        assert_eq!(part.after.allow.len(), 2, "what stands as it was is no part");
        assert_eq!(part.before.allow.len(), 3, "{:?}", part.before.allow);
        assert!(part.after.deny.is_empty(), "{:?}", part.after.deny);
    }

    #[test]
    fn where_a_denial_goes_what_it_met_is_compared() {
        let allow = [("ann", "/a/*"), ("bob", "/a/*"), ("ann", "/b/*"), ("*", "/a/x")];
        let found = parts(&set(&allow, &[("ann", "/a/x/*")]), &set(&allow, &[]));
        let mut starts: Vec<_> =
            found.iter().map(|part| (part.reach.names.clone(), part.reach.starts.clone())).collect();
        starts.sort();
        assert_eq!(starts, [(None, vec!["/a/x".into()]), (Some(vec!["ann".into()]), vec!["/a/".into()])]);
        assert!(found.iter().all(|part| part.before.deny.len() == 1));
    }
}
