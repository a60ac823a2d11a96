//! `tollgate data`: what is built in, and definitions that a team imports.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use super::terminal;
use crate::access::facts::Catalogue;
use crate::access::gcp::roles;
use crate::edge::files;
use crate::exit::Outcome;

/// `tollgate data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what is built in, from when, and under which licence.
    Show {
        /// An imported catalogue to describe as well.
        #[arg(long, value_name = "FILE")]
        catalogue: Option<PathBuf>,
    },
    /// Read full role definitions: the output of `gcloud iam roles list`, `az role definition list` or
    /// `kubectl get clusterroles`, each as JSON.
    Import {
        /// Files that the platform's tool wrote.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The catalogue to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Reads a catalogue.
///
/// # Errors
/// When the file cannot be read or is no catalogue.
pub(super) fn catalogue(path: &Path) -> Result<Catalogue> {
    let text = files::read(path)?;
    Catalogue::read(&text).with_context(|| format!("`{}` is not a catalogue of `tollgate data import`", path.display()))
}

/// Runs it.
///
/// # Errors
/// When a file cannot be read, imported or written.
pub(super) fn run(command: &DataCommand) -> Result<Outcome> {
    match command {
        DataCommand::Show { catalogue: file } => show(file.as_ref()),
        DataCommand::Import { files: given, out } => {
            let mut catalogue = Catalogue::default();
            for file in given {
                let text = files::read(file)?;
                let count = catalogue.import(&text).with_context(|| format!("cannot import `{}`", file.display()))?;
                terminal::print(&format!("{count} roles from {}\n", file.display()))?;
            }
            if given.contains(out) {
                bail!("`{}` would be overwritten; write the catalogue to another file", out.display());
            }
            files::write(out, &serde_json::to_string(&catalogue)?)?;
            Ok(Outcome::Success)
        }
    }
}

fn show(file: Option<&PathBuf>) -> Result<Outcome> {
    terminal::print(&format!(
        "resource types: as of {}; facts from provider schemas and documentation\n\
         gcp roles: as of {}, {} roles as a digest (inclusion, sizes, permissions that matter); iann0036/iam-dataset, MIT\n",
        crate::iam::catalogue::date(),
        roles::DATE,
        roles::Roles::built_in().len(),
    ))?;
    if let Some(file) = file {
        let catalogue = catalogue(file)?;
        for (platform, roles) in &catalogue.roles {
            terminal::print(&format!("{platform} roles: {} imported, from {}\n", roles.len(), file.display()))?;
        }
    }
    Ok(Outcome::Success)
}
