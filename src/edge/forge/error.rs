//! What goes wrong with a forge.

use crate::approval::Doubt;

/// A forge did not answer completely. No variant carries a token, a header or a backtrace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// The address of the forge cannot be used.
    #[error("`{url}` cannot be used as the forge's API: {why}")]
    Url {
        /// The address, without credentials.
        url: String,
        /// Why.
        why: &'static str,
    },
    /// No answer.
    #[error("{call}: no answer: {why}")]
    NoAnswer {
        /// The call.
        call: String,
        /// Why; one line.
        why: String,
    },
    /// The token may not.
    #[error("{call}: {status}; the token needs `{needs}`")]
    Permission {
        /// The call.
        call: String,
        /// 401, 403 or 404.
        status: u16,
        /// The permission that is missing, as a workflow writes it.
        needs: &'static str,
    },
    /// Asked too often.
    #[error("{call}: the rate limit is used up; it allows again in {wait} s, which is longer than tollgate waits")]
    RateLimit {
        /// The call.
        call: String,
        /// Seconds.
        wait: u64,
    },
    /// Another refusal.
    #[error("{call}: {status}: {message}")]
    Status {
        /// The call.
        call: String,
        /// The status.
        status: u16,
        /// The forge's message; one line.
        message: String,
    },
    /// Not what the API promises.
    #[error("{call}: the answer cannot be used: {why}")]
    Answer {
        /// The call.
        call: String,
        /// Why; one line.
        why: String,
    },
    /// There is more than can be read.
    #[error("{what}: there are more than can be read to the end ({limit})")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It changed while it was read.
    #[error("the pull request changed while it was read; try again")]
    Changed,
    /// A name that cannot be part of a request.
    #[error("`{0}` cannot be part of a request")]
    Name(String),
}

impl From<ForgeError> for Doubt {
    fn from(error: ForgeError) -> Self {
        Self::Forge(error.to_string())
    }
}
