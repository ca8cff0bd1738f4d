//! Which functions runs go through, for the linker: put beside each other, a run touches fewer pages of its binary.
//!
//! The system maps a program's code in pieces of 64 kB around what is executed. Spread over all of a binary, the 200 kB that
//! `--version` goes through brought 3 MB into memory, most of what a run on a small input takes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use goblin::elf::{Elf, program_header::PT_LOAD, sym};

/// Runs programs for x86-64 Linux, and writes down what it has translated: each instruction that was executed, once.
const EMULATOR: &str = "qemu-x86_64-static";
/// The argument with which a program builds its command line, as in each run, and no more.
const START: &str = "--help";
/// What is written, beside `link.rs`, which hands it to the linker.
const SCRIPT: &str = "crates/hot-functions.ld";

/// Whose runs to follow.
#[derive(clap::Args)]
pub(crate) struct Hot {
    /// Folder of the binaries, built with their symbols (`CARGO_PROFILE_RELEASE_STRIP=none`): `lw` and the tools of `RUNS`
    #[arg(long)]
    bin: PathBuf,
}

/// The runs: a binary, and its arguments in the folder that `lw demo` has filled. What every run goes through is of use to all
/// tools; of what only some do, that of the tools whose memory docs/performance.md compares.
const RUNS: [(&str, &str); 9] = [
    ("lw", START),
    ("size-gate", START),
    ("size-gate", "--elf firmware.elf --map firmware.map --preset binary-1mib"),
    ("size-gate", "--elf firmware.elf --map firmware.map --format json"),
    ("size-gate", "--map firmware.map --format idf-json2"),
    ("coverage-gate", "--coverage coverage.info --min-line 1% --lcov-out merged.info --html hot-coverage"),
    ("ota-package", "package --board led-node --firmware firmware.bin --output hot.ota"),
    (
        "ota-package",
        "package --board led-node --firmware firmware.bin --package-format seed --output hot.json",
    ),
    ("balena-deploy", START),
];

/// Gone through as well, by instructions that the emulator's processor does not have.
const NOT_EMULATED: [&str; 1] = ["_ZN4sha26sha2567x86_sha8compress17h*"];

/// Follows the runs and writes the linker's script.
pub(crate) fn run(root: &Path, wanted: &Hot) -> anyhow::Result<()> {
    let bin = fs::canonicalize(&wanted.bin).with_context(|| format!("no {}", wanted.bin.display()))?;
    let folder = tempfile::tempdir()?;
    let mut functions = BTreeMap::new();
    let demo = folder.path().join("demo");
    let status = Command::new(bin.join("lw"))
        .arg("demo")
        .arg("--out")
        .arg(&demo)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("failed to run {}", bin.join("lw").display()))?;
    if !status.success() {
        bail!("lw demo: {status}");
    }
    for (number, (tool, arguments)) in RUNS.into_iter().enumerate() {
        let run = Run { bit: 1 << number, binary: &bin.join(tool), arguments };
        run.follow(&demo, &mut functions)?;
    }
    let script_file = root.join(SCRIPT);
    fs::write(&script_file, script(&functions)?)
        .with_context(|| format!("failed to write {}", script_file.display()))
}

/// What is known of the functions of a name: there are several, where a generic one was made for several types.
#[derive(Debug, Default)]
struct Functions {
    /// Whether one is gone through when a program starts.
    at_start: bool,
    /// The runs that go through one, a bit for each.
    runs: u16,
    /// Bytes of those that runs go through.
    hot: u64,
    /// Bytes of all.
    all: u64,
}

/// One of [`RUNS`].
struct Run<'a> {
    /// Its bit in [`Functions::runs`].
    bit: u16,
    binary: &'a Path,
    arguments: &'a str,
}

