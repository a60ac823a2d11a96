//! Work on the parts of a long list at the same time, with results in the order of the list.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The list falls into so many parts for each thread, since parts are not equally much work, and what is much work often
/// stands together.
const PARTS: usize = 256;

/// Searches go deep. Stack is address space until it is used.
const STACK: usize = 256 << 20;

/// Calls `work` with every part of the list, on as many threads as there are processors, but no more than `most`. A list
/// that is no longer than `least` is one part, and none is shorter but the last.
pub fn in_parts<T: Sync, R: Send>(list: &[T], least: usize, most: usize, work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get().min(most));
    let size = list.len().div_ceil(threads.max(1) * PARTS).max(least).max(1);
    if threads <= 1 || list.len() <= size {
        return vec![work(list)];
    }
    let parts: Vec<&[T]> = list.chunks(size).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(at) else { return done };
            done.push((at, work(part)));
        }
    };
    let mut done = thread::scope(|scope| {
        let other = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        // What no thread can be had for, this one does.
        let others: Vec<_> = (1..threads.min(parts.len())).filter_map(|_| other().ok()).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(mut part) => done.append(&mut part),
                Err(panic) => resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Does two things, at the same time where it is worth a thread.
pub fn both<A: Send, B>(worth: bool, one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    if !worth || thread::available_parallelism().map_or(1, NonZero::get) < 2 {
        return (one(), other());
    }
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        match one.join() {
            Ok(one) => (one, other),
            Err(panic) => resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done() {
        for worth in [false, true] {
            assert_eq!(both(worth, || 1, || "2"), (1, "2"));
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_list() {
        for (length, least) in [(0, 0), (1, 1), (7, 3), (1_000, 1), (1_000, 2_000)] {
            let list: Vec<usize> = (0..length).collect();
            let parts = in_parts(&list, least, 4, <[usize]>::to_vec);
            assert!(parts.iter().rev().skip(1).all(|part| part.len() >= least));
            assert_eq!(parts.concat(), list);
        }
    }
}
