//! Conditions of Azure role assignments: any text is read or opaque, the same each time, and what is read is true where
//! the evaluator says so.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

#[path = "."]
mod access {
    #[path = "../../src/access/glob.rs"]
    pub mod glob;
    #[path = "../../src/access/literal.rs"]
    pub mod literal;
    #[path = "../../src/access/point.rs"]
    pub mod point;
    #[path = "../../src/access/ranges.rs"]
    pub mod ranges;
    #[path = "../../src/access/scalar.rs"]
    pub mod scalar;
    #[path = "../../src/access/truth.rs"]
    pub mod truth;

    /// What the evaluator asks of a request.
    #[path = "."]
    pub mod evaluate {
        use super::point::{KeyValue, Point};
        pub(super) use super::truth::Truth;

        pub struct Request<'a> {
            action: &'a str,
            keys: &'a std::collections::BTreeMap<std::sync::Arc<str>, KeyValue>,
        }

        impl Request<'_> {
            fn key(&self, name: &str) -> Option<&str> {
                self.keys.get(name).and_then(KeyValue::single)
            }
        }

        /// Text with `*` for anything, without regard to case.
        fn like(pattern: &str, text: &str) -> bool {
            let mut glob = super::glob::Glob::empty();
            for c in pattern.chars() {
                match c {
                    '*' => glob.push_many(super::glob::Loop::Any),
                    c => glob.push_char(c, true),
                }
            }
            glob.matches(text)
        }

        #[path = "../../src/access/azure/evaluate/abac.rs"]
        mod abac;

        /// The truth of a condition, where it is known.
        pub fn judge(text: &str, point: &Point) -> Option<bool> {
            let action = point.action.split_once(':').map_or("", |(_, action)| action);
            let truth = abac::holds(text, &Request { action, keys: &point.keys });
            (truth != Truth::Unknown).then(|| truth == Truth::Yes)
        }
    }

    #[path = "../../src/access/azure/condition.rs"]
    pub mod condition;
}

use access::condition::alternatives;
use access::literal::Lit;
use access::point::{KeyValue, Point};
use libfuzzer_sys::fuzz_target;

fn points() -> Vec<Point> {
    let one = |action: &str, keys: &[(&str, &str)]| {
        let keys = keys.iter().map(|(key, value)| ((*key).into(), KeyValue::One((*value).to_owned())));
        Point { action: action.to_owned(), keys: keys.collect(), ..Point::default() }
    };
    vec![
        one("c:a/b", &[]),
        one("d:a/read", &[("@resource[a:b]", "x"), ("suboperation", "list")]),
        one("d:a/write", &[("@resource[a:b]", "X"), ("@request[a:b]", "xy"), ("@principal[a:b]", "x")]),
    ]
}

fuzz_target!(|text: &str| {
    let clauses = alternatives(text);
    assert_eq!(clauses, alternatives(text));
    let read = !clauses.iter().flatten().any(Lit::dim_is_opaque);
    for point in points() {
        let holds = clauses.iter().any(|clause| clause.iter().all(|lit| lit.holds(&point)));
        if let (true, Some(truth)) = (read, access::evaluate::judge(text, &point)) {
            assert_eq!(holds, truth, "{text:?} of {point:?}");
        }
    }
});
