//! Whom a piece of new access is about: the caller of its witness, or everyone.

use super::account::Account;
use super::focus::{Focus, View};
use crate::access::point::Point;

/// Callers that no policy of the plan means: who is let in with one of them is let in as anyone.
const STRANGERS: [&str; 2] = ["Anonymous:", "AWS:arn:aws:iam::000000000001:user/anyone"];

/// Whether the request is as new for a stranger as for its caller. Conditions of the request stay as they are.
pub(super) fn is_everyone(focus: &Focus, views: &[(View, View)], point: &Point) -> bool {
    if !matches!(focus, Focus::Resource(_) | Focus::Trust(_)) {
        return false;
    }
    STRANGERS.iter().any(|stranger| {
        let asked = Point { principal: (*stranger).to_owned(), ..point.clone() };
        views.iter().all(|(before, after)| after.decision.permits(&asked) && !before.decision.permits(&asked))
    })
}

/// The account that has the resource, where the caller is of another one; the request carries it.
pub(super) fn crossed(focus: &Focus, account: &Account, principal: &str) -> Option<String> {
    if !matches!(focus, Focus::Resource(_) | Focus::Trust(_)) || !account.is_shown() {
        return None;
    }
    let of = principal.strip_prefix("arn:")?.split(':').nth(3)?;
    (of.len() == 12 && of != account.id).then(|| account.id.clone())
}
