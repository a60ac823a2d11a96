//! A plan as it comes in: a file with JSON, a binary plan file, or standard input.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::files;
use super::terraform::Terraform;

/// Where a plan's JSON comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file with JSON.
    Json,
    /// A binary plan file, shown by `terraform show -json`.
    Binary,
    /// Standard input.
    Stdin,
}

impl Kind {
    /// The word of the report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Binary => "binary",
            Self::Stdin => "stdin",
        }
    }
}

/// An opened plan: its JSON, to be read once or more.
pub struct Source {
    /// What it came as.
    pub kind: Kind,
    /// SHA-256 of the binary plan file; `None` for JSON, whose digest its reader computes.
    pub digest: Option<[u8; 32]>,
    /// The binary plan file, which is an archive.
    pub archive: Option<Vec<u8>>,
    json: Json,
}

enum Json {
    File(std::fs::File),
    Bytes(Vec<u8>),
}

/// The first bytes of a zip archive, which a binary plan is.
const ZIP: &[u8] = b"PK\x03\x04";

impl Source {
    /// Opens a plan. `terraform` is asked for only when the plan is binary.
    ///
    /// # Errors
    /// When the file cannot be read, or `show -json` fails.
    pub fn open(path: &Path, terraform: impl FnOnce() -> Result<Terraform>) -> Result<Self> {
        if path == Path::new("-") {
            let bytes = files::read_stdin()?;
            if bytes.starts_with(ZIP) {
                bail!(
                    "standard input holds a binary plan\n  help: give the file's name, so that `terraform show -json` can read it"
                );
            }
            return Ok(Self { kind: Kind::Stdin, digest: None, archive: None, json: Json::Bytes(bytes) });
        }
        let mut file = files::open(path)?;
        let mut head = [0; 4];
        let read = read_head(&mut file, &mut head).with_context(|| format!("cannot read `{}`", path.display()))?;
        if head.get(..read) != Some(ZIP) {
            return Ok(Self { kind: Kind::Json, digest: None, archive: None, json: Json::File(file) });
        }
        let archive = files::read(path)?;
        let json = terraform()?.show_json(path)?;
        // The program read the file by its name: what it showed must be what was hashed.
        if files::read(path)? != archive {
            bail!("`{}` changed while it was read\n  help: check it again once nothing writes to it", path.display());
        }
        let digest = Sha256::digest(&archive).into();
        Ok(Self { kind: Kind::Binary, digest: Some(digest), archive: Some(archive), json: Json::Bytes(json) })
    }

    /// A reader over the JSON, from its start.
    ///
    /// # Errors
    /// When the file cannot be read again.
    pub fn reader(&mut self) -> Result<Box<dyn Read + '_>> {
        match &mut self.json {
            Json::File(file) => {
                file.seek(SeekFrom::Start(0)).context("the plan cannot be read twice; give a regular file")?;
                Ok(Box::new(file))
            }
            Json::Bytes(bytes) => Ok(Box::new(Cursor::new(bytes.as_slice()))),
        }
    }
}

/// Reads up to four bytes, and goes back to the start.
fn read_head(file: &mut std::fs::File, head: &mut [u8; 4]) -> std::io::Result<usize> {
    let read = file.by_ref().take(4).read(head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(read)
}
