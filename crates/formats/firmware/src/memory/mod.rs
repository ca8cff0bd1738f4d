//! How much of each memory region a firmware uses.
//!
//! Every region has two numbers. [`RegionUse::span`] is what `--print-memory-usage` of GNU ld prints:
//! the distance from the region's origin to the end of the last section in it, which is what
//! overflows. [`RegionUse::bytes`] is the sum of what lies in it, without gaps and without sections
//! that only reserve addresses, which is what grows.

mod detect;
mod place;
mod regions;
mod sections;
mod sram;

use std::borrow::Cow;

use lw_model::Diagnose;

use crate::chip::Chip;
use crate::elf::Elf;
use crate::map::Map;
use crate::region::{Region, RegionClass};

pub use regions::Origin;

/// What is known of a firmware.
#[derive(Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The linked file. Its sections and symbols count.
    pub elf: Option<&'a Elf<'a>>,
    /// The linker's map: regions, archives and objects; without an ELF the sections as well.
    pub map: Option<&'a Map<'a>>,
    /// Regions of the user or of a linker script. When there are any they replace all others.
    pub regions: &'a [Region],
    /// The chip, when the user says so.
    pub chip: Option<Chip>,
}

impl Sources<'_> {
    /// `e_machine` of the firmware.
    pub(crate) fn machine(&self) -> Option<u16> {
        self.elf.map(|elf| elf.machine).or_else(|| self.map.and_then(|map| map.machine))
    }
}

/// The use of a firmware's memory.
#[derive(Clone, Debug)]
pub struct Memory {
    /// The chip, told by the user or found out.
    pub chip: Option<Chip>,
    /// Where [`Memory::regions`] come from.
    pub origin: Origin,
    /// The regions in the order of their source.
    pub regions: Vec<RegionUse>,
    /// The sections that take memory, in the order of the ELF or map; empty ones are left out.
    pub sections: Vec<SectionUse>,
    /// Chips whose instruction and data RAM are one memory: its use, counted once.
    pub sram: Option<SramUse>,
    /// Bytes that are written to flash: all sections with content. Outside Espressif chips without
    /// what is loaded to EEPROM, fuses or straight to RAM, unless the whole program is.
    pub image_bytes: u64,
    /// Static RAM as the linker counts it. The unified SRAM where there is one; otherwise the sum
    /// over the regions of class [`RegionClass::Ram`] but those that only hold code (IRAM, ITCM).
    /// External, RTC and backup RAM do not count.
    pub ram_span: u64,
    /// The same memory as [`Memory::ram_span`] without gaps and reserved addresses.
    pub ram_bytes: u64,
    /// What the reader should know: guesses, sections outside all regions.
    pub warnings: Vec<String>,
}

/// The use of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionUse {
    /// The region.
    pub region: Region,
    /// What kind of memory it is.
    pub class: RegionClass,
    /// Holds instructions only (IRAM, ITCM).
    pub code_only: bool,
    /// Whether the length is known: it is not when the region was made up from the sections.
    pub bounded: bool,
    /// Bytes from the origin to the end of the last section: what GNU ld prints as used.
    pub span: u64,
    /// Bytes of content, each counted once: no gaps, no sections that only reserve addresses.
    pub bytes: u64,
    /// The sections in it by address.
    pub placements: Vec<Placement>,
}

impl RegionUse {
    /// Bytes in the region, when its length is known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.bounded.then_some(self.region.length)
    }

    /// Bytes between the last section and the end of the region. 0 on overflow.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        self.size().map(|size| size.saturating_sub(self.span))
    }

    /// Bytes past the end of the region.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        self.size().map_or(0, |size| self.span.saturating_sub(size))
    }
}

/// A section in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Index into [`Memory::sections`].
    pub section: usize,
    /// Whether the section runs here or is only loaded from here.
    pub role: PlacementRole,
    /// First address in this region: run address or load address.
    pub start: u64,
    /// Bytes at the start of the section that another section already takes (overlays).
    pub skip: u64,
    /// Bytes that count here, after `skip`.
    pub bytes: u64,
}

/// What a section does in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlacementRole {
    /// It is used here (VMA).
    Run,
    /// Its content is kept here and copied elsewhere at start (LMA).
    Load,
}

/// The use of an SRAM that holds instructions and data and that two buses see at different addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SramUse {
    /// Bytes up to the end of the last section, both views folded into one.
    pub span: u64,
    /// Bytes of content, each counted once.
    pub bytes: u64,
    /// Bytes there are for the firmware.
    pub size: u64,
}

