//! pr-comment on many reports at once.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate;
use crate::process::multicall;

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--reports", "50"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &[];

/// Join many reports into one comment; no other program reads them
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The pr-comment binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Reports
    #[arg(long, default_value_t = 500)]
    reports: usize,
    /// Measures of each report, of which every hundredth has a limit and every tenth has changed
    #[arg(long, default_value_t = 5000)]
    measures: usize,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Document to write the tables into, between `<!-- bench:pr-comment -->` and `<!-- /bench:pr-comment -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Measures it and prints the table.
///
/// # Errors
/// When our own binary fails or the files cannot be written.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let pattern = generate::many(folder.path(), args.reports, |index| report(index, args.measures))?;
    let ours = multicall(&args.bin, "pr-comment").with([
        "--config".as_ref(),
        "none".as_ref(),
        "--dry-run".as_ref(),
        "--any-commit".as_ref(),
        "--format".as_ref(),
        "comment".as_ref(),
        "--reports".as_ref(),
        pattern.as_os_str(),
    ]);
    let mut job = Job::new(format!("{} reports of {} measures joined", args.reports, args.measures)).ours(
        "pr-comment",
        ours,
        args.runs,
    );
    job.measure(false)?;
    let text = format!("{}\n\n{}", comparison::machine("medians", &[]), job.show());
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "pr-comment", &text)?;
    }
    Ok(())
}

/// A report of a subject of its own.
fn report(index: usize, measures: usize) -> String {
    let mut text = String::from(
        r#"{"schema":"lw-report/1","tool":{"name":"size-gate","version":"1.0.0"},"verdict":"pass","summary":"limits met","measures":["#,
    );
    for measure in 0..measures {
        let comma = if measure == 0 { "" } else { "," };
        let value = (index * 31 + measure * 7) % 900_000;
        let baseline = if measure % 10 == 0 { value + 1 } else { value };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}{{\"name\":\"symbol.of_some_length_{measure}\",\"subject\":\"board-{index}\",\"value\":{value},\"unit\":\"bytes\",\"baseline\":{baseline},\"direction\":\"lower\""
        );
        if measure % 100 == 0 {
            text.push_str(",\"limits\":[{\"bound\":\"max\",\"threshold\":{\"amount\":1000000},\"on_breach\":\"fail\",\"outcome\":\"met\",\"origin\":\"--max\"}]");
        }
        text.push('}');
    }
    text.push_str("]}");
    text
}
