//! Which region each section lies in, and what that adds up to.

use std::cmp::Reverse;

use lw_hashed::HashMap;
use lw_model::lists::{sort, sort_by_key};

use crate::chip::Chip;
use crate::region::RegionClass;
use crate::script::ScriptSection;

use super::{Origin, Placement, PlacementRole, RegionUse, SectionUse, Sources, Unplaced};

/// How far after the last section of a full region the next one may start and still belong to it:
/// the largest alignment that linker scripts use, a flash page of ESP-IDF.
const OVERFLOW_GAP: u64 = 0x1_0000;

/// More would not be read.
const MAX_NAMED: usize = 5;

/// How far apart two sections may lie and still be one run of the linker's: alignments of data and code.
const RUN_GAP: u64 = 64;

/// Finds the regions of every section; returns what lies in none.
pub(super) fn place(
    sections: &mut [SectionUse],
    regions: &mut [RegionUse],
    origin: Origin,
    chip: Option<Chip>,
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Vec<Unplaced> {
    // By address, so that what overflows a region is met after what fills it.
    let mut pieces: Vec<(u64, PlacementRole, usize)> = Vec::with_capacity(sections.len());
    for (index, section) in sections.iter().enumerate() {
        pieces.push((section.address, PlacementRole::Run, index));
        if let Some(lma) = section.lma {
            pieces.push((lma, PlacementRole::Load, index));
        }
    }
    sort(&mut pieces);
    let ends_of_runs = runs(&pieces, sections, regions);
    let assigned = Assigned::new(regions, sources);
    let mut ends: Vec<u64> = regions.iter().map(|region| region.region.origin).collect();
    let mut unplaced = Vec::new();
    for ((start, role, index), end_of_run) in pieces.into_iter().zip(ends_of_runs) {
        let Some(section) = sections.get_mut(index) else { continue };
        let by_chip = || chip.filter(|_| origin == Origin::Chip);
        let found = assigned
            .region(&section.name, role, start, regions, &ends)
            .or_else(|| containing(regions, start, end_of_run, section, chip))
            .or_else(|| overflowing(regions, &ends, start))
            .or_else(|| in_window(regions, start, by_chip()?));
        match role {
            PlacementRole::Run => section.region = found,
            PlacementRole::Load => section.load_region = found,
        }
        let Some(found) = found else {
            if !section.dummy {
                unplaced.push(Unplaced {
                    section: section.name.clone(),
                    address: start,
                    size: section.size,
                    role,
                    ram: role == PlacementRole::Run
                        && (!section.loaded || section.lma.is_some() && !section.exec),
                    nearest: nearest(regions, start),
                });
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
    if !unplaced.is_empty() {
        let named: Vec<_> = unplaced
            .iter()
            .take(MAX_NAMED)
            .map(|section| format!("`{}` at {:#x}", section.section, section.address))
            .collect();
        let more = unplaced.len().saturating_sub(MAX_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        warnings.push(format!("in no memory region, so not counted in any: {}{more}", named.join(", ")));
    }
    unplaced
}

/// The region whose origin or end lies nearest to an address.
fn nearest(regions: &[RegionUse], address: u64) -> Option<String> {
    let distance = |region: &RegionUse| {
        let region = &region.region;
        region.origin.abs_diff(address).min(region.end().abs_diff(address))
    };
    regions.iter().min_by_key(|region| distance(region)).map(|region| region.region.name.clone())
}

/// Where the run of sections ends that each piece is part of. The linker fills a region without gaps, so what follows
/// one another is in one region; what starts where a region does begins another run.
fn runs(pieces: &[(u64, PlacementRole, usize)], sections: &[SectionUse], regions: &[RegionUse]) -> Vec<u64> {
    let mut origins: Vec<u64> = regions.iter().map(|region| region.region.origin).collect();
    sort(&mut origins);
    let mut ends = Vec::with_capacity(pieces.len());
    let (mut first, mut reached) = (0, 0_u64);
    for (start, _, index) in pieces {
        let end = start.saturating_add(sections.get(*index).map_or(0, |section| section.size));
        let follows = *start <= reached.saturating_add(RUN_GAP) && origins.binary_search(start).is_err();
        // Two that start at one origin are one run: an overlay.
        let same_start = ends.len() > first && pieces.get(first).is_some_and(|(at, ..)| at == start);
        if !follows && !same_start {
            ends.iter_mut().skip(first).for_each(|end| *end = reached);
            first = ends.len();
            reached = 0;
        }
        reached = reached.max(end);
        ends.push(0);
    }
    ends.iter_mut().skip(first).for_each(|end| *end = reached);
    ends
}

/// The regions that the linker script puts sections into.
struct Assigned<'a> {
    script: HashMap<&'a str, (Option<usize>, Option<usize>)>,
}

impl<'a> Assigned<'a> {
    fn new(regions: &[RegionUse], sources: &Sources<'a>) -> Self {
        let Some(script) = sources.script else { return Self { script: HashMap::new() } };
        let index = |of: Option<usize>| {
            let name = &script.regions.get(of?)?.name;
            regions.iter().position(|region| region.region.name == *name)
        };
        let of = |section: &'a ScriptSection| {
            (section.name.as_str(), (index(section.region), index(section.load_region)))
        };
        Self { script: script.sections.iter().map(of).collect() }
    }

    /// The region of a piece, when the script names one that holds it or runs over into it.
    fn region(
        &self,
        name: &str,
        role: PlacementRole,
        start: u64,
        regions: &[RegionUse],
        ends: &[u64],
    ) -> Option<usize> {
        let (run, load) = *self.script.get(name)?;
        let found = match role {
            PlacementRole::Run => run?,
            PlacementRole::Load => load?,
        };
        let (region, end) = (&regions.get(found)?.region, *ends.get(found)?);
        let overflows =
            end > region.origin && start >= region.end() && start.saturating_sub(end) <= OVERFLOW_GAP;
        (region.contains(start) || overflows).then_some(found)
    }
}

/// The region an address lies in. Where several do, it is the smallest that holds the whole run of sections: the linker
/// fills a region from its start, and says so when it is full. External RAM is told by the section's name (ESP32-S3),
/// code and constants of chips that see flash at one address by the section's flags (ESP32-C6).
fn containing(
    regions: &[RegionUse],
    address: u64,
    end_of_run: u64,
    section: &SectionUse,
    chip: Option<Chip>,
) -> Option<usize> {
    let external = section.name.starts_with(".ext_ram");
    let end = address.saturating_add(section.size);
    regions
        .iter()
        .enumerate()
        .filter(|(_, region)| region.region.contains(address))
        .min_by_key(|(index, region)| {
            let executable =
                region.region.attributes.split('!').next().unwrap_or_default().contains(['x', 'X']);
            let flags = executable != section.exec;
            let limit = region.region.end();
            (
                (region.class == RegionClass::Psram) != external,
                chip.is_some() && flags,
                limit < end_of_run,
                limit < end,
                region.region.length,
                flags,
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
    let in_window =
        |region: &&RegionUse| window.contains(region.region.origin) && region.class != RegionClass::Psram;
    let regions = || regions.iter().enumerate().filter(|(_, region)| in_window(region));
    let below = regions().filter(|(_, region)| region.region.origin <= address);
    let below = below.max_by_key(|(_, region)| region.region.origin);
    // Or it starts further down.
    below.or_else(|| regions().min_by_key(|(_, region)| region.region.origin)).map(|(index, _)| index)
}

/// The link succeeded, so a default region that a section passes was larger in that build.
fn widen(regions: &mut [RegionUse], ends: &[u64], chip: Option<Chip>, warnings: &mut Vec<String>) {
    for (used, end) in regions.iter_mut().zip(ends) {
        let region = &mut used.region;
        let Some(lowest) = used.placements.iter().map(|placement| placement.start).min() else { continue };
        if lowest < region.origin {
            let end = region.end();
            region.origin = lowest;
            region.length = end - lowest;
            warnings.push(format!(
                "region `{}` starts at {lowest:#x} in this build, lower than by default: pass the map to know its size",
                region.name
            ));
        }
        if *end <= region.end() {
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

/// Span and bytes of a region. Bytes that two sections share (overlays) count once: for the first, and of two that
/// start together for the larger one.
pub(super) fn count(region: &mut RegionUse, sections: &[SectionUse]) {
    let size = |placement: &Placement| sections.get(placement.section).map_or(0, |section| section.size);
    sort_by_key(&mut region.placements, |placement| {
        (placement.start, Reverse(size(placement)), placement.section, placement.role)
    });
    let origin = region.region.origin;
    let (mut reached, mut taken, mut without_fillers) = (origin, origin, origin);
    for placement in &mut region.placements {
        let Some(section) = sections.get(placement.section) else { continue };
        let end = placement.start.saturating_add(section.size);
        if placement.start > reached {
            region.gaps.push((reached, placement.start - reached));
        }
        reached = reached.max(end);
        if !section.filler {
            without_fillers = without_fillers.max(end);
        }
        if section.dummy {
            continue;
        }
        placement.skip = taken.saturating_sub(placement.start).min(section.size);
        placement.bytes = section.size - placement.skip;
        region.bytes += placement.bytes;
        taken = taken.max(end);
    }
    region.span = reached - origin;
    region.taken = without_fillers - origin;
}
