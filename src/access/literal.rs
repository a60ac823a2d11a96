//! Literals: one test on one dimension of a request.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::glob::Glob;
use super::point::Point;
use super::ranges::Ranges;
use super::scalar;

/// A dimension of a request. Dimensions are independent of each other, which is what makes a conjunction of
/// literals satisfiable exactly when every dimension by itself is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dim {
    /// Who asks.
    Principal,
    /// What for.
    Action,
    /// On what.
    Resource,
    /// A context key, by its canonical (lower case) name.
    Key(Arc<str>),
    /// Something that cannot be read. The same text is the same truth value on both sides.
    Opaque(Arc<str>),
}

/// A set of single values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    /// Strings that match one of the patterns.
    Globs(Vec<Glob>),
    /// Numbers.
    Numbers(Ranges),
    /// Dates.
    Dates(Ranges),
    /// Addresses: IPv4 and IPv6.
    Addresses(Ranges, Ranges),
}

impl Set {
    /// Whether the text is a member. Symbols are taken from the point.
    #[must_use]
    pub fn contains(&self, text: &str, point: &Point) -> bool {
        match self {
            Self::Globs(globs) => globs.iter().any(|glob| glob.matches_at(text, point)),
            Self::Numbers(ranges) => scalar::member(text).is_some_and(|at| ranges.contains(at)),
            Self::Dates(ranges) => scalar::date(text).is_some_and(|at| ranges.contains(at)),
            Self::Addresses(v4, v6) => scalar::addresses(text).is_some_and(|(a, b)| {
                let inside = |set: &Ranges, one: &Ranges| one.iter().all(|(low, _)| set.contains(low));
                inside(v4, &a) && inside(v6, &b)
            }),
        }
    }
}

/// What a literal asks of its dimension.
///
/// `neg` negates the membership, not the literal: for an absent key the literal's truth is `absent_ok` either
/// way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// There is one value, and it is (or with `neg`: is not) in the set. A list fails.
    One {
        /// Negates the membership.
        neg: bool,
        /// The literal's truth where the key is absent.
        absent_ok: bool,
        /// The set.
        set: Set,
    },
    /// Every value is (is not) in the set; true for an absent key and for an empty list.
    All {
        /// Negates the membership.
        neg: bool,
        /// The set.
        set: Set,
    },
    /// Some value is (is not) in the set.
    Some {
        /// Negates the membership.
        neg: bool,
        /// The literal's truth where the key is absent.
        absent_ok: bool,
        /// The set.
        set: Set,
    },
    /// The key is in the request (with `neg`: is not).
    Present {
        /// Negates the test.
        neg: bool,
    },
    /// Cannot be read; only in dimension [`Dim::Opaque`].
    Opaque {
        /// Negates the unknown truth value.
        neg: bool,
    },
}

/// One test on one dimension. Equality ignores the label.
#[derive(Clone)]
pub struct Lit {
    /// What is tested.
    pub dim: Dim,
    /// How.
    pub test: Test,
    /// The literal in the words of its document, for explanations.
    pub label: Arc<str>,
}

impl fmt::Debug for Lit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.dim, self.test)
    }
}

impl PartialEq for Lit {
    fn eq(&self, other: &Self) -> bool {
        self.dim == other.dim && self.test == other.test
    }
}

impl Eq for Lit {}

impl Hash for Lit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.dim.hash(state);
        self.test.hash(state);
    }
}

impl Lit {
    /// The literal "the value is in one of the patterns" (with `neg`: in none), for principal, action, resource.
    #[must_use]
    pub fn of(dim: Dim, neg: bool, globs: Vec<Glob>, label: &str) -> Self {
        Self { dim, test: Test::One { neg, absent_ok: false, set: Set::Globs(globs) }, label: label.into() }
    }

    /// The literal "the request carries the key with one value": a list has none that a variable could stand for.
    #[must_use]
    pub fn one_value(key: &Arc<str>) -> Self {
        let test = Test::One { neg: true, absent_ok: false, set: Set::Globs(Vec::new()) };
        Self { dim: Dim::Key(key.clone()), test, label: format!("a value for `{key}`").into() }
    }

    /// Whether the literal certainly fails where the request does not carry the key with one value.
    #[must_use]
    pub fn needs(&self, key: &Arc<str>) -> bool {
        let (neg, absent_ok, single) = match &self.test {
            Test::One { neg, absent_ok, .. } => (*neg, *absent_ok, true),
            Test::Some { neg, absent_ok, .. } => (*neg, *absent_ok, false),
            _ => return false,
        };
        let itself = single && matches!(&self.dim, Dim::Key(own) if own == key);
        let globs = self.globs();
        let pattern = |glob: &Glob| glob.needs().contains(&(key.clone(), true));
        !absent_ok && (itself || (!neg && !globs.is_empty() && globs.iter().all(pattern)))
    }

    /// A literal that cannot be read; the same text is the same truth value everywhere.
    #[must_use]
    pub fn opaque(text: &str, neg: bool) -> Self {
        Self { dim: Dim::Opaque(text.into()), test: Test::Opaque { neg }, label: text.into() }
    }

    /// Whether the literal cannot be read.
    #[must_use]
    pub fn dim_is_opaque(&self) -> bool {
        matches!(self.dim, Dim::Opaque(_))
    }

    /// Whether the point satisfies the literal. Independent of the search, and used to explain its results.
    #[must_use]
    pub fn holds(&self, point: &Point) -> bool {
        let one = |text: &str| match &self.test {
            Test::One { neg, set, .. } | Test::All { neg, set } | Test::Some { neg, set, .. } => {
                set.contains(text, point) != *neg
            }
            Test::Present { neg } => !*neg,
            Test::Opaque { .. } => false,
        };
        match &self.dim {
            Dim::Principal => one(&point.principal),
            Dim::Action => one(&point.action),
            Dim::Resource => one(&point.resource),
            Dim::Opaque(text) => {
                let truth = point.opaque.get(text).copied().unwrap_or(false);
                truth != matches!(self.test, Test::Opaque { neg: true })
            }
            Dim::Key(key) => match (point.key(key), &self.test) {
                (None, Test::One { absent_ok, .. } | Test::Some { absent_ok, .. }) => *absent_ok,
                (None, Test::All { .. }) => true,
                (value, Test::Present { neg }) => value.is_some() != *neg,
                (Some(value), Test::One { .. }) => value.single().is_some_and(one),
                (Some(value), Test::All { .. }) => value.values().iter().all(|v| one(v)),
                (Some(value), Test::Some { .. }) => value.values().iter().any(|v| one(v)),
                (_, Test::Opaque { .. }) => false,
            },
        }
    }

    /// The patterns of the literal, where it has any.
    #[must_use]
    pub fn globs(&self) -> &[Glob] {
        match &self.test {
            Test::One { set: Set::Globs(globs), .. }
            | Test::All { set: Set::Globs(globs), .. }
            | Test::Some { set: Set::Globs(globs), .. } => globs,
            _ => &[],
        }
    }
}
