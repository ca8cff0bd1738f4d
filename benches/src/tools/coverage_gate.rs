//! coverage-gate and its peers on generated tracefiles.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate::tracefile::{self, Figures, Plan};
use crate::process::{Line, multicall};
use crate::table::megabytes;

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--megabytes", "20"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &[];

/// Compare coverage-gate with lcov, genhtml and grcov
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The coverage-gate binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Runs of each peer that is written in Perl, which takes long
    #[arg(long, default_value_t = 1)]
    peer_runs: usize,
    /// Size of the large tracefile in MB
    #[arg(long, default_value_t = 100)]
    megabytes: u64,
    /// grcov
    #[arg(long, default_value = "grcov")]
    grcov: OsString,
    /// lcov
    #[arg(long, default_value = "lcov")]
    lcov: OsString,
    /// genhtml
    #[arg(long, default_value = "genhtml")]
    genhtml: OsString,
    /// Fail when coverage-gate is not as many times as fast as its peers as it has to be; runs only what that needs
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:coverage-gate -->` and `<!-- /bench:coverage-gate -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// How many times as fast as each peer coverage-gate has to be at the same job.
const AS_GRCOV: f64 = 5.0;
const AS_LCOV: f64 = 50.0;
const AS_GENHTML: f64 = 20.0;

/// Sizes of the tracefiles to merge, and of the one that becomes pages, in MB.
const SHARD: u64 = 20;
const PAGES: u64 = 3;

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails or tells other figures than were generated, or an input cannot be written; a peer that is
/// not installed is left out. With `--check` also when a peer is missing or a ratio is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let input = |name: &str, megabytes: u64, runs: u64, sources: bool| {
        let folder = folder.path().join(name);
        let figures = tracefile::write(Plan { bytes: megabytes * 1_000_000, runs, sources }, &folder)?;
        Ok::<_, anyhow::Error>(Input { folder, figures })
    };
    let (large, shards, pages) = (
        input("large", args.megabytes, 1, false)?,
        input("shards", SHARD, 2, false)?,
        input("pages", PAGES, 1, true)?,
    );
    let out = folder.path().join("out");
    std::fs::create_dir(&out).with_context(|| format!("failed to create {}", out.display()))?;
    let mut jobs = [
        totals(args, &large),
        copy(args, &large, &out),
        merge(args, &shards, &out),
        html(args, &pages, &out),
    ];
    let mut text = format!("{}\n{}", machine(args), large.describe()?);
    for job in &mut jobs {
        job.measure(args.check)?;
        write!(text, "\n{}", job.show())?;
    }
    let written = [("read and written", "copy", &large), ("merged", "merged", &shards)];
    for (what, name, input) in written {
        writeln!(text, "\n{}", agreement(what, name, &input.figures, &out)?)?;
    }
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "coverage-gate", &text)?;
    }
    if args.check { jobs.iter().try_for_each(Job::check) } else { Ok(()) }
}

/// Tracefiles and the sources they are of.
struct Input {
    folder: PathBuf,
    figures: Figures,
}

impl Input {
    fn describe(&self) -> Result<String> {
        let size = std::fs::metadata(self.folder.join(tracefile::name(0)))?.len();
        Ok(format!("The large tracefile has {}: {}.\n", megabytes(size), self.figures))
    }
}

/// Our command; the multi-call binary needs the name of the tool.
fn ours(args: &Args) -> Line {
    multicall(&args.bin, "coverage-gate").with(["--config", "none"])
}

fn machine(args: &Args) -> String {
    let version = |program: &OsString| Line::new([program]).with(["--version"]);
    comparison::machine(
        &format!("median of {} runs ({} of lcov and genhtml)", args.runs, args.peer_runs),
        &[
            ("coverage-gate", multicall(&args.bin, "coverage-gate").with(["--version"])),
            ("grcov", version(&args.grcov)),
            ("lcov", version(&args.lcov)),
        ],
    )
}

/// Runs of a Perl program that is only of interest to a reader.
fn idle(args: &Args) -> usize {
    if args.check { 0 } else { args.peer_runs }
}

fn totals(args: &Args, input: &Input) -> Job {
    let (run, folder) = (tracefile::name(0), &input.folder);
    let grcov = |kind: &str| grcov(args, &[&run], kind, Path::new("/dev/null")).within(folder);
    let summary =
        Line::new([&args.lcov]).with(["--rc", "lcov_branch_coverage=1", "--summary", &run]).within(folder);
    Job::new(format!("Totals of {} MB", args.megabytes))
        .ours("coverage-gate", ours(args).with(["--coverage", &run]).within(folder), args.runs)
        .rival(
            "grcov `-t covdir`, its cheapest output with totals (of lines)",
            grcov("covdir"),
            args.runs,
            Some(AS_GRCOV),
        )
        .peer("grcov `-t files`, which reads all but tells only names", grcov("files"), args.runs)
        .rival("lcov `--summary`", summary, args.peer_runs, Some(AS_LCOV))
}

