//! sbom and its peers on lock files of real projects, and sbom on large generated ones.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job, tell};
use crate::document;
use crate::generate::lockfile;
use crate::process::{Cost, Line, multicall};
use crate::table::{megabytes, seconds};

/// What `.ci/run` gives it: memory and growth are held to their limits anywhere, times are for reading there.
pub(super) const IN_CI: &[&str] = &["--packages", "10000", "--runs", "3", "--peer-runs", "1"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &["--runs", "7"];

/// Compare sbom with syft, cdxgen, `npm sbom` and `uv export`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sbom binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 9)]
    runs: usize,
    /// Runs of each peer
    #[arg(long, default_value_t = 3)]
    peer_runs: usize,
    /// Packages of the large lock files
    #[arg(long, default_value_t = 20_000)]
    packages: u64,
    /// Folder of lock files of real projects, one project in each folder below; without it generated ones stand in for them
    #[arg(long, default_value = "../shared/fixtures/sbom")]
    fixtures: PathBuf,
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
    /// Fail as well when a lock file takes more than 0.15 s of CPU time, when sbom takes more than its share of the CPU time of a peer, or when a peer or the real lock files are missing
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:sbom -->` and `<!-- /bench:sbom -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// How many times the CPU time of ours each peer has to take. uv is on par, where noise decides.
const PEERS: [(&str, f64); 4] = [(SYFT, 10.0), (CDXGEN, 10.0), (NPM, 3.0), (UV, 0.8)];

/// The most CPU time that the lock file of a real project may take, in seconds, and the most memory.
const WANTED_CPU: f64 = 0.15;
const WANTED_PEAK: u64 = 40_000_000;

/// How many times the CPU time of a tenth of the packages all of them may take: ten, and what noise and caches add.
const LINEAR: f64 = 14.0;

/// The lock files of real projects.
const REAL: [&str; 14] = [
    "rust/nextest",
    "npm/v2-workspace",
    "npm/v3",
    "npm/pnpm-v6",
    "npm/pnpm-v9",
    "npm/yarn1",
    "npm/yarn-berry",
    "python/poetry1",
    "python/poetry2",
    "python/pipenv",
    "python/pylock",
    "python/uv-nested-extras",
    "go",
    "cpp",
];

/// The workspace of the suite itself, with what Cargo's home has of each crate.
const OWN: &str = "this workspace";
const OWN_HASHED: &str = "this workspace, `--hash-archives`";

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails, an input cannot be written, a real lock file takes too much memory, or large ones take more than
/// linear time or memory; a peer that is not installed is left out. With `--check` also when a peer or the real lock files are
/// missing, or a limit of time is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let at = |name: &str| folder.path().join(name);
    let small = args.packages / 10;
    for (count, size) in [(args.packages, "large"), (small, "small")] {
        lockfile::npm(count, &at(&format!("npm-{size}")))?;
        lockfile::cargo(count, &at(&format!("cargo-{size}")))?;
        lockfile::uv(count, &at(&format!("uv-{size}")))?;
    }
    let has_real = REAL.iter().all(|name| args.fixtures.join(name).is_dir());
    let mut missed = Vec::new();
    if !has_real {
        tell(format_args!("{}: the lock files of real projects are not there", args.fixtures.display()));
        missed.push("the lock files of real projects are not there".to_owned());
    }
    let mut text = machine(args);
    let mut failed = Vec::new();

    let own = std::path::absolute(".").context("failed to find the workspace")?;
    let output = at("ours.cdx.json");
    let mut locks = Job::new("Lock files of real projects").ours(OWN, ours(args, &own, &output), args.runs);
    for name in REAL.into_iter().filter(|_| has_real) {
        copy(&args.fixtures.join(name), &at(name))?;
        locks = locks.ours(name, ours(args, &at(name), &output), args.runs);
    }
    locks = locks.ours(OWN_HASHED, ours(args, &own, &output).with(["--hash-archives"]), args.runs);
    locks.measure(args.check)?;
    write!(text, "\n{}", locks.show())?;
    for name in REAL.into_iter().chain([OWN]) {
        let Some(cost) = locks.cost_of(name) else { continue };
        if cpu(cost) > WANTED_CPU {
            missed.push(format!("{name}: {} of CPU time, wanted {WANTED_CPU} s", seconds(cost.cpu)));
        }
        if cost.peak > WANTED_PEAK {
            failed.push(format!(
                "{name}: {} of memory, wanted {}",
                megabytes(cost.peak),
                megabytes(WANTED_PEAK)
            ));
        }
    }

    let real = |name: &str, generated: &str| if has_real { at(name) } else { at(generated) };
    let mut jobs = [
        cargo(args, "rust/nextest, Cargo.lock", &real("rust/nextest", "cargo-small")),
        npm(args, "npm/v2-workspace, package-lock.json", &real("npm/v2-workspace", "npm-small")),
        uv(args, "python/uv-nested-extras, uv.lock", &real("python/uv-nested-extras", "uv-small")),
    ];
    let mut ratios = String::new();
    for job in &mut jobs {
        job.measure(false)?;
        write!(text, "\n{}", job.show())?;
        for (peer, wanted) in PEERS {
            let Some(cost) = job.cost_of(peer) else { continue };
            let ratio = cpu(cost) / cpu(job.cost()?).max(0.001);
            writeln!(
                ratios,
                "- {}: {peer} takes {ratio:.1} times the CPU time of sbom; wanted are {wanted}.",
                job.title()
            )?;
            if ratio < wanted {
                missed.push(format!("{}: {peer} {ratio:.1} instead of {wanted}", job.title()));
            }
        }
    }
    for (peer, _) in PEERS {
        if jobs.iter().all(|job| job.cost_of(peer).is_none()) {
            missed.push(format!("{peer}: not measured"));
        }
    }

    let mut grown = Job::new("Large generated lock files");
    for kind in ["npm", "cargo", "uv"] {
        for (count, size) in [(args.packages, "large"), (small, "small")] {
            grown = grown.ours(
                sized(kind, count),
                ours(args, &at(&format!("{kind}-{size}")), &output).with(["--cargo-home", "none"]),
                args.runs,
            );
        }
    }
    grown.measure(args.check)?;
    write!(text, "\n{}", grown.show())?;
    writeln!(text, "\n{}", ratios.trim_end())?;
    for kind in ["npm", "cargo", "uv"] {
        let cost = |count| {
            grown.cost_of(&sized(kind, count)).with_context(|| format!("{}: not run", sized(kind, count)))
        };
        let (large, small) = (cost(args.packages)?, cost(small)?);
        let time = cpu(large) / cpu(small).max(0.001);
        #[allow(clippy::cast_precision_loss, reason = "a ratio, for reading")]
        let memory = large.peak as f64 / small.peak.max(1) as f64;
        writeln!(
            text,
            "- {kind}: ten times the packages take {time:.1} times the CPU time and {memory:.1} times the memory."
        )?;
        for (what, ratio) in [("CPU time", time), ("memory", memory)] {
            if ratio > LINEAR {
                failed.push(format!("{kind}: ten times the packages take {ratio:.1} times the {what}"));
            }
        }
    }
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "sbom", &text)?;
    }
    if args.check {
        failed.append(&mut missed);
    }
    ensure!(failed.is_empty(), "missed: {}", failed.join("; "));
    Ok(())
}

