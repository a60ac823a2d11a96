//! Generators: `cargo xtask NAME`. Each is one file; their output is checked in.

mod aws_actions;
mod aws_managed;
mod catalogue;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Generators of tollgate's embedded data and of benchmark inputs")]
enum Task {
    AwsActions(aws_actions::AwsActions),
    AwsManaged(aws_managed::AwsManaged),
    Catalogue(catalogue::Catalogue),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::AwsActions(options) => aws_actions::run(&options),
        Task::AwsManaged(options) => aws_managed::run(&options),
        Task::Catalogue(options) => catalogue::run(&options),
    }
}
