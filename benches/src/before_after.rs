//! Two builds of the same tools, on the same inputs in one run: what a change costs or spares.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::document;
use crate::process::{Line, Run, once};
use crate::table::{Table, megabytes, seconds};

/// Compare two builds of size-gate, coverage-gate and ota-package, in turns
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the binaries of the earlier build; a tool that is not there is left out
    #[arg(long)]
    before: PathBuf,
    /// Folder with the binaries of the later build
    #[arg(long)]
    after: PathBuf,
    /// Runs of each command with each binary; half as many of the large inputs
    #[arg(long, default_value_t = 21)]
    runs: usize,
    /// Leave out inputs of more than 30 MB
    #[arg(long)]
    quick: bool,
    /// Document to write the table into, between `<!-- bench:before-after -->` and `<!-- /bench:before-after -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// A command of one of the tools.
struct Row {
    title: &'static str,
    tool: &'static str,
    words: &'static str,
    /// How the input is made by this program, in a folder of that name.
    input: Option<(&'static str, &'static [&'static str])>,
    is_large: bool,
}

const FIRMWARE: &str = "--config none --elf firmware.elf --map firmware.map";
const COVERAGE: &str = "--config none --coverage run-*.info";

const ROWS: [Row; 14] = [
    firmware("12 MB: `size-gate --elf … --map …`", FIRMWARE, 12),
    firmware(
        "12 MB: the same, `--format json`",
        "--config none --elf firmware.elf --map firmware.map --format json",
        12,
    ),
    firmware(
        "12 MB: `size-gate --map … --format idf-json2`",
        "--config none --map firmware.map --format idf-json2",
        12,
    ),
    firmware("25 MB: `size-gate --elf … --map …`", FIRMWARE, 25),
    firmware("50 MB", FIRMWARE, 50),
    firmware("100 MB", FIRMWARE, 100),
    Row {
        title: "`size-gate --version`",
        tool: "size-gate",
        words: "--version",
        input: None,
        is_large: false,
    },
    coverage("100 MB: `coverage-gate --coverage …`", COVERAGE, &["--megabytes", "100"], "coverage-100"),
    coverage(
        "100 MB: the same, `--lcov-out …`",
        "--config none --coverage run-*.info --lcov-out out.info",
        &["--megabytes", "100"],
        "coverage-100",
    ),
    coverage(
        "2 × 20 MB: `coverage-gate … --lcov-out …`",
        "--config none --coverage run-*.info --lcov-out out.info",
        &["--megabytes", "20", "--runs", "2"],
        "coverage-20",
    ),
    coverage(
        "3 MB with sources: `coverage-gate … --html …`",
        "--config none --coverage run-*.info --html html",
        &["--megabytes", "3", "--sources"],
        "coverage-3",
    ),
    image(
        "64 MiB: `ota-package package`, `lw`",
        "package --config none --firmware app.bin --board esp32s3 --version VERSION --output package.lw",
    ),
    image(
        "64 MiB: the same, `seed`",
        "package --config none --firmware app.bin --board esp32s3 --version VERSION --package-format seed --output package.seed",
    ),
    image(
        "4 MiB: `ota-package delta`, to the next build",
        "delta --config none --kind binary --from 0.bin --to next.bin --delta-format detools --allow-large-delta --output 0.patch",
    ),
];

const fn firmware(title: &'static str, words: &'static str, megabytes: u64) -> Row {
    let (folder, how): (_, &[&str]) = match megabytes {
        12 => ("firmware-12", &["gen", "--scale", "12"]),
        25 => ("firmware-25", &["gen", "--scale", "25"]),
        50 => ("firmware-50", &["gen", "--scale", "50"]),
        _ => ("firmware-100", &["gen", "--scale", "100"]),
    };
    Row { title, tool: "size-gate", words, input: Some((folder, how)), is_large: megabytes > 30 }
}

const fn coverage(
    title: &'static str,
    words: &'static str,
    how: &'static [&'static str],
    folder: &'static str,
) -> Row {
    let is_large = matches!(folder.as_bytes(), b"coverage-100");
    Row { title, tool: "coverage-gate", words, input: Some((folder, how)), is_large }
}

const fn image(title: &'static str, words: &'static str) -> Row {
    Row { title, tool: "ota-package", words, input: Some(("image", &[])), is_large: false }
}

/// Measures everything and prints the table.
///
/// # Errors
/// When a binary fails or an input cannot be written.
pub(crate) fn run(args: &Args) -> Result<()> {
    let folder = tempfile::tempdir().context("failed to create a temporary folder")?;
    let mut table = Table::new(&[
        "Input and command",
        "CPU before",
        "CPU after",
        "",
        "Memory before",
        "Memory after",
        " ",
    ]);
    for row in ROWS.iter().filter(|row| !(args.quick && row.is_large)) {
        let [before, after] =
            [&args.before, &args.after].map(|folder| std::path::absolute(folder.join(row.tool)));
        let (before, after) = (before?, after?);
        let copies = ["before", "after"].map(|side| folder.path().join(format!("{}-{side}", row.tool)));
        if !before.exists() || !after.exists() {
            eprintln!("left out: {}, as one of the folders has no {}", row.title, row.tool);
            continue;
        }
        copy(&before, &copies[0])?;
        copy(&after, &copies[1])?;
        let input = prepare(row, folder.path())?;
        let words = words(row, &input)?;
        let runs = if row.is_large { args.runs.div_ceil(2) } else { args.runs };
        let mut taken = [Vec::new(), Vec::new()];
        eprintln!("{}", row.title);
        for _ in 0..runs {
            for (binary, taken) in copies.iter().zip(&mut taken) {
                let mut line = Line::new([binary]).with(&words).within(&input);
                if let Some(output) = output(&words) {
                    line = line.making(&input.join(output));
                }
                taken.push(once(&line)?);
            }
        }
        let [before, after] = taken.map(|runs| summary(&runs));
        let (before, after) = (before?, after?);
        table.push(&[
            row.title.to_owned(),
            seconds(before.0),
            seconds(after.0),
            change(before.0.as_secs_f64(), after.0.as_secs_f64()),
            megabytes(before.1),
            megabytes(after.1),
            #[allow(clippy::cast_precision_loss, reason = "a percentage is shown")]
            change(before.1 as f64, after.1 as f64),
        ]);
    }
    let text = format!(
        "{} {}, {} cores; the least CPU time (user and system) and the median of peak memory of {} runs that alternate, half as \
         many of inputs over 30 MB.\n\n{}",
        std::env::consts::OS,
        std::env::consts::ARCH,
        std::thread::available_parallelism().map_or(1, usize::from),
        args.runs,
        table.finish()
    );
    println!("{text}");
    if let Some(path) = &args.write {
        document::write(path, "before-after", &text)?;
    }
    Ok(())
}

/// Copies a binary page by page. What a linker or `strip` writes in one go lies in the system's cache in large pieces, and of those
/// all is counted as memory of a process that touches some: 4.6 MB instead of 3.0 MB for `size-gate --version`.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        return Ok(());
    }
    let mut source =
        std::fs::File::open(from).with_context(|| format!("failed to read {}", from.display()))?;
    let mut file = std::fs::File::create(to).with_context(|| format!("failed to write {}", to.display()))?;
    // Never the whole of it: a process begins with the peak of the one that starts it.
    let mut page = [0; 4096];
    loop {
        let length = source.read(&mut page)?;
        let Some(part) = page.get(..length).filter(|part| !part.is_empty()) else { break };
        file.write_all(part)?;
    }
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    Ok(())
}

