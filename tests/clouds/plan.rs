//! Small plans, written as objects before and after.

use serde_json::{Value, json};
use tollgate::access::{PlanAccess, Verdict};
use tollgate::iam::Recognition;

use super::rows;

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
        let row = |(address, before, after, unknown): &(String, Value, Value, Value)| {
            let (kind, name) = address.split_once('.').unwrap();
            rows::row(kind, name, [before, after, unknown])
        };
        rows::text(&self.rows.iter().map(row).collect::<Vec<_>>(), &[])
    }

    /// What the plan newly permits.
    pub(super) fn judged(&self) -> (PlanAccess, Recognition) {
        rows::judged(&self.json())
    }

    /// The verdict. Where it is new there is a witness, and no witness is contradicted by the platform's evaluator.
    pub(super) fn verdict(&self) -> Verdict {
        let (access, recognition) = self.judged();
        for (change, access) in recognition.changes.iter().zip(&access.changes) {
            assert_eq!(access.verdict == Verdict::New, !access.new.is_empty(), "{}", change.row.address);
            let contradicted = access.reasons.iter().find(|reason| reason.code == "unconfirmed");
            assert_eq!(contradicted, None, "{}", change.row.address);
        }
        access.verdict
    }
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
