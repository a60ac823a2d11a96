//! Write-once objects in a directory: claims have one winner, the ledger stays whole under concurrent writers.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

#[path = "support/entries.rs"]
mod entries;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Barrier;

use entries::{entry, note};
use tollgate::approval::Digest;
use tollgate::edge::store::{
    Created, DirectoryStore, LedgerError, ObjectStore, StoreError, append, claim, claim_of, mark, read_all,
};
use tollgate::ledger::Damage;

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

/// How a store breaks its promise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// Conditions are unknown: every creation succeeds and overwrites, as in S3-compatible servers that ignore
    /// `If-None-Match`.
    Overwrites,
    /// Comparing and storing are two steps: somebody else's object arrives right after ours, and both are told yes.
    TwoSteps,
    /// The first creation is carried out, its answer is lost, and the client's second try finds the object.
    LosesAnAnswer,
}

struct Flawed {
    flaw: Flaw,
    objects: RefCell<BTreeMap<String, Vec<u8>>>,
    creations: RefCell<u32>,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, objects: RefCell::default(), creations: RefCell::default() }
    }
}

impl ObjectStore for Flawed {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        let mut objects = self.objects.borrow_mut();
        let first = *self.creations.borrow() == 0;
        *self.creations.borrow_mut() += 1;
        if objects.contains_key(key) && self.flaw != Flaw::Overwrites {
            return Ok(Created::Existed);
        }
        let other = String::from_utf8_lossy(bytes).replace("\"run_id\":1", "\"run_id\":2").into_bytes();
        let kept = if first && self.flaw == Flaw::TwoSteps { other } else { bytes.to_vec() };
        objects.insert(key.to_owned(), kept);
        Ok(if first && self.flaw == Flaw::LosesAnAnswer { Created::Existed } else { Created::New })
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.objects.borrow().get(key).cloned())
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.objects.borrow().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    fn name(&self) -> String {
        "flawed".into()
    }
}

#[test]
fn a47_a_store_that_overwrites_cannot_hold_claims() {
    let store = Flawed::new(Flaw::Overwrites);
    for run in 0..2 {
        let error = claim(&store, &note(run)).unwrap_err().to_string();
        assert!(error.contains("overwrites objects that exist"), "{error}");
    }
}

#[test]
fn a62_a_mark_is_made_once_and_is_no_claim() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::new(directory.path());
    assert!(mark(&store, &note(1)).unwrap().is_ok());
    assert!(mark(&store, &note(1)).unwrap().is_err(), "the same run again");
    assert!(claim(&store, &note(1)).unwrap().is_ok(), "claims may lie in the same place");
    assert!(mark(&Flawed::new(Flaw::Overwrites), &note(1)).is_err());
    assert!(mark(&Flawed::new(Flaw::TwoSteps), &note(1)).unwrap().is_err());
}

#[test]
fn a47_a_claim_counts_only_while_it_is_the_one_that_is_kept() {
    let store = Flawed::new(Flaw::TwoSteps);
    assert!(claim(&store, &note(1)).unwrap().is_err(), "somebody else's is kept");
}

#[test]
fn a_claim_whose_answer_was_lost_is_known_again_by_its_nonce() {
    let store = Flawed::new(Flaw::LosesAnAnswer);
    assert!(claim(&store, &note(1)).unwrap().is_ok());
    assert!(claim(&store, &note(1)).unwrap().is_err(), "the same run again is somebody else");
}

#[test]
fn a_record_that_was_overwritten_is_not_taken_for_written() {
    let store = Flawed::new(Flaw::TwoSteps);
    let record = append(&store, &entry(1));
    // What arrived in between is no record that follows, so the ledger says that it is damaged instead of going on.
    assert!(matches!(record, Err(LedgerError::Tail { .. })), "{record:?}");
}
