//! What protects the default branch.

use super::setup::Setup;
use super::{Health, Remark, say, unknown};

/// The number of the app behind `GITHUB_TOKEN`: every workflow of every branch posts in its name.
pub(super) const ACTIONS_APP: u64 = 15368;

/// Whether the check is bound to an app of its own.
pub(super) fn branch(setup: &Setup, remarks: &mut Vec<Remark>) -> bool {
    let name = &setup.default_branch;
    let rules = match &setup.branch {
        Err(why) => {
            unknown(remarks, &format!("rules of branch `{name}`"), why, "give the token `contents: read`");
            return false;
        }
        Ok(rules) => rules,
    };
    let owned = "let rules for the default branch require a pull request with a review by code owners: policy, approvers and workflows live there";
    match (rules.reviews, rules.partly_unread) {
        (None | Some(0), true) => {
            unknown(
                remarks,
                &format!("branch `{name}`"),
                "its classic protection shows its reviews to administrators alone",
                owned,
            );
        }
        (None, false) => {
            let text = format!(
                "anybody who can push can push to `{name}`, and with that change policy, approvers and workflows"
            );
            say(remarks, Health::Broken, text, owned);
        }
        (Some(0), false) => {
            let text =
                format!("a pull request into `{name}` needs no review, also one that changes policy and approvers");
            say(remarks, Health::Weak, text, owned);
        }
        (Some(count), _) => {
            let health = if rules.code_owners { Health::Good } else { Health::Weak };
            let who = if rules.code_owners { " by code owners" } else { ", by anybody who may write" };
            say(remarks, health, format!("a merge into `{name}` needs {count} review(s){who}"), owned);
        }
    }
    if rules.force_pushes && !rules.partly_unread {
        let text = format!("the history of `{name}` may be rewritten");
        say(remarks, Health::Weak, text, "forbid force pushes to the default branch");
    }
    let ours: Vec<_> = rules.checks.iter().filter(|(context, _)| context.starts_with("tollgate")).collect();
    let bound = !ours.is_empty() && ours.iter().all(|(_, app)| app.is_some_and(|app| app != ACTIONS_APP));
    match (ours.is_empty(), bound) {
        (true, _) => {
            let text = format!("a merge into `{name}` does not need tollgate's check");
            let help = "require the check `tollgate (STACK)`; it is a signal to reviewers, the lock is the apply job";
            say(remarks, Health::Weak, text, help);
        }
        (false, true) => say(remarks, Health::Good, "the required check is bound to an app of its own".to_owned(), ""),
        (false, false) => {
            let text = "any workflow of any branch can post the required check of tollgate in green".to_owned();
            say(remarks, Health::Weak, text, "a signal and no lock, unless it is bound to an app of its own");
        }
    }
    bound
}
