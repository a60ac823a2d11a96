//! The configuration as the plan shows it: modules, resources, expressions, references.
//!
//! What is not there (`internal/command/jsonconfig`): locals, dynamic blocks, lifecycle settings, `moved`, `import`
//! and `removed` blocks, `when` of provisioners. An expression is a constant, a list of references, or nothing at
//! all (a function call without references).

mod overlay;
mod read;
mod resolve;

use std::collections::BTreeMap;

use serde_json::Value;

use super::address::{Address, ModuleStep};
use super::change::Mode;

pub use overlay::{Overlay, overlay};
pub(super) use read::read;
pub use resolve::{DeadEnd, Resolution, ResourceRef, Source};

/// The configuration tree.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// Provider blocks by key: `aws`, `aws.prod`, `module.x:aws.alias`.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// The root module.
    pub root: ConfigModule,
}

/// A provider block. Settings from the environment are not shown in any plan.
#[derive(Clone, Debug, Default)]
pub struct ProviderConfig {
    /// The local name, such as `aws`.
    pub name: String,
    /// The full name, such as `registry.terraform.io/hashicorp/aws` (format 1.1).
    pub full_name: Option<String>,
    /// The alias, for all but the default block.
    pub alias: Option<String>,
    /// The module it stands in, `None` for the root.
    pub module_address: Option<String>,
    /// The arguments: attribute -> expression. Literal credentials stand here in clear.
    pub expressions: Value,
}

/// A module.
#[derive(Clone, Debug, Default)]
pub struct ConfigModule {
    /// The kept resources by their address in the module: `aws_iam_role.r`, `data.aws_iam_policy_document.d`.
    pub resources: BTreeMap<String, ConfigResource>,
    /// Calls of other modules, by name.
    pub calls: BTreeMap<String, ModuleCall>,
    /// Outputs, by name.
    pub outputs: BTreeMap<String, ConfigOutput>,
    /// Variables, by name.
    pub variables: BTreeMap<String, ConfigVariable>,
}

/// A resource or data source block.
#[derive(Clone, Debug)]
pub struct ConfigResource {
    /// Managed, data or ephemeral.
    pub mode: Mode,
    /// The resource type.
    pub type_name: String,
    /// The resource's name.
    pub name: String,
    /// Key into [`Configuration::providers`].
    pub provider_config_key: String,
    /// The arguments: attribute -> expression; blocks are lists of such objects.
    pub expressions: Value,
    /// Code that runs when an instance is created (or destroyed: the plan does not say which).
    pub provisioners: Vec<Provisioner>,
    /// `count` or `for_each`.
    pub repetition: Option<Repetition>,
    /// `depends_on`.
    pub depends_on: Vec<String>,
}

/// A provisioner block.
#[derive(Clone, Debug)]
pub struct Provisioner {
    /// `local-exec`, `remote-exec`, `file`.
    pub type_name: String,
    /// The arguments: attribute -> expression.
    pub expressions: Value,
}

/// How many instances a block has.
#[derive(Clone, Debug)]
pub enum Repetition {
    /// `count`, with its expression.
    Count(Value),
    /// `for_each`, with its expression.
    ForEach(Value),
}

impl Repetition {
    /// The expression that says how many.
    pub fn expression(&self) -> &Value {
        match self {
            Self::Count(expression) | Self::ForEach(expression) => expression,
        }
    }
}

/// A module block, and the module it calls.
#[derive(Clone, Debug, Default)]
pub struct ModuleCall {
    /// Where the module comes from.
    pub source: String,
    /// The version constraint, for modules of a registry.
    pub version_constraint: Option<String>,
    /// The arguments: variable -> expression.
    pub expressions: Value,
    /// `count` or `for_each`.
    pub repetition: Option<Repetition>,
    /// `depends_on`.
    pub depends_on: Vec<String>,
    /// The module.
    pub module: ConfigModule,
}

/// An output block.
#[derive(Clone, Debug, Default)]
pub struct ConfigOutput {
    /// Whether it is marked sensitive.
    pub sensitive: bool,
    /// Its expression.
    pub expression: Value,
}

/// A variable block.
#[derive(Clone, Debug, Default)]
pub struct ConfigVariable {
    /// The default value.
    pub default: Option<Value>,
    /// Whether it is marked sensitive.
    pub sensitive: bool,
    /// Whether it is ephemeral: its value may differ at apply (shown by OpenTofu only).
    pub ephemeral: bool,
}

/// A resource of the configuration and where it stands.
#[derive(Clone, Debug)]
pub struct Located<'a> {
    /// The module calls from the root down; no keys.
    pub modules: Vec<ModuleStep>,
    /// The resource.
    pub resource: &'a ConfigResource,
}

impl Located<'_> {
    /// The address within the configuration, such as `module.m.aws_iam_role.r`.
    pub fn address(&self) -> String {
        self.as_address().to_string()
    }

    fn as_address(&self) -> Address {
        Address {
            modules: self.modules.clone(),
            mode: self.resource.mode.clone(),
            type_name: self.resource.type_name.clone(),
            name: self.resource.name.clone(),
            key: None,
        }
    }
}

impl ConfigResource {
    /// The resource's address in its module: `aws_iam_role.r`, `data.aws_iam_policy_document.d`.
    pub fn in_module(&self) -> String {
        Located { modules: Vec::new(), resource: self }.address()
    }
}

impl Configuration {
    /// The module at a path of calls; keys do not matter.
    pub fn module(&self, path: &[ModuleStep]) -> Option<&ConfigModule> {
        path.iter().try_fold(&self.root, |module, step| module.calls.get(&step.name).map(|call| &call.module))
    }

    /// The resource that an instance belongs to, if it was kept; `address` may have keys.
    pub fn resource(&self, address: &str) -> Option<&ConfigResource> {
        let address = Address::parse(address)?;
        self.module(&address.modules)?.resources.get(&address.in_module())
    }

    /// The provider block that serves a resource, if the plan shows it.
    pub fn provider_of(&self, resource: &ConfigResource) -> Option<&ProviderConfig> {
        self.providers.get(&resource.provider_config_key)
    }

    /// Every kept resource, depth first.
    pub fn resources(&self) -> Vec<Located<'_>> {
        fn walk<'a>(module: &'a ConfigModule, path: &mut Vec<ModuleStep>, found: &mut Vec<Located<'a>>) {
            found.extend(module.resources.values().map(|resource| Located { modules: path.clone(), resource }));
            for (name, call) in &module.calls {
                path.push(ModuleStep { name: name.clone(), key: None });
                walk(&call.module, path, found);
                path.pop();
            }
        }
        let mut found = Vec::new();
        walk(&self.root, &mut Vec::new(), &mut found);
        found
    }

    /// Every module call with its path from the root, depth first; no keys.
    pub fn calls(&self) -> Vec<(Vec<ModuleStep>, &ModuleCall)> {
        fn walk<'a>(
            module: &'a ConfigModule,
            path: &mut Vec<ModuleStep>,
            found: &mut Vec<(Vec<ModuleStep>, &'a ModuleCall)>,
        ) {
            for (name, call) in &module.calls {
                path.push(ModuleStep { name: name.clone(), key: None });
                found.push((path.clone(), call));
                walk(&call.module, path, found);
                path.pop();
            }
        }
        let mut found = Vec::new();
        walk(&self.root, &mut Vec::new(), &mut found);
        found
    }
}