fn sized(kind: &str, packages: u64) -> String {
    format!("{kind}, {packages} packages")
}

/// The files of a project: peers write beside what they read.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))
                .with_context(|| format!("failed to copy {}", entry.path().display()))?;
        }
    }
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

fn ours(args: &Args, folder: &Path, output: &Path) -> Line {
    multicall(&args.bin, "sbom")
        .with(["generate", "--config", "none", "--summary", "off", "--path", ".", "--output"])
        .with([output])
        .within(folder)
        .making(output)
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

fn npm(args: &Args, title: &str, folder: &Path) -> Job {
    let theirs = Line::new([&args.npm])
        .with(["sbom", "--package-lock-only", "--offline", "--sbom-format", "cyclonedx"])
        .within(folder);
    Job::new(title)
        .ours("sbom", ours(args, folder, &folder.join("ours.cdx.json")), args.runs)
        .peer(SYFT, syft(args, "package-lock.json", folder), args.peer_runs)
        .peer(CDXGEN, cdxgen(args, "npm", folder), args.peer_runs)
        .peer(NPM, theirs, args.peer_runs)
}

fn cargo(args: &Args, title: &str, folder: &Path) -> Job {
    Job::new(title)
        .ours("sbom", ours(args, folder, &folder.join("ours.cdx.json")), args.runs)
        .peer(SYFT, syft(args, "Cargo.lock", folder), args.peer_runs)
        .peer(CDXGEN, cdxgen(args, "cargo", folder), args.peer_runs)
}

fn uv(args: &Args, title: &str, folder: &Path) -> Job {
    let output = folder.join("uv.cdx.json");
    let theirs = Line::new([&args.uv])
        .with(["export", "--frozen", "--offline", "--preview", "--format", "cyclonedx1.5", "-o"])
        .with([&output])
        .within(folder)
        .making(&output);
    Job::new(title)
        .ours("sbom", ours(args, folder, &folder.join("ours.cdx.json")), args.runs)
        .peer(CDXGEN, cdxgen(args, "python", folder), args.peer_runs)
        .peer(UV, theirs, args.runs)
}
