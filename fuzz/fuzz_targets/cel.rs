//! Conditions of Google Cloud: any text is read or opaque, the same each time, and what is read is true where the
//! evaluator says so.
#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub)]

mod conditions;

#[path = "."]
mod access {
    pub use crate::conditions::{glob, literal, point, ranges, scalar, truth, wildcard};

    #[path = "."]
    pub mod evaluate {
        pub(super) use super::truth::Truth;
        pub(super) use crate::conditions::Request;

        #[path = "../../src/access/gcp/evaluate/condition.rs"]
        mod condition;

        pub(crate) fn judge(text: &str, request: &Request<'_>) -> Truth {
            condition::holds(text, request)
        }
    }

    #[path = "../../src/access/gcp/cel/mod.rs"]
    pub mod cel;
}

use conditions::{check, point};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let points = [
        point("", &[]),
        point("", &[("resource.name", "a"), ("request.time", "2026-01-01T00:00:00Z"), ("tag:k", "v")]),
        point("", &[("resource.name", "ab"), ("resource.type", "a"), ("resource.service", "s"), ("assertion.sub", "a")]),
    ];
    check(text, access::cel::clauses, access::evaluate::judge, &points);
});
