//! Benchmarks: whole processes on the same inputs in one run, ours and the peers'.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tables go to standard output, progress to the other"
)]

mod document;
mod generate;
mod process;
mod size_gate;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::generate::Plan;

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a generated ESP32-C3 firmware: firmware.elf and firmware.map
    Gen {
        /// Number of symbols
        #[arg(long, default_value_t = Plan::BASE.symbols)]
        symbols: usize,
        /// Bytes of the ELF file, about; debug information fills it up
        #[arg(long, default_value_t = Plan::BASE.elf_bytes)]
        elf_bytes: u64,
        /// Size of the ELF file in MB, about, with symbols in proportion
        #[arg(long, conflicts_with_all = ["symbols", "elf_bytes"])]
        scale: Option<u64>,
        /// Folder to write to
        #[arg(long)]
        out: PathBuf,
    },
    /// Compare size-gate with esp-idf-size, elf-size-analyze and GNU binutils
    SizeGate(size_gate::Args),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Gen { symbols, elf_bytes, scale, out } => {
            let plan = scale.map_or(Plan { symbols, elf_bytes }, Plan::of_size);
            let files = generate::write(plan, &out)?;
            for file in [files.elf, files.map] {
                println!("{} {} bytes", file.display(), std::fs::metadata(&file)?.len());
            }
            Ok(())
        }
        Command::SizeGate(args) => size_gate::run(&args),
    }
}
