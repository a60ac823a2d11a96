//! Amazon Web Services: policy documents, what they mean, and the tables they are read against.
//!
//! [`document`] is the form every other part works on; [`parse`] is the only way from text to it.

pub mod document;
pub mod parse;
