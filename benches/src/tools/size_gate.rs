//! size-gate and its peers on one generated firmware.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::comparison::{self, Job};
use crate::document;
use crate::generate::Files;
use crate::process::{Line, measure, multicall};
use crate::table::{Table, megabytes, seconds};

/// What `.ci/run` gives it. Only the ratio, which is far from its limit, is asked for.
pub(super) const IN_CI: &[&str] = &["--check", "--peer-runs", "1"];

/// How it is measured for docs/performance.md.
pub(super) const IN_DOCUMENT: &[&str] = &["--peer-runs", "1"];

/// Compare size-gate with esp-idf-size, elf-size-analyze and GNU binutils
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The size-gate binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Runs of each Python peer, which takes long; the slowest has one
    #[arg(long, default_value_t = 3)]
    peer_runs: usize,
    /// Python with esp-idf-size
    #[arg(long, default_value = "python3")]
    python: OsString,
    /// elf-size-analyze
    #[arg(long, default_value = "elf-size-analyze")]
    elf_size_analyze: OsString,
    /// Prefix of the binutils
    #[arg(long, default_value = "riscv64-unknown-elf-")]
    toolchain: String,
    /// Sizes of the ELF files of the growth table, in MB
    #[arg(long, value_delimiter = ',', default_value = "12,25,50,100")]
    sizes: Vec<u64>,
    /// Fail when size-gate is not 20 times as fast as the fastest Python peer that attributes symbols, or takes 60 MB;
    /// runs only what that needs
    #[arg(long)]
    check: bool,
    /// Document to write the tables into, between `<!-- bench:size-gate -->` and `<!-- /bench:size-gate -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// How many times as fast as the fastest Python peer size-gate has to be at the same job.
const WANTED_RATIO: f64 = 20.0;
/// Bytes of memory it may take for the 12 MB firmware.
const WANTED_PEAK: u64 = 60_000_000;

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails or an input cannot be written; a peer that is not installed is left out. With `--check`
/// also when a peer is missing or a target is missed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let base = generate(12, folder.path())?;
    let mut text = String::new();
    writeln!(text, "{}", machine(args))?;
    let size = |path: &Path| Ok::<_, anyhow::Error>(megabytes(std::fs::metadata(path)?.len()));
    writeln!(text, "ELF of {} with 96 000 symbols, map of {}.\n", size(&base.elf)?, size(&base.map)?)?;
    let mut jobs = jobs(args, &base);
    for job in &mut jobs {
        job.measure(args.check)?;
        writeln!(text, "{}", job.show())?;
    }
    if !args.check {
        writeln!(text, "{}", growth(args, folder.path())?)?;
    }
    write!(text, "{}", start_up(args)?)?;
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "size-gate", &text)?;
    }
    if args.check {
        for job in &jobs {
            job.check()?;
            let peak = job.cost()?.peak;
            ensure!(
                peak < WANTED_PEAK,
                "{} of memory, wanted less than {}",
                megabytes(peak),
                megabytes(WANTED_PEAK)
            );
        }
    }
    Ok(())
}

/// Generates in a process of its own, so that this one stays small; see [`crate::process`].
fn generate(megabytes: u64, folder: &Path) -> Result<Files> {
    let folder = folder.join(megabytes.to_string());
    let own = std::env::current_exe().context("failed to find this program")?;
    let scale = megabytes.to_string();
    let line = Line::new([own.as_os_str()]).with(["gen", "--scale", &scale, "--out"]).with([&folder]);
    line.output().with_context(|| format!("failed to generate: {line}"))?;
    Ok(Files::in_folder(&folder))
}

/// Our command.
fn ours(args: &Args) -> Line {
    multicall(&args.bin, "size-gate")
}

fn machine(args: &Args) -> String {
    let python = Line::new([&args.python]);
    let module = "import importlib.metadata as m; print(m.version('esp-idf-size'))";
    comparison::machine(
        &format!("median of {} runs ({} of the Python peers)", args.runs, args.peer_runs),
        &[
            ("esp-idf-size", python.with(["-c", module])),
            ("size-gate", ours(args).with(["--version"])),
            ("binutils", Line::new([format!("{}size", args.toolchain)]).with(["--version"])),
            ("Python", python.with(["--version"])),
        ],
    )
}

