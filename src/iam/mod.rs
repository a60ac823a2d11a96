//! Recognise: [`crate::plan::Plan`] to IAM changes.
//!
//! The catalogue is data (generated); recognition is one pass over the rows. A change that cannot be classified
//! is reported as such, never dropped.

pub mod catalogue;
mod change;

pub use change::{Facet, IamChange, Kind, Origin, Platform};
