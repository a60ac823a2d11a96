//! How much work a comparison may do.

/// The work left, in states of the product search and nodes of the clause search.
#[derive(Clone, Debug)]
pub struct Budget {
    left: u64,
}

/// The budget ran out; the answer is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the comparison took more states than its budget allows")]
pub struct Exhausted;

impl Default for Budget {
    /// Enough for every managed policy of AWS by a wide margin, and about a second in a release build.
    fn default() -> Self {
        Self::states(2_000_000)
    }
}

impl Budget {
    /// A budget of this many states.
    #[must_use]
    pub fn states(left: u64) -> Self {
        Self { left }
    }

    /// Takes from the budget.
    ///
    /// # Errors
    /// [`Exhausted`] when less than `count` is left.
    pub fn spend(&mut self, count: u64) -> Result<(), Exhausted> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Exhausted)
            }
        }
    }

    /// What is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }
}
