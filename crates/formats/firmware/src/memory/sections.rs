//! The sections that take memory, from the ELF or from the map.

use goblin::elf::header::EM_AVR;
use lw_hashed::{HashMap, HashSet};

use crate::chip::Chip;
use crate::elf::Elf;
use crate::map::{Flavour, Input, InputKind, Map, OutputSection};
use crate::region::RegionClass;
use crate::script::{Script, ScriptKind, ScriptSection};

use super::{
    MemoryError, Placement, PlacementRole, RegionUse, SectionUse, Sources, UnsureContent, UnsureMemory,
};

/// Sections with a size that take memory.
///
/// With them those of which a map leaves open whether they have content.
pub(super) fn collect(
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Vec<SectionUse>, Open), MemoryError> {
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
                    filler: false,
                    region: None,
                    load_region: None,
                    elf: Some(index),
                    map: None,
                })
                .collect();
            debug_only(&sections)?;
            if let Some(map) = map {
                pair(&mut sections, map)?;
            }
            Ok((sections, Open::default()))
        }
        (None, Some(map)) => Ok(of_map(map, sources, warnings)),
        (None, None) => Err(MemoryError::NoInput),
    }
}

/// Refuses an ELF whose content was thrown away: there is code, and none of it is there.
fn debug_only(sections: &[SectionUse]) -> Result<(), MemoryError> {
    let mut code = sections.iter().filter(|section| section.exec).peekable();
    match code.peek() {
        Some(first) if !first.loaded => {
            let name = first.name.clone();
            if code.any(|section| section.loaded) { Ok(()) } else { Err(MemoryError::DebugOnly(name)) }
        }
        _ => Ok(()),
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
    for section in sections.iter_mut() {
        section.map = same.get(&(section.name.as_str(), section.address, section.size)).copied();
        if section.map.is_none()
            && let Some(found) = named.get(section.name.as_str())
        {
            count += 1;
            first = first.or_else(|| Some((section.clone(), *found)));
        }
    }
    match first {
        None => related(sections),
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

/// Refuses a map that has less than half of what the ELF has.
fn related(sections: &[SectionUse]) -> Result<(), MemoryError> {
    let bytes =
        |sections: &[&SectionUse]| sections.iter().map(|section| section.size).fold(0, u64::saturating_add);
    let (found, missing): (Vec<_>, Vec<_>) = sections.iter().partition(|section| section.map.is_some());
    let Some(largest) = missing.iter().max_by_key(|section| section.size) else { return Ok(()) };
    if bytes(&missing) <= bytes(&found) {
        return Ok(());
    }
    Err(MemoryError::Unrelated {
        section: largest.name.clone(),
        address: largest.address,
        size: largest.size,
        others: missing.len() - 1,
    })
}

fn of_map(map: &Map<'_>, sources: &Sources<'_>, warnings: &mut Vec<String>) -> (Vec<SectionUse>, Open) {
    // Sections that take no memory all have the address 0, where flash may begin as well: then the first
    // is really there.
    let regions = if sources.regions.is_empty() { map.regions.as_slice() } else { sources.regions };
    let mut zero_is_free = regions.is_empty() || regions.iter().any(|region| region.contains(0));
    let scripted = scripted(sources.script);
    let mut sections: Vec<SectionUse> = Vec::new();
    let mut unsure = Vec::new();
    let mut open = Open::default();
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
        let kind = scripted.get(&*section.name).and_then(|section| section.kind);
        if kind == Some(ScriptKind::NoAlloc) {
            continue;
        }
        if kind.is_none() && is_copy_by_habit(section) && is_passed_over(map, index) {
            continue;
        }
        let moves = moves_load_address(map, index);
        let mut loaded = kind != Some(ScriptKind::NoLoad) && moves.unwrap_or_else(|| has_content(section));
        let scripted = scripted.contains_key(&*section.name);
        if loaded && moves.is_none() && !scripted && follows_what_is_not_loaded(map, index) {
            loaded = false;
            open.content.push(UnsureContent {
                section: section.name.to_string(),
                size: section.size,
                load_address: section.lma,
            });
        }
        if kind.is_none() && !section.fills && is_copy_by_habit(section) {
            unsure.push(format!("`{}`", section.name));
        }
        if kind.is_none() && !section.fills && may_be_copy(map, index, moves, loaded) {
            open.copies.push(UnsureMemory { section: section.name.to_string(), loaded });
        }
        let lma = section.lma.filter(|lma| loaded && *lma != section.address);
        sections.push(SectionUse {
            name: section.name.to_string(),
            address: section.address,
            lma,
            size: section.size,
            loaded,
            exec: is_code(&section.name) || holds_code(section),
            write: !loaded || lma.is_some() || is_data(&section.name),
            dummy: is_dummy(&section.name),
            filler: false,
            region: None,
            load_region: None,
            elf: None,
            map: Some(index),
        });
    }
    if !unsure.is_empty() {
        warnings.push(format!(
            "counted as memory although a map does not tell (NOLOAD) from (COPY): {}; pass the ELF or the linker script to be sure",
            unsure.join(", ")
        ));
    }
    (sections, open)
}

/// What a map alone leaves open.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) content: Vec<UnsureContent>,
    pub(super) copies: Vec<UnsureMemory>,
}

/// Whether a section that is counted may be `(COPY)`, so that an ELF of the same build has no memory for it: one that is so
/// by habit; one that moved neither the load address nor the address of the next; and one with content that nothing
/// follows, unless its parts have the names that compilers give.
fn may_be_copy(map: &Map<'_>, index: usize, moves: Option<bool>, loaded: bool) -> bool {
    let Some(section) = map.sections.get(index).filter(|_| map.flavour == Flavour::Gnu) else { return false };
    if is_copy_by_habit(section) {
        return true;
    }
    if moves == Some(false) {
        return is_passed_over(map, index);
    }
    let is_followed =
        || map.sections.iter().skip(index + 1).any(|later| later.size > 0 && later.lma.is_some());
    loaded && moves.is_none() && !section.inputs.iter().any(names_content) && !is_followed()
}

/// Whether a section has content, by the load address of the next one that has an address to be loaded from: GNU ld
/// goes on after what is loaded, and stays where it is after what is not. `None` when the map does not tell.
fn moves_load_address(map: &Map<'_>, index: usize) -> Option<bool> {
    /// The next section may be aligned to this much.
    const ALIGNMENT: u64 = 8;
    /// What is no longer may have been skipped by the alignment of the next section.
    const SHORT: u64 = 64;
    let section = map.sections.get(index).filter(|_| map.flavour == Flavour::Gnu)?;
    let start = section.lma?;
    let end = start.saturating_add(section.size);
    let later = map.sections.iter().skip(index + 1).filter(|later| later.size > 0);
    let next = later.filter_map(|later| later.lma).next()?;
    if (start..end).contains(&next) {
        return Some(false);
    }
    (section.size > SHORT && (end..end.saturating_add(ALIGNMENT)).contains(&next)).then_some(true)
}

/// Whether a section that nothing follows is where a section before it left the load address because it has no content,
/// as `(NOLOAD)` sections after `.bss` are. Names of content that compilers give say otherwise.
fn follows_what_is_not_loaded(map: &Map<'_>, index: usize) -> bool {
    let Some(section) = map.sections.get(index) else { return false };
    let earlier = map.sections.iter().enumerate().take(index).rev();
    let before = earlier.into_iter().find(|(_, before)| before.size > 0 && before.lma.is_some());
    let stays = before.is_some_and(|(index, _)| moves_load_address(map, index) == Some(false));
    stays && !section.inputs.iter().any(names_content)
}

/// Whether a section takes no memory, because one that comes later in the script begins before its end: GNU ld does
/// not move the location counter past a `(COPY)` section.
fn is_passed_over(map: &Map<'_>, index: usize) -> bool {
    let Some(section) = map.sections.get(index) else { return false };
    let end = section.address.saturating_add(section.size);
    map.sections
        .iter()
        .skip(index + 1)
        .filter(|later| later.size > 0)
        .any(|later| later.address < end && later.address.saturating_add(later.size) > section.address)
}

/// The output sections of a script by name.
fn scripted(script: Option<&Script>) -> HashMap<&str, &ScriptSection> {
    let sections = script.map(|script| script.sections.as_slice()).unwrap_or_default();
    sections.iter().map(|section| (section.name.as_str(), section)).collect()
}

/// Sections that the scripts of CMSIS and of the Pico SDK make `(COPY)`, so that they take no memory. The start-up code
/// of CMSIS has `.heap` and `.stack` of its own, which it puts there.
fn is_copy_by_habit(section: &OutputSection<'_>) -> bool {
    let named =
        section.name == ".heap" || section.name.starts_with(".stack") && section.name.ends_with("_dummy");
    let reserves = |input: &Input<'_>| {
        input.kind == InputKind::Fill
            || input.kind == InputKind::Section
                && [&b".heap"[..], b".stack"].iter().any(|name| input.name.starts_with(name))
    };
    named && section.inputs.iter().all(reserves)
}

