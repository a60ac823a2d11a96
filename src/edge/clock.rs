//! The clock. Everything else takes time as a value.

use jiff::Timestamp;

/// The present moment by the local clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The day of a moment, `YYYY-MM-DD` in UTC.
pub fn day_of(moment: Timestamp) -> String {
    moment.to_string().chars().take(10).collect()
}

/// A stopwatch that starts now.
pub fn stopwatch() -> std::time::Instant {
    std::time::Instant::now()
}
