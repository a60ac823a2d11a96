//! How a repository is set up, for `tollgate doctor`. Reads only; what cannot be read is told as such.

use serde::Deserialize;
use serde_json::Value;

use super::super::ForgeError;
use super::GitHub;
use super::exchange::{Call, Method, parse};
use super::url::segment;
use crate::approval::doctor::{BranchRules, Branches, Environment, Told};

#[derive(Deserialize)]
struct Environments {
    environments: Vec<EnvironmentModel>,
}

/// `can_admins_bypass` is not in the published description, and is sent.
#[derive(Deserialize)]
struct EnvironmentModel {
    name: String,
    #[serde(default)]
    protection_rules: Vec<ProtectionRule>,
    deployment_branch_policy: Option<BranchPolicy>,
    #[serde(default)]
    can_admins_bypass: Option<bool>,
}

#[derive(Deserialize)]
struct ProtectionRule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    prevent_self_review: bool,
    #[serde(default)]
    reviewers: Vec<Value>,
}

#[derive(Deserialize)]
struct BranchPolicy {
    protected_branches: bool,
    custom_branch_policies: bool,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct BranchPolicies {
    branch_policies: Vec<Named>,
}

#[derive(Deserialize)]
struct Secrets {
    secrets: Vec<Named>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Value,
}

impl GitHub {
    /// The environment of this name; `None` where the list of environments lacks it.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn environment(&self, name: &str, default_branch: &str) -> Told<Option<Environment>> {
        let path = format!("{}/environments?per_page=100", self.root);
        let all = self.transport.pages(&path, "actions: read", "environments", |page: Environments| page.environments);
        let found = all.map_err(told)?.into_iter().find(|environment| environment.name.eq_ignore_ascii_case(name));
        let Some(environment) = found else { return Ok(None) };
        let branches = match &environment.deployment_branch_policy {
            None => Branches::Any,
            Some(policy) if policy.protected_branches => Branches::Protected,
            Some(policy) if policy.custom_branch_policies => self.deploying_branches(&environment.name, default_branch),
            Some(_) => Branches::Unread,
        };
        let reviews = environment.protection_rules.iter().filter(|rule| rule.kind == "required_reviewers");
        Ok(Some(Environment {
            branches,
            reviewers: reviews.clone().map(|rule| rule.reviewers.len()).sum(),
            self_review: reviews.clone().any(|rule| !rule.prevent_self_review),
            admins_bypass: environment.can_admins_bypass,
        }))
    }

    fn deploying_branches(&self, environment: &str, default_branch: &str) -> Branches {
        let Ok(name) = segment(environment) else { return Branches::Unread };
        let path = format!("{}/environments/{name}/deployment-branch-policies?per_page=100", self.root);
        let all = self
            .transport
            .pages(&path, "actions: read", "branch policies", |page: BranchPolicies| page.branch_policies);
        match all.as_deref() {
            Ok([only]) if only.name == default_branch => Branches::DefaultOnly,
            Ok(_) => Branches::Others,
            Err(_) => Branches::Unread,
        }
    }

    /// What protects a branch, by rulesets and by classic protection.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn branch_rules(&self, branch: &str) -> Told<BranchRules> {
        let name = segment(branch).map_err(told)?;
        let path = format!("{}/rules/branches/{name}?per_page=100", self.root);
        let rules: Vec<Rule> = self.transport.list(&path, "metadata: read", "rules").map_err(told)?;
        let path = format!("{}/branches/{name}", self.root);
        let classic: Value = self.transport.get(&path, "contents: read").map_err(told)?;
        let mut found = BranchRules { force_pushes: true, ..BranchRules::default() };
        for rule in rules {
            match rule.kind.as_str() {
                "pull_request" => {
                    let count = rule.parameters.get("required_approving_review_count").and_then(Value::as_u64);
                    found.reviews = found.reviews.max(Some(count.unwrap_or_default()));
                    found.code_owners |= rule.parameters.get("require_code_owner_review") == Some(&Value::Bool(true));
                }
                "required_status_checks" => {
                    found.checks.extend(checks(rule.parameters.get("required_status_checks"), "integration_id"));
                }
                "non_fast_forward" => found.force_pushes = false,
                _ => {}
            }
        }
        if classic.pointer("/protection/enabled") == Some(&Value::Bool(true)) {
            found.partly_unread = found.reviews.is_none();
            found.checks.extend(checks(classic.pointer("/protection/required_status_checks/checks"), "app_id"));
        }
        Ok(found)
    }

    /// The environments of the jobs of a workflow on a branch; `None` where there is no such file.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub fn workflow_environments(&self, workflow: &str, branch: &str) -> Told<Option<Vec<Option<String>>>> {
        let path = format!(".github/workflows/{workflow}");
        let Some(bytes) = self.read_file(&path, branch).map_err(told)? else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))?;
        let value: Value = yaml_serde::from_str(&text).map_err(|_| format!("`{path}` is not YAML"))?;
        let jobs = value.get("jobs").and_then(Value::as_object).into_iter().flatten();
        let environment = |job: &Value| {
            let environment = job.get("environment")?;
            environment.get("name").unwrap_or(environment).as_str().map(str::to_owned)
        };
        Ok(Some(jobs.map(|(_, job)| environment(job)).collect()))
    }

    /// The names of the repository's own secrets.
    ///
    /// # Errors
    /// Why they cannot be told.
    pub fn repository_secrets(&self) -> Told<Vec<String>> {
        let path = format!("{}/actions/secrets?per_page=100", self.root);
        let all = self.transport.pages(&path, "secrets: read", "secrets", |page: Secrets| page.secrets);
        Ok(all.map_err(told)?.into_iter().map(|secret| secret.name).collect())
    }

    /// The default branch, and whether this token may administer the repository.
    ///
    /// # Errors
    /// The forge's.
    pub fn repository_and_powers(&self) -> Result<(String, Told<bool>), ForgeError> {
        let call = Call { method: Method::Get, path: &self.root, body: None, needs: "metadata: read" };
        let reply = self.transport.call(&call)?;
        let repository: Value = parse(&call, &reply.body)?;
        let branch = repository.get("default_branch").and_then(Value::as_str);
        let branch = branch
            .ok_or_else(|| ForgeError::Answer { call: call.name(), why: "it names no default branch".to_owned() })?;
        let admin = repository.pointer("/permissions/admin").and_then(Value::as_bool);
        Ok((branch.to_owned(), admin.ok_or_else(|| "the forge does not tell".to_owned())))
    }
}

fn told(error: ForgeError) -> String {
    error.to_string()
}

/// `[{context, APP}]`; an app of -1 or 0 is any.
fn checks(list: Option<&Value>, app: &str) -> Vec<(String, Option<u64>)> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|check| {
        let context = check.get("context")?.as_str()?.to_owned();
        Some((context, check.get(app).and_then(Value::as_u64).filter(|app| *app > 0)))
    })
    .collect()
}
