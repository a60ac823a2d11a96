//! Lists `policies/**/*.rego` for embedding, with each file's package, imports, sets and metadata, so that adding a built-in
//! rule is adding its file, and so that a run loads only the rules that its changes call for.
#![expect(clippy::disallowed_methods, reason = "a build script reads the source tree")]

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // A program that is loaded anywhere has 60,000 addresses of tables (time zones above all) to write at each start, which
    // is half of the start; Go's programs are linked like this too. Other C libraries bring start files of their own.
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    let policies = root.join("policies");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", policies.display());
    let mut files = Vec::new();
    collect(&policies, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(file)?;
        let at = metadata_at(&text);
        let _ = writeln!(
            list,
            "    Embedded {{ path: {name:?}, text: include_str!({:?}), package: {:?}, imports: &{:?}, sets: &{:?}, metadata: {:?}, metadata_at: {at:?} }},",
            file.display().to_string(),
            words_after(&text, "package ").next().unwrap_or_default(),
            words_after(&text, "import data.").collect::<Vec<_>>(),
            ["warn", "approve", "deny"]
                .map(|set| words_after(&text, &format!("{set} ")).any(|word| word == "contains")),
            metadata(text.get(at.clone()).unwrap_or_default()),
        );
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded_policies.rs"), list)?;
    fs::write(out.join("action_lengths"), action_lengths(&root)?)
}

/// The length of each action's name in the action table, a byte each: finding the lines would take most of the time
/// that opening the table takes.
fn action_lengths(root: &Path) -> io::Result<Vec<u8>> {
    let table = root.join("src/access/aws/data/actions.txt");
    println!("cargo::rerun-if-changed={}", table.display());
    let text = fs::read_to_string(table)?;
    let names = text.rsplit("\n\n").next().unwrap_or_default();
    names.lines().map(|name| u8::try_from(name.len()).map_err(io::Error::other)).collect()
}

/// Collects the `.rego` files below `folder`, tests included (they are left out where rules are loaded).
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rego") {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}

/// The first word after a line's beginning, for each line that begins so.
fn words_after<'t>(text: &'t str, beginning: &str) -> impl Iterator<Item = &'t str> {
    text.lines().filter_map(move |line| line.strip_prefix(beginning)?.split_whitespace().next())
}

/// Where `metadata := {...}` stands: our rules write it as a literal whose brace closes at a line's beginning. Empty
/// where there is none.
fn metadata_at(text: &str) -> Range<usize> {
    let Some(line) = text.find("\nmetadata := {") else { return 0..0 };
    let rest = text.get(line..).unwrap_or_default();
    line + 1..rest.find("\n}").map_or(text.len(), |end| line + end + 2)
}

/// The object as JSON.
fn metadata(definition: &str) -> String {
    let Some((_, object)) = definition.split_once(":= ") else { return String::new() };
    let body = object.strip_suffix('}').unwrap_or(object).trim_end();
    // Rego takes a comma before the brace, JSON does not.
    format!("{}}}", body.strip_suffix(',').unwrap_or(body))
}
