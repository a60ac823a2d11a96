//! Why nothing could be decided.

/// A reason to decide nothing. A doubt denies: there is no way from it to an open window.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The forge could not be read to the end.
    #[error("the forge could not be read: {0}")]
    Forge(String),
    /// The server's answer carried no time, so there is no clock to judge by.
    #[error("the server's answer carries no usable `Date`")]
    NoServerTime,
    /// The answer was kept by a cache for so long that its time says nothing.
    #[error("the server's answer is {0} s old; a cache stands between")]
    StaleAnswer(u64),
    /// The two clocks disagree.
    #[error("the local clock and the server's differ by {0} s (60 s are allowed)")]
    ClockSkew(u64),
    /// Something bears a time that has not come yet.
    #[error("{what} bears a time {seconds} s in the future")]
    FutureTime {
        /// What.
        what: String,
        /// By how much.
        seconds: u64,
    },
    /// Nothing says who made this commit the head, or when.
    #[error("no recorded push made `{0}` the head of the branch")]
    UnknownPush(String),
    /// The role of somebody whose word would matter was not read.
    #[error("the role of user {0} was not read")]
    UnknownPerson(u64),
    /// The commits of the pull request do not include its head.
    #[error("the list of commits lacks the head `{0}`")]
    HeadNotListed(String),
    /// The run that made the plan was not read, or is not of this pull request.
    #[error("the run that made the plan cannot be verified: {0}")]
    PlanRun(String),
    /// The limits of a timestamp were left.
    #[error("a time is out of range")]
    TimeOutOfRange,
}
