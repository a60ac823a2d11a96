//! From an address to the file and line of its block.

use std::collections::HashMap;

use super::{Sources, address_in};
use crate::plan::address::{Address, lex, modules};

/// A place in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file's path.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
}

/// Finds blocks by address. Best effort: what comes from generated files or remote modules is not found.
#[derive(Clone, Debug, Default)]
pub struct Locator {
    places: HashMap<String, Location>,
}

impl Locator {
    /// An index of the blocks of a configuration.
    pub fn new(sources: &Sources) -> Self {
        let mut places = HashMap::new();
        for file in &sources.files {
            for block in &file.blocks {
                let labels = block.labels.join(".");
                let rest = match block.kind.as_str() {
                    "resource" => labels,
                    "data" | "ephemeral" | "action" | "module" | "provider" => format!("{}.{labels}", block.kind),
                    // Data sources may stand in a `check` block.
                    "check" => {
                        for data in block.blocks.iter().filter(|block| block.kind == "data") {
                            let rest = format!("data.{}", data.labels.join("."));
                            let place = Location { file: file.path.clone(), line: data.line };
                            places.entry(address_in(&file.module, &rest)).or_insert(place);
                        }
                        continue;
                    }
                    _ => continue,
                };
                let place = Location { file: file.path.clone(), line: block.line };
                places.entry(address_in(&file.module, &rest)).or_insert(place);
            }
        }
        Self { places }
    }

    /// Where the block of a resource, data source, action or module call stands; `address` may have keys.
    pub fn find(&self, address: &str) -> Option<&Location> {
        let config = match Address::parse(address) {
            Some(address) => address.config(),
            None => {
                let tokens = lex(address)?;
                let (path, rest) = modules(&tokens)?;
                if !rest.is_empty() {
                    return None;
                }
                let names: Vec<String> = path.into_iter().map(|step| step.name).collect();
                super::module_address(&names)
            }
        };
        self.places.get(&config)
    }
}
