//! Benchmarks: whole processes on the same inputs in one run, ours and the peers'.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tables go to standard output, progress to the other"
)]
#![allow(clippy::disallowed_methods, reason = "it measures other programs")]

mod before_after;
mod comparison;
mod document;
mod generate;
mod process;
mod table;
mod tools;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

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
        /// Write the text of the sources; otherwise they have as many empty lines
        #[arg(long)]
        sources: bool,
        /// Folder to write to
        #[arg(long)]
        out: PathBuf,
    },
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
    #[command(flatten)]
    Tool(tools::Tool),
    BeforeAfter(before_after::Args),
    /// Measure all tools again and write their tables into a document; says which peers were not there
    All {
        /// Folder with the tools' binaries
        #[arg(long)]
        bin: PathBuf,
        /// Only these tools
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Document to write the tables into
        #[arg(long, default_value = "docs/performance.md")]
        write: PathBuf,
    },
    /// Run the benchmark of a tool with the arguments it has for CI; says so when the tool has no benchmark
    InCi {
        /// Name of the tool
        tool: String,
        /// Its binary
        #[arg(long)]
        bin: PathBuf,
    },
}

fn main() -> Result<()> {
    run(Cli::parse().command)
}

/// Measures each tool as the document has it.
fn all(bin: &Path, only: &[String], write: &Path) -> Result<()> {
    let wanted = |tool: &str| only.is_empty() || only.iter().any(|name| name == tool);
    for (tool, arguments) in tools::IN_DOCUMENT.iter().filter(|(tool, _)| wanted(tool)) {
        let line = ["lw-bench".into(), (*tool).into(), "--bin".into(), bin.join(tool).into_os_string()];
        let rest = arguments.iter().map(OsString::from);
        let line = line.into_iter().chain(rest).chain(["--write".into(), write.as_os_str().to_owned()]);
        run(Cli::try_parse_from(line)?.command)?;
    }
    Ok(())
}

fn run(command: Command) -> Result<()> {
    match command {
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
        Command::GenImage { after: Some(image), out, .. } => image::write_next_build(&image, &out),
        Command::GenImage { bytes, release, out, .. } => image::write(image::Plan { bytes, release }, &out),
        Command::Tool(tool) => tool.run(),
        Command::BeforeAfter(args) => before_after::run(&args),
        Command::All { bin, only, write } => all(&bin, &only, &write),
        Command::InCi { tool, bin } => {
            let Some(arguments) = tools::arguments_in_ci(&tool) else {
                println!(
                    "{tool} has no benchmark: benches/src/tools/{}.rs is not there",
                    tool.replace('-', "_")
                );
                return Ok(());
            };
            let line = ["lw-bench".into(), tool.into(), "--bin".into(), bin.into_os_string()];
            let line = line.into_iter().chain(arguments.iter().map(Into::into));
            run(Cli::try_parse_from(line)?.command)
        }
    }
}
