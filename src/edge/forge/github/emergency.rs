//! What break-glass asks and writes: who started the run, who let it in, and the issue about it.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::super::ForgeError;
use super::GitHub;
use super::exchange::{Call, Method};
use super::models::{Run, User, account};
use crate::approval::{Account, EnvironmentReview, Person, PlanRun, Who};

#[derive(Deserialize)]
struct Review {
    state: String,
    user: Option<User>,
    environments: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
}

impl GitHub {
    /// Who started this attempt of a run, with the rights that the selectors ask for; `None` for an account that is
    /// gone or is no person's.
    ///
    /// # Errors
    /// The forge's.
    pub fn starter(&self, run: PlanRun, selectors: &[Who]) -> Result<Option<(Account, Person)>, ForgeError> {
        let path = format!("{}/actions/runs/{}/attempts/{}", self.root, run.id, run.attempt);
        let found: Run = self.transport.get(&path, "actions: read")?;
        if found.id != run.id || found.run_attempt != run.attempt {
            return Err(ForgeError::Changed);
        }
        let Some(account) = account(&found.triggering_actor) else { return Ok(None) };
        let teams: BTreeSet<String> = selectors
            .iter()
            .filter_map(|who| match who {
                Who::Team(team) => Some(team.clone()),
                _ => None,
            })
            .collect();
        let person = self.read_person(account.id, &account.login, &teams)?;
        Ok(Some((account, person)))
    }

    /// What reviewers of environments said about a run.
    ///
    /// # Errors
    /// The forge's.
    pub fn environment_reviews(&self, run: PlanRun) -> Result<Vec<EnvironmentReview>, ForgeError> {
        let path = format!("{}/actions/runs/{}/approvals", self.root, run.id);
        let reviews: Vec<Review> = self.transport.list(&path, "actions: read", "reviews of the run")?;
        let review = |review: Review| EnvironmentReview {
            by: account(&review.user),
            approved: review.state == "approved",
            environments: review.environments.into_iter().map(|environment| environment.name).collect(),
        };
        Ok(reviews.into_iter().map(review).collect())
    }

    /// Opens an issue; gives its number.
    ///
    /// # Errors
    /// The forge's.
    pub fn open_issue(&self, title: &str, body: &str, label: &str) -> Result<u64, ForgeError> {
        let path = format!("{}/issues", self.root);
        let body = json!({ "title": title, "body": body, "labels": [label] });
        let call = Call { method: Method::Post, path: &path, body: Some(&body), needs: "issues: write" };
        let Issue { number } = self.transport.json(&call)?;
        Ok(number)
    }
}
