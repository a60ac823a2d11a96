//! When Terraform is asked to stop, and that it is asked once.

use std::time::Duration;

/// How long Terraform may run until it is asked to stop, counted from the reading of the server's clock.
///
/// It is asked once: a second interrupt makes Terraform exit at once and lose state ("Two interrupts received.
/// Exiting immediately. Note that data loss may have occurred."), and a kill leaves the lock behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    interrupt_after: Duration,
}

impl Deadline {
    /// The deadline of a window with this much left, minus the time to stop in.
    pub const fn new(left: Duration, drain: Duration) -> Self {
        Self { interrupt_after: left.saturating_sub(drain) }
    }

    /// How long after the reading of the clock Terraform is asked to stop.
    pub const fn interrupt_after(self) -> Duration {
        self.interrupt_after
    }

    /// How long that is from now, where `elapsed` has passed since the reading on a monotonic clock.
    pub const fn remaining(self, elapsed: Duration) -> Duration {
        self.interrupt_after.saturating_sub(elapsed)
    }
}

/// What asks for a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// The window is about to end.
    Deadline,
    /// SIGINT or SIGTERM to tollgate. GitHub sends both, 7.5 s apart, when a run is cancelled.
    Cancelled,
}

/// Decides whether a signal is passed on. However many come, one is.
#[derive(Debug, Default)]
pub struct Interrupter {
    sent: Option<Signal>,
}

impl Interrupter {
    /// Whether Terraform is to be interrupted now: true for the first signal, false ever after.
    pub fn pass_on(&mut self, signal: Signal) -> bool {
        let first = self.sent.is_none();
        self.sent.get_or_insert(signal);
        first
    }

    /// What Terraform was interrupted for.
    pub const fn sent(&self) -> Option<Signal> {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_interrupt_whatever_comes(signals in prop::collection::vec(any::<bool>(), 1..20)) {
            let mut interrupter = Interrupter::default();
            let sent = signals
                .iter()
                .filter(|deadline| {
                    interrupter.pass_on(if **deadline { Signal::Deadline } else { Signal::Cancelled })
                })
                .count();
            prop_assert_eq!(sent, 1);
        }

        #[test]
        fn the_drain_is_always_kept(left in 0_u64..100_000, drain in 0_u64..1000, elapsed in 0_u64..200_000) {
            let seconds = Duration::from_secs;
            let deadline = Deadline::new(seconds(left), seconds(drain));
            let at = deadline.remaining(seconds(elapsed)) + seconds(elapsed);
            prop_assert!(at <= seconds(left.saturating_sub(drain).max(elapsed)));
        }
    }
}
