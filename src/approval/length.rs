//! How long a window is: `30m`, `4h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A window's length in whole minutes, between 5 minutes and 168 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowLength {
    minutes: u32,
}

/// Why a text is not a window's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LengthError {
    /// Not a whole number and a unit.
    #[error("a duration is a whole number followed by `m` or `h`, such as `30m` or `4h`")]
    Form,
    /// Below five minutes.
    #[error("a window is at least 5m long")]
    TooShort,
    /// Above 168 hours.
    #[error("no window is longer than 168h")]
    TooLong,
}

impl WindowLength {
    /// The shortest window: less would be over before a pipeline starts.
    pub const MIN: Self = Self { minutes: 5 };
    /// The longest window that any configuration can allow: a week.
    pub const MAX: Self = Self { minutes: 168 * 60 };

    /// A length of this many minutes.
    ///
    /// # Errors
    /// Outside `[5m, 168h]`.
    pub const fn from_minutes(minutes: u32) -> Result<Self, LengthError> {
        if minutes < Self::MIN.minutes {
            Err(LengthError::TooShort)
        } else if minutes > Self::MAX.minutes {
            Err(LengthError::TooLong)
        } else {
            Ok(Self { minutes })
        }
    }

    /// As a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.minutes as u64 * 60)
    }
}

impl FromStr for WindowLength {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let (digits, unit) = match (text.strip_suffix('m'), text.strip_suffix('h')) {
            (Some(digits), _) => (digits, 1),
            (_, Some(digits)) => (digits, 60),
            _ => return Err(LengthError::Form),
        };
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(LengthError::Form);
        }
        if digits != "0" && digits.starts_with('0') {
            return Err(LengthError::Form);
        }
        // All digits, so the only way to fail is to be larger than any window.
        let number: u32 = digits.parse().map_err(|_| LengthError::TooLong)?;
        Self::from_minutes(number.checked_mul(unit).ok_or(LengthError::TooLong)?)
    }
}

impl fmt::Display for WindowLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minutes.is_multiple_of(60) {
            write!(f, "{}h", self.minutes / 60)
        } else {
            write!(f, "{}m", self.minutes)
        }
    }
}

impl<'de> serde::Deserialize<'de> for WindowLength {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_minutes_and_hours() {
        assert_eq!("5m".parse(), Ok(WindowLength::MIN));
        assert_eq!("90m".parse::<WindowLength>().map(WindowLength::duration), Ok(Duration::from_secs(5400)));
        assert_eq!("168h".parse(), Ok(WindowLength::MAX));
        for text in ["5m", "59m", "1h", "168h"] {
            assert_eq!(text.parse::<WindowLength>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a29_refuses_everything_else() {
        use LengthError::{Form, TooLong, TooShort};
        let cases = [
            ("", Form),
            ("m", Form),
            ("-1h", Form),
            ("+1h", Form),
            ("1e9h", Form),
            ("1.5h", Form),
            ("05m", Form),
            ("1H", Form),
            ("1d", Form),
            ("1 h", Form),
            ("1hm", Form),
            ("１h", Form),
            ("٣h", Form),
            ("0h", TooShort),
            ("0m", TooShort),
            ("4m", TooShort),
            ("169h", TooLong),
            ("9999999h", TooLong),
            ("4294967295h", TooLong),
            ("99999999999999999999h", TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<WindowLength>(), Err(error), "{text}");
        }
    }
}
