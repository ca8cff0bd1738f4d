//! The sections that take memory, from the ELF or from the map.

use std::collections::HashMap;

use crate::map::{InputKind, Map, OutputSection};
use crate::region::Region;

use super::{MemoryError, SectionUse, Sources};

/// Sections with a size that take memory.
pub(super) fn collect(sources: &Sources<'_>) -> Result<Vec<SectionUse>, MemoryError> {
    match (sources.elf, sources.map) {
        (Some(elf), map) => {
            let mut sections: Vec<_> = elf
                .sections
                .iter()
                .enumerate()
                .filter(|(_, section)| {
                    section.is_alloc() && section.size > 0 && (section.is_loaded() || !section.is_tls())
                })
                .map(|(index, section)| SectionUse {
                    name: section.name.to_string(),
                    address: section.address,
                    lma: (section.lma != section.address && section.is_loaded()).then_some(section.lma),
                    size: section.size,
                    loaded: section.is_loaded(),
                    exec: section.is_exec(),
                    write: section.is_write(),
                    dummy: is_dummy(&section.name),
                    region: None,
                    load_region: None,
                    elf: Some(index),
                    map: None,
                })
                .collect();
            if let Some(map) = map {
                pair(&mut sections, map)?;
            }
            Ok(sections)
        }
        (None, Some(map)) => Ok(of_map(map, sources.regions)),
        (None, None) => Err(MemoryError::NoInput),
    }
}

/// Finds each section in the map, and refuses a map of another build.
fn pair(sections: &mut [SectionUse], map: &Map<'_>) -> Result<(), MemoryError> {
    let mut same: HashMap<(&str, u64, u64), usize> = HashMap::new();
    let mut named: HashMap<&str, &OutputSection<'_>> = HashMap::new();
    for (index, section) in map.sections.iter().enumerate().filter(|(_, section)| section.size > 0) {
        same.entry((&section.name, section.address, section.size)).or_insert(index);
        named.entry(&section.name).or_insert(section);
    }
    let mut first = None;
    let mut count = 0;
    for section in sections {
        section.map = same.get(&(section.name.as_str(), section.address, section.size)).copied();
        if section.map.is_none()
            && let Some(found) = named.get(section.name.as_str())
        {
            count += 1;
            first = first.or_else(|| Some((section.clone(), *found)));
        }
    }
    match first {
        None => Ok(()),
        Some((section, found)) => Err(MemoryError::Mismatch {
            elf_address: section.address,
            elf_size: section.size,
            section: section.name,
            map_address: found.address,
            map_size: found.size,
            count,
        }),
    }
}

fn of_map(map: &Map<'_>, regions: &[Region]) -> Vec<SectionUse> {
    // Sections that take no memory all have the address 0, where flash may begin as well: then the first
    // is really there.
    let regions = if regions.is_empty() { map.regions.as_slice() } else { regions };
    let mut zero_is_free = regions.is_empty() || regions.iter().any(|region| region.contains(0));
    let mut sections: Vec<SectionUse> = Vec::new();
    for (index, section) in map.sections.iter().enumerate() {
        // Thread-local zeros are a template: they take addresses, but no memory.
        if section.size == 0 || section.name.ends_with("tbss") {
            continue;
        }
        if section.address == 0 {
            if !zero_is_free || regions.is_empty() && !sections.is_empty() {
                continue;
            }
            zero_is_free = false;
        }
        let loaded = has_content(section);
        let lma = section.lma.filter(|lma| loaded && *lma != section.address);
        sections.push(SectionUse {
            name: section.name.to_string(),
            address: section.address,
            lma,
            size: section.size,
            loaded,
            exec: is_code(&section.name),
            write: !loaded || lma.is_some(),
            dummy: is_dummy(&section.name),
            region: None,
            load_region: None,
            elf: None,
            map: Some(index),
        });
    }
    sections
}

/// Sections of ESP-IDF that only keep other sections off an address: the other bus's view of
/// instruction RAM, the flash pages of the code, where the heap starts.
fn is_dummy(name: &str) -> bool {
    name.ends_with("dummy")
        || name.ends_with("reserved_for_iram")
        || name.ends_with("noload")
        || name.contains("heap_start")
}

/// Marks what fills the rest of a memory. esp-hal gives all RAM that is left to `.stack`: were it content,
/// RAM would be full in every build, and no growth be seen.
pub(super) fn mark_rest(sections: &mut [SectionUse]) {
    for section in sections.iter_mut().filter(|section| section.name == ".stack" && !section.loaded) {
        section.dummy = true;
    }
}

fn is_code(name: &str) -> bool {
    ["text", "vectors", "literal", "boot", "init", "fini"].iter().any(|part| name.contains(part))
        && !name.contains("_array")
        && !name.contains("noinit")
}

/// Whether an output section of a map has content: a map does not say `NOBITS`.
fn has_content(section: &OutputSection<'_>) -> bool {
    if is_dummy(&section.name) || is_zeroed(section.name.as_bytes()) || section.name.ends_with("_reserved") {
        return false;
    }
    section.inputs.iter().any(|input| match input.kind {
        InputKind::Section => !is_zeroed(input.name),
        InputKind::Data => true,
        InputKind::Common | InputKind::Fill => false,
    })
}

/// Whether a section of this name is zeroed or left alone at start: `.bss.buffer`, `.rtc_noinit`, `.ext_ram.bss`.
fn is_zeroed(name: &[u8]) -> bool {
    let has = |part: &[u8], word: &[u8]| part.windows(word.len()).any(|window| window == word);
    let mut parts = name.split(|byte| *byte == b'.').filter(|part| !part.is_empty());
    let Some(first) = parts.next() else { return false };
    if [&b"bss"[..], b"noinit", b"no_init", b"uninit", b"persistent"].iter().any(|word| has(first, word)) {
        return true;
    }
    // A variable may be called anything: `.data.bss` is initialised.
    !matches!(first, b"text" | b"data" | b"rodata" | b"literal" | b"sdata" | b"srodata")
        && parts.any(|part| matches!(part, b"bss" | b"noinit" | b"persistent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_zeroed() {
        for name in [
            ".bss",
            ".bss.x",
            ".sbss.x",
            ".noinit",
            ".rtc_noinit",
            ".ext_ram.bss",
            ".rtc.bss",
            ".ccmbss",
            ".rtc_fast.persistent",
        ] {
            assert!(is_zeroed(name.as_bytes()), "{name}");
        }
        for name in [".data", ".text.bss", ".data.bss", ".rodata.noinit", ".flash.text", "", ".init"] {
            assert!(!is_zeroed(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_tell_what_only_reserves() {
        for name in
            [".dram0.dummy", ".flash_rodata_dummy", ".rtc.dummy", ".flash.rodata_noload", ".dram0.heap_start"]
        {
            assert!(is_dummy(name), "{name}");
        }
        for name in [".rtc_reserved", ".iram0.text_end", ".noinit", "._user_heap_stack"] {
            assert!(!is_dummy(name), "{name}");
        }
    }
}