/// Sections of ESP-IDF that only keep other sections off an address: the other bus's view of
/// instruction RAM, the flash pages of the code, where the heap starts.
fn is_dummy(name: &str) -> bool {
    name.ends_with("dummy")
        || name.ends_with("reserved_for_iram")
        || name.ends_with("noload")
        || name.contains("heap_start")
}

/// Takes the content from what a script only reserves: LLD writes zeros for a stack or heap that is made by moving the
/// location counter. They are no part of an image, which would have to reach from flash to RAM.
///
/// A map tells such a section by what was put into it; without one it is known by its zeros and that no variable is in it.
pub(super) fn drop_reserved_zeros(sections: &mut [SectionUse], regions: &[RegionUse], sources: &Sources<'_>) {
    let from_flash =
        regions.iter().any(|used| used.class == RegionClass::Flash && !used.placements.is_empty());
    let Some(elf) = sources.elf.filter(|_| from_flash) else { return };
    let in_ram = |section: &SectionUse| {
        let class = section.region.and_then(|index| regions.get(index)).map(|used| used.class);
        matches!(class, Some(RegionClass::Ram | RegionClass::Psram | RegionClass::Rtc))
    };
    let mut candidates: HashSet<usize> = sections
        .iter()
        .filter(|section| section.loaded && section.lma.is_none() && in_ram(section))
        .filter_map(|section| section.elf)
        .filter(|index| elf.sections.get(*index).is_some_and(|section| section.zeros))
        .collect();
    remove_those_with_variables(&mut candidates, elf);
    for section in sections.iter_mut() {
        let inputs =
            section.map.and_then(|index| sources.map?.sections.get(index)).map(|section| &section.inputs);
        let reserved = inputs.is_none_or(|inputs| inputs.iter().all(|input| input.kind == InputKind::Fill));
        if reserved && section.elf.is_some_and(|index| candidates.contains(&index)) {
            section.loaded = false;
            section.load_region = None;
        }
    }
}

