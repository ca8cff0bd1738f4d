//! Benchmarks: whole processes on the same inputs in one run, ours and the peers'.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tables go to standard output, progress to the other"
)]

mod comparison;
mod coverage_gate;
mod document;
mod generate;
mod ota_package;
mod process;
mod size_gate;
mod table;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::generate::{Plan, image, tracefile};

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
    /// Write generated lcov tracefiles of one program, run-0.info and so on, and its sources; print what they say
    GenCoverage {
        /// Size of each tracefile in MB, about
        #[arg(long, default_value_t = 100)]
        megabytes: u64,
        /// Number of tracefiles
        #[arg(long, default_value_t = 1)]
        runs: u64,
        /// Write the text of the sources; otherwise they are empty files
        #[arg(long)]
        sources: bool,
        /// Folder to write to
        #[arg(long)]
        out: PathBuf,
    },
    /// Compare size-gate with esp-idf-size, elf-size-analyze and GNU binutils
    SizeGate(size_gate::Args),
    /// Compare coverage-gate with lcov, genhtml and grcov
    CoverageGate(coverage_gate::Args),
    /// Write a generated ESP32-S3 image
    GenImage {
        /// Bytes of the image, a multiple of 16
        #[arg(long, default_value_t = 4 << 20)]
        bytes: u32,
        /// Which of two releases, 0 or 1
        #[arg(long, default_value_t = 0)]
        release: u64,
        /// Write the next build of this image instead
        #[arg(long, conflicts_with_all = ["bytes", "release"])]
        after: Option<PathBuf>,
        /// File to write to
        #[arg(long)]
        out: PathBuf,
    },
    /// Compare ota-package with mender-artifact, detools, and the hash of the image
    OtaPackage(ota_package::Args),
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
        Command::GenCoverage { megabytes, runs, sources, out } => {
            let plan = tracefile::Plan { bytes: megabytes * 1_000_000, runs, sources };
            println!("{}", tracefile::write(plan, &out)?);
            Ok(())
        }
        Command::SizeGate(args) => size_gate::run(&args),
        Command::CoverageGate(args) => coverage_gate::run(&args),
        Command::GenImage { after: Some(image), out, .. } => image::write_next_build(&image, &out),
        Command::GenImage { bytes, release, out, .. } => image::write(image::Plan { bytes, release }, &out),
        Command::OtaPackage(args) => ota_package::run(&args),
    }
}
