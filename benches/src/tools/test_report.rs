//! test-report and its peers on generated results.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::comparison::{self, Job};
use crate::process::{Line, multicall};

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--files", "100"];

/// Compare test-report with junitparser
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The test-report binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Result files, with 100 tests each
    #[arg(long, default_value_t = 1000)]
    files: usize,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

/// Measures both and prints the table.
///
/// # Errors
/// When our own binary fails or the files cannot be written; a peer that is not installed is left out.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    for file in 0..args.files {
        let path = folder.path().join(format!("r{file:06}.xml"));
        std::fs::write(path, results(file)).context("failed to write a result file")?;
    }
    let pattern = folder.path().join("*.xml");
    let pattern = pattern.as_os_str();
    let merged = folder.path().join("merged.out");
    let ours = multicall(&args.bin, "test-report").with([
        "check".as_ref(),
        "--config".as_ref(),
        "none".as_ref(),
        "--fail-on".as_ref(),
        "never".as_ref(),
        "--junit-out".as_ref(),
        merged.as_os_str(),
        pattern,
    ]);
    let peer = folder.path().join("peer.out");
    let mut job = Job::new(format!("{} files with 100 tests each, merged", args.files))
        .ours("test-report", ours, args.runs)
        .peer(
            "junitparser",
            Line::new([
                "junitparser".as_ref(),
                "merge".as_ref(),
                "--glob".as_ref(),
                pattern,
                peer.as_os_str(),
            ]),
            1,
        );
    job.measure(false)?;
    println!("{}\n\n{}", comparison::machine("medians", &[]), job.show());
    Ok(())
}

/// A file of which every tenth test is not green, with a trace and what it printed.
fn results(file: usize) -> String {
    let mut text =
        format!("<?xml version=\"1.0\"?>\n<testsuites><testsuite name=\"s{file}\" tests=\"100\">\n");
    for test in 0..100 {
        let head = format!(
            "<testcase classname=\"pkg{}.Suite{file}\" name=\"test_{test}\" time=\"0.0{test:02}\"",
            file % 7
        );
        let trace = "at some_function (file.c:12)\n".repeat(10);
        // Writing to a string cannot fail.
        let _ = match test % 20 {
            0 => writeln!(
                text,
                "{head}><failure message=\"one is not two\">{trace}</failure><system-out>{trace}</system-out></testcase>"
            ),
            10 => writeln!(text, "{head}><skipped message=\"needs a board\"/></testcase>"),
            _ => writeln!(text, "{head}/>"),
        };
    }
    text.push_str("</testsuite></testsuites>\n");
    text
}
