//! Generators: `cargo xtask NAME`. Each is one file; their output is checked in.

mod catalogue;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Generators of tollgate's embedded data and of benchmark inputs")]
enum Task {
    Catalogue(catalogue::Catalogue),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Catalogue(options) => catalogue::run(&options),
    }
}
