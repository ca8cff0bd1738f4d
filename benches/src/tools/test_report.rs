//! test-report and its peers on generated results.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::comparison::{self, Job};
use crate::document;
use crate::process::{Line, multicall};

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--files", "100"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &[];

/// Compare test-report with junitparser and junit-report-merger (`jrm`), and with itself on ten times as many files
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
    /// Document to write the tables into, between `<!-- bench:test-report -->` and `<!-- /bench:test-report -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Measures all and prints the tables.
///
/// # Errors
/// When our own binary fails or the files cannot be written; a peer that is not installed is left out.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut jobs = Vec::new();
    for files in [args.files, 10 * args.files] {
        let folder = folder.path().join(files.to_string());
        std::fs::create_dir(&folder).context("failed to create a folder")?;
        for file in 0..files {
            let path = folder.join(format!("r{file:06}.xml"));
            std::fs::write(path, results(file)).context("failed to write a result file")?;
        }
        let pattern = folder.join("*.xml");
        let merged = folder.join("merged.out");
        let ours = multicall(&args.bin, "test-report").with([
            "check".as_ref(),
            "--config".as_ref(),
            "none".as_ref(),
            "--fail-on".as_ref(),
            "never".as_ref(),
            "--junit-out".as_ref(),
            merged.as_os_str(),
            pattern.as_os_str(),
        ]);
        let mut job = Job::new(format!("{files} files with 100 tests each, merged")).ours(
            "test-report",
            ours,
            args.runs,
        );
        if files == args.files {
            let peer = folder.join("peer.out");
            let (pattern, peer) = (pattern.as_os_str(), peer.as_os_str());
            let jrm = Line::new(["jrm".as_ref(), peer, pattern]);
            let junitparser =
                Line::new(["junitparser".as_ref(), "merge".as_ref(), "--glob".as_ref(), pattern, peer]);
            job = job.peer("junit-report-merger", jrm, args.runs).peer("junitparser", junitparser, 1);
        }
        job.measure(false)?;
        jobs.push(job.show());
    }
    let text = format!("{}\n\n{}", comparison::machine("medians", &[]), jobs.join("\n"));
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "test-report", &text)?;
    }
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
