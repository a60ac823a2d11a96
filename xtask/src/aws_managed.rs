//! The AWS managed policies from the PyPI package `moto` (Apache-2.0).
//!
//! ```text
//! pip download --no-deps moto && unzip moto-*.whl -d moto
//! cargo xtask aws-managed moto
//! ```
//!
//! The format is described in `src/access/aws/managed.rs`.

#![expect(clippy::disallowed_methods, reason = "a generator reads and writes files; the core does not")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Deserialize;
use serde_json::Value;

/// A block is closed once it has this many bytes: large enough to compress, small enough to open for one policy.
const BLOCK: usize = 64 * 1024;

/// Regenerate the AWS managed policies from an unpacked `moto`.
#[derive(clap::Args)]
pub struct AwsManaged {
    /// The unpacked wheel (the directory with `moto-*.dist-info`).
    dir: PathBuf,
    /// Where to write.
    #[arg(long, default_value = "src/access/aws/data/managed.bin")]
    out: PathBuf,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    default_version_id: String,
    document: Value,
    path: String,
    update_date: String,
}

pub fn run(options: &AwsManaged) -> Result<()> {
    let version = version(&options.dir)?;
    let source = options.dir.join("moto/iam/aws_managed_policies.py");
    let python = fs::read_to_string(&source).with_context(|| source.display().to_string())?;
    // The file is one assignment of a triple-quoted string; with a backslash in it, the string would not be the
    // text between the quotes.
    ensure!(!python.contains('\\'), "the file has escapes now");
    let json = python.split("\"\"\"").nth(1).context("no triple-quoted string")?;
    let policies: BTreeMap<String, Policy> = serde_json::from_str(json)?;

    let mut index = String::new();
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    let mut block = String::new();
    for (name, policy) in &policies {
        let document = policy.document.to_string();
        ensure!(!format!("{name}{}", policy.path).contains([' ', '\n']), "`{name}` has spaces");
        let (start, number) = (block.len(), blocks.len());
        let version = policy.default_version_id.trim_start_matches('v');
        writeln!(index, "{name} {} {version} {number} {start} {}", policy.path, document.len())?;
        block.push_str(&document);
        if block.len() >= BLOCK {
            blocks.push(deflated(&std::mem::take(&mut block))?);
        }
    }
    if !block.is_empty() {
        blocks.push(deflated(&block)?);
    }
    let date = policies.values().map(|policy| policy.update_date.as_str()).max().and_then(|date| date.get(..10));
    let index = deflated(&index)?;

    let mut out = Vec::new();
    writeln!(out, "tollgate aws managed policies 1")?;
    writeln!(out, "moto {version} {} Apache-2.0", date.context("no policies")?)?;
    let lengths: Vec<String> = std::iter::once(&index).chain(&blocks).map(|part| part.len().to_string()).collect();
    writeln!(out, "{}", lengths.join(" "))?;
    out.extend_from_slice(&index);
    blocks.iter().for_each(|block| out.extend_from_slice(block));
    fs::write(&options.out, &out).with_context(|| options.out.display().to_string())?;
    println!("{} policies, {} blocks, {} bytes", policies.len(), blocks.len(), out.len());
    Ok(())
}

fn deflated(text: &str) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?)
}

/// The version in `moto-*.dist-info/METADATA`, after checking the licence there.
fn version(dir: &std::path::Path) -> Result<String> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path().join("METADATA");
        let Ok(metadata) = fs::read_to_string(&path) else { continue };
        let field = |name: &str| metadata.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        ensure!(field("License:") == Some("Apache-2.0"), "the licence is now {:?}", field("License:"));
        return field("Version:").map(str::to_owned).context("no version");
    }
    anyhow::bail!("no METADATA below {}", dir.display())
}