/// Takes the content from what a map alone does not show to have any, and returns these sections.
///
/// In a firmware that starts from flash, what lies in RAM and has no load address would have to be written there by a
/// debugger: it is `(NOLOAD)`, as the regions of Zephyr's devicetree are, whatever its name. The names of what was put
/// in, code, and the linker script say otherwise. The parts of
/// Espressif's images are loaded to where they run, and an AVR has fuses and EEPROM.
///
/// Before it is known what kind of memory a region is, a region that may be written and in which nothing else is loaded
/// or kept to be copied counts as RAM; `.persistent` of the MSP430 is content of its ferroelectric RAM.
pub(super) fn drop_unlikely_content(
    sections: &mut [SectionUse],
    regions: &[RegionUse],
    chip: Option<Chip>,
    sources: &Sources<'_>,
    settled: bool,
) -> Vec<UnsureContent> {
    let from_flash = sections.iter().any(|section| section.lma.is_some());
    let told = sources.elf.is_some() || chip.is_some() || sources.machine() == Some(EM_AVR);
    let Some(map) = sources.map.filter(|_| from_flash && !told) else {
        return Vec::new();
    };
    let scripted = scripted(sources.script);
    let unsure = |section: &SectionUse| {
        let inputs = section.map.and_then(|index| map.sections.get(index)).map(|section| &section.inputs);
        let told = inputs.is_none_or(|inputs| inputs.iter().any(names_content));
        section.loaded
            && section.lma.is_none()
            && !section.exec
            && !told
            && !scripted.contains_key(section.name.as_str())
    };
    let is_ram = |(index, used): (usize, &RegionUse)| {
        if settled {
            return matches!(used.class, RegionClass::Ram | RegionClass::Psram | RegionClass::Rtc);
        }
        let keeps = |placement: &Placement| {
            let Some(section) = sections.get(placement.section) else { return false };
            let stays = section.loaded && section.lma.is_none();
            match placement.role {
                PlacementRole::Load => section.region != Some(index),
                PlacementRole::Run => stays && (!unsure(section) || section.name == ".persistent"),
            }
        };
        let attributes = used.region.attributes.split('!').next().unwrap_or_default();
        attributes.contains(['w', 'W']) && !used.placements.iter().any(keeps)
    };
    let is_ram: Vec<bool> = regions.iter().enumerate().map(is_ram).collect();
    let mut dropped = Vec::new();
    for section in sections.iter_mut() {
        let in_ram = section.region.and_then(|index| is_ram.get(index)) == Some(&true);
        if in_ram && unsure(section) {
            section.loaded = false;
            section.load_region = None;
            section.write = true;
            dropped.push(UnsureContent {
                section: section.name.clone(),
                size: section.size,
                load_address: None,
            });
        }
    }
    dropped
}

