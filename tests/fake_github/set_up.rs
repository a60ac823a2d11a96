//! How the repository is set up: environments and who let runs into them, rules of the default branch, secrets; and
//! issues.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::http::{Answer, Problem, Request};
use super::rest::{Result, allow, created, fields, ok, page, status, text};
use super::state::State;

#[derive(Clone, Debug, Default)]
pub(crate) struct SetUp {
    pub(crate) environments: Vec<Value>,
    /// The branches that may deploy, by environment.
    pub(crate) deploying: BTreeMap<String, Vec<String>>,
    /// Rules of `main`, from rulesets.
    pub(crate) rules: Vec<Value>,
    /// Names of the repository's secrets.
    pub(crate) secrets: Vec<String>,
    /// Whether the tokens may administer the repository.
    pub(crate) admin: bool,
    pub(crate) issues: Vec<Value>,
    /// What reviewers of environments said, by run.
    pub(crate) run_reviews: BTreeMap<u64, Vec<Value>>,
}

impl State {
    /// Somebody reviews a run that waits for an environment.
    pub(crate) fn review_run(&mut self, run: u64, by: u64, state: &str, environment: &str) {
        let review = json!({ "state": state, "comment": "", "user": self.user(Some(by)),
            "environments": [{ "id": 1, "name": environment }] });
        self.set_up.run_reviews.insert(run, vec![review]);
    }

    /// Somebody starts a run for the head of pull request 7.
    pub(crate) fn start_run(&mut self, id: u64, by: u64) {
        let user = self.user(Some(by));
        let head = self.pulls[&7].head_sha.clone();
        let run = json!({ "id": id, "run_attempt": 1, "head_sha": head, "actor": user, "triggering_actor": user });
        self.runs.insert(id, vec![run]);
    }
}

/// A page of an object that holds the list under a name.
fn named(request: &Request, state: &State, name: &str, items: Vec<Value>) -> Result<Answer> {
    let total = items.len();
    let mut answer = page(request, state, items)?;
    answer.body = json!({ "total_count": total, name: answer.body });
    Ok(answer)
}

pub(super) fn answer(request: &Request, state: &mut State, rest: &[&str]) -> Result<Answer> {
    match (request.method.as_str(), rest) {
        ("GET", ["environments"]) => {
            allow(state, request, "actions: read")?;
            named(request, state, "environments", state.set_up.environments.clone())
        }
        ("GET", ["environments", name, "deployment-branch-policies"]) => {
            allow(state, request, "actions: read")?;
            let Some(names) = state.set_up.deploying.get(*name) else { return status(404, "Not Found") };
            let policies = names.iter().zip(1..).map(|(name, id)| json!({ "id": id, "name": name }));
            named(request, state, "branch_policies", policies.collect())
        }
        ("GET", ["rules", "branches", name]) => {
            allow(state, request, "metadata: read")?;
            let rules = if *name == "main" { state.set_up.rules.clone() } else { Vec::new() };
            page(request, state, rules)
        }
        ("GET", ["branches", name]) => {
            allow(state, request, "contents: read")?;
            if !state.knows(name) {
                return status(404, "Branch not found");
            }
            let protected = !state.set_up.rules.is_empty();
            ok(json!({ "name": name, "protected": protected, "protection": { "enabled": false } }))
        }
        ("GET", ["actions", "secrets"]) => {
            allow(state, request, "secrets: read")?;
            let secrets = state.set_up.secrets.iter().map(|name| json!({ "name": name }));
            named(request, state, "secrets", secrets.collect())
        }
        ("GET", ["actions", "runs", id, "approvals"]) => {
            allow(state, request, "actions: read")?;
            let id = id.parse::<u64>().unwrap_or_default();
            if !state.runs.contains_key(&id) {
                return status(404, "Not Found");
            }
            page(request, state, state.set_up.run_reviews.get(&id).cloned().unwrap_or_default())
        }
        ("POST", ["issues"]) => {
            allow(state, request, "issues: write")?;
            let body = fields(request, &["title"], &["body", "labels"])?;
            let number = 101 + state.set_up.issues.len();
            let labels: Vec<Value> =
                body["labels"].as_array().into_iter().flatten().map(|name| json!({ "name": name })).collect();
            let issue = json!({ "id": state.id(), "number": number, "title": text(body, "title"),
                "body": text(body, "body"), "labels": labels, "state": "open",
                "user": state.user(Some(state.tokens[request.token.as_str()].user)) });
            state.set_up.issues.push(issue.clone());
            created(issue)
        }
        _ => Err(Problem::Violation("unknown route".into())),
    }
}
