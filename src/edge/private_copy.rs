//! A private copy of a plan file: what was hashed is what is applied, whatever happens to the original.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::approval::Digest;

/// No plan file is larger.
const MAX_BYTES: u64 = 1 << 30;

/// A copy in a directory that only this user can enter; both are removed when it is dropped.
#[derive(Debug)]
pub struct PrivateCopy {
    directory: PathBuf,
    file: PathBuf,
    digest: Digest,
}

impl PrivateCopy {
    /// Copies a regular file; a symbolic link is refused, because it can be pointed elsewhere between two looks.
    ///
    /// # Errors
    /// When it is no regular file, or cannot be copied.
    pub fn of(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = open_itself(path).with_context(|| format!("cannot open `{shown}` (a symbolic link is refused)"))?;
        if !file.metadata().with_context(|| format!("cannot read `{shown}`"))?.is_file() {
            bail!("`{shown}` is not a regular file");
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read `{shown}`"))?;
        if bytes.len() as u64 > MAX_BYTES {
            bail!("`{shown}` is larger than 1 GiB");
        }
        Self::with(&bytes)
    }

    /// A copy of bytes that came from elsewhere, such as the plan store.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn with(bytes: &[u8]) -> Result<Self> {
        let directory = private_directory().context("cannot make a private directory")?;
        let copy = directory.join("plan.tfplan");
        // From here on dropping removes the directory.
        let made = Self { directory, file: copy, digest: Digest::of(bytes) };
        std::fs::write(&made.file, bytes).context("cannot write the private copy")?;
        Ok(made)
    }

    /// The copy.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// SHA-256 of the copy's bytes.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the copy still has the bytes that were hashed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_unchanged(&self) -> Result<bool> {
        let bytes = std::fs::read(&self.file).context("cannot read the private copy")?;
        Ok(Digest::of(&bytes) == self.digest)
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        // Nothing can be done about what cannot be removed; the runner's temporary directory goes with the job.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[cfg(unix)]
fn open_itself(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(std::io::Error::other)?;
    std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open_itself(path: &Path) -> std::io::Result<std::fs::File> {
    if std::fs::symlink_metadata(path)?.file_type().is_symlink() {
        return Err(std::io::Error::other("it is a symbolic link"));
    }
    std::fs::File::open(path)
}

/// A new directory that nobody else can enter. A name that exists is never taken over.
fn private_directory() -> std::io::Result<PathBuf> {
    let root = std::env::var_os("RUNNER_TEMP").map_or_else(std::env::temp_dir, PathBuf::from);
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    for attempt in 0..100_u32 {
        let path = root.join(format!("tollgate-{}-{attempt}", std::process::id()));
        match builder.create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("a hundred names are taken"))
}