impl Run<'_> {
    /// Adds the functions of the binary, and which of them the run goes through.
    fn follow(&self, folder: &Path, functions: &mut BTreeMap<String, Functions>) -> anyhow::Result<()> {
        let Self { bit, binary, arguments } = *self;
        let bytes = fs::read(binary).with_context(|| format!("failed to read {}", binary.display()))?;
        let elf = Elf::parse(&bytes)?;
        if elf.syms.is_empty() {
            bail!("{} has no symbols", binary.display());
        }
        let log = folder.join("executed.log");
        let output = Command::new(EMULATOR)
            .args(["-d", "in_asm,page", "-D"])
            .args([&log, binary])
            .args(arguments.split(' '))
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("failed to run {EMULATOR}: .ci/e2e-setup installs it"))?;
        // A verdict that fails has run as well.
        if !matches!(output.status.code(), Some(0 | 1)) {
            bail!("{} {}: {}", binary.display(), arguments, String::from_utf8_lossy(&output.stderr));
        }
        let log = fs::read_to_string(&log)?;
        let first =
            elf.program_headers.iter().find(|header| header.p_type == PT_LOAD && header.is_executable());
        let first = first.context("nothing in it is executable")?;
        let start = log.lines().find_map(|line| number(line.strip_prefix("start_code")?.trim()));
        let moved = start.context("it does not say where the code is")?.wrapping_sub(first.p_vaddr);
        let mut symbols: Vec<_> =
            elf.syms.iter().filter(|symbol| symbol.st_type() == sym::STT_FUNC).collect();
        symbols.sort_by_key(|symbol| symbol.st_value);
        let mut gone_through = BTreeSet::new();
        for address in log.lines().filter_map(|line| number(line.split_once(':')?.0)) {
            let address = address.wrapping_sub(moved);
            let at = symbols.partition_point(|symbol| symbol.st_value <= address);
            let found = at.checked_sub(1).and_then(|at| symbols.get(at));
            if let Some(symbol) = found.filter(|symbol| address - symbol.st_value < symbol.st_size) {
                gone_through.insert(symbol.st_value);
            }
        }
        for symbol in symbols {
            let Some(name) = elf.strtab.get_at(symbol.st_name).and_then(pattern) else { continue };
            let known = functions.entry(name).or_default();
            known.all += symbol.st_size;
            if gone_through.contains(&symbol.st_value) {
                known.hot += symbol.st_size;
                known.at_start |= arguments == START;
                known.runs |= bit;
            }
        }
        Ok(())
    }
}

/// An address as the emulator writes it.
fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// What finds the function in every build: without what tells its crate's version and its copies apart. Nothing for what has no
/// section of its name.
fn pattern(symbol: &str) -> Option<String> {
    let symbol = symbol.split_once(".llvm.").map_or(symbol, |(name, _)| name);
    if let Some(rest) = symbol.strip_suffix('E').filter(|_| symbol.starts_with("_ZN")) {
        let (name, hash) = rest.rsplit_once("17h")?;
        return (hash.len() == 16).then(|| format!("{name}17h*"));
    }
    let Some(rest) = symbol.strip_prefix("_R") else { return of_c(symbol) };
    // The other form has the hash of a crate behind `Cs`, in base 62 and with `_` behind it.
    let mut text = String::new();
    let mut parts = rest.split("Cs");
    text.push_str(parts.next()?);
    for part in parts {
        let end = part.find('_')?;
        text.push_str("Cs*");
        text.push_str(part.get(end..)?);
    }
    Some(format!("_R{text}"))
}

/// The same of a function of C. Each has a section of its name, but for what an assembler has written.
fn of_c(symbol: &str) -> Option<String> {
    let is_name = symbol.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name || symbol.starts_with("OUTLINED_") || symbol.starts_with("_Z") {
        return None;
    }
    // AWS-LC has its version in front of each name.
    let Some(name) = symbol.strip_prefix("aws_lc_") else { return Some(symbol.to_owned()) };
    Some(format!(
        "aws_lc_*{}",
        name.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '_')
    ))
}

