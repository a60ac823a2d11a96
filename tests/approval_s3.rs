//! Ledger and claims in a real S3: moto's server, from PyPI. Skipped, with a line that says so, where `moto_server`
//! is neither on `PATH` nor named by `TOLLGATE_MOTO`.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::print_stderr, reason = "tests")]

#[path = "support/entries.rs"]
mod entries;
#[path = "support/moto.rs"]
#[expect(dead_code, reason = "these tests need less of it than others")]
mod moto;

use std::sync::Barrier;

use entries::{entry, note};
use moto::Moto;
use tollgate::approval::Digest;
use tollgate::edge::store::{CloudStore, Created, LedgerError, ObjectStore, append, claim, claim_of, read_all};

fn store(moto: &Moto, folder: &str) -> CloudStore {
    CloudStore::open(&format!("s3://bucket/{folder}"), moto.variables()).unwrap()
}

#[test]
fn sixteen_concurrent_claims_have_one_winner() {
    let Some(moto) = Moto::start() else { return };
    let barrier = Barrier::new(16);
    let won: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|run| {
                let (moto, barrier) = (&moto, &barrier);
                scope.spawn(move || {
                    let store = store(moto, "claims");
                    barrier.wait();
                    claim(&store, &note(run)).unwrap().is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    let (_, kept) = claim_of(&store(&moto, "claims"), Digest::of(b"subject")).unwrap().unwrap();
    let winner = won.iter().position(|won| *won).unwrap();
    assert_eq!(kept.unwrap().run_id, Some(winner as u64));
}

#[test]
fn change_removal_and_a_cut_tail_of_the_ledger_are_found() {
    let Some(moto) = Moto::start() else { return };
    let store = store(&moto, "a/b");
    for run in 0..4 {
        append(&store, &entry(run)).unwrap();
    }
    let whole = read_all(&store, None).unwrap();
    assert_eq!(whole.records.len(), 4);
    let keys = store.list("ledger/").unwrap();
    let second = store.read(&keys[1]).unwrap().unwrap();
    let path = |key: &str| format!("/bucket/a/b/{key}");
    // Created once: tollgate itself cannot overwrite.
    assert_eq!(store.create(&keys[1], b"{}").unwrap(), Created::Existed);
    // Changed.
    let changed = String::from_utf8(second.clone()).unwrap().replace("\"run_id\":1", "\"run_id\":9");
    assert_ne!(changed.as_bytes(), second);
    moto.put(&path(&keys[1]), changed.as_bytes());
    assert!(matches!(read_all(&store, None), Err(LedgerError::Damaged(_))));
    // Removed.
    moto.request("DELETE", &path(&keys[1]), b"");
    assert!(matches!(read_all(&store, None), Err(LedgerError::Damaged(_))));
    // Whole again, then its tail cut off: seen against the checkpoint alone.
    moto.put(&path(&keys[1]), &second);
    assert!(read_all(&store, Some(whole.checkpoint)).is_ok());
    moto.request("DELETE", &path(&keys[3]), b"");
    assert!(read_all(&store, None).is_ok());
    assert!(matches!(read_all(&store, Some(whole.checkpoint)), Err(LedgerError::Damaged(_))));
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_not_an_empty_ledger() {
    let Some(moto) = Moto::start() else { return };
    let store = store(&moto, "x");
    assert!(store.read("claims/none").unwrap().is_none());
    let options = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
    let mut options: Vec<(String, String)> = options.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    // Plain HTTP is refused unless it is allowed by name.
    options.push(("AWS_ENDPOINT".to_owned(), format!("http://127.0.0.1:{}", moto.port)));
    let closed = CloudStore::open("s3://bucket/x", options).unwrap();
    assert!(closed.list("ledger/").is_err() && read_all(&closed, None).is_err());
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
