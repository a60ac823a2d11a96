//! Sets of numbers as sorted, disjoint, closed intervals over `u128`: numbers, dates and addresses.
//!
//! The line is discrete. Numbers and dates are put on it at a fixed resolution (see `scalar.rs`), so that
//! open bounds become closed ones.

/// A set of points of the line. Two equal sets have equal representations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// All points.
    #[must_use]
    pub fn all() -> Self {
        Self(vec![(0, u128::MAX)])
    }

    /// The points from `low` to `high`, both included; empty if `low > high`.
    #[must_use]
    pub fn between(low: u128, high: u128) -> Self {
        if low <= high { Self(vec![(low, high)]) } else { Self::default() }
    }

    /// Whether there is no point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `point` is in the set.
    #[must_use]
    pub fn contains(&self, point: u128) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&point))
    }

    /// The intervals, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u128, u128)> {
        self.0.iter().copied()
    }

    /// The points of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all: Vec<_> = self.0.iter().chain(&other.0).copied().collect();
        all.sort_unstable();
        let mut out: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (low, high) in all {
            match out.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Self(out)
    }

    /// The points of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        for (a, b) in &self.0 {
            for (c, d) in &other.0 {
                let (low, high) = (*a.max(c), *b.min(d));
                if low <= high {
                    out.push((low, high));
                }
            }
        }
        out.sort_unstable();
        Self(out)
    }

    /// The points that are not in the set.
    #[must_use]
    pub fn complement(&self) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(0u128);
        for (low, high) in &self.0 {
            if let Some(start) = next
                && start < *low
            {
                out.push((start, low - 1));
            }
            next = high.checked_add(1);
        }
        if let Some(start) = next {
            out.push((start, u128::MAX));
        }
        Self(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranges() -> impl Strategy<Value = Ranges> {
        prop::collection::vec((0u128..40, 0u128..6), 0..5).prop_map(|list| {
            list.iter().fold(Ranges::default(), |set, (low, len)| set.union(&Ranges::between(*low, low + len)))
        })
    }

    proptest! {
        #[test]
        fn set_operations_agree_with_membership(a in ranges(), b in ranges()) {
            for point in (0..60).chain([u128::MAX]) {
                prop_assert_eq!(a.union(&b).contains(point), a.contains(point) || b.contains(point));
                prop_assert_eq!(a.intersection(&b).contains(point), a.contains(point) && b.contains(point));
                prop_assert_eq!(a.complement().contains(point), !a.contains(point));
            }
            prop_assert_eq!(a.complement().complement(), a);
        }
    }
}
