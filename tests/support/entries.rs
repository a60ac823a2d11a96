//! Claims and ledger entries that differ by their run.

use tollgate::approval::{Digest, PlanRun};
use tollgate::edge::store::ClaimNote;
use tollgate::ledger::{Entry, EventKind, TimeSource, Workload};

pub(crate) fn note(run: u64) -> ClaimNote {
    let run = PlanRun { id: run, attempt: 1 };
    ClaimNote::new(Digest::of(b"subject"), "2026-03-01T12:00:00Z".into(), Some(run))
}

pub(crate) fn entry(run: u64) -> Entry {
    let workload = Workload { run_id: Some(run), ..Workload::default() };
    Entry::new("2026-03-01T12:00:00Z".into(), TimeSource::Local, EventKind::Claim, "github.com/o/r".into(), workload)
}
