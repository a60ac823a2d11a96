//! Which rows of `resource_changes` are needed.

use std::collections::BTreeSet;

/// Which rows of `resource_changes` are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// None: no policy reads the member.
    None,
    /// All of them.
    All,
    /// Those that one of the patterns describes.
    Matching(Vec<RowPattern>),
}

/// A description of rows: all that is named must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowPattern {
    /// The type is among these.
    pub types: Option<Texts>,
    /// The mode is among these.
    pub modes: Option<Texts>,
    /// At least one of the row's actions is among these.
    pub actions: Option<Texts>,
}

/// A set of texts, and of all texts that begin with one of some prefixes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Whole texts.
    pub exact: BTreeSet<String>,
    /// Beginnings.
    pub prefixes: BTreeSet<String>,
}

impl Rows {
    /// Whether a row is needed. A member that the row lacks is empty.
    pub fn wants<'t>(&self, type_name: &str, mode: &str, actions: impl Iterator<Item = &'t str> + Clone) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Matching(patterns) => patterns.iter().any(|pattern| {
                pattern.types.as_ref().is_none_or(|types| types.contains(type_name))
                    && pattern.modes.as_ref().is_none_or(|modes| modes.contains(mode))
                    && pattern.actions.as_ref().is_none_or(|some| actions.clone().any(|action| some.contains(action)))
            }),
        }
    }
}

impl RowPattern {
    /// Rows that both patterns describe; rather too many than too few.
    pub(super) fn and(&self, other: &Self) -> Self {
        let both = |left: &Option<Texts>, right: &Option<Texts>| match (left, right) {
            (Some(left), Some(right)) => Some(left.and(right)),
            (one, None) | (None, one) => one.clone(),
        };
        Self {
            types: both(&self.types, &other.types),
            modes: both(&self.modes, &other.modes),
            // One action may satisfy the one and another action the other.
            actions: self.actions.clone().or_else(|| other.actions.clone()),
        }
    }

    /// Whether it describes every row.
    pub(super) fn is_any(&self) -> bool {
        *self == Self::default()
    }
}

impl Texts {
    /// One text.
    pub(super) fn one(text: &str) -> Self {
        Self { exact: BTreeSet::from([text.to_owned()]), prefixes: BTreeSet::new() }
    }

    /// All texts that begin so.
    pub(super) fn prefix(text: &str) -> Self {
        Self { exact: BTreeSet::new(), prefixes: BTreeSet::from([text.to_owned()]) }
    }

    /// Whether a text is among them.
    pub fn contains(&self, text: &str) -> bool {
        self.exact.contains(text) || self.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
    }

    /// Adds the others.
    pub(super) fn extend(&mut self, other: Self) {
        self.exact.extend(other.exact);
        self.prefixes.extend(other.prefixes);
    }

    fn and(&self, other: &Self) -> Self {
        let exact = |one: &Self, two: &Self| one.exact.iter().filter(|text| two.contains(text)).cloned().collect();
        let mut both = Self { exact: exact(self, other), prefixes: BTreeSet::new() };
        both.exact.append(&mut exact(other, self));
        for left in &self.prefixes {
            for right in &other.prefixes {
                if left.starts_with(right.as_str()) {
                    both.prefixes.insert(left.clone());
                } else if right.starts_with(left.as_str()) {
                    both.prefixes.insert(right.clone());
                }
            }
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(exact: &[&str], prefixes: &[&str]) -> Texts {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Texts { exact: owned(exact), prefixes: owned(prefixes) }
    }

    #[test]
    fn both_of_two_sets() {
        let left = texts(&["aws_iam_role", "x"], &["aws_iam_"]);
        let right = texts(&["aws_iam_user", "x", "y"], &["aws_iam_role", "google_"]);
        assert_eq!(left.and(&right), texts(&["aws_iam_role", "aws_iam_user", "x"], &["aws_iam_role"]));
    }

    #[test]
    fn an_action_may_be_any_of_the_rows() {
        let pattern = |actions: &[&str]| RowPattern { actions: Some(texts(actions, &[])), ..RowPattern::default() };
        let both = pattern(&["delete"]).and(&pattern(&["create"]));
        let rows = Rows::Matching(vec![both]);
        assert!(rows.wants("t", "managed", ["delete", "create"].into_iter()));
        assert!(!rows.wants("t", "managed", ["no-op"].into_iter()));
    }
}
