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

    /// Everybody who is named by the commits after `base` up to `HEAD`, and by `HEAD` itself: authors, committers and
    /// `Co-authored-by` trailers, as e-mail addresses with the commit.
    ///
    /// # Errors
    /// When git fails, or one of the two is no commit.
    pub fn people_since(&self, base: &str) -> Result<Vec<(String, String)>> {
        let (base, head) = (self.commit(base)?, self.commit("HEAD")?);
        let format = "--format=%H%x00%ae%x00%ce%x00%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x01)%x02";
        let mut people = Vec::new();
        for range in [&["--max-count=1", head.as_str()][..], &[&format!("{base}..{head}")]] {
            let args: Vec<&str> =
                ["log", "--no-show-signature", format].into_iter().chain(range.iter().copied()).collect();
            let out = String::from_utf8_lossy(&self.git(&args)?).into_owned();
            for commit in out.split('\u{2}').map(str::trim).filter(|commit| !commit.is_empty()) {
                let mut fields = commit.split('\0');
                let sha: String = fields.next().unwrap_or_default().chars().take(12).collect();
                let named = fields.next().into_iter().chain(fields.next()).map(str::to_owned).collect::<Vec<_>>();
                let co_authors =
                    fields.next().unwrap_or_default().split('\u{1}').filter(|text| !text.trim().is_empty());
                // An address that cannot be read is still somebody: an unknown one.
                let address = |text: &str| {
                    text.rsplit_once('<').map_or(text, |(_, mail)| mail).trim_matches(['>', ' ']).to_owned()
                };
                people.extend(named.into_iter().chain(co_authors.map(address)).map(|email| (email, sha.clone())));
            }
        }
        Ok(people)
    }

    /// The paths that differ between `base` and `HEAD`.
    ///
    /// # Errors
    /// When git fails, or one of the two is no commit.
    pub fn paths_since(&self, base: &str) -> Result<Vec<String>> {
        let (base, head) = (self.commit(base)?, self.commit("HEAD")?);
        let out = self.git(&["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", &base, &head, "--"])?;
        let names = out.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }

    /// The address that git signs commits with here.
    ///
    /// # Errors
    /// When none is configured.
    pub fn own_email(&self) -> Result<String> {
        let email = self.git(&["config", "user.email"]).context(
            "git does not know who applies here\n  help: set `git config user.email`: whoever applies does not approve",
        )?;
        Ok(String::from_utf8_lossy(&email).trim().to_owned())
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
