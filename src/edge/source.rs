//! The `.tf` files of the working directory: they say where a resource is written, and nothing else.

use std::collections::VecDeque;
use std::path::{Component, Path, PathBuf};

use super::files;
use crate::plan::archive::installed_modules;
use crate::plan::hcl::{Block, SourceFile, Sources};

/// Modules that are looked at; a call that leads back to its caller would not end.
const MAX_MODULES: usize = 1_000;
/// Modules within modules.
const MAX_DEPTH: usize = 16;
/// Bytes of one file; larger ones are generated.
const MAX_FILE: u64 = 4 << 20;

/// One module that is still to be read.
struct Module {
    calls: Vec<String>,
    directory: PathBuf,
}

/// The files of the configuration in a directory: the root module, the modules that `terraform init` installed
/// (`.terraform/modules/modules.json`), and those whose source is a folder. What cannot be read is left out: places
/// are best effort. Paths are shown relative to the directory.
pub fn beside(directory: &Path) -> Sources {
    let installed = files::read_text(&directory.join(".terraform/modules/modules.json"))
        .ok()
        .and_then(|manifest| installed_modules(&manifest.text))
        .unwrap_or_default();
    let mut sources = Sources::default();
    let mut open = VecDeque::from([Module { calls: Vec::new(), directory: PathBuf::new() }]);
    let mut seen = 0;
    while let Some(module) = open.pop_front() {
        seen += 1;
        let mut read = Sources::read(files_of(directory, &module));
        let calls = read.files.iter().flat_map(|file| &file.blocks).filter(|block| block.kind == "module");
        for (name, call) in calls.filter_map(|call| Some((call.labels.first()?, call))) {
            let mut path = module.calls.clone();
            path.push(name.clone());
            let place = match installed.get(&path.join(".")) {
                Some(module) => Some(PathBuf::from(&module.dir)),
                None => folder(call).map(|source| module.directory.join(source)),
            };
            if let Some(place) = place.filter(|_| path.len() <= MAX_DEPTH && seen + open.len() < MAX_MODULES) {
                open.push_back(Module { calls: path, directory: normal(&place) });
            }
        }
        sources.files.append(&mut read.files);
    }
    sources
}

/// The folder that a call's source names, relative to the calling module.
fn folder(call: &Block) -> Option<&str> {
    let source = call.argument("source")?.strip_prefix('"')?.split('"').next()?;
    (source.starts_with("./") || source.starts_with("../")).then_some(source)
}

/// Without `.`, and without `..` behind a name.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn files_of(directory: &Path, module: &Module) -> Vec<SourceFile> {
    let Ok(entries) = std::fs::read_dir(directory.join(&module.directory)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        let name = path.to_string_lossy();
        [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|end| name.ends_with(end))
            && path.metadata().is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE)
    });
    paths.sort();
    let read = |path: &PathBuf| {
        let text = files::read_text(path).ok()?.text;
        let shown = module.directory.join(path.file_name()?);
        // Reports name places as repositories do, with slashes.
        let shown = shown.to_string_lossy().replace('\\', "/");
        Some(SourceFile { path: shown, module: module.calls.clone(), text })
    };
    paths.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::hcl::Locator;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::TempDir::new().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    fn places(root: &Path, addresses: &[&str]) -> Vec<Option<String>> {
        let places = Locator::new(&beside(root));
        let shown = |address: &&str| places.find(address).map(|place| format!("{}:{}", place.file, place.line));
        addresses.iter().map(shown).collect()
    }

    #[test]
    fn modules_are_followed_by_folder_and_by_manifest() {
        let resource = "resource \"aws_iam_role\" \"r\" {}\n";
        let root = tree(&[
            (
                "env/main.tf",
                "module \"app\" {\n  source = \"../modules/app\" # c\n}\nmodule \"far\" {\n  source = \"acme/far/aws\"\n}\n",
            ),
            ("modules/app/main.tf", &format!("\n{resource}module \"in\" {{ source = \"./in\" }}\n")),
            ("modules/app/in/x.tf", resource),
            ("env/.terraform/modules/far/main.tf", resource),
            (
                "env/.terraform/modules/modules.json",
                r#"{"Modules": [{"Key": "", "Source": "", "Dir": "."},
                   {"Key": "far", "Source": "registry.terraform.io/acme/far/aws", "Dir": ".terraform/modules/far"}]}"#,
            ),
        ]);
        let found = places(
            &root.path().join("env"),
            &[
                "module.app[\"k\"].aws_iam_role.r[0]",
                "module.app.module.in.aws_iam_role.r",
                "module.far.aws_iam_role.r",
            ],
        );
        let expected = ["../modules/app/main.tf:2", "../modules/app/in/x.tf:1", ".terraform/modules/far/main.tf:1"];
        assert_eq!(found, expected.map(|place| Some(place.to_owned())));
    }

    #[test]
    fn calls_in_a_circle_end_and_other_sources_are_not_followed() {
        let root =
            tree(&[("main.tf", "module \"a\" {\n  source = \"./\"\n}\nmodule \"b\" {\n  source = \"/etc\"\n}\n")]);
        assert_eq!(beside(root.path()).files.len(), MAX_DEPTH + 1);
        let broken = tree(&[("main.tf", "resource {"), (".terraform/modules/modules.json", "[")]);
        assert!(beside(broken.path()).files.is_empty());
    }
}
