//! Generators: `cargo xtask NAME`. Each is one file; their output is checked in.

mod aws_actions;
mod aws_managed;
mod bench_cloud;
mod bench_plan;
mod catalogue;
mod roles;

use clap::Parser;

#[derive(Parser)]
#[command(name = "xtask", about = "Generators of tollgate's embedded data and of benchmark inputs")]
enum Task {
    AwsActions(aws_actions::AwsActions),
    AwsManaged(aws_managed::AwsManaged),
    BenchCloud(bench_cloud::BenchCloud),
    BenchPlan(bench_plan::BenchPlan),
    Catalogue(catalogue::Catalogue),
    Roles(roles::Roles),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::AwsActions(options) => aws_actions::run(&options),
        Task::AwsManaged(options) => aws_managed::run(&options),
        Task::BenchCloud(options) => bench_cloud::run(&options),
        Task::BenchPlan(options) => bench_plan::run(&options),
        Task::Catalogue(options) => catalogue::run(&options),
        Task::Roles(options) => roles::run(&options),
    }
}
