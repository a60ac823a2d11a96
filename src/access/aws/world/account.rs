//! The account that a plan manages, and what is done where the plan does not show it.

use std::collections::BTreeSet;

use crate::access::Reason;
use crate::access::aws::compile::own_account;
use crate::access::glob::Glob;
use crate::access::worlds::{Object, Row, Val};

/// The account that the plan manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// Such as `aws`, `aws-cn`.
    pub(super) partition: String,
    /// The twelve digits; a placeholder where the plan shows none.
    pub(super) id: String,
    /// Every principal of the account.
    pub(super) own: Vec<Glob>,
}

/// Stands for the account where no ARN of the plan shows it.
const UNSHOWN: &str = "000000000000";

/// More accounts than this are not tried for the plan's own.
const MAX_CANDIDATES: usize = 4;

impl Account {
    fn new(partition: &str, id: &str) -> Self {
        Self { partition: partition.to_owned(), id: id.to_owned(), own: own_account(id) }
    }

    /// The account of the first ARN that the rows show.
    pub(super) fn of(rows: &[Row]) -> Self {
        objects(rows)
            .filter_map(|object| object.get("arn").text())
            .find_map(|arn| {
                let mut parts = arn.splitn(6, ':');
                let (partition, _service, _region, id) = (parts.nth(1)?, parts.next()?, parts.next()?, parts.next()?);
                (id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())).then(|| Self::new(partition, id))
            })
            .unwrap_or_else(|| Self::new("aws", UNSHOWN))
    }

    /// Whether the plan shows which account it is.
    pub(super) fn is_shown(&self) -> bool {
        self.id != UNSHOWN
    }

    /// Where the account is not shown: each account that the changed rows name might be it. `None` where they name
    /// too many to try.
    pub(super) fn candidates(&self, rows: &[Row]) -> Option<Vec<Self>> {
        let mut named = BTreeSet::new();
        if !self.is_shown() {
            for row in rows.iter().filter(|row| row.change.is_some()) {
                for object in [&row.before, &row.after].into_iter().flatten() {
                    accounts(&object.values, &mut named);
                }
            }
            named.remove(UNSHOWN);
        }
        let all: Vec<Self> = named.iter().map(|id| Self::new(&self.partition, id)).collect();
        (all.len() <= MAX_CANDIDATES).then_some(all)
    }

    /// The ARN of something in IAM, such as `role/app`.
    pub(super) fn iam(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.id)
    }

    /// Stands for whoever in the account may do everything by identity policies that the plan does not show. No user
    /// can have this name: IAM allows no spaces.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    pub(super) fn administrator(&self) -> String {
        format!("arn:{}:iam::{}:user/any administrator", self.partition, self.id)
    }

    /// The account as a principal.
    pub(super) fn root(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.id)
    }
}

/// Why a verdict depends on which account it is.
pub(super) fn unknown(candidate: Option<&Account>) -> Reason {
    let message = match candidate {
        Some(account) => format!(
            "the plan does not show its own account, and the verdict depends on whether it is {}; refresh the plan, or \
             set an ARN of the account",
            account.id
        ),
        None => "the plan does not show its own account and names many others, so whether it is one of them is open"
            .to_owned(),
    };
    Reason { code: "unknown_account".into(), path: String::new(), message }
}

fn objects(rows: &[Row]) -> impl Iterator<Item = &Object> {
    rows.iter()
        .flat_map(|row| [&row.before, &row.after])
        .flatten()
        .filter(|object| object.type_name.starts_with("aws_") && !object.type_name.starts_with("aws_organizations"))
}

/// Runs of exactly twelve digits in the texts of a value.
fn accounts(value: &Val, found: &mut BTreeSet<String>) {
    match value {
        Val::Text(text) => {
            let runs = text.split(|c: char| !c.is_ascii_alphanumeric());
            found.extend(
                runs.filter(|run| run.len() == 12 && run.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned),
            );
        }
        Val::List(items) => items.iter().for_each(|item| accounts(item, found)),
        Val::Map(members) => members.values().for_each(|member| accounts(member, found)),
        _ => {}
    }
}
