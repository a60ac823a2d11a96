//! What runs at apply and stands in no row: provisioners, actions, ephemeral resources.

use std::collections::HashMap;
use std::sync::Arc;

use super::catalogue::{self, Entry};
use super::interest::Passed;
use super::{IamChange, Kind, Note, NoteCode, Origin, Platform, Recognition, facets};
use crate::plan::configuration::{ConfigResource, Provisioner, overlay};
use crate::plan::{
    Action, ActionInvocation, Actions, Address, Change, Configuration, Mode, Plan, Provider, Undetermined, printable,
};

/// Whether all that is known of a type is that provisioners may stand on it (`null_resource`, `terraform_data`).
pub(super) fn only_runs_provisioners(entry: &Entry) -> bool {
    let mut code = entry.attributes().filter(|(purpose, _)| *purpose == "code").peekable();
    code.peek().is_some() && code.all(|(_, path)| path.starts_with("configuration:provisioners"))
}

/// What is known about provisioners of the resource at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provisioners {
    /// There are some.
    Some,
    /// The configuration has the resource, without any.
    None,
    /// The configuration does not have the resource, or the plan does not have the configuration.
    Unknown,
}

/// Whether a resource has provisioners.
pub(super) fn provisioners_of(configuration: Option<&Configuration>, address: &str) -> Provisioners {
    match configuration.and_then(|configuration| configuration.resource(address)) {
        Some(resource) if resource.provisioners.is_empty() => Provisioners::None,
        Some(_) => Provisioners::Some,
        None => Provisioners::Unknown,
    }
}

impl Recognition {
    /// Provisioners of the configuration whose resource is made or destroyed.
    ///
    /// The plan does not say whether a provisioner runs when its resource is made or when it is destroyed, so either
    /// counts. An update, a move, an import and `forget` run none
    /// (<https://developer.hashicorp.com/terraform/language/provisioners>).
    pub(super) fn provisioners(&mut self, plan: &Plan, passed: &[Passed]) {
        let Some(configuration) = &plan.configuration else { return };
        let mut with_code: HashMap<String, &ConfigResource> = HashMap::new();
        for located in configuration.resources() {
            if !located.resource.provisioners.is_empty() {
                with_code.insert(located.address(), located.resource);
            }
        }
        if with_code.is_empty() {
            return;
        }
        let kept = plan.changes.iter().filter(|row| row.actions.creates() || row.actions.deletes());
        let passed = passed.iter().filter(|row| row.runs);
        let mut addresses: Vec<&str> = kept.map(|row| row.address.as_str()).collect();
        addresses.extend(passed.map(|row| row.address.as_str()));
        // A deposed object's row has the address of the current one.
        addresses.sort_unstable();
        addresses.dedup();
        for address in addresses {
            let Some(parsed) = Address::parse(address) else {
                self.undetermined.push(Undetermined::at(
                    address,
                    "unreadable_address",
                    format!(
                        "the address `{}` cannot be read, so whether provisioners run with it cannot be told; make the \
                         plan again with a released Terraform or OpenTofu",
                        printable(address)
                    ),
                ));
                continue;
            };
            let Some(resource) = with_code.get(&parsed.config()) else { continue };
            let provider = configuration.provider_of(resource).and_then(|provider| provider.full_name.clone());
            for provisioner in &resource.provisioners {
                self.changes.push(provisioner_change(address, &parsed, provisioner, provider.as_deref()));
            }
        }
    }

    /// Actions that a plan invokes (Terraform 1.14): each runs something, so one that is not in the catalogue counts
    /// as unclassified.
    pub(super) fn actions(&mut self, plan: &Plan) {
        self.changes.extend(plan.actions.iter().map(action_change));
    }

