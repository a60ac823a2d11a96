//! Code that runs and that no plan JSON shows.

use super::{Block, SourceBlocks, Sources, address_in};

/// What is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HiddenKind {
    /// A provisioner in a `removed` block (Terraform 1.9, OpenTofu 1.10): runs when the object is destroyed, and
    /// stands neither in the JSON nor in the human-readable plan.
    RemovedProvisioner,
    /// A provisioner with `when = destroy`: the JSON shows the provisioner, but not when it runs.
    DestroyProvisioner,
    /// An `ephemeral` block: opened during plan and again during apply.
    Ephemeral,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// What it is.
    pub kind: HiddenKind,
    /// The resource it belongs to, as an address within the configuration (no keys): the `from` of a `removed`
    /// block, the resource with the provisioner, the ephemeral resource.
    pub address: String,
    /// The provisioner's type (`local-exec`), or the type of the ephemeral resource.
    pub type_name: String,
    /// The block's arguments, one a line, as they stand in the file: hostile text, and possibly secret.
    pub text: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
}

impl Sources {
    /// Everything that runs and is not in the plan's JSON.
    pub fn hidden(&self) -> Vec<Hidden> {
        let mut found = Vec::new();
        for file in &self.files {
            for block in &file.blocks {
                match block.kind.as_str() {
                    "removed" => removed(file, block, &mut found),
                    "resource" => destroy(file, block, &mut found),
                    "ephemeral" => {
                        let address = address_in(&file.module, &format!("ephemeral.{}", block.labels.join(".")));
                        let type_name = block.labels.first().cloned().unwrap_or_default();
                        found.push(hidden(HiddenKind::Ephemeral, address, type_name, file, block));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

fn removed(file: &SourceBlocks, block: &Block, found: &mut Vec<Hidden>) {
    let from = block.argument("from").unwrap_or_default();
    let from = from.split_whitespace().next().unwrap_or_default();
    let address = address_in(&file.module, from);
    for provisioner in block.blocks.iter().filter(|block| block.kind == "provisioner") {
        let type_name = provisioner.labels.first().cloned().unwrap_or_default();
        found.push(hidden(HiddenKind::RemovedProvisioner, address.clone(), type_name, file, provisioner));
    }
}

fn destroy(file: &SourceBlocks, block: &Block, found: &mut Vec<Hidden>) {
    for provisioner in block.blocks.iter().filter(|block| block.kind == "provisioner") {
        let when = provisioner.argument("when").unwrap_or_default();
        // `when = destroy`, or as a string in older configurations; a comment may follow.
        if when.trim_start_matches('"').starts_with("destroy") {
            let address = address_in(&file.module, &block.labels.join("."));
            let type_name = provisioner.labels.first().cloned().unwrap_or_default();
            found.push(hidden(HiddenKind::DestroyProvisioner, address, type_name, file, provisioner));
        }
    }
}

fn hidden(kind: HiddenKind, address: String, type_name: String, file: &SourceBlocks, block: &Block) -> Hidden {
    let arguments = block.arguments.iter().map(|argument| format!("{} = {}", argument.name, argument.text));
    let text = arguments.collect::<Vec<_>>().join("\n");
    Hidden { kind, address, type_name, text, file: file.path.clone(), line: block.line }
}
