//! A time that may be judged by.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Doubt;

/// How far the local clock and a server's may differ, and how far in the future a server's time stamp may lie.
pub const MAX_SKEW: Duration = Duration::from_secs(60);

/// The present, as a server told it. It can only be had by comparing two clocks, so that no code path can judge a
/// window by the runner's clock alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now(Timestamp);

impl Now {
    /// The server's time, if the answer is fresh and both clocks agree to [`MAX_SKEW`].
    ///
    /// `age` is the answer's `Age` header in seconds (RFC 9111, 5.1), 0 where there is none.
    ///
    /// # Errors
    /// [`Doubt::StaleAnswer`] or [`Doubt::ClockSkew`].
    pub fn from_server(server: Timestamp, age: u64, local: Timestamp) -> Result<Self, Doubt> {
        if age > 0 {
            return Err(Doubt::StaleAnswer(age));
        }
        let skew = local.duration_since(server).unsigned_abs();
        if skew > MAX_SKEW {
            return Err(Doubt::ClockSkew(skew.as_secs()));
        }
        Ok(Self(server))
    }

    /// The local clock, for approvals without a forge. The ledger records that the time was local.
    pub const fn from_local_clock(local: Timestamp) -> Self {
        Self(local)
    }

    /// The time.
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }

    /// The time `elapsed` later, measured by a monotonic clock.
    ///
    /// # Errors
    /// [`Doubt::TimeOutOfRange`].
    pub fn later(self, elapsed: Duration) -> Result<Self, Doubt> {
        after(self.0, elapsed).map(Self)
    }
}

/// `time + length`, checked.
pub(crate) fn after(time: Timestamp, length: Duration) -> Result<Timestamp, Doubt> {
    let length = SignedDuration::try_from(length).map_err(|_| Doubt::TimeOutOfRange)?;
    time.checked_add(length).map_err(|_| Doubt::TimeOutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_disagrees_is_not_believed() {
        let server: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (local, skew) in [("2026-03-01T12:01:01Z", 61), ("2026-03-01T11:00:00Z", 3600)] {
            assert_eq!(Now::from_server(server, 0, local.parse().unwrap()), Err(Doubt::ClockSkew(skew)));
        }
        for local in ["2026-03-01T12:01:00Z", "2026-03-01T11:59:00Z"] {
            assert_eq!(Now::from_server(server, 0, local.parse().unwrap()).map(Now::timestamp), Ok(server));
        }
    }

    #[test]
    fn a_cached_answer_is_not_believed() {
        let server: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(Now::from_server(server, 5, server), Err(Doubt::StaleAnswer(5)));
    }
}
