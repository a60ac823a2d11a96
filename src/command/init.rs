//! `tollgate init`: the workflows and a configuration to start from.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::terminal;
use crate::cli::InitArgs;
use crate::config::Config;
use crate::edge::files;
use crate::edge::repository::Repository;
use crate::exit::Outcome;

/// What is written, and from what.
const FILES: [(&str, &str); 4] = [
    ("tollgate.toml", include_str!("../../templates/github/tollgate.toml")),
    (".github/workflows/tollgate-plan.yml", include_str!("../../templates/github/tollgate-plan.yml")),
    (".github/workflows/tollgate-command.yml", include_str!("../../templates/github/tollgate-command.yml")),
    (".github/workflows/tollgate-apply.yml", include_str!("../../templates/github/tollgate-apply.yml")),
];

/// Runs it. Writes all files or none, and never over one that is there.
///
/// # Errors
/// When a file is there already, cannot be written, or the arguments fit no workflow.
pub(super) fn run(args: &InitArgs) -> Result<Outcome> {
    let here = Path::new(".");
    let root = Repository::around(here).map_or_else(|| here.to_owned(), |repository| repository.root().to_owned());
    let action = action(&args.action)?;
    let directory = directory(&args.directory)?;
    let written: Vec<(PathBuf, String)> = FILES
        .iter()
        .map(|(path, text)| (root.join(path), text.replace("@ACTION@", action).replace("@DIRECTORY@", directory)))
        .collect();
    // The starter has to be a configuration, whatever this release reads.
    Config::parse("tollgate.toml", FILES.first().map_or("", |(_, text)| text)).context("the starter is broken")?;
    let there: Vec<String> = written.iter().filter(|(path, _)| exists(path)).map(|(path, _)| shown(path)).collect();
    if !there.is_empty() {
        bail!(
            "nothing was written: {} there already\n  help: move away what is to be replaced",
            match there.as_slice() {
                [one] => format!("`{one}` is"),
                several => format!("`{}` are", several.join("`, `")),
            }
        );
    }
    for (path, text) in &written {
        files::create(path, text)?;
        terminal::print(&format!("wrote {}\n", shown(path)))?;
    }
    if action == PLACEHOLDER {
        terminal::print(&format!(
            "\nreplace `{PLACEHOLDER}` in the workflows by where your copy of the action is, at a commit\n"
        ))?;
    }
    terminal::print(NEXT)?;
    Ok(Outcome::Success)
}

const PLACEHOLDER: &str = "OWNER/tollgate@COMMIT";

const NEXT: &str = "
next:
  1. tollgate.toml: name who may approve; set `ledger` and `plan_store.url` to a bucket that both jobs can reach
  2. make a key with `age-keygen`: its public part goes to `plan_store.recipients`, its secret part into the secret
     TOLLGATE_AGE_IDENTITY of the environment `production`
  3. the workflows: install Terraform and log in to the cloud where they say \"Here\"; the plan job gets credentials that
     can read, the apply job those that may apply
  4. the environment `production`: let only the default branch deploy to it, and let the cloud trust it alone
  5. commit .terraform.lock.hcl (the workflows install no other plugins) and merge all of this: comments and applies
     run from the default branch
  6. require the check `tollgate (STACK)` for merging; its name is on the first pull request
  7. run `tollgate doctor`: it says what protects and what does not
";

/// `OWNER/REPOSITORY[/PATH]@REF`, or a folder of the repository.
fn action(given: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte);
    let remote = given.split_once('@').is_some_and(|(name, at)| name.contains('/') && !at.is_empty());
    if given.bytes().all(plain) && (remote || given.starts_with("./")) {
        return Ok(given);
    }
    bail!("`{given}` is no action\n  help: write OWNER/REPOSITORY@COMMIT, or ./FOLDER of this repository")
}

/// A folder below the repository, as the workflows name it.
fn directory(given: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let inside = !given.starts_with('/') && given.split('/').all(|part| !part.is_empty() && part != "..");
    if given.bytes().all(plain) && inside {
        return Ok(given);
    }
    bail!("`{given}` is no folder of the repository\n  help: write its path from the root, such as envs/prod")
}

/// Also a link that points nowhere is something.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn shown(path: &Path) -> String {
    files::shown(path.strip_prefix("./").unwrap_or(path))
}
