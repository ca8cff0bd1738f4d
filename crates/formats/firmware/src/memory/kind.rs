//! What kind of memory a region is: what lies in it shows that, and its name last.

use goblin::elf::header::{EM_ARM, EM_AVR};
use lw_model::lists::sort;

use crate::chip::Chip;
use crate::region::RegionClass;

use super::{Origin, PlacementRole, RegionUse, SectionUse, Sources, regions};

/// Where GNU ld and avr-libc put EEPROM; fuses, lock bits and signatures follow.
pub(super) const AVR_EEPROM: u64 = 0x81_0000;
/// Where they put data memory.
const AVR_DATA: u64 = 0x80_0000;

/// What shows the kind of a region, one section of each sort.
#[derive(Default)]
struct Evidence<'s> {
    /// Has no content and is zeroed, or left alone, at start.
    zeroed: Option<&'s str>,
    /// Is copied here at start.
    copied: Option<&'s str>,
    /// Is kept here and copied elsewhere.
    stored: Option<&'s str>,
    /// Has content that stays here, and is code or constant.
    constant: Option<&'s str>,
    /// Has content that stays here, and may be written.
    variable: Option<&'s str>,
    /// Is external RAM by its name, as everything that lies here.
    external: Option<&'s str>,
}

/// Finds out the kind of every region, now that it is known what lies in it.
pub(super) fn settle(
    regions: &mut [RegionUse],
    sections: &[SectionUse],
    origin: Origin,
    chip: Option<Chip>,
    sources: &Sources<'_>,
) {
    let evidence: Vec<Evidence<'_>> =
        regions.iter().enumerate().map(|(index, region)| gather(index, region, sections)).collect();
    // Something starts from memory that keeps its content.
    let from_flash = evidence.iter().any(|evidence| evidence.stored.is_some());
    let machine = sources.machine();
    for (region, evidence) in regions.iter_mut().zip(evidence) {
        let asked = sources.kinds.iter().rev().find(|kind| kind.name == region.region.name);
        let (class, why) = match asked {
            Some(asked) => (asked.class, "as --region-kind says".into()),
            None => of_region(region, &evidence, from_flash, origin, chip, machine),
        };
        (region.class, region.why) = (class, why);
    }
}

fn gather<'s>(index: usize, region: &RegionUse, sections: &'s [SectionUse]) -> Evidence<'s> {
    let mut evidence = Evidence::default();
    let attributes = Attributes::of(region);
    let placed = || region.placements.iter().filter_map(|placement| sections.get(placement.section));
    if placed().all(|section| section.name.starts_with(".ext_ram")) {
        evidence.external = placed().next().map(|section| section.name.as_str());
    }
    for placement in &region.placements {
        let Some(section) = sections.get(placement.section).filter(|section| !section.dummy) else {
            continue;
        };
        let slot = match placement.role {
            // Content that a section's own region keeps was moved inside that region only.
            PlacementRole::Load if section.region == Some(index) => continue,
            PlacementRole::Load => &mut evidence.stored,
            PlacementRole::Run if !section.loaded => &mut evidence.zeroed,
            // Code in flash that is seen at a second address is no copy.
            PlacementRole::Run
                if section.lma.is_some() && section.exec && attributes == Attributes::ReadOnly =>
            {
                &mut evidence.constant
            }
            PlacementRole::Run if section.lma.is_some() && section.load_region != Some(index) => {
                &mut evidence.copied
            }
            PlacementRole::Run if section.write => &mut evidence.variable,
            PlacementRole::Run => &mut evidence.constant,
        };
        slot.get_or_insert(&section.name);
    }
    evidence
}

