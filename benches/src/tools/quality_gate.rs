//! quality-gate on many reports at once.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate;
use crate::process::multicall;

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--reports", "100"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &[];

/// Hold many reports to one policy; no other program reads them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The quality-gate binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Reports, with 100 measures and a table of 200 rows each
    #[arg(long, default_value_t = 500)]
    reports: usize,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Document to write the tables into, between `<!-- bench:quality-gate -->` and `<!-- /bench:quality-gate -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Measures it and prints the table.
///
/// # Errors
/// When our own binary fails or the files cannot be written.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let pattern = generate::many(folder.path(), args.reports, report)?;
    let ours = multicall(&args.bin, "quality-gate").with([
        "check".as_ref(),
        "--config".as_ref(),
        "none".as_ref(),
        "--max".as_ref(),
        "measure.0=1000000".as_ref(),
        "--min".as_ref(),
        "measure.99=0".as_ref(),
        pattern.as_os_str(),
    ]);
    let mut job =
        Job::new(format!("{} reports joined and judged", args.reports)).ours("quality-gate", ours, args.runs);
    job.measure(false)?;
    let text = format!("{}\n\n{}", comparison::machine("medians", &[]), job.show());
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "quality-gate", &text)?;
    }
    Ok(())
}

/// A report of about 40 KB.
fn report(index: usize) -> String {
    let mut text = format!(
        "{{\"schema\":\"lw-report/1\",\"tool\":{{\"name\":\"size-gate\",\"version\":\"1.0.0\"}},\"title\":\"leg {index}\",\"verdict\":\"pass\",\"summary\":\"100 limits met\",\"measures\":["
    );
    for measure in 0..100 {
        let comma = if measure == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}{{\"name\":\"measure.{measure}\",\"value\":{},\"unit\":\"bytes\",\"whole\":1000000,\"direction\":\"lower\"}}",
            (index * 31 + measure * 7) % 900_000
        );
    }
    text.push_str("],\"tables\":[{\"id\":\"t\",\"title\":\"T\",\"columns\":[{\"title\":\"a\",\"align\":\"left\"},{\"title\":\"b\",\"align\":\"right\"}],\"rows\":[");
    for row in 0..200 {
        let comma = if row == 0 { "" } else { "," };
        let _ =
            write!(text, "{comma}[{{\"code\":\"symbol_of_some_length_{row}\"}},{{\"bytes\":{}}}]", row * 13);
    }
    text.push_str("]}]}");
    text
}
