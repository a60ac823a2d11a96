//! Claims and ledger entries that differ by their run.

use tollgate::approval::{Digest, PlanRun};
use tollgate::edge::store::ClaimNote;
use tollgate::ledger::{Entry, EventKind, TimeSource, Workload};

pub(crate) fn note(run: u64) -> ClaimNote {
    let run = PlanRun { id: run, attempt: 1 };
    ClaimNote::new(Digest::of(b"subject"), "2026-03-01T12:00:00Z".into(), Some(run))
}

pub(crate) fn entry(run: u64) -> Entry {
    Entry {
        time: "2026-03-01T12:00:00Z".into(),
        time_source: TimeSource::Local,
        event: EventKind::Claim,
        repository: "github.com/o/r".into(),
        pull_request: None,
        stack: None,
        subject: None,
        plan_sha256: None,
        policy_digest: None,
        risk: None,
        actor: None,
        approvers: vec![],
        reason: None,
        opens: None,
        expires: None,
        claim: None,
        exit_status: None,
        detail: None,
        workload: Workload { run_id: Some(run), ..Workload::default() },
    }
}
