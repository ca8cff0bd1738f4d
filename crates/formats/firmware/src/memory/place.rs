//! Which region each section lies in, and what that adds up to.

use crate::chip::Chip;
use crate::region::RegionClass;

use super::{Origin, Placement, PlacementRole, RegionUse, SectionUse};

/// How far after the last section of a full region the next one may start and still belong to it:
/// the largest alignment that linker scripts use, a flash page of ESP-IDF.
const OVERFLOW_GAP: u64 = 0x1_0000;

/// More would not be read.
const MAX_NAMED: usize = 5;

/// Finds the regions of every section, and notes what lies in none.
pub(super) fn place(
    sections: &mut [SectionUse],
    regions: &mut [RegionUse],
    origin: Origin,
    chip: Option<Chip>,
    warnings: &mut Vec<String>,
) {
    // By address, so that what overflows a region is met after what fills it.
    let mut pieces: Vec<(u64, PlacementRole, usize)> = Vec::with_capacity(sections.len());
    for (index, section) in sections.iter().enumerate() {
        pieces.push((section.address, PlacementRole::Run, index));
        if let Some(lma) = section.lma {
            pieces.push((lma, PlacementRole::Load, index));
        }
    }
    pieces.sort_unstable();
    let mut ends: Vec<u64> = regions.iter().map(|region| region.region.origin).collect();
    let mut outside = Vec::new();
    for (start, role, index) in pieces {
        let Some(section) = sections.get_mut(index) else { continue };
        let found = containing(regions, start, section)
            .or_else(|| overflowing(regions, &ends, start))
            .or_else(|| in_window(regions, start, chip.filter(|_| origin == Origin::Chip)?));
        match role {
            PlacementRole::Run => section.region = found,
            PlacementRole::Load => section.load_region = found,
        }
        let Some(found) = found else {
            if !section.dummy {
                outside.push((start, section.name.clone()));
            }
            continue;
        };
        if let (Some(region), Some(end)) = (regions.get_mut(found), ends.get_mut(found)) {
            *end = (*end).max(start.saturating_add(section.size));
            region.placements.push(Placement { section: index, role, start, skip: 0, bytes: 0 });
        }
    }
    for section in sections.iter_mut() {
        if !section.loaded {
            section.load_region = None;
        } else if section.lma.is_none() {
            section.load_region = section.region;
        }
    }
    if origin == Origin::Chip {
        widen(regions, &ends, chip, warnings);
    }
    if !outside.is_empty() {
        let named: Vec<_> =
            outside.iter().take(MAX_NAMED).map(|(start, name)| format!("`{name}` at {start:#x}")).collect();
        let more = outside.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        warnings.push(format!("in no memory region, so not counted in any: {}{more}", named.join(", ")));
    }
}

/// The region an address lies in. Where several do, the section's name and flags decide: external RAM
/// by its name (ESP32-S3), code and constants of chips that see flash at one address (ESP32-C6).
fn containing(regions: &[RegionUse], address: u64, section: &SectionUse) -> Option<usize> {
    let external = section.name.starts_with(".ext_ram");
    regions
        .iter()
        .enumerate()
        .filter(|(_, region)| region.region.contains(address))
        .min_by_key(|(index, region)| {
            let executable =
                region.region.attributes.split('!').next().unwrap_or_default().contains(['x', 'X']);
            (
                (region.class == RegionClass::Psram) != external,
                executable != section.exec,
                region.region.length,
                *index,
            )
        })
        .map(|(index, _)| index)
}

/// The region that ran full just below an address: the linker goes on past a region's end, says so, and
/// writes the map.
fn overflowing(regions: &[RegionUse], ends: &[u64], address: u64) -> Option<usize> {
    let below = regions.iter().zip(ends).enumerate().filter(|(_, (region, end))| {
        let limit = region.region.end().max(**end);
        **end > region.region.origin && address >= limit && address - **end <= OVERFLOW_GAP
    });
    below.max_by_key(|(_, (region, _))| region.region.origin).map(|(index, _)| index)
}

/// The default region below an address in the same memory of the chip: in this build it is larger.
fn in_window(regions: &[RegionUse], address: u64, chip: Chip) -> Option<usize> {
    let window = chip.window(address)?;
    let below = regions.iter().enumerate().filter(|(_, region)| {
        let origin = region.region.origin;
        window.contains(origin) && origin <= address && region.class != RegionClass::Psram
    });
    below.max_by_key(|(_, region)| region.region.origin).map(|(index, _)| index)
}

/// The link succeeded, so a default region that a section passes was larger in that build.
fn widen(regions: &mut [RegionUse], ends: &[u64], chip: Option<Chip>, warnings: &mut Vec<String>) {
    for (used, end) in regions.iter_mut().zip(ends) {
        let region = &mut used.region;
        if *end <= region.end() || used.placements.is_empty() {
            continue;
        }
        let window = chip.and_then(|chip| chip.window(region.origin));
        let limit = window.map_or(*end, |window| window.start.saturating_add(window.length));
        region.length = limit.max(*end) - region.origin;
        warnings.push(format!(
            "region `{}` is larger in this build than by default: counted as {} bytes, pass the map to know its size",
            region.name, region.length
        ));
    }
}

/// Span and bytes of a region. Bytes that two sections share (overlays) count once, for the first.
pub(super) fn count(region: &mut RegionUse, sections: &[SectionUse]) {
    region.placements.sort_unstable_by_key(|placement| (placement.start, placement.section, placement.role));
    let origin = region.region.origin;
    let (mut reached, mut taken) = (origin, origin);
    for placement in &mut region.placements {
        let Some(section) = sections.get(placement.section) else { continue };
        let end = placement.start.saturating_add(section.size);
        reached = reached.max(end);
        if section.dummy {
            continue;
        }
        placement.skip = taken.saturating_sub(placement.start).min(section.size);
        placement.bytes = section.size - placement.skip;
        region.bytes += placement.bytes;
        taken = taken.max(end);
    }
    region.span = reached - origin;
}
