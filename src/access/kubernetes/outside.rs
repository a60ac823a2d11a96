//! Verdicts that rest on roles that are not in the plan, said once for all whom they concern.

use std::collections::BTreeSet;

use crate::access::Reason;

/// What a verdict rests on outside of the plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outside {
    /// The rules of a role that somebody gets.
    Gets(String),
    /// A role that somebody already had.
    Bound,
}

/// Of more than this the first are named.
const NAMED: usize = 3;

impl Outside {
    /// The reason for everybody whom it concerns.
    pub(super) fn reason(&self, who: &BTreeSet<String>) -> Reason {
        let (names, one) = (shown(who), who.len() == 1);
        let (path, message) = match self {
            Self::Gets(role) => {
                let gets = if one { "gets" } else { "get" };
                let message = format!(
                    "{names} {gets} the rules of {role}, which are not in the plan; read the role in the cluster"
                );
                ("role_ref", message)
            }
            Self::Bound => {
                let was = if one { "was" } else { "were" };
                let end = "already bound to a role that is not in the plan, which may have permitted this";
                ("", format!("{names} {was} {end}"))
            }
        };
        Reason { code: "outside_plan".into(), path: path.into(), message }
    }
}

/// Names in words.
fn shown(names: &BTreeSet<String>) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    match (first.as_slice(), names.len().saturating_sub(NAMED)) {
        ([rest @ .., last], 0) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (all, 0) => all.join(", "),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> BTreeSet<String> {
        (0..count).map(|at| format!("User:u{at}")).collect()
    }

    #[test]
    fn one_reason_names_the_first_and_counts_the_rest() {
        let gets = Outside::Gets("ClusterRole x".into());
        let text = |count| gets.reason(&names(count)).message;
        let end = "the rules of ClusterRole x, which are not in the plan; read the role in the cluster";
        assert_eq!(text(1), format!("`User:u0` gets {end}"));
        assert_eq!(text(2), format!("`User:u0` and `User:u1` get {end}"));
        assert_eq!(text(3), format!("`User:u0`, `User:u1` and `User:u2` get {end}"));
        assert_eq!(text(7), format!("`User:u0`, `User:u1`, `User:u2` and 4 more get {end}"));
    }
}
