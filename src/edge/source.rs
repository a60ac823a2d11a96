//! The `.tf` files of the working directory: they say where a resource is written, and nothing else.

use std::path::Path;

use super::files;
use crate::plan::hcl::{SourceFile, Sources};

/// The files of the root module in a directory. What cannot be read is left out: places are best effort.
pub fn beside(directory: &Path) -> Sources {
    let Ok(entries) = std::fs::read_dir(directory) else { return Sources::default() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        let name = path.to_string_lossy();
        path.is_file() && (name.ends_with(".tf") || name.ends_with(".tf.json"))
    });
    paths.sort();
    Sources::read(paths.iter().filter_map(|path| {
        let text = files::read_text(path).ok()?.text;
        let shown = path.file_name()?.to_string_lossy().into_owned();
        Some(SourceFile { path: shown, module: Vec::new(), text })
    }))
}
