//! Rows for unit tests.

use serde_json::Value;

use crate::plan::{Action, Actions, Change, Provider};

/// A managed resource's row with these values and no masks; the provider is guessed as Terraform does.
pub(super) fn row(type_name: &str, actions: &[&str], before: Value, after: Value) -> Change {
    let provider = type_name.split('_').next().unwrap_or(type_name);
    Change {
        address: format!("{type_name}.this"),
        type_name: type_name.into(),
        name: "this".into(),
        provider: Provider(format!("registry.terraform.io/hashicorp/{provider}")),
        actions: Actions(actions.iter().map(|word| Action::parse(word)).collect()),
        before,
        after,
        ..Change::default()
    }
}
