//! What a platform tells the core about its requests.

use super::glob::Glob;
use super::literal::Dim;
use super::partition::Universe;
use super::point::Point;

/// Whether requests carry one value or a list for a context key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// One value.
    Single,
    /// A list.
    List,
    /// Not known; taken as a list exactly when a set operator is used on it.
    Unknown,
}

/// The requests of a platform: which actions there are, which values a dimension can take, and what a plausible
/// request looks like. Everything here narrows; the default says that anything is possible.
pub trait Space {
    /// The known actions, if the platform has a table of them.
    fn actions(&self) -> Option<&Universe> {
        None
    }

    /// Patterns of which one must match every value of the dimension; empty for no restriction. For the action
    /// dimension they describe actions that are not in the table yet.
    fn domain(&self, dim: &Dim) -> Vec<Glob> {
        let _ = dim;
        Vec::new()
    }

    /// Whether a key carries a list.
    fn arity(&self, key: &str) -> Arity {
        let _ = key;
        Arity::Unknown
    }

    /// Whether every value of a key is a number, a date or an address, so that comparisons never meet another text.
    fn is_scalar(&self, key: &str) -> bool {
        let _ = key;
        false
    }

    /// Positions in the table of actions that make a telling witness, best first.
    fn telling_actions(&self) -> &[usize] {
        &[]
    }

    /// Shapes that make a value of the dimension plausible, best first, given what of the request is fixed
    /// already (its action). A shape that fits the constraints is preferred; none has to.
    fn shapes(&self, dim: &Dim, fixed: &Point) -> Vec<Glob> {
        let _ = (dim, fixed);
        Vec::new()
    }

    /// Names for the value of a context key that a pattern refers to, best first.
    fn names(&self, key: &str) -> Vec<String> {
        let _ = key;
        vec!["example".to_owned(), "zq7".to_owned()]
    }
}

/// A space without restrictions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anything;

impl Space for Anything {}
