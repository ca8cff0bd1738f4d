//! Which regions there are, and what kind of memory each is.

use goblin::elf::header::EM_AVR;
use lw_model::lists::sort;

use crate::chip::Chip;
use crate::region::{Region, RegionClass};

use super::{MemoryError, RegionUse, SectionUse, Sources};

/// Where the regions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The user, or a linker script.
    User,
    /// The map.
    Map,
    /// The chip's default linker script.
    Chip,
    /// The address spaces of the machine (AVR); their lengths are not known.
    Machine,
    /// Made up from the sections; their lengths are not known.
    Sections,
}

/// A bound on the work that a hostile map can ask for.
pub(super) const MAX_REGIONS: usize = 1000;

impl Origin {
    fn bounded(self) -> bool {
        matches!(self, Self::User | Self::Map | Self::Chip)
    }
}

/// The regions of the best source there is.
pub(super) fn choose(
    sources: &Sources<'_>,
    chip: Option<Chip>,
    sections: &[SectionUse],
    warnings: &mut Vec<String>,
) -> Result<(Origin, Vec<Region>), MemoryError> {
    let map = sources.map.map(|map| map.regions.as_slice()).unwrap_or_default();
    let (origin, regions) = if !sources.regions.is_empty() {
        (Origin::User, sources.regions.to_vec())
    } else if !map.is_empty() {
        (Origin::Map, map.to_vec())
    } else if let Some(chip) = chip {
        (Origin::Chip, chip.default_regions())
    } else if sources.machine() == Some(EM_AVR) {
        (Origin::Machine, avr(sections))
    } else {
        (Origin::Sections, of_sections(sections, sources.machine()))
    };
    if regions.len() > MAX_REGIONS {
        return Err(MemoryError::TooManyRegions(regions.len()));
    }
    if !origin.bounded() {
        warnings.push(
            "the sizes of the memory regions are not known: pass the linker's map, its script, or the regions".into(),
        );
    }
    for (index, region) in regions.iter().enumerate() {
        if regions.iter().take(index).any(|other| other.name == region.name) {
            return Err(MemoryError::DuplicateRegion(region.name.clone()));
        }
    }
    Ok((origin, regions))
}

/// The address spaces of avr-libc and GNU ld's `avr` scripts. Data starts where the registers of the
/// device end, so at the lowest section.
fn avr(sections: &[SectionUse]) -> Vec<Region> {
    const SPACES: [(&str, u64, u64); 7] = [
        ("text", 0, 0x80_0000),
        ("data", 0x80_0000, 0x1_0000),
        ("eeprom", 0x81_0000, 0x1_0000),
        ("fuse", 0x82_0000, 0x1_0000),
        ("lock", 0x83_0000, 0x1_0000),
        ("signature", 0x84_0000, 0x1_0000),
        ("user_signatures", 0x85_0000, 0x1_0000),
    ];
    let used = |(name, start, length): (&str, u64, u64)| {
        let space = Region::new(name, start, length);
        let lowest =
            sections.iter().map(|section| section.address).filter(|address| space.contains(*address)).min();
        let lowest = if start == 0 { 0 } else { lowest? };
        Some(Region::new(name, lowest, space.end() - lowest))
    };
    SPACES.into_iter().filter_map(used).collect()
}

