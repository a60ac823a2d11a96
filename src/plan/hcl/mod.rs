//! The configuration's source: what a plan's JSON hides, and where things stand.
//!
//! Provisioners of `removed` blocks, the `when` of provisioners and (for Terraform) ephemeral resources are in no
//! plan JSON, but they run code. Here they are read from the `.tf` and `.tf.json` files, of the plan archive or of a
//! working directory; whoever has the files passes them in.

mod blocks;
mod hidden;
mod json;
mod locate;

pub use blocks::{Argument, Block, Malformed};
pub use hidden::{Hidden, HiddenKind};
pub use locate::{Location, Locator};

use super::error::printable;
use super::undetermined::Undetermined;

/// One file of the configuration.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path to show, such as `modules/app/main.tf`.
    pub path: String,
    /// The calls that lead to the module it belongs to, without keys; empty for the root module.
    pub module: Vec<String>,
    /// The text.
    pub text: String,
}

/// The blocks of one file.
#[derive(Clone, Debug)]
pub struct SourceBlocks {
    /// The path to show.
    pub path: String,
    /// The calls that lead to its module.
    pub module: Vec<String>,
    /// The top-level blocks, in the file's order.
    pub blocks: Vec<Block>,
}

/// What the files of a configuration say.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The files that could be read.
    pub files: Vec<SourceBlocks>,
    /// The files that could not: what they hide is not known.
    pub undetermined: Vec<Undetermined>,
}

impl Sources {
    /// Reads files. One that cannot be read becomes an [`Undetermined`] entry with the code `unreadable_source`.
    pub fn read(files: impl IntoIterator<Item = SourceFile>) -> Self {
        let mut sources = Self::default();
        for file in files {
            let read = if file.path.ends_with(".json") { json::read(&file.text) } else { blocks::read(&file.text) };
            match read {
                Ok(blocks) => sources.files.push(SourceBlocks { path: file.path, module: file.module, blocks }),
                Err(error) => sources.undetermined.push(Undetermined::of_plan(
                    "unreadable_source",
                    format!(
                        "`{}` cannot be read at line {} ({}), so code that it hides from the plan is not known; run \
                         `terraform validate`",
                        printable(&file.path),
                        error.line,
                        error.what
                    ),
                )),
            }
        }
        sources
    }
}

/// The address of a module: `module.a.module.b`, empty for the root.
fn module_address(module: &[String]) -> String {
    module.iter().map(|name| format!("module.{name}")).collect::<Vec<_>>().join(".")
}

/// An address within a module.
fn address_in(module: &[String], rest: &str) -> String {
    if module.is_empty() { rest.to_owned() } else { format!("{}.{rest}", module_address(module)) }
}
