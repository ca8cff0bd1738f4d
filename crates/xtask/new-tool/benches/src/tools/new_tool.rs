//! new-tool and its peers on a generated file.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::comparison::{self, Job};
use crate::document;
use crate::process::{Line, multicall};

/// What `.ci/run` and `.ci/bench` give it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &[];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &[];

/// Compare new-tool with `wc -c`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The new-tool binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Document to write the table into, between `<!-- bench:new-tool -->` and `<!-- /bench:new-tool -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Measures both and prints the table.
///
/// # Errors
/// When our own binary fails or the file cannot be written; a peer that is not installed is left out.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let file = folder.path().join("app.bin");
    let bytes: Vec<u8> = (0..16_000_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    std::fs::write(&file, bytes).context("failed to write the file")?;
    let file = file.as_os_str();
    let ours = multicall(&args.bin, "new-tool").with(["--config".as_ref(), "none".as_ref(), "--file".as_ref(), file]);
    let mut job = Job::new("A file of 16 MB")
        .ours("new-tool", ours, args.runs)
        .peer("`wc -c`", Line::new(["wc".as_ref(), "-c".as_ref(), file]), args.runs);
    job.measure(false)?;
    let text = format!("{}\n\n{}", comparison::machine("medians", &[]), job.show());
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "new-tool", &text)?;
    }
    Ok(())
}
