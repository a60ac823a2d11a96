//! Read: bytes to [`Plan`].
//!
//! A plan is what `terraform show -json PLANFILE` (or `tofu show -json`) prints. Only the rows a caller asks for
//! ([`Keep`]) are materialised; every byte is checked all the same. This module knows nothing of IAM.
//!
//! Format: <https://developer.hashicorp.com/terraform/internals/json-format> and, where it is silent,
//! `internal/command/jsonplan` of hashicorp/terraform and opentofu/opentofu.

mod action;
mod address;
pub mod archive;
mod change;
pub mod configuration;
mod digest;
mod document;
mod error;
pub mod hcl;
mod intake;
mod keep;
mod path;
mod raw;
mod read;
mod row;
mod scan;
mod secrets;
mod unbuilt;
mod undetermined;
mod value;

pub use address::{Address, Key, ModuleStep};
pub use change::{Action, Actions, Change, Mode, Provider};
pub use configuration::Configuration;
pub use document::{ActionInvocation, Counts, Deferred, Input, OutputChange, Plan, StateResource};
pub use error::{Lookalike, Position, ReadError, printable};
pub use keep::{ConfigFilter, ConfigHead, Keep, RowFilter, RowHead, Sections, StateFilter, StateHead};
pub use path::{AttrPath, Step};
pub use raw::{RawPlan, RawRows};
pub use read::read;
pub use secrets::Secrets;
pub use undetermined::Undetermined;
pub use value::{Attribute, Side};
