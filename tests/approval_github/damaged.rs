//! Damaged answers: what is missing, of another type, unknown or out of order never opens a window.
//!
//! By default each member of each answer is taken away in one of the situations, in turn; `TOLLGATE_FAULTS=all` runs
//! all of them in all situations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tollgate::approval::State;

use crate::fake_github::{Commit, Damage};
use crate::site::{ALICE, AUTHOR, BOB, HEAD, STRANGER, Site};

/// Alice approved, and something denies.
type Situation = (&'static str, fn(&mut Site));

fn approved_and(site: &mut Site, then: impl FnOnce(&mut crate::fake_github::State, u64)) {
    let id = site.approve(ALICE);
    then(&mut site.github.state(), id);
}

const DENIED: [Situation; 20] = [
    ("edited", |site| {
        approved_and(site, |state, id| {
            let body = state.comment_mut(id).body.clone();
            state.edit(id, STRANGER, &body);
        })
    }),
    ("minimised", |site| approved_and(site, |state, id| state.comment_mut(id).minimised = true)),
    ("by e-mail", |site| approved_and(site, |state, id| state.comment_mut(id).by_email = true)),
    ("by an app", |site| approved_and(site, |state, id| state.comment_mut(id).via_app = true)),
    ("by a bot", |site| {
        site.github.state().people.iter_mut().find(|person| person.id == ALICE).unwrap().kind = "Bot";
        site.approve(ALICE);
    }),
    ("by a stranger", |site| {
        site.approve(STRANGER);
    }),
    ("by the author", |site| {
        site.approve(AUTHOR);
    }),
    ("revoked", |site| {
        approved_and(site, |state, _| {
            state.comment(7, BOB, "/tollgate revoke");
        })
    }),
    ("revoked, and the revocation deleted", |site| {
        approved_and(site, |state, _| {
            let revocation = state.comment(7, BOB, "/tollgate revoke");
            state.delete(revocation, STRANGER);
        })
    }),
    ("revoked, and the revocation edited away", |site| {
        approved_and(site, |state, _| {
            let revocation = state.comment(7, BOB, "/tollgate revoke");
            state.edit(revocation, STRANGER, "never mind");
        })
    }),
    ("vetoed", |site| {
        approved_and(site, |state, _| {
            state.review(7, BOB, "CHANGES_REQUESTED", "no");
        })
    }),
    ("vetoed, and the veto dismissed", |site| {
        approved_and(site, |state, _| {
            let veto = state.review(7, BOB, "CHANGES_REQUESTED", "no");
            state.dismiss(veto, STRANGER);
        })
    }),
    ("retargeted and back", |site| {
        approved_and(site, |state, _| {
            state.retarget(7, "lax");
            state.retarget(7, "main");
        })
    }),
    ("forced away and back", |site| {
        approved_and(site, |state, _| {
            let first = state.pulls[&7].commits[0].clone();
            state.push(7, AUTHOR, Commit { sha: "2".repeat(40), ..first.clone() }, "force_push");
            state.push(7, AUTHOR, first, "force_push");
        })
    }),
    ("a co-author approves", |site| {
        let mut state = site.github.state();
        state.pulls.get_mut(&7).unwrap().commits[0].authors.push(("alice@example.org", Some(ALICE)));
        drop(state);
        site.approve(ALICE);
    }),
    ("a pusher approves", |site| {
        let mut state = site.github.state();
        let commit = Commit { sha: "2".repeat(40), ..state.pulls[&7].commits[0].clone() };
        state.push(7, ALICE, commit, "push");
        let first = state.pulls[&7].commits[0].clone();
        state.push(7, AUTHOR, first, "force_push");
        drop(state);
        site.approve(ALICE);
    }),
    ("who started the plan's run approves", |site| {
        site.github.state().start_run(5, ALICE);
        site.with_run(5);
        site.approve(ALICE);
    }),
    ("a draft", |site| approved_and(site, |state, _| state.pulls.get_mut(&7).unwrap().draft = true)),
    ("claimed", |site| {
        site.approve(ALICE);
        let key = format!("refs/tollgate/claims/{}", site.subject.digest());
        site.github.state().refs.insert(key, HEAD.into());
    }),
    ("from a fork", |site| approved_and(site, |state, _| state.pulls.get_mut(&7).unwrap().head_repo = Some(2000))),
];

/// The places of all members below a value, as JSON pointers.
fn members(value: &Value, place: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                let place = format!("{place}/{name}");
                members(member, &place, all);
                all.push(place);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| members(item, &format!("{place}/{at}"), all));
        }
        _ => {}
    }
}

