//! What each dependency costs in a binary users download: the bytes of its functions and constants, by their symbols.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use cargo_metadata::MetadataCommand;
use goblin::elf::{Elf, section_header::SHF_ALLOC, section_header::SHT_NOBITS, sym};

use crate::house;

/// The target of the binaries users download on Linux.
const TARGET: &str = "x86_64-unknown-linux-musl";
/// Crates of the table; the rest is one row.
const ROWS: usize = 60;

/// What to weigh.
#[derive(clap::Args)]
pub(crate) struct Costs {
    /// Packages with a binary of the same name; `lw-` in front of a tool is left out of the binary's
    #[arg(long, default_values = ["lw", "lw-balena-deploy", "lw-size-gate"])]
    package: Vec<String>,
    /// A binary that has been built with its symbols (`CARGO_PROFILE_RELEASE_STRIP=none`), instead of building packages
    #[arg(long)]
    binary: Vec<PathBuf>,
    /// Document to write the tables into, between `<!-- costs:begin -->` and `<!-- costs:end -->`
    #[arg(long)]
    write: Option<PathBuf>,
}

/// Builds the binaries with their symbols and writes down what they are made of.
pub(crate) fn run(root: &Path, wanted: &Costs) -> anyhow::Result<()> {
    let mut text = String::new();
    let names = crates(root)?;
    let paths: Vec<PathBuf> = if wanted.binary.is_empty() {
        wanted.package.iter().map(|package| built(root, package)).collect::<anyhow::Result<_>>()?
    } else {
        wanted.binary.clone()
    };
    let mut binaries = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let weighed = weigh(&bytes, &names).with_context(|| format!("failed to read {}", path.display()))?;
        binaries.push((name, weighed));
    }
    write!(text, "{}", sections(&binaries)?)?;
    write!(text, "\n{}", by_crate(&binaries)?)?;
    match &wanted.write {
        None => print(&text),
        Some(path) => replace(path, &text)?,
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the table is what was asked for")]
fn print(text: &str) {
    println!("{text}");
}

/// Builds a binary as it is released, but with its symbols.
fn built(root: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let name = package.strip_prefix("lw-").unwrap_or(package);
    let folder = house::target_directory(root)?.join("costs");
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["build", "--quiet", "--release", "--target", TARGET, "--package", package, "--target-dir"])
        .arg(&folder)
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .status()
        .context("failed to run cargo")?;
    if !status.success() {
        bail!("failed to build {package}: {status}");
    }
    Ok(folder.join(TARGET).join("release").join(name))
}

/// The names of all crates of the lock file as symbols have them.
fn crates(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    let names = metadata.packages.iter().map(|package| package.name.replace('-', "_"));
    Ok(names.filter(|name| !STANDARD.contains(&name.as_str())).collect())
}

/// The crates of the standard library, which is also where what no other crate is named in belongs.
const STANDARD: [&str; 3] = ["core", "alloc", "std"];
/// Its row.
const RUST: &str = "Rust's standard library";
/// The row of functions and tables in C and assembly that no crate is known for.
const LIBC: &str = "musl, and C without a crate";
/// What C of a crate begins with, and the crate.
const C_PREFIXES: [(&str, &str); 1] = [("aws_lc_", "aws_lc_sys")];

/// What a binary is made of, in bytes.
#[derive(Debug, Default)]
struct Weighed {
    /// Without symbols, which users do not download.
    file: u64,
    code: BTreeMap<String, u64>,
    data: BTreeMap<String, u64>,
    sections: BTreeMap<String, u64>,
}

impl Weighed {
    fn of(&self, name: &str) -> u64 {
        self.code.get(name).unwrap_or(&0) + self.data.get(name).unwrap_or(&0)
    }
}

/// Adds up the symbols of an ELF file by crate. Functions and tables at one address, which are one, count once.
fn weigh(bytes: &[u8], crates: &BTreeSet<String>) -> anyhow::Result<Weighed> {
    let elf = Elf::parse(bytes)?;
    if elf.syms.is_empty() {
        bail!("it has no symbols");
    }
    let mut weighed = Weighed::default();
    for header in &elf.section_headers {
        let is_in_file = header.sh_type != SHT_NOBITS && header.sh_flags & u64::from(SHF_ALLOC) != 0;
        if is_in_file && header.sh_size > 0 {
            let name = elf.shdr_strtab.get_at(header.sh_name).unwrap_or_default();
            *weighed.sections.entry(name.to_owned()).or_default() += header.sh_size;
            weighed.file += header.sh_size;
        }
    }
    let mut symbols: Vec<_> = elf
        .syms
        .iter()
        .filter(|symbol| symbol.st_size > 0 && [sym::STT_FUNC, sym::STT_OBJECT].contains(&symbol.st_type()))
        .filter(|symbol| {
            elf.section_headers.get(symbol.st_shndx).is_some_and(|section| section.sh_type != SHT_NOBITS)
        })
        .collect();
    symbols.sort_by_key(|symbol| (symbol.st_value, std::cmp::Reverse(symbol.st_size)));
    symbols.dedup_by_key(|symbol| symbol.st_value);
    for symbol in symbols {
        let name = elf.strtab.get_at(symbol.st_name).unwrap_or_default();
        let owner = owner(name, crates);
        let kind = if symbol.st_type() == sym::STT_FUNC { &mut weighed.code } else { &mut weighed.data };
        *kind.entry(owner).or_default() += symbol.st_size;
    }
    Ok(weighed)
}

