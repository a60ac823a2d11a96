//! The ledger: every damage to it is found.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use tollgate::ledger::{
    Chain, Checkpoint, Damage, Entry, EventKind, Record, RecordError, TimeSource, Workload, verify,
};

fn entry(number: usize) -> Entry {
    Entry {
        time: format!("2026-03-01T12:{:02}:00Z", number % 60),
        time_source: TimeSource::Server,
        event: EventKind::Refuse,
        repository: "github.com/o/r".into(),
        pull_request: Some(7),
        stack: Some("envs/prod:default".into()),
        subject: None,
        plan_sha256: None,
        policy_digest: None,
        risk: Some("high/3".into()),
        actor: None,
        approvers: vec![],
        reason: Some(format!("line {number}\nwith \"quotes\"")),
        opens: None,
        expires: None,
        claim: None,
        exit_status: None,
        detail: None,
        workload: Workload { run_id: Some(9_007_199_254_740_993), ..Workload::default() },
    }
}

fn ledger(length: usize) -> (Vec<(String, Vec<u8>)>, Checkpoint) {
    let mut chain = Chain::default();
    let objects = (0..length)
        .map(|number| {
            let record = chain.append(entry(number)).unwrap();
            (record.name(), record.to_json().unwrap().into_bytes())
        })
        .collect();
    (objects, chain.checkpoint())
}

fn check(objects: &[(String, Vec<u8>)], checkpoint: Option<Checkpoint>) -> Result<usize, Vec<Damage>> {
    verify(objects.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())), checkpoint)
        .map(|verified| verified.records.len())
}

#[test]
fn a_whole_ledger_verifies_and_exports_one_line_a_record() {
    let (objects, checkpoint) = ledger(5);
    let verified = verify(objects.iter().map(|(n, b)| (n.as_str(), b.as_slice())), Some(checkpoint)).unwrap();
    assert_eq!(verified.checkpoint, checkpoint);
    let export = verified.export().unwrap();
    assert_eq!(export.lines().count(), 5);
    for (line, record) in export.lines().zip(&verified.records) {
        assert_eq!(&Record::from_json(line.as_bytes()).unwrap(), record);
    }
    assert_eq!(check(&[], None), Ok(0));
}

#[test]
fn a_cut_tail_shows_against_a_checkpoint_only() {
    let (mut objects, checkpoint) = ledger(5);
    objects.truncate(3);
    assert_eq!(check(&objects, None), Ok(3));
    assert_eq!(check(&objects, Some(checkpoint)), Err(vec![Damage::Cut { has: 3, had: 5 }]));
    assert_eq!(check(&[], Some(checkpoint)), Err(vec![Damage::Cut { has: 0, had: 5 }]));
}

#[test]
fn a_ledger_written_anew_shows_against_a_checkpoint() {
    let (_, checkpoint) = ledger(2);
    let mut chain = Chain::default();
    let objects: Vec<_> = [7, 8, 9]
        .map(|number| {
            let record = chain.append(entry(number)).unwrap();
            (record.name(), record.to_json().unwrap().into_bytes())
        })
        .into();
    assert_eq!(check(&objects, None), Ok(3));
    assert_eq!(check(&objects, Some(checkpoint)), Err(vec![Damage::Rewritten(2)]));
}

#[test]
fn a_changed_record_with_a_fitting_digest_breaks_the_chain() {
    let (mut objects, _) = ledger(3);
    let mut chain = Chain::default();
    chain.append(entry(0)).unwrap();
    let forged = chain.append(entry(50)).unwrap();
    objects[1].1 = forged.to_json().unwrap().into_bytes();
    assert_eq!(check(&objects, None), Err(vec![Damage::Broken(3)]));
}

#[test]
fn foreign_and_newer_objects_are_named() {
    let (mut objects, _) = ledger(1);
    objects.push(("notes.txt".into(), vec![]));
    assert_eq!(check(&objects, None), Err(vec![Damage::Foreign("notes.txt".into())]));
    let (mut objects, _) = ledger(1);
    let newer =
        String::from_utf8(objects[0].1.clone()).unwrap().replace("\"schema_version\":1", "\"schema_version\":2");
    objects[0].1 = newer.into_bytes();
    let name = objects[0].0.clone();
    assert_eq!(check(&objects, None), Err(vec![Damage::NoRecord { name, error: RecordError::Version(2) }]));
}

#[test]
fn checkpoints_are_read_strictly() {
    let (_, checkpoint) = ledger(3);
    assert_eq!(checkpoint.to_string().parse(), Ok(checkpoint));
    assert_eq!("0".parse(), Ok(Checkpoint { count: 0, head: None }));
    for text in ["", "3", "3:", "03:aa", ":aa", "3:AA", "-1:aa"] {
        assert!(text.parse::<Checkpoint>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(length in 1_usize..6, object in any::<prop::sample::Index>(), byte in any::<prop::sample::Index>(), flip in 1_u8..=255) {
        let (mut objects, _) = ledger(length);
        let at = object.index(length);
        let bytes = &mut objects[at].1;
        let position = byte.index(bytes.len());
        bytes[position] ^= flip;
        prop_assert!(check(&objects, None).is_err());
    }

    #[test]
    fn any_removal_but_of_the_tail_is_found(length in 2_usize..8, object in any::<prop::sample::Index>()) {
        let (mut objects, checkpoint) = ledger(length);
        let at = object.index(length);
        objects.remove(at);
        prop_assert_eq!(check(&objects, None).is_err(), at + 1 != length);
        prop_assert!(check(&objects, Some(checkpoint)).is_err());
    }

    #[test]
    fn any_swap_is_found(length in 2_usize..8, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
        let (mut objects, _) = ledger(length);
        let (a, b) = (a.index(length), b.index(length));
        prop_assume!(a != b);
        let other = objects[b].1.clone();
        objects[b].1 = std::mem::replace(&mut objects[a].1, other);
        prop_assert!(check(&objects, None).is_err());
    }
}