/// Whether a part of a section has content, by the names that compilers give: `.data.x`, `.rodata`.
fn names_content(input: &Input<'_>) -> bool {
    const NAMES: [&[u8]; 7] = [b"data", b"sdata", b"tdata", b"rodata", b"srodata", b"text", b"literal"];
    match input.kind {
        InputKind::Section => {
            let mut parts = input.name.split(|byte| *byte == b'.').filter(|part| !part.is_empty());
            parts.next().is_some_and(|first| NAMES.contains(&first))
        }
        InputKind::Data => true,
        InputKind::Common | InputKind::Fill => false,
    }
}

/// Marks what fills the rest of a region: were it content, RAM would be full in every build, and no growth be seen.
///
/// These are the sections that the user names; those whose size the linker script computes from the length of the
/// region, and that end where it does; and the stacks of esp-hal, which gives them all RAM that is left.
pub(super) fn mark_fillers(
    sections: &mut [SectionUse],
    regions: &[RegionUse],
    chip: Option<Chip>,
    sources: &Sources<'_>,
) {
    /// The end of a region may be rounded down to an alignment.
    const ROUNDED: u64 = 64;
    let scripted = scripted(sources.script);
    let in_map = |section: &SectionUse| sources.map?.sections.get(section.map?);
    let may_fill = |section: &SectionUse| {
        // What an object puts in is used, whatever the script makes of the rest.
        let reserved = || {
            in_map(section)
                .is_none_or(|section| section.inputs.iter().all(|input| input.kind == InputKind::Fill))
        };
        let computed = || {
            in_map(section).is_some_and(|section| section.fills)
                || scripted.get(section.name.as_str()).is_some_and(|section| section.fills)
        };
        let reaches_end = || {
            let region = section.region.and_then(|index| regions.get(index)).map(|used| &used.region);
            region.is_some_and(|region| {
                section.address.saturating_add(section.size).saturating_add(ROUNDED) >= region.end()
            })
        };
        let of_esp_hal = chip.is_some() && matches!(section.name.as_str(), ".stack" | ".dram0.stack");
        (of_esp_hal || computed() && reaches_end()) && reserved()
    };
    let fill: Vec<bool> =
        sections.iter().map(|section| !section.loaded && !section.dummy && may_fill(section)).collect();
    let of_elf = |(section, fills): (&SectionUse, &bool)| section.elf.filter(|_| *fills);
    let mut without_variables: HashSet<usize> = sections.iter().zip(&fill).filter_map(of_elf).collect();
    if let Some(elf) = sources.elf {
        remove_those_with_variables(&mut without_variables, elf);
    }
    for (section, fills) in sections.iter_mut().zip(fill) {
        let named = || sources.fillers.iter().any(|pattern| matches_glob(pattern, &section.name));
        let fills = fills && section.elf.is_none_or(|index| without_variables.contains(&index));
        if !section.loaded && !section.dummy && (fills || named()) {
            section.dummy = true;
            section.filler = true;
        }
    }
}