fn copy(args: &Args, input: &Input, out: &Path) -> Job {
    let (run, folder) = (tracefile::name(0), &input.folder);
    Job::new(format!("{} MB read and written as lcov", args.megabytes))
        .ours(
            "coverage-gate `--lcov-out`",
            rewritten(args, &[&run], &out.join("copy.ours")).within(folder),
            args.runs,
        )
        .rival(
            "grcov `-t lcov`",
            grcov(args, &[&run], "lcov", &out.join("copy.grcov")).within(folder),
            args.runs,
            None,
        )
        .peer("lcov `-a`", added(args, &[&run], &out.join("copy.lcov")).within(folder), idle(args))
}

fn merge(args: &Args, input: &Input, out: &Path) -> Job {
    let (one, other, folder) = (tracefile::name(0), tracefile::name(1), &input.folder);
    let runs = [one.as_str(), other.as_str()];
    Job::new(format!("2 × {SHARD} MB merged and written as lcov"))
        .ours(
            "coverage-gate `--lcov-out`",
            rewritten(args, &runs, &out.join("merged.ours")).within(folder),
            args.runs,
        )
        .peer(
            "grcov `-t lcov`",
            grcov(args, &runs, "lcov", &out.join("merged.grcov")).within(folder),
            args.runs,
        )
        .peer("lcov `-a -a`", added(args, &runs, &out.join("merged.lcov")).within(folder), idle(args))
}

fn html(args: &Args, input: &Input, out: &Path) -> Job {
    let (run, folder) = (tracefile::name(0), &input.folder);
    let pages = |name: &str| out.join(name);
    let genhtml = Line::new([&args.genhtml])
        .with(["--branch-coverage", "--quiet", &run, "-o"])
        .with([pages("genhtml")]);
    let ours = ours(args).with(["--coverage", &run, "--html"]).with([pages("ours")]);
    let grcov = grcov(args, &[&run], "html", &pages("grcov"));
    let made = |line: Line, name: &str| line.within(folder).making(&pages(name));
    Job::new(format!("HTML of {PAGES} MB, with sources"))
        .ours("coverage-gate `--html`", made(ours, "ours"), args.runs)
        .rival("genhtml", made(genhtml, "genhtml"), args.peer_runs, Some(AS_GENHTML))
        .peer("grcov `-t html`", made(grcov, "grcov"), args.runs)
}

fn rewritten(args: &Args, runs: &[&str], out: &Path) -> Line {
    let inputs = runs.iter().flat_map(|run| ["--coverage", run]);
    ours(args).with(inputs).with(["--lcov-out"]).with([out]).making(out)
}

fn grcov(args: &Args, runs: &[&str], kind: &str, out: &Path) -> Line {
    let line = Line::new([&args.grcov]).with(runs).with(["--branch", "-t", kind, "-o"]).with([out]);
    if kind == "lcov" { line.making(out) } else { line }
}

fn added(args: &Args, runs: &[&str], out: &Path) -> Line {
    let inputs = runs.iter().flat_map(|run| ["-a", run]);
    Line::new([&args.lcov])
        .with(["--rc", "lcov_branch_coverage=1", "--quiet"])
        .with(inputs)
        .with(["-o"])
        .with([out])
        .making(out)
}

/// Whether all wrote what was generated. Ours must; of a peer it is told.
fn agreement(what: &str, name: &str, wanted: &Figures, out: &Path) -> Result<String> {
    let mut sentences = Vec::new();
    for tool in ["ours", "grcov", "lcov"] {
        let path = out.join(format!("{name}.{tool}"));
        if !path.exists() {
            continue;
        }
        let told = recount(&path).with_context(|| format!("failed to read {}", path.display()))?;
        ensure!(
            tool != "ours" || told == *wanted,
            "{what}: coverage-gate wrote {told}, generated was {wanted}"
        );
        let who = if tool == "ours" { "coverage-gate" } else { tool };
        sentences.push(match told == *wanted {
            true => format!("{who}: as generated"),
            false => format!("{who}: {told}"),
        });
    }
    Ok(format!("What was {what} ({wanted}), recounted: {}.", sentences.join("; ")))
}

/// What a tracefile says, line by line, so that this process stays small.
fn recount(path: &Path) -> Result<Figures> {
    let mut figures = Figures::default();
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = line.trim_ascii_end();
        let last = |text: &[u8]| text.rsplit(|byte| *byte == b',').next().is_some_and(is_hit);
        let first = |text: &[u8]| text.split(|byte| *byte == b',').next().is_some_and(is_hit);
        if let Some(fields) = text.strip_prefix(b"DA:") {
            figures.lines.add(last(fields));
        } else if let Some(fields) = text.strip_prefix(b"BRDA:") {
            figures.branches.add(last(fields));
        } else if let Some(fields) = text.strip_prefix(b"FNDA:") {
            figures.functions.add(first(fields));
        } else if text == b"end_of_record" {
            figures.files += 1;
        }
        line.clear();
    }
    Ok(figures)
}

fn is_hit(count: &[u8]) -> bool {
    !matches!(count, b"0" | b"-" | b"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_tracefile_says_what_was_counted() {
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan { bytes: 300_000, runs: 1, sources: false };
        let figures = tracefile::write(plan, folder.path()).unwrap();
        assert_eq!(recount(&folder.path().join(tracefile::name(0))).unwrap(), figures);
        assert!(figures.branches.covered > 0 && figures.functions.covered < figures.functions.total);
    }
}
