//! `tollgate data`: what is built in, and definitions that a team imports.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;

use super::terminal;
use crate::access::facts::Catalogue;
use crate::access::gcp::roles;
use crate::approval::Digest;
use crate::edge::files::{self, TextFile};
use crate::exit::Outcome;
use crate::report::CatalogueEntry;

/// `tollgate data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what is built in, from when, and under which licence.
    Show {
        /// An imported catalogue to describe as well.
        #[arg(long, value_name = "FILE")]
        catalogue: Option<PathBuf>,
    },
    /// Read full role definitions: the output of `gcloud iam roles list`, `az role definition list`, `aws iam
    /// get-account-authorization-details` or `kubectl get clusterroles`, each as JSON.
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
/// When the file is no catalogue.
fn read(file: &TextFile) -> Result<Catalogue> {
    let read = Catalogue::read(file.text.as_bytes());
    read.with_context(|| format!("`{}` is not a catalogue of `tollgate data import`", file.path))
}

/// Reads catalogues into one, in which the later definition of a role counts; and what a report says of each file.
///
/// # Errors
/// When a file is no catalogue.
pub(super) fn catalogues(files: &[TextFile]) -> Result<(Catalogue, Vec<CatalogueEntry>)> {
    let mut all = Catalogue::default();
    let mut entries = Vec::new();
    for file in files {
        let one = read(file)?;
        entries.push(CatalogueEntry {
            file: file.path.clone(),
            sha256: Digest::of(file.text.as_bytes()).to_string(),
            roles: one.roles.iter().map(|(platform, roles)| (platform.clone(), roles.len())).collect(),
        });
        all.merge(one);
    }
    Ok((all, entries))
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
         gcp roles: as of {}, {} roles as a digest (inclusion, sizes, permissions that matter); iann0036/iam-dataset, MIT\n\
         azure roles: as of {}, {} roles by facts about them; iann0036/iam-dataset, MIT\n\
         aws managed policies: as of {}; moto, Apache-2.0\n",
        crate::iam::catalogue::date(),
        roles::DATE,
        roles::Roles::built_in().len(),
        roles::DATE,
        crate::access::azure::built_in_roles(),
        crate::access::aws::managed::ManagedPolicies::embedded().date(),
    ))?;
    if let Some(file) = file {
        let catalogue = read(&files::read_text(file)?)?;
        for (platform, roles) in &catalogue.roles {
            terminal::print(&format!("{platform} roles: {} imported, from {}\n", roles.len(), file.display()))?;
        }
    }
    Ok(Outcome::Success)
}
