//! `configuration` out of the stream: the tree is kept, resources only when they are wanted.

use std::io::Read;

use serde_json::Value;

use super::{
    ConfigModule, ConfigOutput, ConfigResource, ConfigVariable, Configuration, ModuleCall, ProviderConfig, Provisioner,
    Repetition,
};
use crate::plan::change::Mode;
use crate::plan::error::ReadError;
use crate::plan::keep::{ConfigHead, Keep};
use crate::plan::row::Field as _;
use crate::plan::scan::{Scanner, keys};

type Result<T> = std::result::Result<T, ReadError>;
type Map = serde_json::Map<String, Value>;

/// Reads `configuration`; `None` for null.
pub(in crate::plan) fn read<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>) -> Result<Option<Configuration>> {
    keys! { Top { Providers = "provider_config", Root = "root_module" } }
    let mut configuration = Configuration::default();
    let Some(mut members) = scanner.object()? else {
        return if scanner.null()? { Ok(None) } else { scanner.shape("configuration", "an object") };
    };
    while let Some(key) = scanner.next_key(&mut members)? {
        match key {
            Top::Providers => {
                for (name, provider) in object(scanner, "configuration.provider_config")? {
                    configuration.providers.insert(name, provider_config(provider));
                }
            }
            Top::Root => configuration.root = module(scanner, keep)?,
        }
    }
    Ok(Some(configuration))
}

fn provider_config(value: Value) -> ProviderConfig {
    let Value::Object(mut map) = value else { return ProviderConfig::default() };
    ProviderConfig {
        name: map.take_text("name").unwrap_or_default(),
        full_name: map.take_text("full_name"),
        alias: map.take_text("alias"),
        module_address: map.take_text("module_address"),
        expressions: map.take("expressions"),
    }
}

fn module<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>) -> Result<ConfigModule> {
    keys! { Module { Resources = "resources", Calls = "module_calls", Outputs = "outputs", Variables = "variables" } }
    let mut module = ConfigModule::default();
    let Some(mut members) = scanner.object()? else { return scanner.skip().map(|()| module) };
    while let Some(key) = scanner.next_key(&mut members)? {
        match key {
            Module::Resources => {
                let Some(mut items) = scanner.array()? else {
                    scanner.skip()?;
                    continue;
                };
                while scanner.next_item(&mut items)? {
                    if let Some(resource) = resource(scanner, keep)? {
                        module.resources.insert(resource.in_module(), resource);
                    }
                }
            }
            Module::Calls => {
                let Some(mut calls) = scanner.object()? else {
                    scanner.skip()?;
                    continue;
                };
                while let Some(name) = scanner.next_name(&mut calls)? {
                    let call = call(scanner, keep)?;
                    module.calls.insert(name, call);
                }
            }
            Module::Outputs => {
                for (name, output) in object(scanner, "configuration outputs")? {
                    let Value::Object(mut output) = output else { continue };
                    let sensitive = output.get("sensitive") == Some(&Value::Bool(true));
                    module.outputs.insert(name, ConfigOutput { sensitive, expression: output.take("expression") });
                }
            }
            Module::Variables => {
                for (name, variable) in object(scanner, "configuration variables")? {
                    let Value::Object(mut variable) = variable else { continue };
                    let is = |flag: &str| variable.get(flag) == Some(&Value::Bool(true));
                    let (sensitive, ephemeral) = (is("sensitive"), is("ephemeral"));
                    let default = variable.remove("default");
                    module.variables.insert(name, ConfigVariable { default, sensitive, ephemeral });
                }
            }
        }
    }
    Ok(module)
}

fn call<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>) -> Result<ModuleCall> {
    keys! {
        Call {
            Source = "source",
            Version = "version_constraint",
            Expressions = "expressions",
            Count = "count_expression",
            ForEach = "for_each_expression",
            DependsOn = "depends_on",
            Module = "module",
        }
    }
    let mut call = ModuleCall::default();
    let Some(mut members) = scanner.object()? else { return scanner.skip().map(|()| call) };
    while let Some(key) = scanner.next_key(&mut members)? {
        match key {
            Call::Source => call.source = text(scanner.value()?).unwrap_or_default(),
            Call::Version => call.version_constraint = text(scanner.value()?),
            Call::Expressions => call.expressions = scanner.value()?,
            Call::Count => call.repetition = Some(Repetition::Count(scanner.value()?)),
            Call::ForEach => call.repetition = Some(Repetition::ForEach(scanner.value()?)),
            Call::DependsOn => call.depends_on = texts(scanner.value()?),
            Call::Module => call.module = module(scanner, keep)?,
        }
    }
    Ok(call)
}

fn resource<R: Read>(scanner: &mut Scanner<R>, keep: &Keep<'_>) -> Result<Option<ConfigResource>> {
    keys! { Head { Mode = "mode", Type = "type", Address = "address", Provisioners = "provisioners" } }
    scanner.next_token()?;
    let mark = scanner.mark();
    let (mut mode, mut type_name, mut address, mut provisioners) = (None, None, None, false);
    let Some(mut members) = scanner.object()? else {
        scanner.skip()?;
        scanner.release(&mark);
        return Ok(None);
    };
    while let Some(key) = scanner.next_key(&mut members)? {
        match key {
            Head::Provisioners => {
                scanner.skip()?;
                provisioners = true;
            }
            Head::Mode => mode = head_text(scanner)?,
            Head::Type => type_name = head_text(scanner)?,
            Head::Address => address = head_text(scanner)?,
        }
    }
    let mode = Mode::of(mode.as_deref(), address.as_deref().unwrap_or_default());
    let type_name = type_name.unwrap_or_default();
    let head = ConfigHead { mode: &mode, type_name: &type_name, has_provisioners: provisioners };
    if !(keep.configuration)(&head) {
        scanner.release(&mark);
        return Ok(None);
    }
    scanner.rewind(&mark);
    let Value::Object(mut map) = scanner.value()? else { return Ok(None) };
    Ok(Some(ConfigResource {
        name: map.take_text("name").unwrap_or_default(),
        provider_config_key: map.take_text("provider_config_key").unwrap_or_default(),
        provisioners: provisioner_list(map.take("provisioners")),
        repetition: repetition(&mut map),
        depends_on: texts(map.take("depends_on")),
        expressions: map.take("expressions"),
        mode,
        type_name,
    }))
}

/// A string of a resource's head; anything else is skipped.
fn head_text<R: Read>(scanner: &mut Scanner<R>) -> Result<Option<String>> {
    if let Some(text) = scanner.string()? {
        return Ok(Some(text.to_owned()));
    }
    scanner.skip().map(|()| None)
}

fn repetition(map: &mut Map) -> Option<Repetition> {
    match (map.remove("count_expression"), map.remove("for_each_expression")) {
        (Some(count), _) => Some(Repetition::Count(count)),
        (None, Some(for_each)) => Some(Repetition::ForEach(for_each)),
        (None, None) => None,
    }
}

fn provisioner_list(value: Value) -> Vec<Provisioner> {
    let Value::Array(list) = value else { return Vec::new() };
    list.into_iter()
        .map(|entry| {
            let mut map = match entry {
                Value::Object(map) => map,
                _ => Map::new(),
            };
            Provisioner { type_name: map.take_text("type").unwrap_or_default(), expressions: map.take("expressions") }
        })
        .collect()
}

fn object<R: Read>(scanner: &mut Scanner<R>, member: &'static str) -> Result<Map> {
    match scanner.value()? {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => scanner.shape(member, "an object"),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn texts(value: Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.into_iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}
