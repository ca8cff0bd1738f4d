//! Which Espressif chip a firmware is for.

use crate::chip::{Chip, EM_RISCV, EM_XTENSA};
use crate::elf::Elf;
use crate::region::RegionClass;

use super::{MemoryError, SectionUse, Sources};

/// The user's word, or else the symbol that ESP-IDF defines for it, or else what fits the addresses.
pub(super) fn chip(
    sources: &Sources<'_>,
    sections: &[SectionUse],
    warnings: &mut Vec<String>,
) -> Result<Option<Chip>, MemoryError> {
    let named = || sources.map.and_then(|map| map.chip).or_else(|| sources.elf.and_then(by_symbol));
    if let Some(chip) = sources.chip {
        if let Some(found) = sources.machine()
            && found != chip.machine()
        {
            return Err(MemoryError::Machine { chip, expected: chip.machine(), found });
        }
        if let Some(named) = named()
            && named != chip
        {
            warnings
                .push(format!("measured as {chip}, as asked, although the firmware says it is for {named}"));
        }
        return Ok(Some(chip));
    }
    if let Some(named) = named() {
        return Ok(Some(named));
    }
    let found = by_addresses(sources.machine(), sections);
    if let [first, others @ ..] = found.as_slice()
        && !others.is_empty()
    {
        let others: Vec<_> = others.iter().map(|chip| chip.as_str()).collect();
        warnings.push(format!(
            "measured as {first}, but the addresses fit {} as well: name the chip to be sure",
            others.join(" and ")
        ));
    }
    Ok(found.first().copied())
}

/// ESP-IDF's linker scripts define the absolute symbol `IDF_TARGET_ESP32C3`.
fn by_symbol(elf: &Elf<'_>) -> Option<Chip> {
    if !matches!(elf.machine, EM_XTENSA | EM_RISCV) {
        return None;
    }
    let target = elf.absolute_symbols().find_map(|name| name.strip_prefix(b"IDF_TARGET_"))?;
    std::str::from_utf8(target).ok()?.parse().ok()
}

/// The chips whose memory holds every section, best first; more than one when nothing tells them apart.
fn by_addresses(machine: Option<u16>, sections: &[SectionUse]) -> Vec<Chip> {
    /// A section that starts where a region does says this much more than one that lies in a region.
    const AT_ORIGIN: usize = 100;
    /// Without a machine (maps of LLD) several regions must be filled from their start.
    const SURE: usize = 3 * AT_ORIGIN;
    let score = |chip: Chip| -> Option<usize> {
        let regions = chip.default_regions();
        let (mut ram, mut flash, mut score) = (false, false, 0);
        for section in sections.iter().filter(|section| tells(section)) {
            let window = chip.window(section.address)?;
            ram |= window.class == RegionClass::Ram;
            flash |= window.class == RegionClass::Flash;
            // Linker scripts fill a region from its start, so a section there says most.
            if regions.iter().any(|region| region.origin == section.address) {
                score += AT_ORIGIN;
            } else if regions.iter().any(|region| region.contains(section.address)) {
                score += 1;
            }
        }
        let named = || {
            sections
                .iter()
                .any(|section| section.name.starts_with(".iram") || section.name.starts_with(".dram"))
        };
        (ram && (flash || named()) && (machine.is_some() || score >= SURE)).then_some(score)
    };
    let fitting: Vec<_> = Chip::ALL
        .into_iter()
        .filter(|chip| machine.is_none_or(|machine| chip.machine() == machine))
        .filter_map(|chip| Some((score(chip)?, chip)))
        .collect();
    let best = fitting.iter().map(|(score, _)| *score).max();
    fitting.into_iter().filter(|(score, _)| Some(*score) == best).map(|(_, chip)| chip).collect()
}

/// Whether the address of a section tells of the chip. Where external RAM lies is a matter of the build, and what MCUboot
/// reads has an offset in flash for an address.
fn tells(section: &SectionUse) -> bool {
    /// No memory of these chips lies below.
    const NO_ADDRESS: u64 = 0x1000_0000;
    section.address >= NO_ADDRESS && !section.name.starts_with(".ext_ram")
}

/// The first section that lies where a chip has no memory.
pub(super) fn outside(chip: Chip, sections: &[SectionUse]) -> Option<(String, u64)> {
    let outside =
        |section: &&SectionUse| tells(section) && !section.dummy && chip.window(section.address).is_none();
    sections.iter().find(outside).map(|section| (section.name.clone(), section.address))
}
