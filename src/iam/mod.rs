//! Recognise: [`crate::plan::Plan`] to IAM changes.
//!
//! The catalogue is data (generated); recognition is one pass over the rows. A change that cannot be classified
//! is reported as such, never dropped. [`Interest`] says which rows of a plan it needs; [`recognise`] takes a plan
//! that has them all.

pub mod catalogue;
mod change;
mod documents;
mod facets;
mod interest;
mod provisioners;
mod recognise;
mod runs;
mod standing;
mod strict;
#[cfg(test)]
mod testing;
mod unclassified;

pub use change::{Facet, IamChange, Kind, Note, NoteCode, Origin, Platform};
pub use documents::Documents;
pub use interest::Interest;
pub use recognise::{Recognition, recognise};