/// The crate a symbol counts for: the first that is named in it. `Vec<gix_hash::ObjectId>::push` counts for gix-hash, which
/// makes it necessary.
fn owner(symbol: &str, crates: &BTreeSet<String>) -> String {
    if let Some((_, owner)) = C_PREFIXES.iter().find(|(prefix, _)| symbol.starts_with(prefix)) {
        return (*owner).to_owned();
    }
    let Ok(demangled) = rustc_demangle::try_demangle(symbol) else {
        return LIBC.to_owned();
    };
    let path = format!("{demangled:#}");
    let words = path.split("::").map(|part| {
        let start =
            part.rfind(|letter: char| !letter.is_alphanumeric() && letter != '_').map_or(0, |at| at + 1);
        part.get(start..).unwrap_or_default()
    });
    words.into_iter().find(|word| crates.contains(*word)).map_or_else(|| RUST.to_owned(), str::to_owned)
}

/// What the files consist of.
fn sections(binaries: &[(String, Weighed)]) -> anyhow::Result<String> {
    const KINDS: [(&str, &[&str]); 5] = [
        ("code", &[".text", ".text.hot", ".init", ".fini", ".plt"]),
        ("constants", &[".rodata", ".tdata"]),
        (
            "constants with addresses in them, variables",
            &[".data.rel.ro", ".data", ".got", ".got.plt", ".init_array", ".fini_array"],
        ),
        ("what the loader corrects (relocations)", &[".rela.dyn", ".rela.plt", ".relr.dyn"]),
        (
            "tables to unwind, of C and the standard library",
            &[".eh_frame", ".eh_frame_hdr", ".gcc_except_table"],
        ),
    ];
    let mut text = header("Part", binaries)?;
    for (title, names) in KINDS {
        let sum =
            |weighed: &Weighed| names.iter().filter_map(|name| weighed.sections.get(*name)).sum::<u64>();
        row(&mut text, title, binaries, sum)?;
    }
    let rest = |weighed: &Weighed| {
        let named: u64 =
            KINDS.iter().flat_map(|(_, names)| *names).filter_map(|name| weighed.sections.get(*name)).sum();
        weighed.file.saturating_sub(named)
    };
    row(&mut text, "other", binaries, rest)?;
    row(&mut text, "all", binaries, |weighed| weighed.file)?;
    Ok(text)
}

/// What each crate costs, the most expensive first.
fn by_crate(binaries: &[(String, Weighed)]) -> anyhow::Result<String> {
    let names: BTreeSet<&String> =
        binaries.iter().flat_map(|(_, weighed)| weighed.code.keys().chain(weighed.data.keys())).collect();
    let mut names: Vec<&String> = names.into_iter().collect();
    let most = |name: &str| binaries.iter().map(|(_, weighed)| weighed.of(name)).max();
    names.sort_by_key(|name| std::cmp::Reverse(most(name)));
    let mut text = header("Crate", binaries)?;
    let (shown, rest) = names.split_at(names.len().min(ROWS));
    for name in shown {
        row(&mut text, &name.replace('_', "-"), binaries, |weighed| weighed.of(name))?;
    }
    let small = |weighed: &Weighed| rest.iter().map(|name| weighed.of(name)).sum();
    row(&mut text, &format!("{} smaller ones", rest.len()), binaries, small)?;
    let nameless = |weighed: &Weighed| {
        let named: u64 = weighed.code.values().chain(weighed.data.values()).sum();
        weighed.file.saturating_sub(named)
    };
    row(&mut text, "texts and tables without a symbol, relocations, unwinding", binaries, nameless)?;
    Ok(text)
}

fn header(first: &str, binaries: &[(String, Weighed)]) -> anyhow::Result<String> {
    let mut text = String::new();
    let names: Vec<String> = binaries.iter().map(|(name, _)| format!("`{name}`")).collect();
    writeln!(text, "| {first} | {} |", names.join(" | "))?;
    writeln!(text, "| --- |{}", " ---: |".repeat(binaries.len()))?;
    Ok(text)
}

fn row(
    text: &mut String,
    title: &str,
    binaries: &[(String, Weighed)],
    bytes: impl Fn(&Weighed) -> u64,
) -> anyhow::Result<()> {
    write!(text, "| {title} |")?;
    for (_, weighed) in binaries {
        write!(text, " {} |", grouped(bytes(weighed)))?;
    }
    writeln!(text)?;
    Ok(())
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Puts the tables between the markers of a document.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    const MARKS: (&str, &str) = ("<!-- costs:begin -->", "<!-- costs:end -->");
    let document = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let parts = document.split_once(MARKS.0).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(MARKS.1)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else { bail!("{} has no {} … {}", path.display(), MARKS.0, MARKS.1) };
    let document = format!("{before}{}\n\n{}\n\n{}{after}", MARKS.0, text.trim(), MARKS.1);
    fs::write(path, document).with_context(|| format!("failed to write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_counts_for_the_first_crate_that_is_named_in_it() {
        let crates: BTreeSet<String> = ["gix_hash", "serde_json"].map(str::to_owned).into();
        for (symbol, expected) in [
            ("_ZN8gix_hash5parse17h0123456789abcdefE", "gix_hash"),
            ("_ZN4core3ptr45drop_in_place$LT$serde_json..value..Value$GT$17h0123456789abcdefE", "serde_json"),
            (
                "_ZN60_$LT$alloc..vec..Vec$LT$gix_hash..Id$GT$$u20$as$u20$Drop$GT$4drop17h0123456789abcdefE",
                "gix_hash",
            ),
            ("_ZN4core3fmt5write17h0123456789abcdefE", RUST),
            ("aws_lc_0_47_0_RSA_sign", "aws_lc_sys"),
            ("memcpy", LIBC),
        ] {
            assert_eq!(owner(symbol, &crates), expected, "{symbol}");
        }
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1 000", "1 234 567"]);
    }
}
