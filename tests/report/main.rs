//! Every format on the same reports.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod formats;
mod hostile;
mod markdown;
mod properties;
mod reports;
mod secrets;
