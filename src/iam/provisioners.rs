//! Provisioners: code that runs when an object is made or destroyed.
//!
//! A plan's JSON shows the provisioners of the configuration but not when they run, and shows nothing of those in
//! `removed` blocks. The source in the plan's archive tells both.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::catalogue::{self, Entry};
use super::interest::Passed;
use super::runs::{hidden_note, made_up, run};
use super::{Facet, IamChange, Kind, Note, Origin, Recognition};
use crate::plan::configuration::{ConfigResource, Provisioner, overlay};
use crate::plan::hcl::{Hidden, HiddenKind, Sources};
use crate::plan::{Address, Change, Configuration, Plan, Provider, Undetermined, printable};

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

/// What happens to one instance of a resource.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    made: bool,
    destroyed: bool,
}

/// The instances that are made or destroyed, by address.
fn fates<'a>(plan: &'a Plan, passed: &'a [Passed]) -> BTreeMap<&'a str, Fate> {
    let mut fates: BTreeMap<&str, Fate> = BTreeMap::new();
    let kept = plan.changes.iter().map(|row| (row.address.as_str(), row.actions.creates(), row.actions.deletes()));
    let passed = passed.iter().map(|row| (row.address.as_str(), row.made, row.destroyed));
    for (address, made, destroyed) in kept.chain(passed).filter(|(_, made, destroyed)| *made || *destroyed) {
        // A deposed object's row has the address of the current one.
        let fate = fates.entry(address).or_default();
        fate.made |= made;
        fate.destroyed |= destroyed;
    }
    fates
}

impl Recognition {
    /// Provisioners whose resource is made or destroyed: those of the configuration, and those of `removed` blocks.
    ///
    /// Without the source, a provisioner counts either way. With it, one runs when its resource is made, unless it
    /// says `when = destroy`. An update, a move, an import and `forget` run none
    /// (<https://developer.hashicorp.com/terraform/language/provisioners>).
    ///
    /// `sources` are the files of the plan's archive: they prove that something does not run, which files of a working
    /// directory cannot.
    pub(super) fn provisioners(&mut self, plan: &Plan, passed: &[Passed], sources: Option<&Sources>) {
        let mut with_code: HashMap<String, &ConfigResource> = HashMap::new();
        for located in plan.configuration.iter().flat_map(|configuration| configuration.resources()) {
            if !located.resource.provisioners.is_empty() {
                with_code.insert(located.address(), located.resource);
            }
        }
        let hidden: Vec<Hidden> = sources.map(Sources::hidden).unwrap_or_default();
        let removed = |hidden: &&Hidden| hidden.kind == HiddenKind::RemovedProvisioner;
        if with_code.is_empty() && !hidden.iter().any(|hidden| removed(&hidden)) {
            return;
        }
        // Files that could not be read may hold what would make the difference.
        let when = sources.filter(|sources| sources.undetermined.is_empty()).map(|_| When::of(&hidden));
        for (address, fate) in fates(plan, passed) {
            let Some(parsed) = Address::parse(address) else {
                self.undetermined.push(unreadable(address));
                continue;
            };
            let config = parsed.config();
            if let Some(resource) = with_code.get(&config) {
                let provider =
                    plan.configuration.as_ref().and_then(|configuration| configuration.provider_of(resource));
                let provider = provider.and_then(|provider| provider.full_name.as_deref());
                for provisioner in &resource.provisioners {
                    if when.as_ref().is_none_or(|when| when.runs(&config, resource, provisioner, fate)) {
                        self.changes.push(shown_change(address, &parsed, provisioner, provider));
                    }
                }
            }
            if fate.destroyed {
                let hidden = hidden.iter().filter(removed).filter(|hidden| is_at(hidden, &config));
                self.changes.extend(hidden.map(|hidden| hidden_change(address, hidden)));
            }
        }
        // Whose `from` cannot be read may be any resource's.
        let lost = hidden.iter().filter(removed).filter(|hidden| Address::parse(&hidden.address).is_none());
        self.changes.extend(lost.map(|hidden| hidden_change(&hidden.address, hidden)));
    }
}

fn is_at(hidden: &Hidden, config: &str) -> bool {
    Address::parse(&hidden.address).is_some_and(|address| address.config() == config)
}

/// How many provisioners of a type a resource has with `when = destroy`.
struct When<'a>(HashMap<(String, &'a str), usize>);

impl<'a> When<'a> {
    fn of(hidden: &'a [Hidden]) -> Self {
        let mut count = HashMap::new();
        for hidden in hidden.iter().filter(|hidden| hidden.kind == HiddenKind::DestroyProvisioner) {
            let address = Address::parse(&hidden.address).map_or_else(|| hidden.address.clone(), |at| at.config());
            *count.entry((address, hidden.type_name.as_str())).or_insert(0) += 1;
        }
        Self(count)
    }

    /// Whether a provisioner may run. Which of several provisioners of one type says `when = destroy` is not told, so
    /// all of them count where some do.
    fn runs(&self, config: &str, resource: &ConfigResource, provisioner: &Provisioner, fate: Fate) -> bool {
        let same = resource.provisioners.iter().filter(|other| other.type_name == provisioner.type_name).count();
        let destroy = self.0.iter().find(|((at, kind), _)| at == config && *kind == provisioner.type_name);
        let destroy = destroy.map_or(0, |(_, count)| *count);
        (fate.made && destroy < same) || (fate.destroyed && destroy > 0)
    }
}

fn unreadable(address: &str) -> Undetermined {
    Undetermined::at(
        address,
        "unreadable_address",
        format!(
            "the address `{}` cannot be read, so whether provisioners run with it cannot be told; make the plan again \
             with a released Terraform or OpenTofu",
            printable(address)
        ),
    )
}

/// A provisioner that the JSON shows.
fn shown_change(address: &str, parsed: &Address, provisioner: &Provisioner, provider: Option<&str>) -> IamChange {
    let expressions = overlay(&provisioner.expressions);
    change(
        Change {
            address: address.to_owned(),
            type_name: format!("provisioner:{}", provisioner.type_name),
            name: parsed.name.clone(),
            provider: Provider(provider.unwrap_or_default().to_owned()),
            after: expressions.value,
            after_unknown: expressions.unknown,
            after_sensitive: expressions.sensitive,
            ..Change::default()
        },
        Vec::new(),
    )
}

/// A provisioner of a `removed` block. Its arguments are source text.
fn hidden_change(address: &str, hidden: &Hidden) -> IamChange {
    let mut change = change(
        Change {
            address: address.to_owned(),
            type_name: format!("provisioner:{}", hidden.type_name),
            after: json!({"source": hidden.text}),
            ..Change::default()
        },
        vec![hidden_note(hidden)],
    );
    change.facets.push(Facet {
        purpose: "code".into(),
        path: "source".into(),
        before: None,
        after: Some(hidden.text.clone().into()),
        unknown: false,
    });
    change
}

fn change(row: Change, notes: Vec<Note>) -> IamChange {
    let entry = catalogue::find(Origin::Provisioner, &row.type_name).map(|(entry, _)| entry);
    // A kind of provisioner that is not in the catalogue runs something all the same.
    let kind = Kind::CodeExecution;
    IamChange { kind, ..made_up(Change { actions: run(), ..row }, Origin::Provisioner, entry, notes) }
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