/// What a command writes, which is removed before each run: its last word, when that is the value of such an option.
fn output(words: &[String]) -> Option<&str> {
    let [.., option, path] = words else { return None };
    ["--html", "--lcov-out", "--output"].contains(&option.as_str()).then_some(path)
}

/// Makes the input of a row, in processes of their own: a process this one starts begins with its peak of memory.
fn prepare(row: &Row, folder: &Path) -> Result<PathBuf> {
    let Some((name, how)) = row.input else { return Ok(folder.to_owned()) };
    let input = folder.join(name);
    if input.exists() {
        return Ok(input);
    }
    std::fs::create_dir(&input).with_context(|| format!("failed to create {}", input.display()))?;
    let own = std::env::current_exe().context("failed to find this program")?;
    let commands: Vec<Vec<&str>> = match row.tool {
        "size-gate" => vec![[how, &["--out", "."]].concat()],
        "coverage-gate" => vec![[&["gen-coverage"], how, &["--out", "."]].concat()],
        _ => vec![
            vec!["gen-image", "--bytes", "67108864", "--out", "app.bin"],
            vec!["gen-image", "--bytes", "4194304", "--release", "0", "--out", "0.bin"],
            vec!["gen-image", "--after", "0.bin", "--out", "next.bin"],
        ],
    };
    for command in commands {
        let line = Line::new([own.as_os_str()]).with(&command).within(&input);
        line.output().with_context(|| format!("failed to generate: {line}"))?;
    }
    Ok(input)
}

/// The words of a row's command: names of files with a `*` are looked up, as a shell does.
fn words(row: &Row, input: &Path) -> Result<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    for word in row.words.split(' ') {
        match word.split_once('*') {
            Some((start, end)) => {
                let mut found = Vec::new();
                for entry in std::fs::read_dir(input)? {
                    let name = entry?.file_name().to_string_lossy().into_owned();
                    if name.starts_with(start) && name.ends_with(end) {
                        found.push(name);
                    }
                }
                found.sort();
                // Each with its option: `--coverage a --coverage b`.
                let option = words.pop().context("a pattern without an option")?;
                for name in found {
                    words.extend([option.clone(), name]);
                }
            }
            None if word == "VERSION" => words.push(crate::generate::image::version(0)),
            None => words.push(word.to_owned()),
        }
    }
    Ok(words)
}

/// The least CPU time, and the median of the peaks.
fn summary(runs: &[Run]) -> Result<(Duration, u64)> {
    let cpu = runs.iter().map(|run| run.cpu).min().context("no runs")?;
    let mut peaks: Vec<u64> = runs.iter().map(|run| run.peak).collect();
    peaks.sort_unstable();
    Ok((cpu, peaks.get(peaks.len() / 2).copied().unwrap_or_default()))
}

/// `+6 %`.
fn change(before: f64, after: f64) -> String {
    let percent = ((after / before.max(f64::MIN_POSITIVE) - 1.0) * 100.0).round();
    if percent == 0.0 { "0 %".to_owned() } else { format!("{percent:+} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_percent_with_its_sign() {
        assert_eq!(
            [(100.0, 106.0), (100.0, 91.0), (100.0, 100.2)].map(|(before, after)| change(before, after)),
            ["+6 %", "-9 %", "0 %"]
        );
    }
}
