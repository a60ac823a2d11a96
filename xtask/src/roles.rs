//! `cargo xtask roles PLATFORM PATH`: turns a digest of predefined roles into the platform's `roles.tsv`.
//!
//! The digests hold facts computed from the published role definitions: sizes, inclusion, permissions that matter, a
//! sample. A table is one role a line, sorted, so that a reviewer can diff it.

#![expect(clippy::disallowed_methods, reason = "a generator reads and writes files; the core does not")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Deserialize;

/// Generate the table of a platform's predefined roles.
#[derive(clap::Args)]
pub(crate) struct Roles {
    /// Whose roles they are.
    platform: Platform,
    /// `gcp-roles-digest.json` or `azure-roles-digest.json`.
    input: PathBuf,
    /// The table to write; by default the one of the platform.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Write nothing; fail when the table differs from what would be generated.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Platform {
    /// Google Cloud.
    Gcp,
    /// Azure.
    Azure,
}

#[derive(Deserialize)]
struct Digest<R> {
    source: String,
    roles: BTreeMap<String, R>,
}

#[derive(Deserialize)]
struct GoogleRole {
    permissions: usize,
    #[serde(default)]
    contained_in: Vec<String>,
    #[serde(default)]
    equal_to: Vec<String>,
    #[serde(default)]
    escalation_permissions: BTreeSet<String>,
    #[serde(default)]
    data_access: BTreeSet<String>,
    #[serde(default)]
    sample: Vec<String>,
}

#[derive(Deserialize)]
struct AzureRole {
    name: String,
    #[serde(default)]
    data_actions: usize,
    #[serde(default)]
    conditioned: bool,
    #[serde(default)]
    sample: Vec<String>,
    #[serde(default)]
    data_sample: Vec<String>,
    #[serde(default)]
    contained_in: Vec<String>,
    #[serde(default)]
    equal_to: Vec<String>,
}

/// Operations of an Azure role that are kept for witnesses, for each plane.
const SAMPLE: usize = 2;

pub(crate) fn run(options: &Roles) -> Result<()> {
    let json = fs::read(&options.input).with_context(|| format!("cannot read `{}`", options.input.display()))?;
    let (table, place) = match options.platform {
        Platform::Gcp => (google(&json)?, "src/access/gcp/roles.tsv"),
        Platform::Azure => (azure(&json)?, "src/access/azure/roles.tsv"),
    };
    let output = options.output.clone().unwrap_or_else(|| place.into());
    if options.check {
        let existing = fs::read_to_string(&output).ok();
        ensure!(existing.as_deref() == Some(&table), "`{}` is not up to date", output.display());
        return Ok(());
    }
    fs::write(&output, table).with_context(|| format!("cannot write `{}`", output.display()))
}

fn google(json: &[u8]) -> Result<String> {
    let digest: Digest<GoogleRole> = serde_json::from_slice(json).context("the input is not a digest of roles")?;
    let date = digest.source.split("as of ").nth(1).and_then(|rest| rest.get(..10)).context("no date in `source`")?;
    let mut lines = vec![
        format!(
            "# Predefined roles of Google Cloud as of {date}: facts computed from iann0036/iam-dataset (MIT, Copyright \
             (c) 2021 Ian Mckay)."
        ),
        "# role\tpermissions\tcontained_in\tequal_to\tpermissions of the escalation catalogue and data-reading \
         permissions (complete)\tsample"
            .to_owned(),
    ];
    let short = |name: &String| name.strip_prefix("roles/").unwrap_or(name).to_owned();
    for (name, role) in &digest.roles {
        let known: BTreeSet<&String> = role.escalation_permissions.union(&role.data_access).collect();
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        lines.push(line(&[
            short(name),
            role.permissions.to_string(),
            role.contained_in.iter().map(short).collect::<Vec<_>>().join(","),
            role.equal_to.iter().map(short).collect::<Vec<_>>().join(","),
            known.join(","),
            role.sample.join(","),
        ])?);
    }
    Ok(lines.join("\n") + "\n")
}

fn azure(json: &[u8]) -> Result<String> {
    let digest: Digest<AzureRole> = serde_json::from_slice(json).context("the input is not a digest of roles")?;
    let first = |sample: &[String]| sample.iter().take(SAMPLE).cloned().collect::<Vec<_>>().join(",");
    let mut lines = Vec::new();
    for (id, role) in &digest.roles {
        lines.push(line(&[
            id.clone(),
            role.name.clone(),
            if role.data_actions > 0 { "d" } else { "" }.to_owned(),
            if role.conditioned { "?" } else { "" }.to_owned(),
            first(&role.sample),
            first(&role.data_sample),
            role.contained_in.iter().chain(&role.equal_to).cloned().collect::<Vec<_>>().join(","),
        ])?);
    }
    Ok(lines.join("\n") + "\n")
}

fn line(columns: &[String]) -> Result<String> {
    if let Some(column) = columns.iter().find(|column| column.contains(['\t', '\n'])) {
        bail!("`{column}` does not fit in one column");
    }
    Ok(columns.join("\t"))
}