    /// Ephemeral resources that run code. Only OpenTofu shows them: as rows, or in the configuration. They are opened
    /// when the plan is made and again when it is applied.
    pub(super) fn ephemerals(&mut self, plan: &Plan) {
        let Some(configuration) = &plan.configuration else { return };
        for located in configuration.resources() {
            let resource = located.resource;
            if resource.mode != Mode::Ephemeral {
                continue;
            }
            let Some((entry, _)) = catalogue::find(Origin::Ephemeral, &resource.type_name) else { continue };
            let address = located.address();
            let mut rows = plan.changes.iter().filter(|row| row.mode == Mode::Ephemeral);
            let shown = rows.any(|row| Address::parse(&row.address).is_some_and(|row| row.config() == address));
            if entry.kind != Kind::CodeExecution || shown {
                continue;
            }
            let provider = configuration.provider_of(resource).and_then(|provider| provider.full_name.clone());
            let expressions = overlay(&resource.expressions);
            let row = Change {
                address,
                mode: Mode::Ephemeral,
                type_name: resource.type_name.clone(),
                name: resource.name.clone(),
                provider: Provider(provider.unwrap_or_else(|| entry.provider.to_owned())),
                actions: Actions(vec![Action::Open]),
                after: expressions.value,
                after_unknown: expressions.unknown,
                after_sensitive: expressions.sensitive,
                ..Change::default()
            };
            self.changes.push(made_up(row, Origin::Ephemeral, Some(entry), Vec::new()));
        }
    }
}

fn provisioner_change(address: &str, parsed: &Address, provisioner: &Provisioner, provider: Option<&str>) -> IamChange {
    let type_name = format!("provisioner:{}", provisioner.type_name);
    let entry = catalogue::find(Origin::Provisioner, &type_name).map(|(entry, _)| entry);
    let expressions = overlay(&provisioner.expressions);
    let row = Change {
        address: address.to_owned(),
        type_name,
        name: parsed.name.clone(),
        provider: Provider(provider.unwrap_or_default().to_owned()),
        actions: run(),
        after: expressions.value,
        after_unknown: expressions.unknown,
        after_sensitive: expressions.sensitive,
        ..Change::default()
    };
    let mut change = made_up(row, Origin::Provisioner, entry, Vec::new());
    // A kind of provisioner that is not in the catalogue runs something all the same.
    change.kind = Kind::CodeExecution;
    change
}

fn action_change(action: &ActionInvocation) -> IamChange {
    let entry = catalogue::find(Origin::Action, &action.type_name).map(|(entry, _)| entry);
    let row = Change {
        address: action.address.clone(),
        mode: Mode::Other("action".into()),
        type_name: action.type_name.clone(),
        name: action.name.clone(),
        provider: action.provider.clone(),
        actions: run(),
        after: action.values.clone(),
        after_unknown: action.unknown.clone(),
        after_sensitive: action.sensitive.clone(),
        ..Change::default()
    };
    let event = action.event.as_deref().unwrap_or("Invoke");
    let message = match &action.triggered_by {
        Some(resource) => format!("it runs at `{}` of `{}`", printable(event), printable(resource)),
        None => format!("it runs at `{}`", printable(event)),
    };
    made_up(row, Origin::Action, entry, vec![Note { code: NoteCode::Triggered, message }])
}

/// The word that stands for the action of what runs: plans have none for it.
fn run() -> Actions {
    Actions(vec![Action::Other("run".into())])
}

/// A change whose row is not the plan's.
pub(super) fn made_up(row: Change, origin: Origin, entry: Option<Entry>, notes: Vec<Note>) -> IamChange {
    let provider = if row.provider.0.is_empty() { String::new() } else { row.provider.source() };
    let facets = entry.map(|entry| facets::of_made_up(&entry, &row)).unwrap_or_default();
    IamChange {
        origin,
        platform: Platform::of_provider(&provider),
        provider,
        kind: entry.map_or(Kind::Unclassified, |entry| entry.kind),
        facets,
        authoritative: entry.is_some_and(|entry| entry.authoritative),
        removal_elevates: entry.is_some_and(|entry| entry.removal_elevates),
        entry,
        notes,
        row: Arc::new(row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_runs_provisioners_is_known_from_the_catalogue() {
        let entry = |type_name: &str| catalogue::find(Origin::Resource, type_name).unwrap().0;
        assert!(only_runs_provisioners(&entry("null_resource")));
        assert!(only_runs_provisioners(&entry("terraform_data")));
        assert!(!only_runs_provisioners(&entry("aws_lambda_function")));
        assert!(!only_runs_provisioners(&entry("aws_iam_role")));
    }
}
