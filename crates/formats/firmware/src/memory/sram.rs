//! RAM that instruction bus and data bus see at different addresses, counted once.

use lw_model::lists::sort;

use crate::chip::Chip;
use crate::region::RegionClass;

use super::{RegionUse, SectionUse, SramUse};

/// Half-open ranges of one address space.
type Ranges = Vec<(u64, u64)>;

/// Folds every section in RAM to the one address space of the chip's banks.
///
/// The reserved sections by which ESP-IDF keeps data off the addresses that instructions take on the
/// other bus are left out: folding does the same, also in a linker script that has none.
pub(super) fn measure(chip: Chip, regions: &[RegionUse], sections: &[SectionUse]) -> Option<SramUse> {
    if chip.banks().is_empty() {
        return None;
    }
    let in_ram = |region: &RegionUse| region.class == RegionClass::Ram;
    let windows = regions.iter().filter(|region| in_ram(region)).filter_map(|region| {
        let start = chip.sram_address(region.region.origin)?;
        Some((start, start.saturating_add(region.region.length)))
    });
    let windows = split(merge(windows.collect(), false), chip);
    let mut used: Ranges = Vec::new();
    for section in sections.iter().filter(|section| !section.dummy) {
        // Through its region, so that a section past the end of the bank still counts.
        let region = section.region.and_then(|index| regions.get(index)).filter(|region| in_ram(region));
        let base =
            region.and_then(|region| Some((region.region.origin, chip.sram_address(region.region.origin)?)));
        let start = match base {
            Some((origin, base)) => base.saturating_add(section.address - origin),
            None => continue,
        };
        used.push((start, start.saturating_add(section.size)));
    }
    let used = merge(used, true);
    let length = |ranges: &Ranges| ranges.iter().map(|(start, end)| end - start).fold(0, u64::saturating_add);
    let last = windows.len().saturating_sub(1);
    let span = windows.iter().enumerate().map(|(index, (start, end))| {
        let inside = used.iter().filter(|(from, to)| to > start && (from < end || index == last));
        let reached = inside.map(|(_, to)| if index == last { *to } else { *to.min(end) }).max();
        reached.map_or(0, |reached| reached - start)
    });
    Some(SramUse { span: span.fold(0, u64::saturating_add), bytes: length(&used), size: length(&windows) })
}

/// Joins ranges that overlap, and on demand those that only touch.
fn merge(mut ranges: Ranges, touching: bool) -> Ranges {
    sort(&mut ranges);
    let mut merged: Ranges = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match merged.last_mut() {
            Some(last) if start < last.1 || touching && start == last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// Cuts ranges where banks meet that not both buses see: data cannot fill what instructions leave free
/// in the first 16 KiB of the ESP32-S3, so the gap there is no part of the span.
fn split(ranges: Ranges, chip: Chip) -> Ranges {
    let mut parts = ranges;
    for edge in chip.banks().windows(2).filter_map(|banks| match banks {
        [first, second] if first.views.len() != second.views.len() => Some(second.physical),
        _ => None,
    }) {
        parts = parts
            .into_iter()
            .flat_map(|(start, end)| {
                if start < edge && edge < end { vec![(start, edge), (edge, end)] } else { vec![(start, end)] }
            })
            .collect();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_and_split() {
        assert_eq!(merge(vec![(8, 12), (0, 4), (4, 6), (10, 11)], true), vec![(0, 6), (8, 12)]);
        assert_eq!(merge(vec![(0, 4), (4, 6), (5, 7)], false), vec![(0, 4), (4, 7)]);
        assert_eq!(
            split(vec![(0x3FC8_4000, 0x3FCD_B700)], Chip::Esp32S3),
            vec![(0x3FC8_4000, 0x3FC8_8000), (0x3FC8_8000, 0x3FCD_B700)]
        );
    }
}
