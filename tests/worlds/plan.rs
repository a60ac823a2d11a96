//! Small plans for tests of worlds: rows by type, name, and objects before and after.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tollgate::access::{Access, PlanAccess, Verdict, worlds};
use tollgate::iam::Recognition;

use crate::read::read;

/// The account of the plans.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A plan of rows.
#[derive(Default)]
pub(crate) struct World {
    rows: Vec<Value>,
    resources: Vec<Value>,
    prior: Vec<Value>,
}

/// What was said about each address.
pub(crate) struct Said {
    pub(crate) at: BTreeMap<String, Access>,
}

impl Said {
    /// The verdict at an address.
    pub(crate) fn verdict(&self, address: &str) -> Verdict {
        self.at.get(address).unwrap_or_else(|| panic!("no change at {address}")).verdict
    }

    /// Principals and actions of what is new, for messages.
    pub(crate) fn story(&self) -> Vec<String> {
        let mut story = Vec::new();
        for (address, access) in &self.at {
            story.push(format!("{address}: {:?}", access.verdict));
            story.extend(access.new.iter().map(|new| format!("  {}", new.explanation)));
            story.extend(access.reasons.iter().map(|reason| format!("  ({}) {}", reason.code, reason.message)));
        }
        story
    }
}

impl World {
    /// An empty plan whose account is known by a queue.
    pub(crate) fn new() -> Self {
        let arn = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:account");
        Self::default().stays("aws_sqs_queue.account", json!({ "name": "account", "arn": arn }))
    }

    /// A row that does not change.
    pub(crate) fn stays(self, address: &str, object: Value) -> Self {
        self.row(address, &["no-op"], object.clone(), object, json!({}))
    }

    /// A row that is created, destroyed, updated or left alone, by what is null and what is equal.
    pub(crate) fn change(self, address: &str, before: Value, after: Value) -> Self {
        self.change_unknown(address, before, after, json!({}))
    }

    /// The same with values that are known only after apply.
    pub(crate) fn change_unknown(self, address: &str, before: Value, after: Value, unknown: Value) -> Self {
        let nothing = unknown.as_object().is_none_or(serde_json::Map::is_empty);
        let actions: &[&str] = match (before.is_null(), after.is_null()) {
            (true, _) => &["create"],
            (_, true) => &["delete"],
            _ if before == after && nothing => &["no-op"],
            _ => &["update"],
        };
        self.row(address, actions, before, after, unknown)
    }

    /// Any row.
    pub(crate) fn row(mut self, address: &str, actions: &[&str], before: Value, after: Value, unknown: Value) -> Self {
        let (kind, name) = address.split_once('.').unwrap();
        self.rows.push(json!({
            "address": address, "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown,
                "before_sensitive": {}, "after_sensitive": {}},
        }));
        self
    }

    /// Changes a member of the row that was added last, such as `previous_address` or `deposed`.
    pub(crate) fn with(mut self, member: &str, value: Value) -> Self {
        self.rows.last_mut().unwrap()[member] = value;
        self
    }

    /// What the configuration sets on a resource: attribute to expression.
    pub(crate) fn configured(mut self, address: &str, expressions: Value) -> Self {
        let (kind, name) = address.split_once('.').unwrap();
        self.resources.push(json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "provider_config_key": "aws", "expressions": expressions, "schema_version": 0}));
        self
    }

    /// An object of the state that a targeted plan leaves out.
    pub(crate) fn prior(mut self, address: &str, values: Value) -> Self {
        let (kind, name) = address.split_once('.').unwrap();
        self.prior.push(json!({"address": address, "mode": "managed", "type": kind, "name": name,
            "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0, "values": values}));
        self
    }

    /// The plan as Terraform writes it.
    pub(crate) fn json(&self) -> Value {
        let mut plan = json!({
            "format_version": "1.2", "terraform_version": "1.9.8", "complete": true, "errored": false,
            "applyable": true, "resource_changes": self.rows,
        });
        if !self.prior.is_empty() {
            plan["prior_state"] = json!({"format_version": "1.0", "terraform_version": "1.9.8",
                "values": {"root_module": {"resources": self.prior}}});
        }
        if !self.resources.is_empty() {
            plan["configuration"] = json!({"provider_config": {"aws": {"name": "aws",
                "full_name": "registry.terraform.io/hashicorp/aws"}}, "root_module": {"resources": self.resources}});
        }
        plan
    }

    /// The rows, one a line, those that change first.
    pub(crate) fn changes(&self) -> String {
        let line = |row: &Value| {
            let change = &row["change"];
            let sides = match change["before"] == change["after"] {
                true => change["after"].to_string(),
                false => format!("{}\n  => {}", change["before"], change["after"]),
            };
            format!("{} {}\n  {sides}\n", change["actions"], row["address"])
        };
        let mut rows: Vec<&Value> = self.rows.iter().collect();
        rows.sort_by_key(|row| row["change"]["before"] == row["change"]["after"]);
        rows.into_iter().map(line).collect()
    }

    /// The changes of the plan, and what the comparison says about them.
    pub(crate) fn compared(&self) -> (Recognition, PlanAccess) {
        let text = serde_json::to_vec(&self.json()).unwrap();
        let (plan, recognition) = read(&text).unwrap().remove(0);
        let access = worlds::compare(&plan, &recognition);
        (recognition, access)
    }

    /// Judges the plan.
    pub(crate) fn judge(&self) -> Said {
        let (recognition, access) = self.compared();
        let mut at: BTreeMap<String, Access> = BTreeMap::new();
        for (change, access) in recognition.changes.iter().zip(&access.changes) {
            at.entry(change.row.address.clone()).or_insert_with(|| access.clone());
        }
        Said { at }
    }
}

/// A policy document of one or more statements.
pub(crate) fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// An identity statement.
pub(crate) fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

/// An identity statement that denies.
pub(crate) fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

/// An ARN of IAM in the plans' account, such as `role/app`.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{name}")
}

/// A role that Lambda assumes.
pub(crate) fn role(name: &str) -> Value {
    let trust =
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}});
    json!({"name": name, "arn": arn(&format!("role/{name}")), "path": "/", "assume_role_policy": document(&[trust])})
}

/// A user.
pub(crate) fn user(name: &str) -> Value {
    json!({"name": name, "arn": arn(&format!("user/{name}")), "path": "/"})
}

/// A group.
pub(crate) fn group(name: &str) -> Value {
    json!({"name": name, "arn": arn(&format!("group/{name}")), "path": "/"})
}