/// Takes a member away, or makes it something of another type.
fn break_member(body: &mut Value, place: &str, remove: bool) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let Some(object) = body.pointer_mut(parent).and_then(Value::as_object_mut) else { return };
    if remove {
        object.remove(name);
        return;
    }
    let other = match object.get(name) {
        Some(Value::String(_)) => json!(7),
        Some(Value::Number(_) | Value::Bool(_)) => json!("7"),
        Some(Value::Array(_)) => json!({ "a": 1 }),
        Some(Value::Object(_)) => json!(["a"]),
        _ => return,
    };
    object.insert(name.to_owned(), other);
}

#[test]
fn nothing_that_is_missing_or_of_another_type_opens_a_window() {
    let all = std::env::var("TOLLGATE_FAULTS").is_ok_and(|text| text == "all");
    let (next, cases) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((at, (name, prepare))) =
                    DENIED.iter().enumerate().nth(next.fetch_add(1, Ordering::SeqCst))
                {
                    let mut site = Site::new();
                    prepare(&mut site);
                    cases.fetch_add(sweep(&site, name, (!all).then_some(at)), Ordering::SeqCst);
                }
            });
        }
    });
    eprintln!("{} damaged answers", cases.into_inner());
}

/// All members of all answers of one situation, or every twentieth from `only` on.
fn sweep(site: &Site, name: &str, only: Option<usize>) -> usize {
    let start = site.github.state().now;
    site.github.control().log.clear();
    let state = site.state();
    assert!(!matches!(state, State::Open(_) | State::Undecided(_)), "{name}: {state:?}");
    let log = std::mem::take(&mut site.github.control().log);
    let mut places = Vec::new();
    for (at, call) in log.iter().enumerate() {
        let mut below = Vec::new();
        members(&call.raw, "", &mut below);
        places.extend(below.into_iter().flat_map(|place| [(at, place.clone(), true), (at, place, false)]));
    }
    let chosen = places.iter().enumerate().filter(|(number, _)| only.is_none_or(|at| number % DENIED.len() == at));
    let mut count = 0;
    for (_, (at, place, remove)) in chosen {
        site.github.state().now = start;
        let (wanted, broken, remove) = (*at, place.clone(), *remove);
        let damage: Damage = Arc::new(move |number, body| {
            if number == wanted {
                break_member(body, &broken, remove);
            }
        });
        site.github.control().damage(damage);
        let state = site.state();
        let what = if remove { "without" } else { "with another" };
        assert!(!matches!(state, State::Open(_)), "{name}, {what} {place} of call {at} ({})", log[*at].path);
        count += 1;
    }
    count
}

/// Unknown members anywhere, and lists in another order, change nothing.
#[test]
fn unknown_members_and_other_orders_change_nothing() {
    fn add(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.values_mut().for_each(add);
                object.insert("zz_new".into(), json!({ "state": "approved", "id": [1, null] }));
            }
            Value::Array(items) => items.iter_mut().for_each(add),
            _ => {}
        }
    }
    fn reverse(value: &mut Value) {
        match value {
            Value::Object(object) => object.values_mut().for_each(reverse),
            Value::Array(items) => {
                items.iter_mut().for_each(reverse);
                items.reverse();
            }
            _ => {}
        }
    }
    let open: Situation = ("open", |site| {
        site.github.state().comment(7, BOB, "hello");
        site.approve(ALICE);
        site.github.state().comment(7, STRANGER, "hello");
    });
    for (name, prepare) in DENIED.into_iter().chain([open]) {
        let mut site = Site::new();
        prepare(&mut site);
        let start = site.github.state().now;
        let before = site.state();
        assert_eq!(matches!(before, State::Open(_)), name == "open");
        for change in [add, reverse] {
            site.github.state().now = start;
            site.github.control().damage(Arc::new(move |_, body| change(body)));
            assert_eq!(site.state(), before, "{name}");
        }
    }
}
