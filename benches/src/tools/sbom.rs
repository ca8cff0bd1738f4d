//! sbom and its peers on generated lock files.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate::lockfile;
use crate::process::{Cost, Line, multicall};

/// What `.ci/run` gives it. Its figures are for reading.
pub(super) const IN_CI: &[&str] = &["--packages", "4000"];

/// Compare sbom with syft, cdxgen, `npm sbom` and `uv export`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sbom binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Runs of each peer
    #[arg(long, default_value_t = 3)]
    peer_runs: usize,
    /// Packages of the large lock files
    #[arg(long, default_value_t = 20_000)]
    packages: u64,
    /// syft
    #[arg(long, default_value = "syft")]
    syft: OsString,
    /// cdxgen
    #[arg(long, default_value = "cdxgen")]
    cdxgen: OsString,
    /// npm
    #[arg(long, default_value = "npm")]
    npm: OsString,
    /// uv
    #[arg(long, default_value = "uv")]
    uv: OsString,
    /// Fail when sbom takes more than its share of the CPU time of its peers, or more than linear time; runs only what that needs
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:sbom -->` and `<!-- /bench:sbom -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// How many times the CPU time of ours each peer has to take.
const AS_SYFT: f64 = 10.0;
const AS_CDXGEN: f64 = 10.0;
const AS_NPM: f64 = 3.0;
const AS_UV: f64 = 1.0;

/// How many times the CPU time of a tenth of the packages all of them may take: ten, and what noise and caches add.
const LINEAR: f64 = 14.0;

/// A peer, and how much more CPU time it has to take.
struct Wanted {
    job: usize,
    peer: &'static str,
    times: f64,
}

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails or an input cannot be written; a peer that is not installed is left out. With `--check` also when
/// a peer is missing or a ratio is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| folder.path().join(name);
    let small = args.packages / 10;
    for (count, size) in [(args.packages, "large"), (small, "small")] {
        lockfile::npm(count, &at(&format!("npm-{size}")))?;
        lockfile::cargo(count, &at(&format!("cargo-{size}")))?;
        lockfile::uv(count, &at(&format!("uv-{size}")))?;
    }
    let mut jobs = vec![
        npm(args, args.packages, &at("npm-large")),
        cargo(args, args.packages, &at("cargo-large")),
        uv(args, args.packages, &at("uv-large")),
        npm(args, small, &at("npm-small")),
        cargo(args, small, &at("cargo-small")),
        uv(args, small, &at("uv-small")),
    ];
    let mut text = machine(args);
    for job in &mut jobs {
        job.measure(args.check)?;
        write!(text, "\n{}", job.show())?;
    }
    let wanted = [
        Wanted { job: 0, peer: SYFT, times: AS_SYFT },
        Wanted { job: 0, peer: CDXGEN, times: AS_CDXGEN },
        Wanted { job: 0, peer: NPM, times: AS_NPM },
        Wanted { job: 1, peer: SYFT, times: AS_SYFT },
        Wanted { job: 2, peer: UV, times: AS_UV },
    ];
    let mut missed = Vec::new();
    writeln!(text)?;
    for Wanted { job, peer, times } in &wanted {
        let Some(job) = jobs.get(*job) else { continue };
        match job.cost_of(peer) {
            Some(cost) => {
                let ratio = cpu(cost) / cpu(job.cost()?);
                writeln!(text, "- {peer} takes {ratio:.1} times the CPU time of sbom; wanted are {times}.")?;
                if ratio < *times {
                    missed.push(format!("{peer}: {ratio:.1} instead of {times}"));
                }
            }
            None => missed.push(format!("{peer}: not measured")),
        }
    }
    for (large, small) in [(0, 3), (1, 4), (2, 5)] {
        let (Some(large), Some(small)) = (jobs.get(large), jobs.get(small)) else { continue };
        let ratio = cpu(large.cost()?) / cpu(small.cost()?).max(0.001);
        writeln!(text, "- Ten times the packages take {ratio:.1} times the CPU time.")?;
        if ratio > LINEAR {
            missed.push(format!("ten times the packages take {ratio:.1} times the CPU time"));
        }
    }
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "sbom", &text)?;
    }
    ensure!(!args.check || missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

fn cpu(cost: Cost) -> f64 {
    cost.cpu.as_secs_f64()
}

const SYFT: &str = "syft";
const CDXGEN: &str = "cdxgen";
const NPM: &str = "`npm sbom`";
const UV: &str = "`uv export`";

fn machine(args: &Args) -> String {
    let version = |program: &OsString| Line::new([program]).with(["--version"]);
    comparison::machine(
        &format!("median of {} runs ({} of the peers)", args.runs, args.peer_runs),
        &[
            ("sbom", multicall(&args.bin, "sbom").with(["--version"])),
            ("syft", version(&args.syft)),
            ("cdxgen", version(&args.cdxgen)),
            ("npm", version(&args.npm)),
            ("uv", version(&args.uv)),
        ],
    )
}

/// Every row has what is written made anew, inside its folder.
fn ours(args: &Args, folder: &Path) -> Line {
    let output = folder.join("ours.cdx.json");
    multicall(&args.bin, "sbom")
        .with(["generate", "--config", "none", "--path", ".", "--output"])
        .with([&output])
        .within(folder)
        .making(&output)
}

fn syft(args: &Args, lock: &str, folder: &Path) -> Line {
    let output = folder.join("syft.cdx.json");
    let to = format!("cyclonedx-json@1.6={}", output.display());
    Line::new([&args.syft])
        .with(["scan", &format!("file:{lock}"), "-q", "-o", &to])
        .within(folder)
        .making(&output)
}

fn cdxgen(args: &Args, kind: &str, folder: &Path) -> Line {
    let output = folder.join("cdxgen.cdx.json");
    Line::new([&args.cdxgen])
        .with(["-t", kind, "--spec-version", "1.6", "--no-install-deps", "-o"])
        .with([&output])
        .with(["."])
        .within(folder)
        .making(&output)
}

fn npm(args: &Args, packages: u64, folder: &Path) -> Job {
    let theirs = Line::new([&args.npm])
        .with(["sbom", "--package-lock-only", "--offline", "--sbom-format", "cyclonedx"])
        .within(folder);
    Job::new(format!("package-lock.json of {packages} packages"))
        .ours("sbom", ours(args, folder), args.runs)
        .peer(SYFT, syft(args, "package-lock.json", folder), args.peer_runs)
        .peer(CDXGEN, cdxgen(args, "npm", folder), args.peer_runs)
        .peer(NPM, theirs, args.peer_runs)
}

fn cargo(args: &Args, packages: u64, folder: &Path) -> Job {
    Job::new(format!("Cargo.lock of {packages} packages")).ours("sbom", ours(args, folder), args.runs).peer(
        SYFT,
        syft(args, "Cargo.lock", folder),
        args.peer_runs,
    )
}

fn uv(args: &Args, packages: u64, folder: &Path) -> Job {
    let output = folder.join("uv.cdx.json");
    let theirs = Line::new([&args.uv])
        .with(["export", "--frozen", "--offline", "--preview", "--format", "cyclonedx1.5", "-o"])
        .with([&output])
        .within(folder)
        .making(&output);
    Job::new(format!("uv.lock of {packages} packages")).ours("sbom", ours(args, folder), args.runs).peer(
        UV,
        theirs,
        args.peer_runs,
    )
}
