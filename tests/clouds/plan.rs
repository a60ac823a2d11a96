//! Small plans, written as objects before and after.

use serde_json::{Value, json};
use tollgate::access::{PlanAccess, Verdict, worlds};
use tollgate::iam::{Interest, Recognition};
use tollgate::plan::{self, Keep};

/// Objects by address: the values before and after, and the unknown part of the values after.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    rows: Vec<(String, Value, Value, Value)>,
}

impl Plan {
    /// An object that stays.
    #[must_use]
    pub(super) fn stays(self, address: &str, values: Value) -> Self {
        self.changes(address, values.clone(), values)
    }

    /// An object before and after; null for none.
    #[must_use]
    pub(super) fn changes(self, address: &str, before: Value, after: Value) -> Self {
        self.unknown(address, before, after, json!({}))
    }

    /// The same with a mask of what is known only after apply.
    #[must_use]
    pub(super) fn unknown(mut self, address: &str, before: Value, after: Value, unknown: Value) -> Self {
        self.rows.push((address.to_owned(), before, after, unknown));
        self
    }

    /// The plan without an object.
    #[must_use]
    pub(super) fn without(mut self, address: &str) -> Self {
        self.rows.retain(|(other, ..)| other != address);
        self
    }

    /// The plan as Terraform shows it.
    pub(super) fn json(&self) -> String {
        let changes: Vec<Value> = self.rows.iter().map(change).collect();
        json!({"format_version": "1.2", "terraform_version": "1.11.4", "complete": true, "applyable": true,
            "errored": false, "resource_changes": changes, "configuration": {"root_module": {}}})
        .to_string()
    }

    /// What the plan newly permits.
    pub(super) fn judged(&self) -> (PlanAccess, Recognition) {
        let text = self.json();
        let interest = Interest::default();
        let kept = |head: &plan::RowHead<'_>| interest.row(head);
        let plan = plan::read(text.as_bytes(), &Keep::nothing().rows(&kept)).unwrap().plans.remove(0);
        let recognition = interest.recognise(&plan);
        (worlds::compare(&plan, &recognition), recognition)
    }

    /// The verdict, checked for a witness where it is new.
    pub(super) fn verdict(&self) -> Verdict {
        let (access, recognition) = self.judged();
        for (change, access) in recognition.changes.iter().zip(&access.changes) {
            assert_eq!(access.verdict == Verdict::New, !access.new.is_empty(), "{}", change.row.address);
        }
        access.verdict
    }
}

fn change((address, before, after, unknown): &(String, Value, Value, Value)) -> Value {
    let (kind, name) = address.split_once('.').unwrap();
    let source = kind.split('_').next().unwrap();
    let actions = match (before.is_null(), after.is_null()) {
        (true, _) => "create",
        (_, true) => "delete",
        _ if before == after && unknown == &json!({}) => "no-op",
        _ => "update",
    };
    let owner = if source == "github" { "integrations" } else { "hashicorp" };
    json!({"address": address, "mode": "managed", "type": kind, "name": name,
        "provider_name": format!("registry.terraform.io/{owner}/{source}"),
        "change": {"actions": [actions], "before": before, "after": after, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {}}})
}

/// `base` with the value at a path (`a.b`, where `0` is the first element) set.
#[must_use]
pub(super) fn with(base: &Value, path: &str, value: Value) -> Value {
    let mut all = base.clone();
    let mut at = &mut all;
    for step in path.split('.') {
        at = match step.parse::<usize>() {
            Ok(index) => &mut at.as_array_mut().unwrap()[index],
            Err(_) => &mut at[step],
        };
    }
    *at = value;
    all
}