/// The script: first what programs go through when they start, then what the most runs go through, and what the same runs do beside
/// each other. Names of which most functions are not gone through come after the others.
fn script(functions: &BTreeMap<String, Functions>) -> anyhow::Result<String> {
    let mut text = String::from(
        "/* The functions that runs go through, beside each other: written by `cargo xtask hot`, see docs/performance.md. First\n   comes what programs start with. A function that is not named is where it would be without. */\nSECTIONS\n{\n  .text.hot :\n  {\n",
    );
    let mut names: Vec<_> = functions.iter().filter(|(_, known)| known.hot > 0).collect();
    names.sort_by_key(|(name, known)| {
        let is_sparse = known.hot < known.all.div_ceil(2);
        (!known.at_start, is_sparse, Reverse(known.runs.count_ones()), known.runs, *name)
    });
    // What the compiler takes for unlikely, such as what makes room in a list, has a section of another name.
    for name in names.into_iter().map(|(name, _)| &**name).chain(NOT_EMULATED) {
        writeln!(text, "    *(.text.{name} .text.unlikely.{name})")?;
    }
    text.push_str("  }\n}\nINSERT BEFORE .text;\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_found_in_every_build() {
        for (symbol, expected) in [
            ("_ZN6lw_cli3run9configure17h28e00de45db0e5d7E", Some("_ZN6lw_cli3run9configure17h*")),
            ("_ZN4core3fmt5write17h0123456789abcdefE.llvm.123", Some("_ZN4core3fmt5write17h*")),
            (
                "_RNvNtCs4jGpvfTD0C7_3std9panickingNtCsabcDE9_4core3fmt",
                Some("_RNvNtCs*_3std9panickingNtCs*_4core3fmt"),
            ),
            ("_ZN9libunwind5otherE", None),
            ("memcpy", Some("memcpy")),
            ("aws_lc_0_47_0_OPENSSL_cpuid_setup", Some("aws_lc_*OPENSSL_cpuid_setup")),
            ("Lloop.1", None),
            ("OUTLINED_FUNCTION_7", None),
        ] {
            assert_eq!(pattern(symbol).as_deref(), expected, "{symbol}");
        }
    }

    #[test]
    fn addresses_are_read_as_the_emulator_writes_them() {
        assert_eq!(number("0x0000004000002730"), Some(0x40_0000_2730));
        assert_eq!(number("IN"), None);
    }

    #[test]
    fn what_programs_start_with_comes_first() {
        let known = |at_start, runs, hot, all| Functions { at_start, runs, hot, all };
        let functions = BTreeMap::from([
            ("_ZN1a17h*".to_owned(), known(false, 1, 10, 10)),
            ("_ZN1b17h*".to_owned(), known(true, 1, 4, 10)),
            ("_ZN1c17h*".to_owned(), known(true, 1, 5, 10)),
            ("_ZN1d17h*".to_owned(), known(false, 0, 0, 10)),
            ("_ZN1e17h*".to_owned(), known(false, 2, 10, 10)),
            ("_ZN1f17h*".to_owned(), known(false, 1, 10, 10)),
            ("_ZN1g17h*".to_owned(), known(false, 6, 10, 10)),
        ]);
        let text = script(&functions).unwrap();
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.trim().strip_prefix("*(.text.")?.strip_suffix(')')?.split_once(" .text.unlikely.")
            })
            .map(|(name, unlikely)| {
                assert_eq!(name, unlikely);
                name
            })
            .collect();
        let of = |letter: char| format!("_ZN1{letter}17h*");
        let expected: Vec<String> = "cbgafe".chars().map(of).chain([NOT_EMULATED[0].to_owned()]).collect();
        assert_eq!(names, expected);
        assert!(text.starts_with("/* ") && text.ends_with("  }\n}\nINSERT BEFORE .text;\n"), "{text}");
    }

    /// The parts of a name of the older form, `_ZN` and then each with its length before it.
    fn parts(mut name: &str) -> Vec<&str> {
        let mut parts = Vec::new();
        while let Some(end) = name.find(|letter: char| !letter.is_ascii_digit()).filter(|end| *end > 0) {
            let (length, rest) = name.split_at(end);
            let (part, rest) = rest.split_at(length.parse().unwrap());
            parts.push(part);
            name = rest;
        }
        parts
    }

    #[test]
    fn the_functions_are_those_of_the_sources() {
        let root = crate::house::root();
        let sources: Vec<String> = crate::house::files_below(&root.join("crates"))
            .unwrap()
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        let words = |text: &str| -> Vec<String> {
            let names = text.split("fn ").skip(1);
            names
                .filter_map(|rest| {
                    Some(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
                })
                .collect()
        };
        let known: BTreeSet<String> = sources.iter().flat_map(|text| words(text)).collect();
        let script = fs::read_to_string(root.join(SCRIPT)).unwrap();
        let names =
            script.lines().filter_map(|line| line.trim().strip_prefix("*(.text._ZN")?.split_once("17h*"));
        let ours: Vec<&str> = names
            .map(|(name, _)| parts(name))
            .filter(|parts| parts.first().is_some_and(|first| first.starts_with("lw_")))
            // What has a type in it is a closure or a function of a trait: the part before says whose.
            .filter_map(|parts| parts.into_iter().rev().find(|part| !part.contains(['$', '.'])))
            .collect();
        let gone: Vec<&&str> = ours.iter().filter(|name| !known.contains(**name)).collect();
        assert!(ours.len() > 200, "{} functions", ours.len());
        // The rest lies where it would without; a build is good for some changes.
        assert!(
            gone.len() * 20 < ours.len(),
            "make {SCRIPT} again (docs/performance.md says how), it has aged: no longer there are {gone:?}"
        );
    }
}
