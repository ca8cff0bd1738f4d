//! What is derived from the tools' declarations, and the rules of the house.
//!
//! `cargo xtask gen` writes the generated files, `--check` only compares; `cargo xtask tidy` checks floors and
//! dependency budgets. Both checks are tests of this crate, so `cargo test` runs them.

mod dist;
mod floors;
mod generate;
mod house;
mod list;
mod release;
#[cfg(test)]
mod rules;
mod tidy;

use clap::{Parser, Subcommand};

/// Housekeeping of the workspace.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write action.yml files, READMEs, templates and schemas from the tools' declarations
    Gen {
        /// Only compare, and fail when a file is stale
        #[arg(long)]
        check: bool,
    },
    /// Write the release tree
    Dist {
        /// Only compare, and fail when a file is stale
        #[arg(long)]
        check: bool,
        /// Also build the binary of this machine into dist/bin, which git ignores
        #[arg(long)]
        with_binary: bool,
    },
    /// Make the commit a release's tags point at, and print its id
    Release(release::Release),
    /// Print what the registry and the workspace hold, one item a line, for scripts
    List {
        /// What to print
        what: list::What,
    },
    /// Check the floors, the dependency budgets and the conventions of the house
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Gen { check } => generate::run(check),
        Task::Dist { check, with_binary } => dist::run(check, with_binary),
        Task::Release(release) => release::run(&house::root(), &release),
        Task::List { what } => list::run(what),
        Task::Tidy => tidy::run(),
    }
}
