//! Conditions of Azure role assignments: any text is read or opaque, the same each time, and what is read is true where
//! the evaluator says so.
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

        /// Text with `*` for anything, without regard to case.
        fn like(pattern: &str, text: &str) -> bool {
            super::wildcard::matches(&pattern.to_lowercase(), &text.to_lowercase())
        }

        #[path = "../../src/access/azure/evaluate/abac.rs"]
        mod abac;

        pub(crate) fn judge(text: &str, request: &Request<'_>) -> Truth {
            abac::holds(text, request)
        }
    }

    #[path = "../../src/access/azure/condition.rs"]
    pub mod condition;
}

use conditions::{check, point};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let points = [
        point("c:a/b", &[]),
        point("d:a/read", &[("@resource[a:b]", "x"), ("suboperation", "list")]),
        point("d:a/write", &[("@resource[a:b]", "X"), ("@request[a:b]", "xy"), ("@principal[a:b]", "x")]),
    ];
    check(text, access::condition::alternatives, access::evaluate::judge, &points);
});
