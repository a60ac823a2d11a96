//! Google Cloud, Azure, GitHub and Kubernetes: what of each compared type bears on access never goes unsaid.
//!
//! A type counts as compared where the comparison may say `none` of its changes. For each of them the tables list
//! the attributes of the provider's schema that bear on access, each with a change that raises it; none of these may
//! be judged `none`. Attributes that bear on nothing are listed too: those changes are silent.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod azure;
mod gcp;
mod github;
mod kubernetes;
mod plan;
#[path = "../support/rows.rs"]
mod rows;
mod table;
mod types;