/// A section that takes memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionUse {
    /// Name.
    pub name: String,
    /// Run address (VMA).
    pub address: u64,
    /// Load address (LMA), where it differs.
    pub lma: Option<u64>,
    /// Bytes.
    pub size: u64,
    /// Whether it has content. Known from an ELF, concluded from names with a map alone.
    pub loaded: bool,
    /// Whether it holds instructions. Known from an ELF, concluded from names with a map alone.
    pub exec: bool,
    /// Whether it may be written. Known from an ELF; with a map alone what is zeroed, or moved to RAM, is.
    pub write: bool,
    /// Reserves addresses and holds nothing: counts in spans only.
    pub dummy: bool,
    /// The region it runs in, an index into [`Memory::regions`].
    pub region: Option<usize>,
    /// The region its content is loaded from; the same as `region` where it needs no copy.
    /// Only sections with content have one.
    pub load_region: Option<usize>,
    /// Index into [`Elf::sections`].
    pub elf: Option<usize>,
    /// Index into [`Map::sections`].
    pub map: Option<usize>,
}

/// Why the use of memory cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// Neither ELF nor map.
    #[error("neither an ELF nor a map was given")]
    NoInput,
    /// The ELF and the map are of different builds.
    #[error(
        "the map belongs to another build than the ELF: section `{section}` has {map_size} bytes at {map_address:#x} \
         in the map and {elf_size} bytes at {elf_address:#x} in the ELF ({count} sections differ)"
    )]
    Mismatch {
        /// The first section that differs.
        section: String,
        /// Its address in the ELF.
        elf_address: u64,
        /// Its size in the ELF.
        elf_size: u64,
        /// Its address in the map.
        map_address: u64,
        /// Its size in the map.
        map_size: u64,
        /// How many sections differ.
        count: usize,
    },
    /// The chip cannot run the ELF.
    #[error("the chip {chip} has machine {expected}, but the ELF is for machine {found}")]
    Machine {
        /// The chip of the user.
        chip: Chip,
        /// Its `e_machine`.
        expected: u16,
        /// The `e_machine` of the ELF.
        found: u16,
    },
    /// Two regions of one name.
    #[error("there are two regions named `{0}`")]
    DuplicateRegion(String),
    /// More regions than any chip has.
    #[error("there are {0} memory regions, at most {max} are expected", max = regions::MAX_REGIONS)]
    TooManyRegions(usize),
}

impl Diagnose for MemoryError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoInput => "Pass the .elf, the .map, or both.",
                Self::Mismatch { .. } => {
                    "Pass the .map that the linker wrote together with this .elf, or only one of them."
                }
                Self::Machine { .. } => "Leave the chip out, or name the one the firmware was built for.",
                Self::DuplicateRegion(_) => "Give each region one name and one place.",
                Self::TooManyRegions(_) => "The map is damaged, or the regions are those of many chips.",
            }
            .into(),
        )
    }
}

impl Memory {
    /// Measures a firmware.
    ///
    /// # Errors
    /// Without input, when ELF and map are of different builds, or when the chip cannot be right.
    pub fn measure(sources: &Sources<'_>) -> Result<Self, MemoryError> {
        let mut warnings = Vec::new();
        if let Some(elf) = sources.elf {
            warnings.extend_from_slice(&elf.warnings);
        }
        if let Some(map) = sources.map {
            warnings.extend_from_slice(&map.warnings);
        }
        let mut sections = sections::collect(sources)?;
        let chip = detect::chip(sources, &sections, &mut warnings)?;
        if chip.is_some() {
            sections::mark_rest(&mut sections);
        }
        let (origin, regions) = regions::choose(sources, chip, &sections, &mut warnings)?;
        let mut regions = regions::classify(regions, origin, chip);
        place::place(&mut sections, &mut regions, origin, chip, &mut warnings);
        for region in &mut regions {
            place::count(region, &sections);
        }
        let sram = chip.and_then(|chip| sram::measure(chip, &regions, &sections));
        let data = || regions.iter().filter(|region| region.class == RegionClass::Ram && !region.code_only);
        let (ram_span, ram_bytes) = match sram {
            Some(sram) => (sram.span, sram.bytes),
            None => {
                // Spans may reach across the whole address space.
                let add = |sum: u64, span: u64| sum.saturating_add(span);
                (
                    data().map(|region| region.span).fold(0, add),
                    data().map(|region| region.bytes).fold(0, add),
                )
            }
        };
        let image_bytes = image_bytes(chip, &regions, &sections);
        Ok(Self { chip, origin, regions, sections, sram, image_bytes, ram_span, ram_bytes, warnings })
    }
}

fn image_bytes(chip: Option<Chip>, regions: &[RegionUse], sections: &[SectionUse]) -> u64 {
    let class =
        |section: &SectionUse| section.load_region.and_then(|index| regions.get(index)).map(|r| r.class);
    let loaded = || sections.iter().filter(|section| section.loaded && !section.dummy);
    let in_flash = loaded().any(|section| class(section) == Some(RegionClass::Flash));
    loaded()
        .filter(|section| match class(section) {
            _ if chip.is_some() => true,
            Some(RegionClass::Eeprom) => false,
            // LLD gives a stack or heap that the script only moves over content: zeros in RAM.
            Some(RegionClass::Ram | RegionClass::Psram | RegionClass::Rtc) => !in_flash,
            Some(RegionClass::Flash | RegionClass::Other) | None => true,
        })
        .map(|section| section.size)
        .sum()
}
