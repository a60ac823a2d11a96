//! Ledger, claims and write-once objects in real stores of the three clouds' kinds: S3 (moto), Google Cloud Storage
//! (fake-gcs-server behind a relay, see `support/cloud/gcs.rs`) and Azure Blob Storage (Azurite). Skipped, with a
//! line that says so, where a server's program is neither on `PATH` nor named by its variable.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

#[path = "support/cloud/mod.rs"]
mod cloud;
#[path = "support/entries.rs"]
mod entries;

use std::sync::Barrier;

use cloud::Cloud;
use entries::{entry, note};
use tollgate::approval::Digest;
use tollgate::edge::store::{CloudStore, Created, LedgerError, ObjectStore, append, claim, claim_of, read_all};

fn store(cloud: &Cloud, folder: &str) -> CloudStore {
    CloudStore::open(&cloud.url(folder), cloud.variables()).unwrap()
}

fn at_once<T: Send>(count: u64, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(count).unwrap());
    std::thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let start = |number| {
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn sixteen_claims_at_once_have_one_winner(cloud: Option<Cloud>) {
    let Some(cloud) = cloud else { return };
    let won = at_once(16, |run| claim(&store(&cloud, "claims"), &note(run)).unwrap().is_ok());
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let (_, kept) = claim_of(&store(&cloud, "claims"), Digest::of(b"subject")).unwrap().unwrap();
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(kept.unwrap().run_id, Some(winner as u64));
}

#[test]
fn a47_sixteen_claims_at_once_have_one_winner_in_s3() {
    sixteen_claims_at_once_have_one_winner(Cloud::s3());
}

#[test]
fn a47_sixteen_claims_at_once_have_one_winner_in_google_cloud_storage() {
    sixteen_claims_at_once_have_one_winner(Cloud::gcs());
}

#[test]
fn a47_sixteen_claims_at_once_have_one_winner_in_azure() {
    sixteen_claims_at_once_have_one_winner(Cloud::azure());
}

fn objects_are_written_once_and_the_ledger_shows_damage(cloud: Option<Cloud>) {
    let Some(cloud) = cloud else { return };
    let store = store(&cloud, "a/b");
    assert_eq!(store.list("ledger/").unwrap(), Vec::<String>::new());
    assert_eq!(store.read("ledger/none").unwrap(), None);
    for run in 0..4 {
        append(&store, &entry(run)).unwrap();
    }
    let whole = read_all(&store, None).unwrap();
    assert_eq!(whole.records.len(), 4);
    let keys = store.list("ledger/").unwrap();
    assert_eq!(cloud.keys("a/b/ledger/"), keys.iter().map(|key| format!("a/b/{key}")).collect::<Vec<_>>());
    let second = store.read(&keys[1]).unwrap().unwrap();
    let place = |at: usize| format!("a/b/{}", keys[at]);
    // Created once: tollgate itself cannot overwrite.
    assert_eq!(store.create(&keys[1], b"{}").unwrap(), Created::Existed);
    assert_eq!(store.read(&keys[1]).unwrap().unwrap(), second);
    let damaged = || matches!(read_all(&store, None), Err(LedgerError::Damaged(_)));
    // Changed.
    let changed = String::from_utf8(second.clone()).unwrap().replace("\"run_id\":1", "\"run_id\":9");
    assert_ne!(changed.as_bytes(), second);
    cloud.put(&place(1), changed.as_bytes());
    assert!(damaged(), "changed");
    // Removed.
    cloud.delete(&place(1));
    assert!(damaged(), "removed");
    // Two records change places.
    let third = cloud.get(&place(2));
    cloud.put(&place(1), third.as_bytes());
    cloud.put(&place(2), &second);
    assert!(damaged(), "reordered");
    // Whole again, then its tail cut off: seen against the checkpoint alone.
    cloud.put(&place(1), &second);
    cloud.put(&place(2), third.as_bytes());
    assert!(read_all(&store, Some(whole.checkpoint)).is_ok());
    cloud.delete(&place(3));
    assert!(read_all(&store, None).is_ok());
    assert!(matches!(read_all(&store, Some(whole.checkpoint)), Err(LedgerError::Damaged(_))), "cut");
}

#[test]
fn objects_are_written_once_and_the_ledger_shows_damage_in_s3() {
    objects_are_written_once_and_the_ledger_shows_damage(Cloud::s3());
}

#[test]
fn objects_are_written_once_and_the_ledger_shows_damage_in_google_cloud_storage() {
    objects_are_written_once_and_the_ledger_shows_damage(Cloud::gcs());
}

#[test]
fn objects_are_written_once_and_the_ledger_shows_damage_in_azure() {
    objects_are_written_once_and_the_ledger_shows_damage(Cloud::azure());
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_not_an_empty_ledger() {
    for cloud in [Cloud::s3(), Cloud::gcs(), Cloud::azure()].into_iter().flatten() {
        assert!(store(&cloud, "x").read("claims/none").unwrap().is_none());
        // Plain HTTP is refused unless it is allowed by name.
        let options = cloud.variables().into_iter().filter(|(name, _)| !name.ends_with("_ALLOW_HTTP"));
        let closed = CloudStore::open(&cloud.url("x"), options).unwrap();
        assert!(closed.list("ledger/").is_err() && read_all(&closed, None).is_err(), "{}", cloud.url("x"));
    }
}

#[test]
fn addresses_with_credentials_or_queries_are_no_stores() {
    for url in
        ["s3://key:secret@bucket/x", "s3://bucket/x?sig=1", "https://bucket.s3.amazonaws.com", "s3://b/../x", "x"]
    {
        let error = CloudStore::open(url, []).unwrap_err().to_string();
        assert!(!error.contains("secret") && !error.contains("sig"), "{error}");
    }
}