/// Regions around what the sections use. What is zeroed or moved runs in RAM, as does what touches it; what is loaded
/// where it stays is in flash, unless nothing is moved at all: a program whose variables are loaded where they are used
/// runs from RAM. Elsewhere writable says nothing: constants of Zephyr and of ESP-IDF are.
fn of_sections(sections: &[SectionUse], machine: Option<u16>) -> Vec<Region> {
    /// What lies no further apart is one memory.
    const GAP: u64 = 0x10_0000;
    /// What lies no further from a section in RAM is in RAM: zeros that LLD keeps for a stack.
    const NEAR: u64 = 0x100;
    /// The same where nothing is moved: sections of a program for RAM begin at a page.
    const PAGE: u64 = 0x1000;
    let used = || sections.iter().filter(|section| !section.dummy);
    let any_moved = used().any(|section| section.lma.is_some());
    let near = if any_moved { NEAR } else { PAGE };
    // Start, end, and whether it must be RAM.
    let mut runs: Vec<(u64, u64, bool)> = used()
        .map(|section| {
            let moved = !section.loaded || section.lma.is_some();
            let is_ram =
                moved || !any_moved && section.write || super::kind::is_ram_address(machine, section.address);
            (section.address, section.address.saturating_add(section.size), is_ram)
        })
        .collect();
    sort(&mut runs);
    let mut clusters: Vec<(u64, u64, bool)> = Vec::with_capacity(runs.len());
    for (start, end, is_ram) in runs {
        match clusters.last_mut() {
            Some(last) if start <= last.1.saturating_add(near) => {
                last.1 = last.1.max(end);
                last.2 |= is_ram;
            }
            _ => clusters.push((start, end, is_ram)),
        }
    }
    let (mut ram, mut flash): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for (start, end, is_ram) in clusters {
        if is_ram { ram.push((start, end)) } else { flash.push((start, end)) }
    }
    flash.extend(used().filter_map(|section| {
        let lma = section.lma?;
        Some((lma, lma.saturating_add(section.size)))
    }));
    let named = |name: &str, ranges: Vec<(u64, u64)>| {
        let ranges = join(ranges, GAP);
        let alone = ranges.len() == 1;
        let region = move |(start, end): (u64, u64)| {
            Region::new(if alone { name.into() } else { format!("{name}_{start:x}") }, start, end - start)
        };
        ranges.into_iter().map(region).collect::<Vec<_>>()
    };
    let mut regions = named("FLASH", flash);
    regions.extend(named("RAM", ram));
    regions
}

