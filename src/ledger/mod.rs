//! Remember: one record for every transition, refusals and errors included, chained by digests.
//!
//! A record holds its number and the digest of the record before it. Changing, removing or reordering records
//! breaks the chain; cutting its tail does not, so the number and digest of the newest record (a [`Checkpoint`])
//! are kept in other places, too: in the check run and the deployment.

mod chain;
mod record;

pub use chain::{Chain, Checkpoint, CheckpointError, Damage, Verified, verify};
pub use record::{Entry, EventKind, Person, Record, RecordError, TimeSource, Workload};
