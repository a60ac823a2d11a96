//! A plan, as far as it was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::change::{Actions, Change, Mode, Provider};
use super::configuration::Configuration;
use super::raw::RawPlan;
use super::secrets::Secrets;
use super::undetermined::Undetermined;
use super::value::Side;

/// What one input held: a plan, or several (terragrunt prints one document a line).
#[derive(Debug)]
pub struct Input {
    /// SHA-256 of all bytes of the input, as they were before decoding.
    pub sha256: [u8; 32],
    /// The plans, one at least, in the order of the input.
    pub plans: Vec<Plan>,
}

/// A plan, as far as [`super::Keep`] asked for it.
#[derive(Debug, Default)]
pub struct Plan {
    /// `format_version`, such as `1.2`.
    pub format_version: String,
    /// `terraform_version`; with OpenTofu it holds OpenTofu's version.
    pub terraform_version: Option<String>,
    /// When the plan was made (RFC 3339), since Terraform 1.5.
    pub timestamp: Option<String>,
    /// Whether applying would do something; `None` before Terraform 1.8 and with OpenTofu.
    pub applyable: Option<bool>,
    /// Whether the plan covers the whole configuration (false after `-target`); `None` as for `applyable`.
    pub complete: Option<bool>,
    /// Whether planning failed; `None` before Terraform 1.6.
    pub errored: Option<bool>,
    /// The kept rows of `resource_changes[]`, in the plan's order.
    pub changes: Vec<Arc<Change>>,
    /// The kept rows of `resource_drift[]`: what others changed since the last apply.
    pub drift: Vec<Arc<Change>>,
    /// Changes put off to a later plan.
    pub deferred: Vec<Deferred>,
    /// Actions that run at apply (`action_invocations[]`, Terraform 1.14).
    pub actions: Vec<ActionInvocation>,
    /// Actions put off to a later plan.
    pub deferred_actions: Vec<ActionInvocation>,
    /// The kept resources of `prior_state`, managed and data.
    pub prior: Vec<StateResource>,
    /// Values of the root module's variables. An ephemeral one shows its default, not its value.
    pub variables: BTreeMap<String, Value>,
    /// Changes of root outputs.
    pub output_changes: Vec<OutputChange>,
    /// The configuration; `None` when the plan was trimmed.
    pub configuration: Option<Configuration>,
    /// How many rows there are.
    pub counts: Counts,
    /// The sections and rows that were asked for as they are.
    pub raw: RawPlan,
    /// Secrets met in what was materialised.
    pub secrets: Secrets,
    /// What cannot be said about the plan.
    pub undetermined: Vec<Undetermined>,
}

/// Numbers of rows, kept or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of `resource_changes[]`.
    pub rows: u64,
    /// Rows of `resource_drift[]`.
    pub drift: u64,
    /// Rows of `resource_changes[]` by action: `no-op`, `create`, `read`, `update`, `delete`, `replace`, `forget`,
    /// `open`, `other`.
    pub by_action: BTreeMap<&'static str, u64>,
}

/// An entry of `deferred_changes[]`.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// Terraform's reason, such as `instance_count_unknown`.
    pub reason: String,
    /// The row as far as it is known.
    pub change: Arc<Change>,
}

/// A resource of `prior_state`: the refreshed state before the plan.
#[derive(Clone, Debug)]
pub struct StateResource {
    /// Absolute address with instance key.
    pub address: String,
    /// Managed or data.
    pub mode: Mode,
    /// The resource type.
    pub type_name: String,
    /// The resource's name in its module.
    pub name: String,
    /// `count` or `for_each` key.
    pub index: Option<Value>,
    /// The provider that serves the type.
    pub provider: Provider,
    /// Key of a deposed object.
    pub deposed: Option<String>,
    /// The values.
    pub values: Value,
    /// Mask of `values`: `true` where a value is sensitive. `Null` before Terraform 1.0.1.
    pub sensitive: Value,
}

impl StateResource {
    /// The values with their mask; nothing in a state is unknown.
    pub fn side(&self) -> Side<'_> {
        Side { value: &self.values, unknown: &Value::Null, sensitive: &self.sensitive }
    }
}

/// An entry of `action_invocations[]`: code that a provider runs at apply.
#[derive(Clone, Debug)]
pub struct ActionInvocation {
    /// Absolute address, such as `action.aws_lambda_invoke.x`.
    pub address: String,
    /// The action's type, such as `aws_lambda_invoke`.
    pub type_name: String,
    /// The action's name in its module.
    pub name: String,
    /// The provider that serves the type.
    pub provider: Provider,
    /// The configured values; unknown members are missing.
    pub values: Value,
    /// Mask of `values`: `true` where a value is known only at apply.
    pub unknown: Value,
    /// Mask of `values`: `true` where a value is sensitive.
    pub sensitive: Value,
    /// Address of the resource whose change triggers it; `None` when it was invoked by hand (`-invoke`).
    pub triggered_by: Option<String>,
    /// Terraform's name of the event, such as `AfterCreate`.
    pub event: Option<String>,
    /// Why it is deferred, for entries of `deferred_action_invocations[]`.
    pub deferred: Option<String>,
}

impl ActionInvocation {
    /// The configured values with their masks.
    pub fn side(&self) -> Side<'_> {
        Side { value: &self.values, unknown: &self.unknown, sensitive: &self.sensitive }
    }
}

/// A change of a root output.
#[derive(Clone, Debug)]
pub struct OutputChange {
    /// The output's name.
    pub name: String,
    /// What will be done.
    pub actions: Actions,
    /// The value before.
    pub before: Value,
    /// The value after, as far as it is known.
    pub after: Value,
    /// Mask of `after`, or `true` when all of it is unknown.
    pub after_unknown: Value,
    /// Whether the output is marked sensitive on either side.
    pub sensitive: bool,
}
