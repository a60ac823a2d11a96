//! What the targets of conditions share: the parts of the engine that a condition is read to, a request of their
//! evaluators, and the check itself.

#[path = "../../../src/access/glob.rs"]
pub mod glob;
#[path = "../../../src/access/hash.rs"]
mod hash;
#[path = "../../../src/access/literal.rs"]
pub mod literal;
#[path = "../../../src/access/point.rs"]
pub mod point;
#[path = "../../../src/access/ranges.rs"]
pub mod ranges;
#[path = "../../../src/access/scalar.rs"]
pub mod scalar;
#[path = "../../../src/access/truth.rs"]
pub mod truth;
#[path = "../../../src/access/wildcard.rs"]
pub mod wildcard;

use std::collections::BTreeMap;
use std::sync::Arc;

use literal::Lit;
use point::{KeyValue, Point};
use truth::Truth;

/// What an evaluator asks of a request.
pub struct Request<'a> {
    pub action: &'a str,
    pub keys: &'a BTreeMap<Arc<str>, KeyValue>,
}

impl Request<'_> {
    pub fn key(&self, name: &str) -> Option<&str> {
        self.keys.get(name).and_then(KeyValue::single)
    }
}

/// A request for an action, with keys of one value.
pub fn point(action: &str, keys: &[(&str, &str)]) -> Point {
    let keys = keys.iter().map(|(key, value)| ((*key).into(), KeyValue::One((*value).to_owned())));
    Point { action: action.to_owned(), keys: keys.collect(), ..Point::default() }
}

/// Reads a text to alternatives twice, which has to give the same, and asks of each point whether they hold; where
/// nothing is opaque and the evaluator knows, both have to agree.
pub(crate) fn check(
    text: &str,
    read: fn(&str) -> Vec<Vec<Lit>>,
    evaluate: fn(&str, &Request<'_>) -> Truth,
    points: &[Point],
) {
    let alternatives = read(text);
    assert_eq!(alternatives, read(text));
    let exact = !alternatives.iter().flatten().any(Lit::dim_is_opaque);
    for point in points {
        let holds = alternatives.iter().any(|all| all.iter().all(|lit| lit.holds(point)));
        let action = point.action.split_once(':').map_or("", |(_, action)| action);
        match evaluate(text, &Request { action, keys: &point.keys }) {
            Truth::Unknown => {}
            truth => assert!(!exact || holds == (truth == Truth::Yes), "{text:?} of {point:?}: {holds}"),
        }
    }
}
