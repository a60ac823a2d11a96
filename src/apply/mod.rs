//! Guard: from a judgement to a permit, or to a refusal that names the check.
//!
//! A plan reaches Terraform by one way only: [`admit`] looks at the judgement and the clock, a claim makes sure
//! that nobody else applies the same subject, [`Admission::permit`] looks again after the claim, and the
//! [`ApplyPermit`] that comes out can neither be made elsewhere nor used twice.

mod admission;
mod deadline;
mod environment;
mod refusal;
mod settings;

pub use admission::{Admission, ApplyPermit, Claim, Evidence, Order, admit};
pub use deadline::{Deadline, Interrupter, Signal};
pub use environment::{Dropped, is_secret, scrub};
pub use refusal::{Check, Refusal};
pub use settings::{AccountId, ApplySettings};