/// Everybody on the same files.
fn jobs(args: &Args, files: &Files) -> Vec<Job> {
    let (elf, map) = (files.elf.as_os_str(), files.map.as_os_str());
    let ours = ours(args);
    let with_map = ours.with(["--map"]).with([map]);
    let with_both = with_map.with(["--elf"]).with([elf]);
    let idf = Line::new([&args.python]).with(["-m", "esp_idf_size"]);
    let analyze = Line::new([&args.elf_size_analyze]).with(["-t", &args.toolchain, "-F", "-R"]);
    let binutils = |tool: &str| Line::new([format!("{}{tool}", args.toolchain)]);
    let (runs, slow) = (args.runs, args.peer_runs);
    vec![
        Job::new("Every byte to region, section, archive, object and symbol")
            .ours("size-gate, ELF and map", with_both.clone(), runs)
            .ours("size-gate, ELF and map, JSON report", with_both.with(["--format", "json"]), runs)
            .rival(
                "esp-idf-size `--format raw`",
                idf.with(["--format", "raw"]).with([map]),
                slow,
                Some(WANTED_RATIO),
            )
            // So slow that a check leaves it out.
            .peer("elf-size-analyze `-F -R`", analyze.with([elf]), usize::from(!args.check))
            .peer("GNU `nm -S --size-sort`", binutils("nm").with(["-S", "--size-sort"]).with([elf]), runs),
        Job::new("Totals per memory and section only")
            .ours("size-gate, map, as `json2`", with_map.with(["--format", "idf-json2"]), runs)
            .peer("esp-idf-size, table", idf.with([map]), slow)
            .peer("esp-idf-size `--format json2`", idf.with(["--format", "json2"]).with([map]), slow)
            .peer("GNU `size -A`", binutils("size").with(["-A"]).with([elf]), runs),
    ]
}

/// Ours on larger and larger files.
fn growth(args: &Args, folder: &Path) -> Result<String> {
    let mut table = Table::new(&["ELF", "map", "wall, median", "CPU", "peak memory", "CPU per MB of input"]);
    for megabytes_wanted in &args.sizes {
        let files = generate(*megabytes_wanted, folder)?;
        let line = ours(args)
            .with([OsString::from("--elf"), files.elf.clone().into()])
            .with([OsString::from("--map"), files.map.clone().into()]);
        eprintln!("{line}");
        let cost = measure(&line, args.runs)?;
        let (elf, map) = (std::fs::metadata(&files.elf)?.len(), std::fs::metadata(&files.map)?.len());
        let per_megabyte = cost.cpu * 1_000_000 / u32::try_from(elf + map).unwrap_or(u32::MAX);
        table.push(&[
            megabytes(elf),
            megabytes(map),
            seconds(cost.median),
            seconds(cost.cpu),
            megabytes(cost.peak),
            seconds(per_megabyte),
        ]);
        // A hundred megabytes twice over are not needed any more.
        for file in [files.elf, files.map] {
            std::fs::remove_file(&file).with_context(|| format!("failed to remove {}", file.display()))?;
        }
    }
    Ok(format!("Growth, size-gate with ELF and map:\n\n{}", table.finish()))
}

/// What a run costs that does nothing.
fn start_up(args: &Args) -> Result<String> {
    const RUNS: usize = 50;
    let mut table = Table::new(&["start-up", "wall, median", "wall, least", "peak memory"]);
    for option in ["--version", "--help"] {
        let cost = measure(&ours(args).with([option]), RUNS)?;
        table.push(&[
            format!("`size-gate {option}`"),
            seconds(cost.median),
            seconds(cost.min),
            megabytes(cost.peak),
        ]);
    }
    Ok(format!("Start-up, median of {RUNS} runs:\n\n{}", table.finish()))
}