/// Removes the sections, given by their index in the ELF, in which something has a name and a size.
fn remove_those_with_variables(sections: &mut HashSet<usize>, elf: &Elf<'_>) {
    // Firmware has a hundred thousand symbols: none is looked at unless it may tell something.
    if sections.is_empty() {
        return;
    }
    for section in elf.sections_of_sized_symbols() {
        if sections.remove(&section) && sections.is_empty() {
            return;
        }
    }
}

/// Whether a name matches a pattern in which `*` stands for any text and `?` for one character. Linear in their product.
fn matches_glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let mut reached = vec![false; name.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for wanted in pattern {
        let mut next = vec![false; name.len() + 1];
        let mut before = false;
        for (index, slot) in next.iter_mut().enumerate() {
            let here = reached.get(index).copied().unwrap_or_default();
            *slot = if wanted == '*' {
                before || here
            } else {
                let last = index.checked_sub(1);
                last.is_some_and(|last| {
                    reached.get(last).copied().unwrap_or_default()
                        && name.get(last).is_some_and(|c| wanted == '?' || *c == wanted)
                })
            };
            before = *slot;
        }
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// Whether a section of this name holds variables.
fn is_data(name: &str) -> bool {
    name.split('.').any(|part| matches!(part, "data" | "sdata" | "tdata"))
}

/// `.iram0.text` and `.flash_begin_text` hold code, `.boot_settings` and `.initial_values` do not.
fn is_code(name: &str) -> bool {
    const WHOLE: [&str; 6] = ["init", "fini", "boot", "boot2", "bootloader", "boot_loader"];
    ["text", "vectors", "literal"].iter().any(|part| name.contains(part))
        || WHOLE.contains(&name.trim_start_matches('.').split('.').next().unwrap_or_default())
}

/// Whether everything that was put into an output section is code by its name: code that is copied to RAM often lies in
/// a section of another name.
fn holds_code(section: &OutputSection<'_>) -> bool {
    const IN_RAM: [&str; 6] = ["itim", "itcm", "iram", "ramfunc", "ram_func", "fastrun"];
    let mut inputs = section.inputs.iter().filter(|input| input.kind == InputKind::Section).peekable();
    inputs.peek().is_some()
        && inputs.all(|input| {
            let name = String::from_utf8_lossy(input.name).to_ascii_lowercase();
            let of_data = ["data", "bss"].iter().any(|part| name.contains(part));
            !of_data && (is_code(&name) || IN_RAM.iter().any(|part| name.contains(part)))
        })
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
    // On the MSP430 variables of ferroelectric RAM have their initial value there.
    if first == b"persistent" {
        return false;
    }
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
        for name in
            [".data", ".text.bss", ".data.bss", ".rodata.noinit", ".flash.text", "", ".init", ".persistent"]
        {
            assert!(!is_zeroed(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            (".heap", ".heap", true),
            (".heap", ".heap2", false),
            (".*heap*", ".dram0.heap", true),
            ("*", "", true),
            ("?stack", ".stack", true),
            ("?stack", "stack", false),
        ] {
            assert_eq!(matches_glob(pattern, name), expected, "{pattern} {name}");
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
