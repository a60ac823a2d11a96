//! A stateful, strict GitHub for tests: one repository behind a real TCP port.
//!
//! Strict: a route, a query, a field of a request or a permission that it does not know is answered with an error
//! and noted as a violation, which fails the test at its end. Its clock stands still until a test moves it, or
//! goes with the machine's.

#![expect(clippy::disallowed_methods, reason = "the fake keeps its exchanges where it is told to")]

mod graphql;
mod http;
mod rest;
mod set_up;
mod state;
mod whole;

pub(crate) use http::{Clock, Damage, Exchange, FakeGitHub, Fault, FaultKind, Race};
pub(crate) use state::{Commit, Person, State};
