//! Read: bytes to [`Plan`].
//!
//! A plan is what `terraform show -json PLANFILE` (or `tofu show -json`) prints. Only the rows a caller asks for
//! ([`Keep`]) are materialised; every byte is checked all the same. This module knows nothing of IAM.
//!
//! Format: <https://developer.hashicorp.com/terraform/internals/json-format> and, where it is silent,
//! `internal/command/jsonplan` of hashicorp/terraform and opentofu/opentofu.

mod change;
mod undetermined;
mod value;

pub use change::{Action, Actions, Change, Mode, Provider};
pub use undetermined::Undetermined;
pub use value::{AttrPath, Attribute, Side, Step};
