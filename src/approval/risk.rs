//! The risk that a report names.

use std::fmt;
use std::str::FromStr;

use crate::policy::Severity;

/// What a report says at its head, and the line that approves repeats: the worst severity and the number of
/// findings. Written `high/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Risk {
    /// The worst severity.
    pub severity: Severity,
    /// How many findings ask for approval or block.
    pub count: u64,
}

/// The text is not a risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a risk is a severity, `/` and a number, such as `high/3`")]
pub struct RiskError;

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", severity_word(self.severity), self.count)
    }
}

impl FromStr for Risk {
    type Err = RiskError;

    fn from_str(text: &str) -> Result<Self, RiskError> {
        let (word, number) = text.split_once('/').ok_or(RiskError)?;
        let severity = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
            .into_iter()
            .find(|severity| severity_word(*severity) == word)
            .ok_or(RiskError)?;
        let plain = !number.is_empty() && number.len() <= 9 && number.bytes().all(|digit| digit.is_ascii_digit());
        if !plain || number.starts_with('0') {
            return Err(RiskError);
        }
        Ok(Self { severity, count: number.parse().map_err(|_| RiskError)? })
    }
}

pub(super) const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risks_are_read_strictly() {
        assert_eq!("high/3".parse(), Ok(Risk { severity: Severity::High, count: 3 }));
        for text in
            ["", "high", "high/", "/3", "high/0", "high/03", "High/3", "high/+3", "high/3/3", "high/٣", "none/1"]
        {
            assert_eq!(text.parse::<Risk>(), Err(RiskError), "{text}");
        }
    }
}