fn of_region(
    used: &RegionUse,
    evidence: &Evidence<'_>,
    from_flash: bool,
    origin: Origin,
    chip: Option<Chip>,
    machine: Option<u16>,
) -> (RegionClass, String) {
    let region = &used.region;
    if let Some(chip) = chip
        && chip.window(region.origin).is_some()
    {
        // Flash and external RAM share addresses on some chips; only RAM is zeroed.
        if used.class == RegionClass::Flash
            && let (Some(zeroed), None, None) = (evidence.zeroed, evidence.constant, evidence.variable)
        {
            return (RegionClass::Psram, format!("`{zeroed}` is zeroed in it at start"));
        }
        // Where only instructions are fetched from is the cache, unless a script puts something there.
        let is_cache = |bank: &crate::chip::Bank| match bank.views {
            [view] => region.origin >= *view && region.end() <= view.saturating_add(bank.length),
            _ => false,
        };
        if used.code_only
            && used.placements.is_empty()
            && chip.banks().len() > 1
            && chip.banks().iter().any(is_cache)
        {
            return (RegionClass::Other, format!("the {chip} has its cache at {:#x}", region.origin));
        }
        return (used.class, format!("the {chip} has it at {:#x}", region.origin));
    }
    // The chip has none of its own memory there: ESP-IDF calls what is put into external RAM so.
    if chip.is_some()
        && let Some(name) = evidence.external
    {
        return (RegionClass::Psram, format!("`{name}` is external RAM"));
    }
    if machine == Some(EM_AVR) {
        let class = match region.origin {
            AVR_EEPROM.. => RegionClass::Eeprom,
            AVR_DATA.. => RegionClass::Ram,
            _ => RegionClass::Flash,
        };
        return (class, format!("an AVR has it at {:#x}", region.origin));
    }
    if origin == Origin::Sections {
        let class = if region.name.starts_with("RAM") { RegionClass::Ram } else { RegionClass::Flash };
        return (class, "made up from its sections".into());
    }
    let attributes = Attributes::of(used);
    let in_ram = is_ram_address(machine, region.origin);
    let ram = |why: String| (ram_at(machine, region.origin), why);
    match evidence {
        Evidence { copied: Some(name), .. }
            if attributes != Attributes::ReadOnly || !from_flash || evidence.stored.is_none() =>
        {
            ram(format!("`{name}` is copied into it at start"))
        }
        Evidence { zeroed: Some(name), stored, constant, variable, .. }
            if in_ram
                || attributes == Attributes::Writable
                || attributes == Attributes::None && stored.is_none()
                // Nothing is kept in it, whatever its attributes.
                || stored.is_none() && constant.is_none() && variable.is_none() =>
        {
            ram(format!("`{name}` is zeroed in it at start"))
        }
        Evidence { stored: Some(name), .. } => (RegionClass::Flash, format!("`{name}` is loaded from it")),
        Evidence { variable: Some(name), .. }
            if in_ram || !from_flash && attributes != Attributes::ReadOnly =>
        {
            ram(format!("`{name}` is written in it"))
        }
        Evidence { constant, variable, .. }
            if from_flash && !in_ram && (constant.is_some() || variable.is_some()) =>
        {
            let name = constant.or(*variable).unwrap_or_default();
            (RegionClass::Flash, format!("`{name}` is there without being copied at start"))
        }
        Evidence { constant: Some(name), .. } if !in_ram && attributes != Attributes::Writable => {
            (RegionClass::Flash, format!("`{name}` is there without being copied at start"))
        }
        _ => declared(used, evidence, machine),
    }
}

