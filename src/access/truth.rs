//! What is known of a fact: three values, in the order that conjunction and disjunction follow.

/// What is known of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// Certainly not.
    No,
    /// The plan does not say.
    Unknown,
    /// Certainly.
    Yes,
}

impl Truth {
    /// A fact that is known.
    pub(crate) fn of(it: bool) -> Self {
        if it { Self::Yes } else { Self::No }
    }

    /// The opposite.
    pub(crate) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// Both.
    pub(crate) fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either.
    pub(crate) fn or(self, other: Self) -> Self {
        self.max(other)
    }
}
