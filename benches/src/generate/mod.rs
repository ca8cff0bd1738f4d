//! A firmware that never was: a valid ELF file and the map a linker would have written with it. And
//! [tracefiles](tracefile) and [images](image) of others.

mod elf;
pub(crate) mod image;
pub(crate) mod lockfile;
mod map;
mod names;
mod program;
mod rng;
pub(crate) mod tracefile;

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use program::Program;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Number of symbols.
    pub(crate) symbols: usize,
    /// Bytes of the ELF file, about: debug information fills it up.
    pub(crate) elf_bytes: u64,
}

impl Plan {
    /// 12 MB of ELF and about 10 MB of map.
    pub(crate) const BASE: Self = Self { symbols: 96_000, elf_bytes: 12_000_000 };

    /// The base plan with everything times `megabytes` / 12.
    pub(crate) fn of_size(megabytes: u64) -> Self {
        let symbols = Self::BASE.symbols as u64 * megabytes / 12;
        Self { symbols: usize::try_from(symbols).unwrap_or(usize::MAX), elf_bytes: megabytes * 1_000_000 }
    }
}

/// The generated files.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) elf: PathBuf,
    pub(crate) map: PathBuf,
}

impl Files {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { elf: folder.join("firmware.elf"), map: folder.join("firmware.map") }
    }
}

/// Writes `firmware.elf` and `firmware.map`; the same plan gives the same bytes.
pub(crate) fn write(plan: Plan, folder: &Path) -> Result<Files> {
    const SEED: u64 = 0x0065_7370_3332_6333;
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    let files = Files::in_folder(folder);
    let mut program = Program::new(plan.symbols, SEED);
    program.add_debug(plan.elf_bytes.saturating_sub(program.elf_bytes()), SEED);
    fs::write(&files.elf, elf::write(&program, SEED))
        .with_context(|| format!("failed to write {}", files.elf.display()))?;
    let map = || -> std::io::Result<()> {
        let mut out = BufWriter::new(fs::File::create(&files.map)?);
        map::write(&program, &mut out)?;
        out.flush()
    };
    map().with_context(|| format!("failed to write {}", files.map.display()))?;
    Ok(files)
}

/// Writes so many reports to a folder; the pattern that names them all.
pub(crate) fn many(folder: &Path, count: usize, report: impl Fn(usize) -> String) -> Result<PathBuf> {
    for index in 0..count {
        let path = folder.join(format!("r{index:06}.json"));
        fs::write(&path, report(index)).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(folder.join("*.json"))
}

#[cfg(test)]
mod tests {
    use lw_firmware::{Elf, Map, Memory, Sources};

    use super::*;

    #[test]
    fn elf_and_map_are_of_one_program_that_fits_the_chip() {
        for plan in [Plan { symbols: 3_000, elf_bytes: 500_000 }, Plan { symbols: 150_000, elf_bytes: 0 }] {
            let folder = tempfile::tempdir().unwrap();
            let files = write(plan, folder.path()).unwrap();
            let (elf, map) = (fs::read(&files.elf).unwrap(), fs::read(&files.map).unwrap());
            let (elf, map) = (Elf::parse(&elf).unwrap(), Map::parse(&map).unwrap());
            let measure = |elf, map| Memory::measure(&Sources { elf, map, ..Sources::default() }).unwrap();
            let from_elf = measure(Some(&elf), Some(&map));
            let from_map = measure(None, Some(&map));
            let used = |memory: &Memory| -> Vec<_> {
                memory
                    .regions
                    .iter()
                    .map(|used| (used.region.name.clone(), used.span, used.bytes, used.overflow()))
                    .collect()
            };
            assert_eq!(used(&from_elf), used(&from_map));
            assert!(used(&from_elf).iter().filter(|(_, span, ..)| *span > 0).count() >= 4);
            assert!(used(&from_elf).iter().all(|(.., overflow)| *overflow == 0));
            assert_eq!(from_elf.chip.map(lw_firmware::Chip::as_str), Some("esp32c3"));
        }
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes() {
        let plan = Plan { symbols: 500, elf_bytes: 80_000 };
        let bytes = || {
            let folder = tempfile::tempdir().unwrap();
            let files = write(plan, folder.path()).unwrap();
            (fs::read(files.elf).unwrap(), fs::read(files.map).unwrap())
        };
        assert_eq!(bytes(), bytes());
    }
}
