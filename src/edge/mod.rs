//! Everything impure: files, processes, environment, clock. No decisions here.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the one place that touches the outside")]

pub mod apply_process;
pub mod ci;
pub mod clock;
pub mod cloud_account;
pub mod environment;
pub mod files;
pub mod forge;
pub mod input;
pub mod plan_store;
pub mod private_copy;
pub mod repository;
pub mod sealing;
pub mod signature;
pub mod source;
pub mod store;
pub mod terraform;
