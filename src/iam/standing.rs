//! What the configuration says about access and no plan can show to change: provider blocks and module calls.
//!
//! A plan shows the configuration as it is and not as it was, so an `assume_role` that was added yesterday looks like
//! one that has been there for years. Reporting every such block as a change would put every plan of every team that
//! assumes a role before an approver, for good, and teach them to stop reading. So:
//!
//! - the blocks are kept as facts ([`Recognition::standing`]), for reports and for rules that look at the whole plan;
//! - a block becomes an IAM change where the plan itself shows that it may change: its identity or endpoint depends
//!   on a value that differs, is unknown, or belongs to an object that this plan makes or destroys;
//! - what else changes in a provider block is a change of the code, and is for the review of the code (and, where the
//!   configuration of the base is at hand, for whoever compares the two).

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::catalogue::{self, Entry};
use super::interest::Passed;
use super::runs::made_up;
use super::{IamChange, Note, NoteCode, Origin, Recognition};
use crate::plan::configuration::{ModuleCall, ProviderConfig, ResourceRef, overlay};
use crate::plan::{
    Action, Actions, Address, Attribute, Change, Configuration, Mode, ModuleStep, Plan, Provider, Side, printable,
};

/// The entries of provider blocks, in the catalogue's words.
const BLOCKS: [&str; 2] = ["provider:assume_role", "provider:endpoints"];

impl Recognition {
    /// Provider blocks: who applies, and where to.
    pub(super) fn providers(&mut self, plan: &Plan, passed: &[Passed]) {
        let Some(configuration) = &plan.configuration else { return };
        let objects = OnceCell::new();
        for (key, block) in &configuration.providers {
            for entry in BLOCKS.iter().filter_map(|block| catalogue::find(Origin::ProviderConfig, block)) {
                let Some(change) = provider_change(key, block, entry.0) else { continue };
                match depends_on_change(
                    configuration,
                    || objects.get_or_init(|| objects_of(plan, passed)),
                    block,
                    &change,
                ) {
                    Some(address) => {
                        let note = Note {
                            code: NoteCode::DependsOnPlan,
                            message: format!(
                                "the provider block depends on `{}`, which this plan changes: who applies, or where to, \
                                 is decided while it is applied",
                                printable(address)
                            ),
                        };
                        self.changes.push(IamChange { notes: vec![note], ..change });
                    }
                    None => self.standing.push(change),
                }
            }
        }
    }

    /// Calls of modules whose source may hold other code tomorrow.
    pub(super) fn modules(&mut self, plan: &Plan) {
        let Some(configuration) = &plan.configuration else { return };
        let Some((entry, _)) = catalogue::find(Origin::ModuleCall, "module:source") else { return };
        for (path, call) in configuration.calls().into_iter().filter(|(_, call)| !is_pinned(call)) {
            let mut after = serde_json::Map::new();
            after.insert("source".into(), call.source.clone().into());
            after.insert("version_constraint".into(), call.version_constraint.clone().into());
            let row = Change {
                address: path.iter().map(ModuleStep::to_string).collect::<Vec<_>>().join("."),
                mode: Mode::Other("module".into()),
                type_name: "module:source".into(),
                name: path.last().map(|step| step.name.clone()).unwrap_or_default(),
                actions: Actions(vec![Action::NoOp]),
                after: Value::Object(after),
                ..Change::default()
            };
            self.standing.push(made_up(row, Origin::ModuleCall, Some(entry), Vec::new()));
        }
    }
}

