//! The git repository around the working directory: its root, and files as they are at a commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::files::TextFile;

/// A git repository.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository around a directory, `None` when there is none: looks for `.git` upwards, starts no process.
    pub fn around(directory: &Path) -> Option<Self> {
        let start = std::path::absolute(directory).ok()?;
        start.ancestors().find(|folder| folder.join(".git").exists()).map(|root| Self { root: root.to_owned() })
    }

    /// The top folder of the work tree.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The full id of the commit that a name stands for.
    ///
    /// # Errors
    /// When git does not run, or the name is no commit of this repository.
    pub fn commit(&self, name: &str) -> Result<String> {
        if name.is_empty() || name.starts_with('-') {
            bail!("`{name}` is not the name of a commit");
        }
        let id = self
            .git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")])
            .with_context(|| {
                format!(
                    "commit `{name}` is not in this repository\n  help: a shallow clone may lack it; fetch it first (git fetch origin {name})"
                )
            })?;
        Ok(String::from_utf8_lossy(&id).trim().to_owned())
    }

    /// All files at a commit, as paths relative to the root.
    ///
    /// # Errors
    /// When git fails.
    pub fn list(&self, commit: &str) -> Result<Vec<String>> {
        let out = self.git(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?;
        Ok(out
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect())
    }

    /// A file's text at a commit.
    ///
    /// # Errors
    /// When the file is not there or not UTF-8.
    pub fn text(&self, commit: &str, path: &str) -> Result<TextFile> {
        let bytes = self
            .git(&["cat-file", "blob", &format!("{commit}:{path}")])
            .with_context(|| format!("cannot read `{path}` at commit {commit}"))?;
        let text = String::from_utf8(bytes).with_context(|| format!("`{path}` at commit {commit} is not UTF-8"))?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(TextFile { path: path.to_owned(), text })
    }

    /// Which of these pathspecs differ between a commit and the work tree, untracked files included.
    ///
    /// # Errors
    /// When git fails.
    pub fn changed_since(&self, commit: &str, paths: &[String]) -> Result<Vec<String>> {
        let specs: Vec<String> = paths.iter().map(|path| format!(":(top,glob){path}")).collect();
        let mut changed = Vec::new();
        for command in [
            &["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", commit, "--"][..],
            &["ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--"][..],
        ] {
            let args: Vec<&str> = command.iter().copied().chain(specs.iter().map(String::as_str)).collect();
            let out = self.git(&args)?;
            changed.extend(
                out.split(|byte| *byte == 0)
                    .filter(|name| !name.is_empty())
                    .map(|name| String::from_utf8_lossy(name).into_owned()),
            );
        }
        changed.sort();
        changed.dedup();
        Ok(changed)
    }

    fn git(&self, args: &[&str]) -> Result<Vec<u8>> {
        let out = Command::new("git")
            .arg("-C")
            .arg(&self.root)
            .args(args)
            // What the repository itself configures must not change what git prints or runs.
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()
            .context("cannot run `git`\n  help: it is needed to read configuration from a commit")?;
        if !out.status.success() {
            bail!("git {}: {}", args.first().unwrap_or(&""), String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(out.stdout)
    }
}
