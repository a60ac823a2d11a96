//! Worlds of AWS: small plans and what is said about them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod plan;
mod unknown;