/// A provider block as a row, if it says anything that the entry is about. Only what the entry names is taken over:
/// blocks hold literal credentials under names of their own.
fn provider_change(key: &str, block: &ProviderConfig, entry: Entry) -> Option<IamChange> {
    let arguments = block.expressions.as_object()?;
    let named = |name: &str| {
        entry.attributes().any(|(_, path)| {
            path.strip_prefix("expressions.").and_then(|path| path.split(['.', '[']).next()) == Some(name)
        })
    };
    let arguments: serde_json::Map<String, Value> =
        arguments.iter().filter(|(name, _)| named(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    if arguments.is_empty() {
        return None;
    }
    let expressions = overlay(&Value::Object(arguments));
    let provider = block.full_name.clone().unwrap_or_else(|| block.name.clone());
    let row = Change {
        address: format!("provider.{key}"),
        module_address: block.module_address.clone(),
        mode: Mode::Other("provider".into()),
        type_name: entry.type_name.to_owned(),
        name: key.to_owned(),
        provider: Provider(provider),
        actions: Actions(vec![Action::NoOp]),
        after: expressions.value,
        after_unknown: expressions.unknown,
        after_sensitive: expressions.sensitive,
        ..Change::default()
    };
    Some(made_up(row, Origin::ProviderConfig, Some(entry), Vec::new()))
}

/// The objects of a plan by their address without keys; those whose rows were not kept have none.
type Objects<'a> = HashMap<String, Vec<(Address, &'a str, Option<&'a Change>)>>;

fn objects_of<'a>(plan: &'a Plan, passed: &'a [Passed]) -> Objects<'a> {
    let mut objects = Objects::new();
    let kept = plan.changes.iter().map(|row| (row.address.as_str(), Some(row.as_ref())));
    for (text, row) in kept.chain(passed.iter().map(|row| (row.address.as_str(), None))) {
        if let Some(address) = Address::parse(text) {
            objects.entry(address.config()).or_default().push((address, text, row));
        }
    }
    objects
}

/// The object of this plan that a block depends on and that changes.
fn depends_on_change<'a>(
    configuration: &Configuration,
    objects: impl Fn() -> &'a Objects<'a>,
    block: &ProviderConfig,
    change: &IamChange,
) -> Option<&'a str> {
    let modules = match &block.module_address {
        // The lexer of addresses reads modules before a resource.
        Some(module) => Address::parse(&format!("{module}.x.x"))?.modules,
        None => Vec::new(),
    };
    let arguments = change.row.after.as_object().into_iter().chain(change.row.after_unknown.as_object());
    let names = arguments.flat_map(|members| members.keys()).collect::<BTreeSet<_>>();
    for expression in names.into_iter().filter_map(|name| block.expressions.get(name)) {
        for reference in configuration.resolve_expression(&modules, expression).resources() {
            let meant = objects().get(&reference.address.config()).into_iter().flatten();
            let mut changed = meant.filter(|(address, _, row)| reference.covers(address) && differs(reference, *row));
            if let Some((_, address, _)) = changed.next() {
                return Some(address);
            }
        }
    }
    None
}

/// Whether what is referred to differs, is unknown, or is part of an object that is made, destroyed or read.
fn differs(reference: &ResourceRef, row: Option<&Change>) -> bool {
    let Some(row) = row else { return true };
    let value = |side: Side<'_>| match side.get(&reference.attribute) {
        Attribute::Known(value) => Some(value.clone()),
        Attribute::Absent | Attribute::Null | Attribute::Unknown => None,
    };
    row.after().has_unknown(&reference.attribute) || value(row.before()) != value(row.after())
}

/// Whether a module's source names one version of its code, as far as its text can: a folder of this configuration, an
/// exact registry version, a git reference, an archive with a checksum. A git tag can be moved; that it is named is
/// taken for a promise.
fn is_pinned(call: &ModuleCall) -> bool {
    let source = call.source.as_str();
    if source.starts_with("./") || source.starts_with("../") || source.starts_with(".\\") || source.is_empty() {
        return true;
    }
    if let Some(version) = &call.version_constraint {
        let version = version.trim().trim_start_matches('=').trim();
        return !version.is_empty()
            && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    }
    let query = source.split_once('?').map_or("", |(_, query)| query);
    query.split('&').any(|argument| {
        ["ref=", "rev=", "checksum=", "version_id=", "versionId="]
            .iter()
            .any(|name| argument.strip_prefix(name).is_some_and(|value| !value.is_empty()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_may_change_are_told_from_those_that_name_a_version() {
        let pinned = |source: &str, version: Option<&str>| {
            is_pinned(&ModuleCall {
                source: source.into(),
                version_constraint: version.map(str::to_owned),
                ..ModuleCall::default()
            })
        };
        for source in
            ["./modules/a", "../a", "git::https://example.com/a.git?ref=v1.2.0", "s3::https://x/a.zip?versionId=3"]
        {
            assert!(pinned(source, None), "{source}");
        }
        for source in [
            "git::https://example.com/a.git",
            "github.com/acme/a",
            "https://example.com/a.zip",
            "acme/a/aws",
            "git::https://example.com/a.git?ref=",
        ] {
            assert!(!pinned(source, None), "{source}");
        }
        assert!(pinned("acme/a/aws", Some("1.2.3")) && pinned("acme/a/aws", Some("= 1.2.3")));
        assert!(!pinned("acme/a/aws", Some("~> 1.2")) && !pinned("acme/a/aws", Some(">= 1.0, < 2.0")));
    }
}
