//! What is wrong with a configuration file, where, and what to do.

use thiserror::Error;

/// An error in `tollgate.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{origin}:{line}:{column}: {message}\n  help: {help}")]
pub struct ConfigError {
    /// The file as it was named.
    pub origin: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ConfigError {
    pub(super) fn at(origin: &str, text: &str, offset: usize, message: impl Into<String>, help: &str) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Self { origin: origin.into(), line, column, message: message.into(), help: help.into() }
    }

    pub(super) fn at_key(origin: &str, text: &str, key: &str, message: String, help: &str) -> Self {
        Self::at(origin, text, text.find(key).unwrap_or(0), message, help)
    }

    pub(super) fn from_toml(origin: &str, text: &str, error: &toml::de::Error) -> Self {
        let message = error.message().lines().next().unwrap_or("not valid TOML").to_owned();
        let help = suggestion(&message)
            .unwrap_or_else(|| "see docs/configuration.md for the keys and their values".to_owned());
        Self::at(origin, text, error.span().map_or(0, |span| span.start), message, &help)
    }
}

/// serde names the unknown word and all known ones in backticks; the nearest known one is the suggestion.
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut words = message.split('`').skip(1).step_by(2);
    let wrong = words.next()?;
    nearest(wrong, words).map(|known| format!("did you mean `{known}`?"))
}

/// The known word nearest to a wrong one, if any is near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(wrong, word), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}
