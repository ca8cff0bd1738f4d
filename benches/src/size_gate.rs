//! size-gate and its peers on one generated firmware.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

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
    let comparison = Comparison::measure(args, &base)?;
    writeln!(text, "{}", comparison.show(&base)?)?;
    if !args.check {
        writeln!(text, "{}", growth(args, folder.path())?)?;
    }
    write!(text, "{}", start_up(args)?)?;
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "size-gate", &text)?;
    }
    if args.check { comparison.check() } else { Ok(()) }
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
        "{} {}, {cores} cores; median of {} runs ({} of the Python peers); {}.\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        args.runs,
        args.peer_runs,
        versions.join("; ")
    )
}

/// Commands that do the same job.
struct Job {
    title: &'static str,
    /// Ours first.
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    line: Line,
    who: Who,
    /// `None` when it could not be run.
    cost: Option<Cost>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ours,
    Python,
    /// Python, and so slow that a check leaves it out.
    SlowPython,
    Binutils,
}

/// Everybody on the same files.
struct Comparison(Vec<Job>);

impl Comparison {
    fn jobs(args: &Args, files: &Files) -> Vec<Job> {
        let (elf, map) = (files.elf.as_os_str(), files.map.as_os_str());
        let ours = ours(args);
        let with_map = ours.with(["--map"]).with([map]);
        let with_both = with_map.with(["--elf"]).with([elf]);
        let idf = Line::new([&args.python]).with(["-m", "esp_idf_size"]);
        let analyze = Line::new([&args.elf_size_analyze]).with(["-t", &args.toolchain, "-F", "-R"]);
        let binutils = |tool: &str| Line::new([format!("{}{tool}", args.toolchain)]);
        let row = |name, line, who| Row { name, line, who, cost: None };
        vec![
            Job {
                title: "Every byte to region, section, archive, object and symbol",
                rows: vec![
                    row("size-gate, ELF and map", with_both.clone(), Who::Ours),
                    row(
                        "size-gate, ELF and map, JSON report",
                        with_both.with(["--format", "json"]),
                        Who::Ours,
                    ),
                    row(
                        "esp-idf-size `--format raw`",
                        idf.with(["--format", "raw"]).with([map]),
                        Who::Python,
                    ),
                    row("elf-size-analyze `-F -R`", analyze.with([elf]), Who::SlowPython),
                    row(
                        "GNU `nm -S --size-sort`",
                        binutils("nm").with(["-S", "--size-sort"]).with([elf]),
                        Who::Binutils,
                    ),
                ],
            },
            Job {
                title: "Totals per memory and section only",
                rows: vec![
                    row("size-gate, map, as `json2`", with_map.with(["--format", "idf-json2"]), Who::Ours),
                    row("esp-idf-size, table", idf.with([map]), Who::Python),
                    row(
                        "esp-idf-size `--format json2`",
                        idf.with(["--format", "json2"]).with([map]),
                        Who::Python,
                    ),
                    row("GNU `size -A`", binutils("size").with(["-A"]).with([elf]), Who::Binutils),
                ],
            },
        ]
    }

    fn measure(args: &Args, files: &Files) -> Result<Self> {
        let mut jobs = Self::jobs(args, files);
        for row in jobs.iter_mut().flat_map(|job| &mut job.rows) {
            let runs = match row.who {
                Who::Ours | Who::Binutils => args.runs,
                Who::Python => args.peer_runs,
                Who::SlowPython if args.check => continue,
                Who::SlowPython => 1,
            };
            eprintln!("{}", row.line);
            row.cost = match measure(&row.line, runs) {
                Ok(cost) => Some(cost),
                // Without our own numbers there is nothing to compare with, and a check needs a peer.
                Err(error) if row.who == Who::Ours || (args.check && row.who == Who::Python) => {
                    return Err(error);
                }
                Err(error) => {
                    eprintln!("left out: {error:#}");
                    None
                }
            };
        }
        Ok(Self(jobs))
    }

    fn show(&self, files: &Files) -> Result<String> {
        let size = |path: &Path| Ok::<_, anyhow::Error>(megabytes(std::fs::metadata(path)?.len()));
        let mut text =
            format!("ELF of {} with 96 000 symbols, map of {}.\n", size(&files.elf)?, size(&files.map)?);
        for job in &self.0 {
            let mut table = Table::new(&[
                job.title,
                "wall, median",
                "wall, least",
                "CPU",
                "peak memory",
                "wall against ours",
            ]);
            let base =
                job.rows.first().and_then(|row| row.cost).map_or_else(Default::default, |cost| cost.median);
            for row in &job.rows {
                let cells = match row.cost {
                    Some(cost) => [
                        seconds(cost.median),
                        seconds(cost.min),
                        seconds(cost.cpu),
                        megabytes(cost.peak),
                        ratio(cost.median, base),
                    ],
                    None => ["not run", "", "", "", ""].map(str::to_owned),
                };
                table.push(&[&[row.name.to_owned()], &cells[..]].concat());
            }
            write!(text, "\n{}", table.finish())?;
        }
        Ok(text)
    }

    /// Holds the first job, which is what size-gate is for, to its targets; the ratio of the others is only told.
    fn check(&self) -> Result<()> {
        for (index, job) in self.0.iter().enumerate() {
            let cost =
                |wanted: Who| job.rows.iter().filter(move |row| row.who == wanted).filter_map(|row| row.cost);
            let ours = cost(Who::Ours).next().context("size-gate was not run")?;
            let peer = cost(Who::Python).map(|cost| cost.median).min().context("no Python peer was run")?;
            let ratio = peer.as_secs_f64() / ours.median.as_secs_f64();
            println!(
                "{}: {ratio:.0} times as fast as the fastest Python peer, {} of memory",
                job.title,
                megabytes(ours.peak)
            );
            ensure!(index > 0 || ratio >= WANTED_RATIO, "wanted {WANTED_RATIO} times as fast");
            ensure!(ours.peak < WANTED_PEAK, "wanted less than {}", megabytes(WANTED_PEAK));
        }
        Ok(())
    }
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
