//! Which regions there are, and what kind of memory each is.

use goblin::elf::header::EM_AVR;

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
        (Origin::Sections, of_sections(sections))
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

/// Regions around what the sections use: one that is zeroed or moved runs in RAM, as does what touches it;
/// one that is loaded where it stays is in flash. Whether it is writable says nothing: constants of Zephyr
/// and of ESP-IDF are.
fn of_sections(sections: &[SectionUse]) -> Vec<Region> {
    /// What lies no further apart is one memory.
    const GAP: u64 = 0x10_0000;
    /// What lies no further from a section in RAM is in RAM: zeros that LLD keeps for a stack.
    const NEAR: u64 = 0x100;
    let range = |section: &SectionUse| (section.address, section.address.saturating_add(section.size));
    let (mut ram, mut flash): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    let mut unmoved = Vec::new();
    for section in sections.iter().filter(|section| !section.dummy) {
        if section.loaded && section.lma.is_none() {
            unmoved.push(range(section));
        } else {
            ram.push(range(section));
        }
        if let Some(lma) = section.lma {
            flash.push((lma, lma.saturating_add(section.size)));
        }
    }
    ram = join(ram, NEAR);
    let near = |(start, end): &(u64, u64)| {
        let after = ram.partition_point(|(from, _)| from <= start);
        let before = after.checked_sub(1).and_then(|index| ram.get(index));
        before.is_some_and(|(_, to)| *start <= to.saturating_add(NEAR))
            || ram.get(after).is_some_and(|(from, _)| *from <= end.saturating_add(NEAR))
    };
    let (in_ram, in_flash): (Vec<_>, Vec<_>) = unmoved.into_iter().partition(near);
    ram.extend(in_ram);
    flash.extend(in_flash);
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
    ranges.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start <= last.1.saturating_add(gap) => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// The regions with their kind, still empty.
pub(super) fn classify(regions: Vec<Region>, origin: Origin, chip: Option<Chip>) -> Vec<RegionUse> {
    let used = |region: Region| {
        let (class, code_only) = class(&region, chip);
        RegionUse {
            region,
            class,
            code_only,
            bounded: origin.bounded(),
            span: 0,
            bytes: 0,
            placements: Vec::new(),
        }
    };
    regions.into_iter().map(used).collect()
}

/// What kind of memory a region is, and whether it only holds code.
fn class(region: &Region, chip: Option<Chip>) -> (RegionClass, bool) {
    let name = region.name.to_ascii_lowercase();
    let code_only = name.starts_with("iram") || name.starts_with("itcm");
    if name.contains("cache") {
        return (RegionClass::Other, false);
    }
    // The S3 has flash and external RAM in one window, the P4 can run code from external RAM that
    // was copied from flash: there the name decides.
    if let Some(chip) = chip {
        let external = ["extern_ram", "ext_ram", "psram", "spiram"].iter().any(|part| name.contains(part));
        let flash = ["irom", "drom"].iter().any(|part| name.starts_with(part));
        match chip.window(region.origin) {
            _ if external => return (RegionClass::Psram, false),
            _ if flash => return (RegionClass::Flash, false),
            Some(window) => return (window.class, window.code_only && window.class == RegionClass::Ram),
            None => {}
        }
    }
    let class = by_name(&name).unwrap_or_else(|| by_attributes(region));
    (class, code_only && class == RegionClass::Ram)
}

fn by_name(name: &str) -> Option<RegionClass> {
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

/// `rw !x` says writable, and not executable.
fn by_attributes(region: &Region) -> RegionClass {
    let wanted = region.attributes.split('!').next().unwrap_or_default().to_ascii_lowercase();
    if wanted.contains('w') {
        RegionClass::Ram
    } else if wanted.contains(['x', 'r']) {
        RegionClass::Flash
    } else {
        RegionClass::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_attributes_tell_the_kind() {
        let kind = |name: &str, attributes: &str| {
            let region = Region { attributes: attributes.into(), ..Region::new(name, 0, 1) };
            class(&region, None).0
        };
        assert_eq!(kind("FLASH", "xr"), RegionClass::Flash);
        assert_eq!(kind("text", "xr"), RegionClass::Flash);
        assert_eq!(kind("data", "rw !x"), RegionClass::Ram);
        assert_eq!(kind("eeprom", "rw !x"), RegionClass::Eeprom);
        assert_eq!(kind("BKPSRAM", "rw"), RegionClass::Rtc);
        assert_eq!(kind("PSRAM", "rw"), RegionClass::Psram);
        assert_eq!(kind("CCMRAM", "rw"), RegionClass::Ram);
        assert_eq!(kind("FRAM", "rwx"), RegionClass::Flash);
        assert_eq!(kind("ICACHE", "rwx"), RegionClass::Other);
        assert_eq!(kind("PROGRAM_FLASH", "rx"), RegionClass::Flash);
        assert_eq!(kind("BANK1", "rw !x"), RegionClass::Ram);
        assert_eq!(kind("BANK1", "r !w"), RegionClass::Flash);
        assert_eq!(kind("BANK1", ""), RegionClass::Other);
    }

    #[test]
    fn code_memory_is_told_apart() {
        assert_eq!(class(&Region::new("ITCM", 0, 1), None), (RegionClass::Ram, true));
        assert_eq!(
            class(&Region::new("iram0_0_seg", 0x4008_0000, 1), Some(Chip::Esp32)),
            (RegionClass::Ram, true)
        );
        assert_eq!(
            class(&Region::new("iram0_2_seg", 0x400D_0020, 1), Some(Chip::Esp32)),
            (RegionClass::Flash, false)
        );
        let psram = Region::new("extern_ram_seg", 0x3C00_0020, 1);
        assert_eq!(class(&psram, Some(Chip::Esp32S3)), (RegionClass::Psram, false));
    }
}
