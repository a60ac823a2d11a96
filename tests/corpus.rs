//! Every published plan is read, or refused with one line.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test reads files, and says when it skips"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use tollgate::plan::{Keep, ReadError, Sections, read};

/// Where the shared plans are, if they are on this machine.
fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("TOLLGATE_SHARED").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no shared plans at `{}`; set TOLLGATE_SHARED", root.display());
    None
}

/// Files below a folder, sorted.
fn files(root: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = root.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Reads a file whole and in passing; gives why it is refused when it is read whole.
fn outcome(path: &Path) -> Result<(), String> {
    let plain = read(File::open(path).unwrap(), &Keep::nothing());
    let whole = read(File::open(path).unwrap(), &Keep::all().sections(Sections::All).strict(true));
    if let (Ok(plain), Ok(whole)) = (&plain, &whole) {
        assert_eq!(plain.sha256, whole.sha256);
        for (plain, whole) in plain.plans.iter().zip(&whole.plans) {
            assert_eq!(plain.counts, whole.counts, "{}", path.display());
            assert_eq!(whole.counts.rows, whole.changes.len() as u64);
        }
    }
    match (plain, whole) {
        (Ok(_), Ok(_)) => Ok(()),
        // What was dropped is checked by its brackets and strings alone.
        (Err(_), Err(error)) | (Ok(_), Err(error @ (ReadError::DuplicateKey { .. } | ReadError::Syntax { .. }))) => {
            let message = error.to_string();
            assert_eq!(message.lines().count(), 1, "{message}");
            Err(message)
        }
        (plain, whole) => panic!("{}: {:?} but {:?}", path.display(), plain.err(), whole.err()),
    }
}

#[test]
fn published_plans_are_read_or_refused_for_a_known_reason() {
    let Some(shared) = shared() else { return };
    let root = shared.join("corpus/plans");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert!(paths.len() > 400, "{} files", paths.len());
    let mut refused = BTreeMap::new();
    for path in &paths {
        if let Err(message) = outcome(path) {
            refused.insert(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), message);
        }
    }
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus-refused.txt");
    let found: String = refused.iter().map(|(file, why)| format!("{file}: {why}\n")).collect();
    if std::env::var_os("TOLLGATE_BLESS").is_some() {
        std::fs::write(&list, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&list).unwrap_or_default();
    assert_eq!(found, expected, "the list of refused plans changed; look, then run with TOLLGATE_BLESS=1");
}

#[test]
fn scenarios_are_read() {
    let Some(shared) = shared() else { return };
    let mut paths = Vec::new();
    files(&shared.join("scenarios"), &mut paths);
    paths.retain(|path| path.file_name().is_some_and(|name| name == "plan.json"));
    assert!(paths.len() > 300, "{} files", paths.len());
    for path in &paths {
        assert_eq!(outcome(path), Ok(()), "{}", path.display());
    }
}
