//! The name of a stack.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a stack: the directory relative to the repository and the workspace, such as `envs/prod:default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Stack(String);

/// The text is not a stack's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a stack's name: 1 to 128 of `A-Z a-z 0-9 . _ - + = @ : ~ /`, without empty, `.` or `..` segments; name one with --stack"
)]
pub struct StackError(String);

impl Stack {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Stack {
    type Err = StackError;

    fn from_str(text: &str) -> Result<Self, StackError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+=@:~/".contains(&byte);
        let segments = text.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
        if (1..=128).contains(&text.len()) && text.bytes().all(plain) && segments {
            Ok(Self(text.to_owned()))
        } else {
            Err(StackError(text.chars().take(140).filter(|c| !c.is_control()).collect()))
        }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stack {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
