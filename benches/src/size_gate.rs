//! size-gate and its peers on one generated firmware.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::document;
use crate::generate::Files;
use crate::process::{Cost, Line, measure};
use crate::table::{Table, megabytes, ratio, seconds};

/// What to compare, and with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The size-gate binary, or the multi-call binary `lw`
    #[arg(long)]
    bin: PathBuf,
    /// Runs of each command; the median counts
    #[arg(long, default_value_t = 7)]
    runs: usize,
    /// Runs of each Python peer, which take long
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
    /// Document to write the tables into, between `<!-- bench:size-gate -->` and `<!-- /bench:size-gate -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Measures everything and prints the tables.
///
/// # Errors
/// When our own binary fails or an input cannot be written; a peer that is not installed is left out.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut text = String::new();
    let base = generate(12, folder.path())?;
    writeln!(text, "{}", machine(args))?;
    writeln!(text, "{}", comparison(args, &base)?)?;
    writeln!(text, "{}", growth(args, folder.path())?)?;
    write!(text, "{}", start_up(args)?)?;
    println!("{text}");
    match &args.write {
        Some(path) => document::write(path, "size-gate", &text),
        None => Ok(()),
    }
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

/// Our command; the multi-call binary needs the name of the tool.
fn ours(args: &Args) -> Line {
    let line = Line::new([&args.bin]);
    let multi = args.bin.file_stem().is_some_and(|stem| stem == "lw");
    if multi { line.with(["size-gate"]) } else { line }
}

fn machine(args: &Args) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut versions = Vec::new();
    let mut add = |name: &str, line: Line| {
        if let Some(version) = line.output().and_then(|output| output.lines().next().map(str::to_owned)) {
            versions.push(format!("{name}: {version}"));
        }
    };
    let module = "import importlib.metadata as m; print(m.version('esp-idf-size'))";
    add("esp-idf-size", Line::new([&args.python]).with(["-c", module]));
    add("size-gate", ours(args).with(["--version"]));
    add("binutils", Line::new([format!("{}size", args.toolchain)]).with(["--version"]));
    add("Python", Line::new([&args.python]).with(["--version"]));
    format!(
        "{} {}, {cores} cores; median of {} runs ({} of the Python peers) after one to warm up; {}.\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        args.runs,
        args.peer_runs,
        versions.join("; ")
    )
}

/// Everybody on the same files.
fn comparison(args: &Args, files: &Files) -> Result<String> {
    let (elf, map) = (files.elf.as_os_str(), files.map.as_os_str());
    let ours = ours(args);
    let idf = Line::new([&args.python]).with(["-m", "esp_idf_size"]);
    let analyze = Line::new([&args.elf_size_analyze]).with(["-t", &args.toolchain]);
    let binutils = |tool: &str| Line::new([format!("{}{tool}", args.toolchain)]);
    let both = |line: &Line| {
        line.with([OsString::from("--elf").as_os_str(), elf]).with([OsString::from("--map").as_os_str(), map])
    };

    let rows = [
        ("size-gate, ELF and map, full attribution", both(&ours), args.runs),
        ("size-gate, the same as JSON report", both(&ours).with(["--format", "json"]), args.runs),
        ("size-gate, as `json2` of esp-idf-size", both(&ours).with(["--format", "idf-json2"]), args.runs),
        ("size-gate, map only", ours.with([OsString::from("--map").as_os_str(), map]), args.runs),
        ("esp-idf-size, table", idf.with([map]), args.peer_runs),
        ("esp-idf-size, `--format json2`", idf.with(["--format", "json2"]).with([map]), args.peer_runs),
        (
            "esp-idf-size, `--format raw` (with symbols)",
            idf.with(["--format", "raw"]).with([map]),
            args.peer_runs,
        ),
        ("elf-size-analyze `-F -R` (with symbols)", analyze.with(["-F", "-R"]).with([elf]), args.peer_runs),
        ("GNU `size -A`", binutils("size").with(["-A"]).with([elf]), args.runs),
        ("GNU `nm -S --size-sort`", binutils("nm").with(["-S", "--size-sort"]).with([elf]), args.runs),
    ];
    let mut base: Option<Cost> = None;
    let mut table =
        Table::new(&["command", "wall, median", "wall, least", "CPU", "peak memory", "wall against ours"]);
    for (name, line, runs) in rows {
        eprintln!("{line}");
        let cost = match (measure(&line, runs), base) {
            (Ok(cost), _) => cost,
            // Without our own numbers there is nothing to compare with.
            (Err(error), None) => return Err(error),
            (Err(error), Some(_)) => {
                eprintln!("left out: {error:#}");
                table.push(&[
                    name.to_owned(),
                    "not run".into(),
                    String::new(),
                    String::new(),
                    String::new(),
                    String::new(),
                ]);
                continue;
            }
        };
        let base = base.get_or_insert(cost);
        table.push(&[
            name.to_owned(),
            seconds(cost.median),
            seconds(cost.min),
            seconds(cost.cpu),
            megabytes(cost.peak),
            ratio(cost.median, base.median),
        ]);
    }
    let size = |path: &Path| Ok::<_, anyhow::Error>(megabytes(std::fs::metadata(path)?.len()));
    Ok(format!(
        "ELF of {} with 96 000 symbols, map of {}:\n\n{}",
        size(&files.elf)?,
        size(&files.map)?,
        table.finish()
    ))
}

/// Ours on larger and larger files.
fn growth(args: &Args, folder: &Path) -> Result<String> {
    let mut table = Table::new(&["ELF", "map", "wall, median", "CPU", "peak memory", "wall per MB of input"]);
    for megabytes_wanted in &args.sizes {
        let files = generate(*megabytes_wanted, folder)?;
        let line = ours(args)
            .with([OsString::from("--elf"), files.elf.clone().into()])
            .with([OsString::from("--map"), files.map.clone().into()]);
        eprintln!("{line}");
        let cost = measure(&line, args.runs)?;
        let (elf, map) = (std::fs::metadata(&files.elf)?.len(), std::fs::metadata(&files.map)?.len());
        let per_megabyte = cost.median * 1_000_000 / u32::try_from(elf + map).unwrap_or(u32::MAX);
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
