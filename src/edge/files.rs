//! Reading and writing files, expanding globs.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// A text file that was read: its path as it should be shown, and its text without a byte order mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// The path, with `/`.
    pub path: String,
    /// The text.
    pub text: String,
}

/// Reads a whole file.
///
/// # Errors
/// When it cannot be opened or read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads a whole file as text.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<TextFile> {
    let text = String::from_utf8(read(path)?).with_context(|| format!("`{}` is not UTF-8 text", path.display()))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(TextFile { path: shown(path), text })
}

/// Opens a file for reading.
///
/// # Errors
/// When it cannot be opened.
pub fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Reads standard input to its end.
///
/// # Errors
/// When reading fails.
pub fn read_stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

/// Writes a file whole: beside it first, then moved into place, so that a reader never sees half of it.
///
/// # Errors
/// When the folder does not exist or cannot be written.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.tmp", std::process::id()));
    let beside = PathBuf::from(beside);
    let done = File::create(&beside)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        // The first error is the one to report.
        let _ = std::fs::remove_file(&beside);
    }
    done.with_context(|| format!("cannot write `{}`", path.display()))
}

/// Writes a new file and the folders it needs; one that is there is never touched.
///
/// # Errors
/// When there is one, or it cannot be written.
pub fn create(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .and_then(|()| File::create_new(path))
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// Files below paths, directories and globs, with one of the extensions, sorted and each once. A path or glob
/// that matches nothing is an error: a policy that silently is not there would be a hole.
///
/// # Errors
/// When a pattern is not a glob, matches nothing, or a directory cannot be read.
pub fn expand(patterns: &[String], extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for pattern in patterns {
        let before = found.len();
        let direct = Path::new(pattern);
        if direct.is_dir() {
            collect(direct, extensions, &mut found)?;
        } else if direct.exists() {
            found.push(direct.to_owned());
        } else {
            let paths = glob::glob(pattern).map_err(|e| anyhow::anyhow!("`{pattern}` is not a glob: {}", e.msg))?;
            for path in paths {
                let path = path.with_context(|| format!("cannot look into `{pattern}`"))?;
                match path.is_dir() {
                    true => collect(&path, extensions, &mut found)?,
                    false => found.push(path),
                }
            }
        }
        if found.len() == before {
            bail!(
                "`{pattern}` matches no {} file\n  help: paths are relative to the working directory",
                extensions.join("/")
            );
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn collect(directory: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(directory).with_context(|| format!("cannot read `{}`", directory.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read `{}`", directory.display()))?.path();
        if path.is_dir() {
            collect(&path, extensions, found)?;
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e)) {
            found.push(path);
        }
    }
    Ok(())
}

/// A path as messages and reports show it: with `/` on every platform.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
