//! What is derived from the tools' declarations, and the rules of the house.
//!
//! `cargo xtask gen` writes the generated files, `--check` only compares; `cargo xtask tidy` checks floors and
//! dependency budgets. Both checks are tests of this crate, so `cargo test` runs them.

#![allow(clippy::disallowed_methods, reason = "it is no tool, and runs cargo and git")]

mod costs;
mod dist;
mod floors;
mod generate;
mod hot;
mod house;
mod list;
mod new;
mod new_tool_check;
mod packages;
mod release;
#[cfg(test)]
mod rules;
mod secrets;
mod site;
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
    /// Make archives, a formula of Homebrew, packages of npm and wheels of PyPI from the binaries of a release
    Packages(packages::Packages),
    /// Print what the registry and the workspace hold, one item a line, for scripts
    List {
        /// What to print
        what: list::What,
    },
    /// Say what each dependency costs in the binaries users download, in bytes; builds them with their symbols, which takes minutes
    Costs(costs::Costs),
    /// Follow runs of binaries with symbols, and write down for the linker which functions they go through; needs qemu-user-static
    Hot(hot::Hot),
    /// Make a tool that works, to be made into the one that is wanted: crate, cases, page, workflow, benchmark
    New {
        /// Name of the tool, its binary and its action: words of a-z and 0-9 with `-` between them
        name: String,
    },
    /// Make a tool in a copy of the workspace, and try everything: that it builds, is listed, has its action and passes
    NewToolCheck,
    /// Make the documentation as a site, in target/book; needs mdbook
    Site {
        /// Only lay out what mdbook reads, in target/book-src
        #[arg(long)]
        only_sources: bool,
    },
    /// Check the floors, the dependency budgets and the conventions of the house
    Tidy,
}

/// Does what the command line says. It is a library for the end-to-end tests: by `cargo run` everything would be built once more,
/// with the features that this package alone asks for.
///
/// # Errors
/// Why it could not be done, or what a check has found.
pub fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Gen { check } => generate::run(check),
        Task::Dist { check, with_binary } => dist::run(check, with_binary),
        Task::Release(release) => release::run(&house::root(), &release),
        Task::Packages(packages) => packages::run(&house::root(), &packages),
        Task::List { what } => {
            list::run(what);
            Ok(())
        }
        Task::Costs(wanted) => costs::run(&house::root(), &wanted),
        Task::Hot(wanted) => hot::run(&house::root(), &wanted),
        Task::New { name } => new::run(&house::root(), &name),
        Task::NewToolCheck => new_tool_check::run(),
        Task::Site { only_sources } => site::run(&house::root(), only_sources),
        Task::Tidy => tidy::run(),
    }
}