/// The kind of a region of which nothing that lies in it tells: by attributes, address, and name last.
fn declared(used: &RegionUse, evidence: &Evidence<'_>, machine: Option<u16>) -> (RegionClass, String) {
    let region = &used.region;
    let empty = evidence.zeroed.is_none() && evidence.constant.is_none() && evidence.variable.is_none();
    match Attributes::of(used) {
        Attributes::Writable => {
            // LLD's map names no machine. An empty region hides nothing if it is taken for one of an ARM.
            let machine = machine.or(empty.then_some(EM_ARM));
            (ram_at(machine, region.origin), format!("its attributes are `{}`", region.attributes))
        }
        Attributes::ReadOnly if evidence.zeroed.is_some() || !is_ram_address(machine, region.origin) => {
            (RegionClass::Flash, format!("its attributes are `{}`", region.attributes))
        }
        _ if is_ram_address(machine, region.origin) => {
            (RegionClass::Ram, format!("{:#x} is RAM of an ARM microcontroller", region.origin))
        }
        _ => match regions::by_name(&region.name.to_ascii_lowercase()) {
            Some(class) => (class, "only its name says so".into()),
            None => (RegionClass::Other, "nothing says what it is".into()),
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attributes {
    Writable,
    ReadOnly,
    None,
}

impl Attributes {
    /// `rw !x` says writable, and not executable.
    fn of(used: &RegionUse) -> Self {
        let wanted = used.region.attributes.split('!').next().unwrap_or_default();
        if wanted.contains(['w', 'W']) {
            Self::Writable
        } else if wanted.contains(['x', 'X', 'r', 'R']) {
            Self::ReadOnly
        } else {
            Self::None
        }
    }
}

/// Whether the machine has RAM there, whatever the chip: "SRAM" in the memory map of the ARMv6-M to ARMv8-M manuals.
pub(super) fn is_ram_address(machine: Option<u16>, address: u64) -> bool {
    machine == Some(EM_ARM) && (0x2000_0000..0x4000_0000).contains(&address)
}

/// What kind of RAM lies at an address: on an ARM microcontroller external memory begins at 0x6000_0000, and what lies
/// among the peripherals is retained by a battery.
fn ram_at(machine: Option<u16>, address: u64) -> RegionClass {
    match address {
        0x4000_0000..0x6000_0000 if machine == Some(EM_ARM) => RegionClass::Rtc,
        0x6000_0000..0xE000_0000 if machine == Some(EM_ARM) => RegionClass::Psram,
        _ => RegionClass::Ram,
    }
}

/// RAM in which nothing but instructions runs holds no data. Of a known chip the memory itself says so.
pub(super) fn tell_code_only(regions: &mut [RegionUse], sections: &[SectionUse], chip: Option<Chip>) {
    for region in regions.iter_mut().filter(|region| region.class == RegionClass::Ram) {
        if chip.is_some_and(|chip| chip.window(region.region.origin).is_some()) {
            continue;
        }
        let mut runs = region
            .placements
            .iter()
            .filter(|placement| placement.role == PlacementRole::Run)
            .filter_map(|placement| sections.get(placement.section))
            .filter(|section| !section.dummy)
            .peekable();
        region.code_only = runs.peek().is_some()
            && runs.all(|section| section.exec && section.loaded && !section.name.contains("data"));
    }
}

/// A firmware whose data lies in external or retained RAM only uses that as its RAM.
pub(super) fn use_what_there_is(regions: &mut [RegionUse], sections: &[SectionUse], chip: Option<Chip>) {
    let holds = |region: &RegionUse, wanted: fn(&SectionUse) -> bool| {
        region
            .placements
            .iter()
            .filter(|placement| placement.role == PlacementRole::Run)
            .filter_map(|placement| sections.get(placement.section))
            .any(wanted)
    };
    let is_data = |section: &SectionUse| !section.dummy && (!section.exec || !section.loaded);
    let has_data = regions.iter().any(|region| region.class == RegionClass::Ram && holds(region, is_data));
    if has_data || chip.is_some() {
        return;
    }
    let external = regions
        .iter_mut()
        .filter(|region| matches!(region.class, RegionClass::Psram | RegionClass::Rtc))
        .filter(|region| !region.why.starts_with("as --region-kind") && holds(region, is_variable));
    for region in external {
        region.class = RegionClass::Ram;
        region.why.push_str(", and there is no other RAM");
    }
}

/// Zeroed or copied at start: no flash holds it while it is used.
fn is_variable(section: &SectionUse) -> bool {
    !section.dummy && (!section.loaded || section.lma.is_some() && !section.exec)
}

/// A section that must be written and is not in RAM.
pub(super) fn writable(regions: &[RegionUse], sections: &[SectionUse]) -> Option<String> {
    let outside = |section: &&SectionUse| {
        let class = section.region.and_then(|index| regions.get(index)).map(|region| region.class);
        matches!(class, Some(RegionClass::Flash | RegionClass::Other | RegionClass::Eeprom))
    };
    sections.iter().filter(|section| is_variable(section)).find(outside).map(|section| section.name.clone())
}

/// Bytes of those of the regions in which something lies, counted once where two cover them. Of an empty one nothing but
/// its name might say what it is for, and it would make room for what does not go there.
pub(super) fn size_of(regions: &[&RegionUse]) -> Option<u64> {
    let mut ranges = Vec::with_capacity(regions.len());
    for region in regions.iter().filter(|region| !region.placements.is_empty()) {
        region.size()?;
        ranges.push((region.region.origin, region.region.end()));
    }
    let ranges_were_empty = ranges.is_empty();
    sort(&mut ranges);
    let (mut sum, mut reached) = (0_u64, 0);
    for (start, end) in ranges {
        let from = start.max(reached);
        sum = sum.saturating_add(end.saturating_sub(from));
        reached = reached.max(end);
    }
    (!ranges_were_empty).then_some(sum)
}
