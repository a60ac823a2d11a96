//! A directory as a store; for one machine.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Created, ObjectStore, StoreError, check_key};

/// Objects larger than this are not ours.
const MAX_BYTES: u64 = 1 << 30;
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A directory whose files are write-once objects.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    root: PathBuf,
}

impl DirectoryStore {
    /// The store in this directory; it is made on the first write.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn error(&self, action: &'static str, key: &str, error: &std::io::Error) -> StoreError {
        StoreError::Io { action, key: key.to_owned(), store: self.name(), error: error.to_string() }
    }
}

impl ObjectStore for DirectoryStore {
    fn create(&self, key: &str, bytes: &[u8]) -> Result<Created, StoreError> {
        check_key(key)?;
        let target = self.root.join(key);
        let failed = |error: std::io::Error| self.error("create", key, &error);
        let parent = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(failed)?;
        // A whole file first, then its name: a hard link fails if the name exists, and never shows half a file.
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary = parent.join(format!(".new-{}-{unique}", std::process::id()));
        let written = write_whole(&temporary, bytes).and_then(|()| match fs::hard_link(&temporary, &target) {
            Ok(()) => sync_directory(parent).map(|()| Created::New),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Created::Existed),
            Err(error) => Err(error),
        });
        // A temporary file that stays behind is no object: its name starts with a dot.
        let _ = fs::remove_file(&temporary);
        written.map_err(failed)
    }

    fn read(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        let failed = |error: std::io::Error| self.error("read", key, &error);
        let file = match File::open(self.root.join(key)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(failed(std::io::Error::other("larger than 1 GiB")));
        }
        Ok(Some(bytes))
    }

    fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let bare = prefix.strip_suffix('/').unwrap_or(prefix);
        check_key(bare)?;
        let failed = |error: std::io::Error| self.error("list", prefix, &error);
        let entries = match fs::read_dir(self.root.join(bare)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                return Err(failed(std::io::Error::other("a file's name is not UTF-8")));
            };
            if !name.starts_with(".new-") {
                names.push(format!("{bare}/{name}"));
            }
        }
        names.sort();
        Ok(names)
    }

    fn name(&self) -> String {
        format!("file://{}", self.root.display())
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// On Unix the new name is on disk only when its directory is.
fn sync_directory(path: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}
