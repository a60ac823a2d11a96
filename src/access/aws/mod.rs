//! Amazon Web Services: policy documents, what they mean, and the tables they are read against.
//!
//! [`document`] is the form every other part works on; [`parse`] is the only way from text to it. [`evaluate`]
//! decides concrete requests. [`actions`] and [`managed`] are tables of facts, dated.

pub mod actions;
pub mod allows;
pub mod compile;
pub mod diff;
pub mod document;
pub mod evaluate;
mod explain;
pub mod managed;
pub mod parse;
mod replay;
pub mod space;
pub mod world;