/// Joins half-open ranges that lie no further apart than `gap`.
fn join(mut ranges: Vec<(u64, u64)>, gap: u64) -> Vec<(u64, u64)> {
    sort(&mut ranges);
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start <= last.1.saturating_add(gap) => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// The regions with the kind that their place alone tells, still empty.
pub(super) fn classify(regions: Vec<Region>, origin: Origin, chip: Option<Chip>) -> Vec<RegionUse> {
    let kinds: Vec<(RegionClass, bool)> =
        regions.iter().map(|region| of_place(region, &regions, chip)).collect();
    let used = |(region, (class, code_only)): (Region, (RegionClass, bool))| RegionUse {
        region,
        class,
        why: String::new(),
        code_only,
        bounded: origin.bounded(),
        span: 0,
        taken: 0,
        bytes: 0,
        gaps: Vec::new(),
        placements: Vec::new(),
    };
    regions.into_iter().zip(kinds).map(used).collect()
}

/// What the chip has at a region's place, and whether only code can lie there.
fn of_place(region: &Region, all: &[Region], chip: Option<Chip>) -> (RegionClass, bool) {
    let name = region.name.to_ascii_lowercase();
    let Some(window) = chip.and_then(|chip| chip.window(region.origin)) else {
        return (RegionClass::Other, false);
    };
    // The S3 has flash and external RAM in one window, the P4 can run code from external RAM that was copied from flash:
    // there the attributes decide, and the name where there are none.
    let external = ["extern_ram", "ext_ram", "psram", "spiram"].iter().any(|part| name.contains(part));
    let flash = ["irom", "drom"].iter().any(|part| name.starts_with(part));
    let wanted =
        |region: &Region| region.attributes.split('!').next().unwrap_or_default().to_ascii_lowercase();
    let (told, writable) = (!wanted(region).is_empty(), wanted(region).contains('w'));
    let shares = || {
        let beside = |other: &Region| other.name != region.name && other.origin == region.origin;
        all.iter().any(|other| beside(other) && !wanted(other).contains('w'))
    };
    match window.class {
        RegionClass::Flash if told && writable && (external || shares()) => (RegionClass::Psram, false),
        RegionClass::Flash if !told && external => (RegionClass::Psram, false),
        RegionClass::Psram if told && !writable || !told && flash => (RegionClass::Flash, false),
        class => (class, window.code_only && class == RegionClass::Ram),
    }
}

/// The kind of a region by what it is called: the last thing to go by.
pub(super) fn by_name(name: &str) -> Option<RegionClass> {
    if name.contains("cache") {
        return None;
    }
    // The first that matches counts: `eeprom` before `rom`, `bkpsram` before `psram` before `ram`.
    const WORDS: [(&str, RegionClass); 36] = [
        ("eeprom", RegionClass::Eeprom),
        ("fuse", RegionClass::Eeprom),
        ("lock", RegionClass::Eeprom),
        ("signature", RegionClass::Eeprom),
        ("uicr", RegionClass::Eeprom),
        ("otp", RegionClass::Eeprom),
        ("bkp", RegionClass::Rtc),
        ("backup", RegionClass::Rtc),
        ("bbram", RegionClass::Rtc),
        ("rtc", RegionClass::Rtc),
        ("lp_", RegionClass::Rtc),
        ("retention", RegionClass::Rtc),
        ("psram", RegionClass::Psram),
        ("spiram", RegionClass::Psram),
        ("sdram", RegionClass::Psram),
        ("hyperram", RegionClass::Psram),
        ("extram", RegionClass::Psram),
        ("ext_ram", RegionClass::Psram),
        ("extern_ram", RegionClass::Psram),
        ("ccm", RegionClass::Ram),
        ("tcm", RegionClass::Ram),
        ("flash", RegionClass::Flash),
        ("program", RegionClass::Flash),
        ("progmem", RegionClass::Flash),
        ("rom", RegionClass::Flash),
        ("qspi", RegionClass::Flash),
        ("ospi", RegionClass::Flash),
        ("xip", RegionClass::Flash),
        ("boot", RegionClass::Flash),
        ("text", RegionClass::Flash),
        ("metadata", RegionClass::Flash),
        ("ram", RegionClass::Ram),
        ("data", RegionClass::Ram),
        ("stack", RegionClass::Ram),
        ("heap", RegionClass::Ram),
        ("scratch", RegionClass::Ram),
    ];
    // Ferroelectric and magnetic RAM keep their content; the letters alone also end `CCMRAM`.
    if matches!(name, "fram" | "mram") {
        return Some(RegionClass::Flash);
    }
    WORDS.iter().find(|(word, _)| name.contains(word)).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_hint() {
        assert_eq!(by_name("flash"), Some(RegionClass::Flash));
        assert_eq!(by_name("eeprom"), Some(RegionClass::Eeprom));
        assert_eq!(by_name("bkpsram"), Some(RegionClass::Rtc));
        assert_eq!(by_name("ccmram"), Some(RegionClass::Ram));
        assert_eq!(by_name("fram"), Some(RegionClass::Flash));
        assert_eq!(by_name("icache"), None);
        assert_eq!(by_name("bank1"), None);
    }

    #[test]
    fn a_chip_tells_what_it_has_at_an_address() {
        let kind = |name: &str, origin, attributes: &str, chip| {
            let region = Region { attributes: attributes.into(), ..Region::new(name, origin, 1) };
            let flash = Region { attributes: "r".into(), ..Region::new("constants", origin, 1) };
            of_place(&region, &[region.clone(), flash], Some(chip))
        };
        assert_eq!(kind("code", 0x4008_0000, "xr", Chip::Esp32), (RegionClass::Ram, true));
        assert_eq!(kind("code", 0x400D_0020, "xr", Chip::Esp32), (RegionClass::Flash, false));
        assert_eq!(kind("extern_ram_seg", 0x3C00_0020, "xrw", Chip::Esp32S3), (RegionClass::Psram, false));
        assert_eq!(kind("BANK1", 0x3C00_0020, "xrw", Chip::Esp32S3), (RegionClass::Psram, false));
        assert_eq!(kind("BANK1", 0x3C00_0020, "xr", Chip::Esp32S3), (RegionClass::Flash, false));
    }
}
