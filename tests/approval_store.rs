//! Write-once objects in a directory: claims have one winner, the ledger stays whole under concurrent writers.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::sync::Barrier;

use tollgate::approval::Digest;
use tollgate::edge::store::{
    ClaimNote, Created, DirectoryStore, LedgerError, ObjectStore, append, claim, claim_of, read_all,
};
use tollgate::ledger::{Damage, Entry, EventKind, TimeSource, Workload};

fn note(run: u64) -> ClaimNote {
    ClaimNote {
        schema_version: 1,
        subject: Digest::of(b"subject"),
        claimed_at: "2026-03-01T12:00:00Z".into(),
        run_id: Some(run),
        run_attempt: Some(1),
    }
}

fn entry(run: u64) -> Entry {
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

fn at_once<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(count).unwrap());
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let (barrier, work) = (&barrier, &work);
                scope.spawn(move || {
                    barrier.wait();
                    work(number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn a47_sixteen_claims_at_once_have_one_winner() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    let won = at_once(16, |run| claim(&store, &note(run)).unwrap().is_ok());
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let (key, found) = claim_of(&store, Digest::of(b"subject")).unwrap().unwrap();
    assert_eq!(key, format!("claims/{}", Digest::of(b"subject")));
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(found.unwrap().run_id, Some(winner as u64));
    assert!(claim_of(&store, Digest::of(b"other")).unwrap().is_none());
}

#[test]
fn sixteen_writers_at_once_leave_a_whole_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    at_once(16, |run| append(&store, &entry(run)).unwrap());
    let verified = read_all(&store, None).unwrap();
    assert_eq!(verified.records.len(), 16);
    let mut runs: Vec<_> = verified.records.iter().map(|record| record.entry().workload.run_id.unwrap()).collect();
    runs.sort_unstable();
    assert_eq!(runs, (0..16).collect::<Vec<_>>());
}

#[test]
fn tampering_with_files_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    let records: Vec<_> = (0..4).map(|run| append(&store, &entry(run)).unwrap()).collect();
    let checkpoint = read_all(&store, None).unwrap().checkpoint;
    let path = |number: usize| directory.path().join("ledger").join(records[number].name());

    let whole = std::fs::read_to_string(path(1)).unwrap();
    std::fs::write(path(1), whole.replace("\"run_id\":1", "\"run_id\":9")).unwrap();
    assert!(matches!(read_all(&store, None), Err(LedgerError::Damaged(_))));
    std::fs::write(path(1), whole).unwrap();
    assert!(read_all(&store, Some(checkpoint)).is_ok());

    std::fs::remove_file(path(3)).unwrap();
    assert!(read_all(&store, None).is_ok(), "a cut tail needs a checkpoint");
    let Err(LedgerError::Damaged(damage)) = read_all(&store, Some(checkpoint)) else { unreachable!() };
    assert_eq!(damage, [Damage::Cut { has: 3, had: 4 }]);

    std::fs::write(path(2), "{}").unwrap();
    assert!(matches!(append(&store, &entry(9)), Err(LedgerError::Tail { .. })), "nothing is chained to damage");
}

#[test]
fn objects_are_written_once() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    assert_eq!(store.create("plans/a", b"one").unwrap(), Created::New);
    assert_eq!(store.create("plans/a", b"two").unwrap(), Created::Existed);
    assert_eq!(store.read("plans/a").unwrap().unwrap(), b"one");
    assert_eq!(store.list("plans/").unwrap(), ["plans/a"]);
    assert_eq!(store.read("plans/b").unwrap(), None);
}

#[test]
fn a54_names_stay_inside() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path().join("in"));
    for key in ["../out", "/etc/passwd", "a/../../out", "a//b", "", ".x", "A", "a\0b", "a\\b", "%2e%2e/x"] {
        assert!(store.create(key, b"x").is_err(), "{key:?}");
        assert!(store.read(key).is_err(), "{key:?}");
    }
    assert!(!directory.path().join("out").exists());
}
